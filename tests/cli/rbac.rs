//! `pullkeeper rbac`: what the configuration needs, without a cluster and without its passwords.

use serde_json::Value;

use super::program::{ConfigFile, Ran, pullkeeper, run};

/// Its password is out of reach.
const CONFIG: &str = "\
namespaces: [team-a]
pods: {heal: off}
serviceAccounts: none
registries:
- {host: harbor.example.com, username: robot, password: {file: /nonexistent}}
";

const PRINTED: &str = r#"# What a pass may do in this namespace, and nothing more: as `pullkeeper rbac` prints it. The configuration writes its
# namespaces out by name; then every request stays within them, and no ClusterRole is needed.
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: pullkeeper
  namespace: team-a
  labels:
    app.kubernetes.io/name: pullkeeper
rules:
  # Is it there, does it terminate, is it paused? Of a Role, this reaches the Role's own namespace only.
  - apiGroups: [""]
    resources: [namespaces]
    verbs: [get]
  # Our Secrets by name, and nobody else's: a list by name is authorised by resourceNames. One name for each secret.name
  # and secretName of the configuration. delete: a Secret whose type is wrong, or that is immutable, can only be
  # recreated.
  - apiGroups: [""]
    resources: [secrets]
    resourceNames: [pullkeeper]
    verbs: [get, list, patch, delete]
  # A create can't be restricted by name.
  - apiGroups: [""]
    resources: [secrets]
    verbs: [create]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: pullkeeper
  namespace: team-a
  labels:
    app.kubernetes.io/name: pullkeeper
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: pullkeeper
subjects:
  - kind: ServiceAccount
    name: keeper
    namespace: tools
"#;

fn rbac(text: &str, words: &[&str]) -> Ran {
    let config = ConfigFile::new(text);
    let mut command = pullkeeper();
    command.args(words).arg("--config").arg(config.path());
    run(command)
}

#[test]
fn it_prints_manifests_whose_comments_say_what_each_rule_is_for() {
    let ran = rbac(CONFIG, &["rbac", "--namespace", "tools", "--service-account", "keeper"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert_eq!(ran.stdout, PRINTED);
}

#[test]
fn json_is_a_list_of_the_same() {
    let ran = rbac(CONFIG, &["rbac", "--output", "json"]);
    let list: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&list["kind"], &list["apiVersion"]), (&"List".into(), &"v1".into()));
    let kinds: Vec<_> =
        list["items"].as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["Role", "RoleBinding"]);
    assert_eq!(list["items"][1]["subjects"][0]["name"], "pullkeeper");
}

#[test]
fn a_part_of_it_is_for_an_overlay_and_a_single_pass_watches_nothing() {
    let looped = format!("{CONFIG}time: {{interval: 60}}\n");
    let table = [
        (&["rbac"][..], "pullkeeper pullkeeper-watch"),
        (&["rbac", "--part", "watch"], "pullkeeper-watch"),
        (&["rbac", "--part", "credentials"], ""),
        (&["--once", "rbac"], "pullkeeper"),
    ];
    for (words, names) in table {
        let ran = rbac(&looped, words);
        let found: Vec<_> = ran.stdout.split("---\n").filter(|own| own.contains("\nkind: Role\n")).collect();
        let named: Vec<_> =
            found.iter().filter_map(|own| own.split("\n  name: ").nth(1)?.lines().next()).collect();
        assert_eq!((ran.code, named.join(" ").as_str()), (Some(0), names), "{words:?} {}", ran.stderr);
    }
}

#[test]
fn what_it_cant_use_ends_with_2() {
    let table = [
        ("namespaces: []\n", &["rbac"][..], "includes no namespace"),
        (CONFIG, &["rbac", "--namespace", "No"], "up to 63 of a-z"),
        (CONFIG, &["rbac", "--service-account", "a b"], "a-z, 0-9, '-' and '.'"),
        (CONFIG, &["rbac", "--part", "all"], "[possible values: pass, watch, credentials, images, webhook]"),
    ];
    for (text, words, told) in table {
        let ran = rbac(text, words);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{words:?}");
        assert!(ran.stderr.contains(told), "{words:?}: {}", ran.stderr);
    }
}
