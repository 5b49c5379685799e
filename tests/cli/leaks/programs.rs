//! What helpers and plugins print, whether they do their work or not.

use super::super::scripted::objects::stuck_pod;
use super::super::scripted::{get, objects::list};
use super::*;

const PASSWORD: &str = "gH0PmR4vSwXeAtFw%Kd7+Yb9/Lq2";
const NOISE: &str = "zT5qLp0Ks3uVnFEMaK7MDENGbPxR";

/// A helper's reply.
fn reply() -> String {
    format!("echo '{{\"ServerURL\":\"x\",\"Username\":\"robot\",\"Secret\":\"{PASSWORD}\"}}'")
}

/// A plugin's, for `keys`.
fn response(keys: &[&str], lasts: &str) -> String {
    let login = json!({"username": "robot", "password": PASSWORD});
    let auth: Value =
        keys.iter().map(|key| ((*key).to_owned(), login.clone())).collect::<serde_json::Map<_, _>>().into();
    let response = json!({
        "kind": "CredentialProviderResponse", "apiVersion": "credentialprovider.kubelet.k8s.io/v1",
        "cacheKeyType": "Registry", "cacheDuration": lasts, "auth": auth,
    });
    format!("cat >&2; echo {NOISE} >&2; echo '{response}'")
}

fn time(noted: &Value, key: &str) -> jiff::Timestamp {
    noted[key].as_str().unwrap_or_else(|| panic!("no {key} in {noted}")).parse().unwrap()
}

#[test]
fn of_a_helper_that_does_its_work() {
    for every in ["", "refresh: {every: 6h}"] {
        let mut pass = Pass::new("credentialHelper: {name: test, hosts: [a.example.com, b.example.com]}");
        pass.script("docker-credential-test", &format!("echo {NOISE} >&2\n{}", reply()));
        // By its name, in the folder of programs.
        pass.settings = format!("programs: {}\n{every}", pass.config.folder().display());
        let written = pass.goes_well(&[PASSWORD, NOISE], Vec::new);
        let login = entry("robot", PASSWORD);
        assert_eq!(
            docker_config(&written),
            json!({"auths": {"a.example.com": login, "b.example.com": login}})
        );
        let noted = &state(&written)["b.example.com"];
        assert_eq!(noted["source"], "credentialHelper:docker-credential-test");
        // Nothing is known of it but its age.
        assert_eq!((noted["issued"].is_string(), noted["expires"].is_string()), (true, false), "{noted}");
    }
}

#[test]
fn a_helper_is_asked_when_it_is_due() {
    let mut pass = Pass::new("credentialHelper: {name: test, hosts: [a.example.com]}");
    let asked = pass.config.folder().join("asked");
    pass.script("docker-credential-test", &format!("echo >>{}\n{}", asked.display(), reply()));
    let times = || std::fs::read_to_string(&asked).unwrap_or_default().len();
    let folder = pass.config.folder().display().to_string();
    pass.settings = format!("programs: {folder}\nrefresh: {{every: 6h}}");
    let script = vec![post(SECRETS).says(ok(&json!({})))];
    let (ran, sent) = pass.run(("json", false), script);
    assert_eq!((ran.code, times()), (Some(0), 1), "{}", ran.everything());

    let mut secret = sent[0].json();
    secret["metadata"]["uid"] = "1".into();
    secret["metadata"]["resourceVersion"] = "1".into();
    let seen = || get(SECRETS).says(ok(&list(json!([secret.clone()]), ""))).always();
    let (ran, _) = pass.run(("json", false), vec![seen()]);
    assert_eq!((ran.code, times()), (Some(0), 1), "{}", ran.everything());
    // Without a rhythm after half an hour; of this one that is over at once.
    pass.settings = format!("programs: {folder}");
    let (ran, _) = pass.run(("json", true), vec![seen()]);
    assert_eq!((ran.code, times()), (Some(0), 1), "{}", ran.everything());
    pass.settings = format!("programs: {folder}\nrefresh: {{every: 1ms}}");
    let (ran, _) = pass.run(("json", true), vec![seen()]);
    assert_eq!((ran.code, times()), (Some(0), 2), "{}", ran.everything());
}

#[test]
fn of_a_helper_that_fails() {
    let reply = reply();
    let shown = "run it by hand to see why";
    let table = [
        (
            format!("echo {NOISE} >&2; exit 1"),
            "with a text on stderr that may hold secrets and isn't shown",
            shown,
        ),
        (
            format!("{reply}; exit 1"),
            "exited with status 1 for a.example.com, with a text that may hold secrets",
            shown,
        ),
        (
            format!("{reply}; kill -9 $$"),
            "was ended by signal 9",
            "see whether the memory limit is too low for it",
        ),
        (format!("echo {NOISE}"), "printed no {\"Username\",\"Secret\"} in JSON", "docker credential helper"),
        (
            format!("{reply}; {reply}"),
            "printed no {\"Username\",\"Secret\"} in JSON",
            "docker credential helper",
        ),
        (
            format!("echo '{{\"Username\":\"robot:{NOISE}\",\"Secret\":\"{PASSWORD}\"}}'"),
            "gave a user name with a ':'",
            "log in under another name",
        ),
        (
            format!("echo '{{\"Username\":\"\",\"Secret\":\"{PASSWORD}\"}}'"),
            "gave an empty user name or secret",
            "log in again with it",
        ),
        (
            format!("echo '{{\"Username\":1,\"Secret\":\"{PASSWORD}\"}}'"),
            "printed no",
            "docker credential helper",
        ),
    ];
    for (body, cause, remedy) in table {
        let mut pass = Pass::new("");
        let program = pass.script("helper", &body);
        pass.entry = format!("credentialHelper: {{name: {}, hosts: [a.example.com]}}", program.display());
        let errors = pass.fails(&[PASSWORD, NOISE], Vec::new);
        let told = |one: &String| one.contains(cause) && one.contains(remedy);
        assert!(matches!(errors.as_slice(), [one] if told(one)), "{body}: {errors:?}");
    }
}

#[test]
fn of_a_plugin_that_does_its_work() {
    let image = "a.example.com/team/app";
    let mut pass = Pass::new("");
    let asked = pass.config.folder().join("asked");
    let body = format!(
        "tee {} | {{ {}; }}",
        asked.display(),
        response(&["a.example.com", "*.b.example.com"], "4h0m0s")
    );
    let program = pass.script("plugin", &body);
    pass.entry = format!("credentialProvider: {{command: {}, images: [{image}]}}", program.display());
    let written = pass.goes_well(&[PASSWORD, NOISE], Vec::new);
    let login = entry("robot", PASSWORD);
    assert_eq!(docker_config(&written), json!({"auths": {"a.example.com": login, "*.b.example.com": login}}));
    for host in ["a.example.com", "*.b.example.com"] {
        let noted = &state(&written)[host];
        let source = noted["source"].as_str().unwrap();
        assert!(source.starts_with(&format!("credentialProvider:{}:", program.display())), "{source}");
        let lasts = time(noted, "until").duration_since(time(noted, "issued"));
        assert_eq!(lasts, jiff::SignedDuration::from_hours(4));
    }
    let request: Value = serde_json::from_str(&std::fs::read_to_string(asked).unwrap()).unwrap();
    assert_eq!((&request["kind"], &request["image"]), (&json!("CredentialProviderRequest"), &json!(image)));
}

#[test]
fn of_a_plugin_that_fails() {
    let garbage = "printed no CredentialProviderResponse for a.example.com";
    let v1 = "credentialprovider.kubelet.k8s.io/v1";
    let table = [
        (
            format!("echo {NOISE} >&2; echo {PASSWORD}; exit 1"),
            "isn't shown for a.example.com; run it by hand",
        ),
        (format!("echo {PASSWORD}"), garbage),
        (format!("{}; echo {PASSWORD}", response(&["a.example.com"], "1h")), garbage),
        (
            format!(
                "echo '{{\"kind\":\"CredentialProviderResponse\",\"apiVersion\":\"{v1}\",\"auth\":\"{PASSWORD}\"}}'"
            ),
            garbage,
        ),
        (response(&[], "1h"), "has no credential for a.example.com; see that it is meant for this registry"),
        (
            response(&[&format!("robot:{PASSWORD}@a.example.com")], "1h"),
            "has no credential for a.example.com (its key '…@…' holds an '@'",
        ),
    ];
    for (body, told) in table {
        let mut pass = Pass::new("");
        let program = pass.script("plugin", &body);
        pass.entry =
            format!("credentialProvider: {{command: {}, images: [a.example.com]}}", program.display());
        let errors = pass.fails(&[PASSWORD, NOISE], Vec::new);
        assert!(matches!(errors.as_slice(), [one] if one.contains(told)), "{body}: {errors:?}");
    }
}

/// A glob names no registry; the pods that wait tell which.
#[test]
fn a_plugin_is_asked_for_what_pods_wait_for() {
    let mut pass = Pass::new("");
    let asked = pass.config.folder().join("asked");
    let body = format!("tee {} | {{ {}; }}", asked.display(), response(&["harbor.example.com"], "4h0m0s"));
    let program = pass.script("plugin", &body);
    pass.entry = format!("credentialProvider: {{command: {}, images: ['*.example.com']}}", program.display());
    pass.settings = "programs: /nonexistent".to_owned();
    let pods = list(json!([stuck_pod("team-a", "web", "1")]), "");
    let script = vec![
        get("/api/v1/namespaces/team-a/pods").query("status.phase").says(ok(&pods)).always(),
        post(SECRETS).says(ok(&json!({}))),
    ];
    let (ran, sent) = pass.run(("json", false), script);
    assert_eq!(ran.code, Some(0), "{}", ran.everything());
    assert_eq!(
        docker_config(&sent[0].json()),
        json!({"auths": {"harbor.example.com": entry("robot", PASSWORD)}})
    );
    let request: Value = serde_json::from_str(&std::fs::read_to_string(asked).unwrap()).unwrap();
    assert_eq!(request["image"], "harbor.example.com");
}
