//! Docker configs as a source: each of their hosts is verified for itself, and what was written stays
//! when the file or the Secret breaks.

use std::path::Path;

use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::{Value, json};

use crate::desk::{Desk, USER, assert_silent, is_untouched, raw_entry, source, told};
use crate::setup::changes;
use crate::testbed::fixtures::{docker_config, docker_config_secret, namespace};
use crate::testbed::registry::{Anonymous, Registry};
use crate::testbed::users::{Role, Scope, bind, rules};

/// A docker config with a login at each.
fn logins(of: &[(&Registry, &str)]) -> Value {
    let mut config = json!({"auths": {}});
    for (registry, password) in of {
        let own = docker_config(registry.host(), USER, password);
        config["auths"][registry.host()] = own["auths"][registry.host()].clone();
    }
    config
}

#[tokio::test]
async fn a_refused_host_takes_no_other_down() {
    let desk = Desk::new("dockerhosts").await;
    let a = desk.place.namespace("a").await;
    let (good, bad) =
        (Registry::htpasswd(USER, "first"), Registry::with_tokens(USER, "first", Anonymous::Yes));
    let file = desk.file("config.json", &logins(&[(&good, "first"), (&bad, "first")]).to_string());
    let config = desk.config(&json!([source(&good, "dockerConfig", &json!({"file": file}))]));
    desk.writes(&config).await;
    let before = desk.secret(&a).await;

    good.change_password("second");
    bad.change_password("second");
    write(&file, &logins(&[(&bad, "a typo"), (&good, "second")]).to_string());
    let report = desk.place.pass(&config).await;
    assert_eq!(changes(&report), [format!("update Secret {a}/pullkeeper")]);
    let errors = told(&report.errors);
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(
        errors[0].starts_with(&format!("CredentialRefused: Registry {}: its token server ", bad.host()))
            && errors[0].ends_with(". 1 Secret keeps the last good one"),
        "{errors:?}"
    );
    let after = desk.secret(&a).await;
    assert_eq!(raw_entry(&before, bad.host()), raw_entry(&after, bad.host()), "to the byte");
    assert_eq!(desk.password(&a, &good).await.as_deref(), Some("second"));

    // What is written out is obeyed: a host that is no longer there is taken out.
    write(&file, &logins(&[(&good, "second")]).to_string());
    desk.writes(&config).await;
    assert_eq!(desk.password(&a, &bad).await, None);
    assert_silent(&desk.place.assert_settled(&config).await);
}

#[tokio::test]
async fn only_what_changed_is_told_to_be_unverified() {
    let desk = Desk::new("dockerdown").await;
    let a = desk.place.namespace("a").await;
    let (one, two) = (Registry::htpasswd(USER, "first"), Registry::htpasswd(USER, "first"));
    let file = desk.file("config.json", &logins(&[(&one, "first"), (&two, "first")]).to_string());
    let config = desk.config(&json!([source(&one, "dockerConfig", &json!({"file": file}))]));
    desk.writes(&config).await;
    write(&file, &logins(&[(&one, "first"), (&two, "second")]).to_string());
    let hosts = [one, two].map(|registry| registry.host().to_owned()); // and both are down
    let report = desk.place.pass(&config).await;
    assert_eq!(changes(&report), [format!("update Secret {a}/pullkeeper")]);
    let told: Vec<_> = report.findings.iter().map(|finding| &finding.subject.name).collect();
    assert_eq!(told, [&hosts[1]], "{report}");
    assert_silent(&desk.place.assert_settled(&config).await);
}

#[tokio::test]
async fn a_file_that_breaks_takes_nothing_away() {
    let desk = Desk::new("dockerfile").await;
    let a = desk.place.namespace("a").await;
    let registry = Registry::htpasswd(USER, "first");
    let good = logins(&[(&registry, "first")]).to_string();
    let file = desk.file("config.json", &good);
    let config = desk.config(&json!([source(&registry, "dockerConfig", &json!({"file": file}))]));
    desk.writes(&config).await;
    let before = desk.secret(&a).await;
    let path = file.display();
    let table = [
        (Some(""), format!("{path} is no docker config: ")),
        (Some("\n"), format!("{path} is no docker config: ")),
        (Some("{\"auths\": {"), format!("{path} is no docker config: ")),
        (Some("hunter2: garbage"), format!("{path} is no docker config: ")),
        (Some("[]"), format!("{path} is no docker config: ")),
        (Some("{}"), format!("{path} holds no credential; ")),
        (Some("{\"auths\": {}}"), format!("{path} holds no credential; ")),
        (None, format!("{path} can't be read: No such file or directory")),
    ];
    for (text, words) in table {
        match text {
            Some(text) => write(&file, text),
            None => std::fs::remove_file(&file).unwrap(),
        }
        let errors = desk.fails(&config).await;
        assert_eq!(errors.len(), 1, "{text:?}: {errors:?}");
        assert!(
            errors[0].starts_with(&format!("SourceFailed: Registry docker config {path}: {words}"))
                && errors[0].ends_with(". 1 Secret keeps the last good one"),
            "{text:?}: {errors:?}"
        );
        assert!(!errors[0].contains("hunter2"), "{errors:?}");
        assert!(is_untouched(&before, &desk.secret(&a).await), "{text:?}");
    }
    // One broken entry is its host's trouble alone.
    let mut broken = logins(&[(&registry, "first")]);
    broken["auths"]["broken.example.com"] = json!({"auth": "!"});
    write(&file, &broken.to_string());
    let errors = desk.fails(&config).await;
    assert!(errors[0].starts_with("SourceFailed: Registry broken.example.com: the auth of "), "{errors:?}");
    assert!(errors[0].ends_with(". 1 Secret stays without"), "{errors:?}");
    write(&file, &good);
    assert_silent(&desk.place.assert_settled(&config).await);
}

#[tokio::test]
async fn a_secret_that_breaks_takes_nothing_away() {
    let desk = Desk::new("dockersecret").await;
    let a = desk.place.namespace("a").await;
    let (admin, ops) = (&desk.place.admin, "ops-of-dockersecret");
    namespace(ops).create(admin).await;
    let get = Role::Rules(rules(&[("", "secrets", "get")]));
    bind(admin, "home-of-dockersecret", "pullkeeper", get, Scope::Namespaces(&[ops])).await;
    let (one, two) = (Registry::htpasswd(USER, "first"), Registry::htpasswd(USER, "first"));
    let both = logins(&[(&one, "first"), (&two, "first")]);
    docker_config_secret(admin, ops, "logins", &both).await;
    let from = json!({"secret": {"namespace": ops, "name": "logins"}});
    let config = desk.config(&json!([source(&one, "dockerConfig", &from)]));
    desk.writes(&config).await;
    let before = desk.secret(&a).await;
    assert_eq!(desk.password(&a, &one).await.as_deref(), Some("first"));

    two.change_password("second");
    let errors = desk.fails(&config).await;
    assert!(errors[0].starts_with(&format!("CredentialRefused: Registry {}: ", two.host())), "{errors:?}");
    two.change_password("first");

    let secrets = desk.place.secrets(ops);
    let origin = format!("key .dockerconfigjson of Secret {ops}/logins");
    for (text, words) in [("{\"auths\": {}}", "holds no credential; "), ("{}", "holds no credential; ")] {
        let patch = Patch::Merge(json!({"stringData": {".dockerconfigjson": text}}));
        secrets.patch("logins", &PatchParams::default(), &patch).await.unwrap();
        let errors = desk.fails(&config).await;
        assert!(errors[0].contains(&format!("{origin} {words}")), "{errors:?}");
        assert!(is_untouched(&before, &desk.secret(&a).await), "{text}");
    }
    secrets.delete("logins", &DeleteParams::default()).await.unwrap();
    let errors = desk.fails(&config).await;
    assert!(errors[0].contains(&format!(": Secret {ops}/logins doesn't exist; create it")), "{errors:?}");
    assert!(is_untouched(&before, &desk.secret(&a).await));
}

/// The kubelet can only show it as a password; whether that is taken the registry tells.
#[tokio::test]
async fn an_identity_token_that_is_no_password_is_refused() {
    let desk = Desk::new("identity").await;
    let a = desk.place.namespace("a").await;
    let registry = Registry::with_tokens(USER, "first", Anonymous::No);
    let login = json!({"auths": {registry.host(): {"identitytoken": registry.identity_token()}}});
    let file = desk.file("config.json", &login.to_string());
    let config = desk.config(&json!([source(&registry, "dockerConfig", &json!({"file": file}))]));
    let report = desk.place.assert_settled(&config).await;
    let (errors, findings) = (told(&report.errors), told(&report.findings));
    assert_eq!((errors.len(), findings.len()), (1, 1), "{report}");
    assert!(
        errors[0].contains(" refuses 00000000-0000-0000-0000-000000000000 (401 Unauthorized); "),
        "{report}"
    );
    assert!(errors[0].ends_with(". 1 Secret stays without"), "{report}");
    assert!(findings[0].contains(" has an identity token, which is used as a password; "), "{report}");
    assert!(!report.to_string().contains(registry.identity_token()));
    assert!(!desk.has_secret(&a).await);
}

fn write(file: &Path, text: &str) {
    std::fs::write(file, text).unwrap();
}
