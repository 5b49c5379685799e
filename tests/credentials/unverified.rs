//! What can't be verified: written where the user changed it, with a word once; nothing is said of what
//! is there already.

use std::path::Path;

use serde_json::{Value, json};

use crate::desk::{Desk, USER, asked, assert_silent, entry, told};
use crate::program::{ConfigFile, pullkeeper, run};
use crate::setup::changes;
use crate::testbed::ControlPlane;
use crate::testbed::registry::{Anonymous, Registry};

#[tokio::test]
async fn a_registry_that_is_down_stops_nothing() {
    let desk = Desk::new("down").await;
    let a = desk.place.namespace("a").await;
    let registry = Registry::htpasswd(USER, "first");
    let host = registry.host().to_owned();
    let file = desk.file("password", "first");
    let config = desk.config(&json!([entry(&registry, &file)]));
    desk.writes(&config).await;
    drop(registry);
    assert_silent(&desk.place.assert_settled(&config).await);

    std::fs::write(&file, "second").unwrap();
    let report = desk.place.pass(&config).await;
    assert_eq!(changes(&report), [format!("update Secret {a}/pullkeeper")]);
    assert!(report.errors.is_empty(), "{report}");
    let expected = format!(
        "CredentialUnverified: Registry {host}: its credential could not be verified: it can't be reached: connection refused; see that the host is right, that it runs, and that it can be reached from here"
    );
    assert_eq!(told(&report.findings), [expected]);
    assert_eq!(desk.place.password(&a, "pullkeeper", &host).await.as_deref(), Some("second"));
    assert_silent(&desk.place.assert_settled(&config).await);

    // It is new to a new namespace, and so said again.
    desk.place.namespace("b").await;
    let report = desk.place.pass(&config).await;
    assert_eq!((changes(&report).len(), report.findings.len()), (2, 1), "{report}");
    assert_silent(&desk.place.assert_settled(&config).await);
}

/// Each says what to write; none of them is shown the password.
#[tokio::test]
async fn how_it_is_reached_is_named_where_it_is_wrong() {
    let desk = Desk::new("reach").await;
    let file = desk.file("password", "first");
    let missing = file.with_file_name("missing.pem");
    let table: [(&str, Registry, Value, String); 7] = [
        (
            "no-ca",
            Registry::tls(USER, "first"),
            json!({}),
            "it can't be reached: its certificate was signed by nobody who is trusted here; write to ca the path of the certificate of who signed it".to_owned(),
        ),
        (
            "no-ca-tokens",
            Registry::tls_with_tokens(USER, "first", Anonymous::No),
            json!({}),
            "it can't be reached: its certificate was signed by nobody who is trusted here; write to ca the path of the certificate of who signed it".to_owned(),
        ),
        (
            "plain",
            Registry::htpasswd(USER, "first"),
            json!({}),
            "it can't be reached: it speaks plain http, not https; write insecure: true if that is how it is meant to be".to_owned(),
        ),
        (
            "plain-tokens",
            Registry::with_tokens(USER, "first", Anonymous::No),
            json!({}),
            "it can't be reached: it speaks plain http, not https; write insecure: true if that is how it is meant to be".to_owned(),
        ),
        (
            "not-plain",
            Registry::tls(USER, "first"),
            json!({"insecure": true}),
            "it answers 400 Bad Request to /v2/; if it speaks https, take insecure out".to_owned(),
        ),
        (
            "ca-missing",
            Registry::tls(USER, "first"),
            json!({"ca": missing}),
            format!(
                "the file of certificates {} can't be read (No such file or directory (os error 2)); write to ca the path of a PEM file",
                missing.display()
            ),
        ),
        (
            "ca-garbage",
            Registry::tls(USER, "first"),
            json!({"ca": file}),
            format!(
                "the file of certificates {} holds none; write to ca the path of a PEM file",
                file.display()
            ),
        ),
    ];
    for (name, registry, reach, words) in table {
        let namespace = desk.place.namespace(name).await;
        let config = desk.config(&json!([only_for(&namespace, reach, &registry, &file)]));
        let report = desk.place.pass(&config).await;
        assert!(report.errors.is_empty(), "{name}: {report}");
        let said = format!(
            "CredentialUnverified: Registry {}: its credential could not be verified: {words}",
            registry.host()
        );
        assert_eq!(told(&report.findings), [said], "{name}");
        assert_eq!(desk.password(&namespace, &registry).await.as_deref(), Some("first"), "{name}");
        assert_silent(&desk.place.assert_settled(&config).await);
        assert!(asked(&registry).is_empty(), "{name}: {:?}", asked(&registry));
    }
}

fn only_for(namespace: &str, mut reach: Value, registry: &Registry, password: &Path) -> Value {
    reach["host"] = json!(registry.host());
    reach["username"] = json!(USER);
    reach["password"] = json!({"file": password});
    reach["namespaces"] = json!([namespace]);
    reach
}

/// The program exits 0: a finding is no failure.
#[tokio::test]
async fn the_program_says_it_once() {
    let desk = Desk::new("toldonce").await;
    desk.place.namespace("a").await;
    let registry = Registry::tls(USER, "first");
    let host = registry.host().to_owned();
    let mut entry = entry(&registry, &desk.file("password", "first"));
    entry.as_object_mut().unwrap().remove("ca");
    let config = ConfigFile::new(desk.text(&json!([entry])));
    for said in [true, false] {
        let mut command = pullkeeper();
        command.arg("--config").arg(config.path()).env_remove("PULLKEEPER_VERIFY");
        command.arg("--kubeconfig").arg(ControlPlane::shared().kubeconfig(&desk.place.user.token));
        let ran = tokio::task::spawn_blocking(move || run(command)).await.unwrap();
        assert_eq!(ran.code, Some(0), "{}", ran.everything());
        let finding = format!("Registry {host}: its credential could not be verified: ");
        assert_eq!(ran.stdout.contains(&finding), said, "{}", ran.everything());
    }
}
