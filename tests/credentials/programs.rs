//! Credential helpers and plugins as sources: what they give is verified, and what was written stays when
//! they begin to fail.

use serde_json::{Value, json};

use crate::desk::{Desk, USER, asked, assert_silent, is_untouched, source, told};
use crate::setup::parse;
use crate::testbed::registry::{Anonymous, Registry};

/// What a docker credential helper prints.
fn login(password: &str) -> String {
    json!({"ServerURL": "", "Username": USER, "Secret": password}).to_string()
}

/// What a plugin prints of a credential that lasts so long.
fn response(registry: &Registry, password: &str, lasts: &str) -> String {
    json!({
        "apiVersion": "credentialprovider.kubelet.k8s.io/v1", "kind": "CredentialProviderResponse",
        "cacheKeyType": "Registry", "cacheDuration": lasts,
        "auth": {registry.host(): {"username": USER, "password": password}},
    })
    .to_string()
}

/// A program that prints what is in a file.
fn printer(desk: &Desk, name: &str, text: &str) -> (std::path::PathBuf, std::path::PathBuf) {
    let reply = desk.file(&format!("{name}.reply"), text);
    (desk.script(name, &format!("cat >/dev/null; exec cat '{}'", reply.display())), reply)
}

/// Each in turn: a source that is asked by each pass, the reply that it reads, and how it replies.
type Reply = fn(&Registry, &str) -> String;
const SOURCES: [(&str, &str, Reply); 2] = [
    ("helper", "credentialHelper", |_, password| login(password)),
    ("plugin", "credentialProvider", |registry, password| response(registry, password, "0s")),
];

fn entry(kind: &str, registry: &Registry, program: &std::path::Path) -> Value {
    let keys = match kind {
        "helper" => json!({"name": program, "hosts": [registry.host()]}),
        _ => json!({"command": program, "images": [registry.host()]}),
    };
    source(registry, SOURCES.iter().find(|(own, ..)| *own == kind).unwrap().1, &keys)
}

#[tokio::test]
async fn what_they_give_is_verified_and_the_last_good_stays() {
    for (kind, _, reply) in SOURCES {
        let desk = Desk::new(kind).await;
        let a = desk.place.namespace("a").await;
        let registry = Registry::with_tokens(USER, "first", Anonymous::No);
        let (program, file) = printer(&desk, kind, &reply(&registry, "wrong"));
        // Due at once: each pass asks.
        let text = desk.text(&json!([entry(kind, &registry, &program)]));
        let config = parse(&format!("{text}refresh: {{every: 1ms}}\n"));
        let host = registry.host();
        let errors = desk.fails(&config).await;
        assert!(
            errors[0].starts_with(&format!("CredentialRefused: Registry {host}: its token server "))
                && errors[0].contains("; its source gave that credential: see who it asks as, "),
            "{errors:?}"
        );
        assert!(!desk.has_secret(&a).await, "{kind}");

        std::fs::write(&file, reply(&registry, "first")).unwrap();
        desk.writes(&config).await;
        assert_eq!(desk.password(&a, &registry).await.as_deref(), Some("first"), "{kind}");
        assert!(asked(&registry).last().unwrap().starts_with("/token Basic admin 200"));
        assert_silent(&desk.place.assert_settled(&config).await);
        let before = desk.secret(&a).await;

        // Its note is of whole seconds, and the server's clock is read as its next one.
        tokio::time::sleep(std::time::Duration::from_millis(2100)).await;
        std::fs::write(&file, reply(&registry, "wrong")).unwrap();
        assert!(desk.fails(&config).await[0].starts_with("CredentialRefused: "), "{kind}");
        assert!(is_untouched(&before, &desk.secret(&a).await), "{kind}");

        let already = registry.requests().len();
        for body in ["cat >/dev/null; exit 1", "cat >/dev/null; echo garbage", "cat >/dev/null", "kill -9 $$"]
        {
            desk.script(kind, body);
            let errors = desk.fails(&config).await;
            assert_eq!(errors.len(), 1, "{kind}, {body}: {errors:?}");
            assert!(errors[0].starts_with("SourceFailed: "), "{kind}, {body}: {errors:?}");
            assert!(errors[0].contains(&program.display().to_string()), "{kind}, {body}: {errors:?}");
            assert!(errors[0].ends_with(". 1 Secret keeps the last good one"), "{kind}, {body}: {errors:?}");
            assert!(is_untouched(&before, &desk.secret(&a).await), "{kind}, {body}");
        }
        std::fs::remove_file(&program).unwrap();
        let errors = desk.fails(&config).await;
        assert!(errors[0].contains(&program.display().to_string()), "{kind}: {errors:?}");
        assert_eq!(registry.requests().len(), already, "there was nothing to show it");
        assert!(is_untouched(&before, &desk.secret(&a).await), "{kind}");

        std::fs::write(&file, reply(&registry, "second")).unwrap();
        registry.change_password("second");
        printer(&desk, kind, &reply(&registry, "second"));
        desk.writes(&config).await;
        assert_eq!(desk.password(&a, &registry).await.as_deref(), Some("second"), "{kind}");
    }
}

/// Until it is due neither the plugin nor the registry is asked, whatever became of them.
#[tokio::test]
async fn a_credential_that_lasts_is_left_alone() {
    let desk = Desk::new("lasting").await;
    let a = desk.place.namespace("a").await;
    let registry = Registry::htpasswd(USER, "first");
    let (program, _) = printer(&desk, "plugin", &response(&registry, "first", "12h0m0s"));
    let config = desk.config(&json!([entry("plugin", &registry, &program)]));
    desk.writes(&config).await;
    let already = registry.requests().len();
    registry.change_password("second");
    desk.script("plugin", "exit 1");
    assert_silent(&desk.place.assert_settled(&config).await);
    assert_eq!(registry.requests().len(), already);

    // A new namespace needs it: now it is asked, and its failure told. What is there stays.
    let b = desk.place.namespace("b").await;
    let errors = desk.fails(&config).await;
    assert!(errors[0].starts_with("SourceFailed: "), "{errors:?}");
    assert!(!desk.has_secret(&b).await, "never copied from another namespace");
    assert_eq!(desk.password(&a, &registry).await.as_deref(), Some("first"));
}

/// The docker config of a machine where docker login keeps its logins in a store.
#[tokio::test]
async fn a_docker_configs_own_helper_is_asked() {
    let desk = Desk::new("dockerhelper").await;
    let a = desk.place.namespace("a").await;
    let registry = Registry::htpasswd(USER, "first");
    let (program, reply) = printer(&desk, "docker-credential-test", &login("first"));
    let file =
        desk.file("config.json", &json!({"auths": {registry.host(): {}}, "credsStore": "test"}).to_string());
    let registries = json!([source(&registry, "dockerConfig", &json!({"file": file}))]);
    let programs = program.parent().unwrap().display();
    let config = crate::setup::parse(&format!("{}programs: {programs}\n", desk.text(&registries)));
    desk.writes(&config).await;
    assert_eq!(desk.password(&a, &registry).await.as_deref(), Some("first"));
    let before = desk.secret(&a).await;

    std::fs::write(&reply, "credentials not found in native keychain").unwrap();
    desk.script("docker-credential-test", &format!("cat '{}'; exit 1", reply.display()));
    let report = desk.place.assert_settled(&config).await;
    let errors = told(&report.errors);
    assert!(errors[0].contains("docker-credential-test has no credential for"), "{errors:?}");
    assert!(is_untouched(&before, &desk.secret(&a).await));
}
