use std::collections::BTreeMap;

use super::*;
use crate::config::{Inputs, load_without_passwords};

const REGISTRY: &str = "registries: [{host: a.example.com, username: u, password: {env: PASS}}]\n";

/// A configuration of all namespaces and one registry, unless it says otherwise.
fn config(text: &str, env: &[(&str, &str)]) -> Config {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.yaml");
    let usual = |key: &str, usual: &'static str| if text.contains(key) { "" } else { usual };
    let is_ours = env.is_empty();
    let namespaces = usual("namespaces:", if is_ours { "namespaces: ['*']\n" } else { "" });
    let registry = usual("registr", if is_ours { REGISTRY } else { "" });
    std::fs::write(&file, format!("{namespaces}{registry}{text}\n")).unwrap();
    let env: BTreeMap<_, _> = env.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
    let loaded = load_without_passwords(&Inputs { file: Some(file), env, ..Inputs::default() });
    loaded.unwrap_or_else(|error| panic!("{error}\n{text}")).config
}

/// A line a rule: `NAME[ in NAMESPACE]: RESOURCES[ NAMES]: VERBS`.
fn lines(config: &Config) -> Vec<String> {
    let mut lines = Vec::new();
    for grant in grants(config) {
        let place = grant.namespace.map(|namespace| format!(" in {namespace}")).unwrap_or_default();
        for Rule { resources, names, verbs, .. } in grant.rules {
            let (resources, verbs) = (resources.join(" "), verbs.join(" "));
            let objects = [vec![resources], names].concat().join(" ");
            lines.push(format!("{}{place}: {objects}: {verbs}", grant.name));
        }
    }
    lines
}

const NAMESPACES: &str = "pullkeeper: namespaces: list";
const SECRETS: &str = "pullkeeper: secrets pullkeeper: get list patch delete";
const CREATE: &str = "pullkeeper: secrets: create";
const ACCOUNTS: &str = "pullkeeper: serviceaccounts: get list patch";
const PODS: &str = "pullkeeper: pods: get list";
const PATCH: &str = "pullkeeper: pods: patch";
const EVICT: &str = "pullkeeper: pods/eviction: create";
const JOBS: &str = "pullkeeper: jobs: get";
const EVENTS: &str = "pullkeeper: events: create";
const PASS: [&str; 9] = [NAMESPACES, SECRETS, CREATE, ACCOUNTS, PODS, PATCH, EVICT, JOBS, EVENTS];

/// The rules of a plain pass without these, and what comes instead.
fn but(gone: &[&'static str], more: &[&'static str]) -> Vec<&'static str> {
    PASS.into_iter().filter(|line| !gone.contains(line)).chain(more.iter().copied()).collect()
}

/// Both, whatever their order.
fn assert_grants(text: &str, env: &[(&str, &str)], mut expected: Vec<&str>) {
    let mut granted = lines(&config(text, env));
    granted.sort();
    expected.sort_unstable();
    assert_eq!(granted, expected, "{text} {env:?}");
}

#[test]
fn each_setting_of_a_pass_takes_its_rights() {
    let healing = [PODS, PATCH, EVICT, JOBS, EVENTS];
    let table = [
        ("", PASS.to_vec()),
        ("pods: {heal: off}", but(&healing, &[])),
        ("pods: {nudge: false}", but(&[PATCH], &[])),
        ("pods: {maxEvictions: 0}", but(&[EVICT, JOBS], &[])),
        ("pods: {nudge: false, maxEvictions: 0}", but(&healing, &["pullkeeper: pods: list"])),
        ("pods: {heal: all}", but(&[PATCH, EVICT, JOBS], &["pullkeeper: pods: delete"])),
        ("pods: {heal: all, maxEvictions: 0}", but(&healing, &["pullkeeper: pods: list"])),
        ("serviceAccounts: none", but(&[ACCOUNTS, EVICT, JOBS], &[])),
        (
            "serviceAccounts: default",
            but(&[ACCOUNTS], &["pullkeeper: serviceaccounts default: get list patch"]),
        ),
        (
            "serviceAccounts: [b, a]",
            but(
                &[ACCOUNTS],
                &["pullkeeper: serviceaccounts: list", "pullkeeper: serviceaccounts a b: get patch"],
            ),
        ),
        ("serviceAccounts: [a-*]", PASS.to_vec()),
        (
            "secret: {create: false}",
            but(&[SECRETS, CREATE], &["pullkeeper: secrets pullkeeper: get list patch"]),
        ),
        ("secret: {create: false, prune: true}\ninstance: default", {
            but(&[SECRETS, CREATE], &["pullkeeper: secrets pullkeeper: get list patch"])
        }),
        ("secret: {adopt: merge}", PASS.to_vec()),
        ("secret: {name: other}", but(&[SECRETS], &["pullkeeper: secrets other: get list patch delete"])),
    ];
    for (text, expected) in table {
        assert_grants(text, &[], expected);
    }
}

#[test]
fn what_is_kept_elsewhere_is_read_by_name() {
    let entry = |password: &str| {
        format!("registries: [{{host: a.example.com, username: u, password: {{secret: {password}}}}}]")
    };
    let sources = "registries:
    - {host: a.example.com, username: u, password: {secret: {namespace: vault, name: b}}}
    - {secretName: second, dockerConfig: {secret: {namespace: vault, name: a}}}
    - {secretName: second, ecr: {account: '123456789012', region: eu-west-1, credentialsSecret: {namespace: ci, name: aws}}}";
    let here = [
        "pullkeeper-credentials in ci: secrets aws: get",
        "pullkeeper-credentials in vault: secrets a b: get",
    ];
    let both = "pullkeeper: secrets pullkeeper second: get list patch delete";
    assert_grants(sources, &[], but(&[SECRETS], &[&[both][..], &here].concat()));
    // Read as one of ours anyway.
    assert_grants(&entry("{namespace: vault, name: pullkeeper}"), &[], PASS.to_vec());
}

#[test]
fn namespaces_that_are_written_out_take_roles_there() {
    let there = PASS.map(|line| line.replace("namespaces: list", "namespaces: get"));
    let in_each = ["a", "b"].iter().flat_map(|name| {
        there.iter().map(move |line| line.replacen("pullkeeper:", &format!("pullkeeper in {name}:"), 1))
    });
    let expected: Vec<_> = in_each.collect();
    assert_grants("namespaces: [b, a]", &[], expected.iter().map(String::as_str).collect());
    let watches = ["a", "b"].iter().flat_map(|name| {
        ["serviceaccounts: watch", "secrets pullkeeper: watch"]
            .map(|rule| format!("pullkeeper-watch in {name}: {rule}"))
    });
    let expected: Vec<_> = expected.iter().cloned().chain(watches).collect();
    let looped = "namespaces: [b, a]\ntime: {interval: 60}";
    assert_grants(looped, &[], expected.iter().map(String::as_str).collect());
}

#[test]
fn a_loop_watches_unless_it_is_an_older_tools() {
    let watches = [
        "pullkeeper-watch: namespaces: get watch",
        "pullkeeper-watch: serviceaccounts: watch",
        "pullkeeper-watch: secrets pullkeeper: watch",
    ];
    assert_grants("time: {interval: 60}", &[], but(&[], &watches));
    let updater = [("K8S_PULL_SECRET_NAME", "pull"), ("ECR_CREATE_MISSING", "true")];
    let kept = "pullkeeper: secrets pull: get list patch";
    assert_grants("", &updater[..1], vec![NAMESPACES, kept]);
    let made = "pullkeeper: secrets pull: get list patch delete";
    assert_grants("", &updater, vec![NAMESPACES, made, CREATE]);
    // The oldest tool's file; between passes over all it looks where pods wait.
    let oldest = |time: &str| {
        format!(
            "namespaces: ['*']\nregistry: {{host: a.io, username: u, password: p}}\ntime: {{interval: 60{time}}}"
        )
    };
    let deletes = [NAMESPACES, SECRETS, CREATE, ACCOUNTS, PODS, "pullkeeper: pods: delete", EVENTS];
    assert_grants(&oldest(""), &[("X", "")], deletes.to_vec());
    let gets = ["pullkeeper-watch: namespaces: get"];
    assert_grants(&oldest(", resync: 600"), &[("X", "")], [&deletes[..], &gets].concat());
    // Fifty have watches of their own, and no more.
    let names = (0..51).map(|n| format!("n{n}")).collect::<Vec<_>>().join(", ");
    let many = lines(&config(&format!("namespaces: [{names}]\ntime: {{interval: 60}}"), &[]));
    assert!(many.len() == 51 * 9 && many.iter().all(|line| !line.contains("watch")), "{}", many.len());
}

#[test]
fn images_take_rights_of_their_own() {
    let images = |more: &str| format!("images: {{rewrite: [{{from: docker.io, to: p.example.com}}]{more}}}");
    let policy = [
        "pullkeeper-images: mutatingadmissionpolicies mutatingadmissionpolicybindings pullkeeper-images: get",
        "pullkeeper-images: mutatingadmissionpolicies pullkeeper-images: update",
    ];
    let webhook = ["pullkeeper-webhook: mutatingwebhookconfigurations pullkeeper-images: get update"];
    let certificate = ["pullkeeper-webhook in pullkeeper: secrets pullkeeper-webhook: get update"];
    let create = ["pullkeeper-webhook in pullkeeper: secrets: create"];
    let table = [
        ("", "", [&policy[..], &webhook, &certificate].concat()),
        (", admission: policy", "", policy.to_vec()),
        (", admission: off", "", Vec::new()),
        (", admission: webhook", "", [&webhook[..], &certificate].concat()),
        (", admission: webhook, webhook: {issue: false}", "", webhook.to_vec()),
    ];
    for (more, also, granted) in table {
        assert_grants(&format!("{}\n{also}", images(more)), &[], but(&[], &granted));
    }
    // Who makes no Secret of ours makes the certificate's.
    let kept = "pullkeeper: secrets pullkeeper: get list patch";
    assert_grants(
        &format!("{}\nsecret: {{create: false}}", images(", admission: webhook")),
        &[],
        but(&[SECRETS, CREATE], &[&[kept][..], &webhook, &certificate, &create].concat()),
    );
    // The variable of k8s-proxy-image-swapper alone: no Secret of ours, so none to evict pods for.
    let alone = [&[NAMESPACES, PODS, PATCH, EVENTS][..], &policy, &webhook, &certificate, &create].concat();
    assert_grants("", &[("PROXY_URL", "p.example.com")], alone);
}

#[test]
fn an_instance_shares_no_name_and_may_take_away_what_it_left() {
    let text =
        "instance: watch\nsecret: {create: false, prune: true}\npods: {heal: off}\nserviceAccounts: none\n";
    let pass = [
        "pullkeeper-pass-watch: namespaces: get list",
        "pullkeeper-pass-watch: secrets pullkeeper: get list patch delete",
    ];
    assert_grants(text, &[], pass.to_vec());
    let watches =
        ["pullkeeper-watch-watch: namespaces: watch", "pullkeeper-watch-watch: secrets pullkeeper: watch"];
    assert_grants(&format!("{text}time: {{interval: 60}}"), &[], [pass, watches].concat());
}

#[test]
fn yaml_and_json_are_the_same_objects_whatever_the_names() {
    let holder = Holder { namespace: "1e3".into(), service_account: "null".into() };
    for text in ["secret: {name: 'true'}", "namespaces: ['on', '007']\ninstance: '1.0'\nsecret: {name: 0x1f}"]
    {
        let grants = grants(&config(text, &[]));
        let yaml = yaml(&grants, &holder);
        let read: Vec<serde_json::Value> =
            yaml.split("---\n").map(|own| serde_saphyr::from_str(own).unwrap()).collect();
        assert_eq!(json(&grants, &holder)["items"], serde_json::json!(read), "{yaml}");
        assert!(yaml.lines().all(|line| line.len() <= 120), "{yaml}");
        assert!(
            read.iter()
                .all(|own| own["kind"] != "ClusterRoleBinding" || own["subjects"][0]["name"] == "null")
        );
    }
}

/// What is granted in a namespace, without the names of roles.
fn within(text: &str, place: &str) -> Vec<String> {
    let lines = lines(&config(text, &[])).into_iter();
    lines.filter_map(|line| Some(line.split_once(&format!(" in {place}: "))?.1.to_owned())).collect()
}

#[test]
fn a_namespace_that_an_entry_is_not_for_has_its_secret_only_looked_for() {
    let text = "namespaces: [a, b]\npods: {heal: off}\nserviceAccounts: none\nregistries:\n\
                - {host: a.example.com, username: u, password: {env: PASS}, secretName: one}\n\
                - {host: b.example.com, username: u, password: {env: PASS}, secretName: two, namespaces: [a]}\n";
    let all = ["namespaces: get", "secrets one two: get list patch delete", "secrets: create"];
    assert_eq!(within(text, "a"), all);
    let parted = ["secrets one: get list patch delete", "secrets two: list", "secrets: create"];
    assert_eq!(within(text, "b")[1..], parted);
    // One that was for it before may be left there.
    let pruned = format!("{text}secret: {{prune: true}}\ntime: {{interval: 1m}}\n");
    assert_eq!(within(&pruned, "b")[..3], all);
}

#[test]
fn where_no_entry_is_for_a_namespace_it_is_only_looked_at() {
    let text = "namespaces: [a, b]\nregistries:\n\
                - {host: a.example.com, username: u, password: {env: PASS}, namespaces: [a]}\n";
    let looks = ["namespaces: get", "secrets pullkeeper: list", "serviceaccounts: list", "pods: list"];
    assert_eq!(within(text, "b"), looks);
    let two = format!("{text}serviceAccounts: [x, y]\n");
    assert_eq!(within(&two, "b"), looks);
    let one = format!("{text}serviceAccounts: [x]\npods: {{heal: off}}\n");
    assert_eq!(within(&one, "b")[2..], ["serviceaccounts x: list"]);
}

#[test]
fn a_password_in_a_secret_of_our_name_is_read_where_that_is_not_ours_to_write() {
    let text = "namespaces: [a, b]\npods: {heal: off}\nserviceAccounts: none\nregistries:\n\
                - {host: b.example.com, username: u, namespaces: [a], \
                password: {secret: {namespace: b, name: pullkeeper}}}\n";
    assert_eq!(within(text, "b"), ["namespaces: get", "secrets pullkeeper: list", "secrets pullkeeper: get"]);
    // Where it is ours to write, it may be read anyway.
    let served = text.replace("namespaces: [a], ", "");
    assert_eq!(within(&served, "b")[1..], ["secrets pullkeeper: get list patch delete", "secrets: create"]);
}

#[test]
fn a_certificate_can_be_made_anew_where_no_entry_is_for_the_webhooks_namespace() {
    let text = "namespaces: [a, hooks]\npods: {heal: off}\nserviceAccounts: none\n\
                images: {rewrite: [{from: docker.io, to: proxy.example.com}], admission: webhook, webhook: {namespace: hooks}}\n\
                registries: [{host: a.example.com, username: u, password: {env: PASS}, namespaces: [a]}]\n";
    assert!(within(text, "hooks").contains(&"secrets: create".to_owned()));
    // Where the pass makes Secrets there, once is enough.
    let served = text.replace(", namespaces: [a]", "");
    assert_eq!(within(&served, "hooks").iter().filter(|line| *line == "secrets: create").count(), 1);
}
