//! A credential is shown to its registry before it is written.

use serde_json::json;

use crate::desk::{Desk, USER, asked, assert_silent, entry};
use crate::program::{ConfigFile, Ran, pullkeeper, run};
use crate::setup::changes;
use crate::testbed::ControlPlane;
use crate::testbed::registry::{Anonymous, Registry};

const PASSWORD: &str = r#"pä:ss"w$rd"#;

/// Each way in which a registry asks who is there.
fn every_kind() -> [Registry; 5] {
    [
        Registry::htpasswd(USER, PASSWORD),
        Registry::with_tokens(USER, PASSWORD, Anonymous::No),
        Registry::with_tokens(USER, PASSWORD, Anonymous::Yes),
        Registry::tls(USER, PASSWORD),
        Registry::tls_with_tokens(USER, PASSWORD, Anonymous::No),
    ]
}

fn has_tokens(registry: &Registry) -> bool {
    asked(registry).iter().any(|request| request.starts_with("/token"))
}

#[tokio::test]
async fn the_right_password_is_written() {
    let desk = Desk::new("right").await;
    let a = desk.place.namespace("a").await;
    let password = desk.file("password", &format!("{PASSWORD}\n"));
    let registries = every_kind();
    let config = desk.config(&registries.iter().map(|registry| entry(registry, &password)).collect());
    let report = desk.writes(&config).await;
    assert_eq!(
        changes(&report),
        [format!("create Secret {a}/pullkeeper"), format!("patch ServiceAccount {a}/default")]
    );
    let once = |registry: &Registry| {
        let way = if has_tokens(registry) { "/token" } else { "/v2/" };
        ["/v2/ nobody 401".to_owned(), format!("{way} Basic {USER} 200")]
    };
    for registry in &registries {
        assert_eq!(desk.password(&a, registry).await.as_deref(), Some(PASSWORD));
        assert_eq!(asked(registry), once(registry), "{}", registry.url());
    }
    assert_silent(&desk.place.assert_settled(&config).await);
    for registry in &registries {
        assert_eq!(asked(registry), [once(registry), once(registry)].concat(), "once a pass");
    }
}

#[tokio::test]
async fn a_wrong_password_is_never_written() {
    let desk = Desk::new("wrong").await;
    let a = desk.place.namespace("a").await;
    let password = desk.file("password", "wrong");
    let registries = every_kind();
    let config = desk.config(&registries.iter().map(|registry| entry(registry, &password)).collect());
    let errors = desk.fails(&config).await;
    let error = |registry: &Registry| {
        let who = if has_tokens(registry) {
            let realm = registry.realm().split('/').nth(2).unwrap();
            format!("its token server {realm}")
        } else {
            "it".to_owned()
        };
        format!(
            "CredentialRefused: Registry {}: {who} refuses admin (401 Unauthorized); write the right password, or ask who runs the registry for a new one. 1 Secret stays without",
            registry.host()
        )
    };
    assert_eq!(errors, registries.iter().map(error).collect::<Vec<_>>());
    assert!(!desk.has_secret(&a).await);
    assert!(desk.place.pull_secrets(&a, "default").await.is_empty());
}

#[tokio::test]
async fn without_verification_nobody_is_asked() {
    let desk = Desk::new("unasked").await;
    let a = desk.place.namespace("a").await;
    let registry = Registry::htpasswd(USER, PASSWORD);
    let text = desk.text(&json!([entry(&registry, &desk.file("password", "wrong"))]));
    let config = crate::setup::parse(&text.replace("verify: true", "verify: false"));
    desk.writes(&config).await;
    assert_eq!(desk.password(&a, &registry).await.as_deref(), Some("wrong"));
    assert_silent(&desk.place.assert_settled(&config).await);
    assert!(registry.requests().is_empty());
}

#[tokio::test]
async fn an_open_registry_has_nothing_to_verify() {
    let desk = Desk::new("open").await;
    let a = desk.place.namespace("a").await;
    let registry = Registry::open();
    let config = desk.config(&json!([entry(&registry, &desk.file("password", "whatever"))]));
    desk.writes(&config).await;
    assert_eq!(desk.password(&a, &registry).await.as_deref(), Some("whatever"));
    assert_eq!(asked(&registry), ["/v2/ nobody 200"], "nor is it shown the password");
}

/// However many namespaces, Secrets and paths its login goes to.
#[tokio::test]
async fn a_registry_is_asked_once_a_pass() {
    let desk = Desk::with_secrets("once", &["other"]).await;
    for suffix in ["a", "b", "c", "d"] {
        desk.place.namespace(suffix).await;
    }
    let registry = Registry::htpasswd(USER, PASSWORD);
    let password = desk.file("password", PASSWORD);
    let mut other = entry(&registry, &password);
    other["secretName"] = json!("other");
    let mut path = entry(&registry, &password);
    path["host"] = json!(format!("{}/team", registry.host()));
    let config = desk.config(&json!([entry(&registry, &password), other, path]));
    assert_eq!(desk.writes(&config).await.changes.len(), 12, "two Secrets and a ServiceAccount in each");
    let once = ["/v2/ nobody 401".to_owned(), format!("/v2/ Basic {USER} 200")];
    assert_eq!(asked(&registry), once);

    registry.change_password("another");
    let errors = desk.fails(&config).await;
    // Some registries lock an account after a few failures.
    assert_eq!(asked(&registry)[2..], [once[0].as_str(), "/v2/ Basic admin 401"]);
    assert!(errors.iter().all(|error| error.ends_with("4 Secrets still hold the refused one")), "{errors:?}");
}

/// The program, as a tired person sees it.
#[tokio::test]
async fn the_program_says_what_was_refused() {
    let desk = Desk::new("seen").await;
    let a = desk.place.namespace("a").await;
    let registry = Registry::htpasswd(USER, PASSWORD);
    let password = desk.file("password", PASSWORD);
    let config = ConfigFile::new(desk.text(&json!([entry(&registry, &password)])));
    let ran = program(&desk, &config).await;
    assert_eq!(ran.code, Some(0), "{}", ran.everything());
    let before = desk.secret(&a).await;

    registry.change_password("revoked");
    let ran = program(&desk, &config).await;
    assert_eq!(ran.code, Some(1), "{}", ran.everything());
    let error = format!(
        "Registry {}: it refuses admin (401 Unauthorized); write the right password, or ask who runs the registry for a new one. 1 Secret still holds the refused one",
        registry.host()
    );
    assert!(ran.stdout.contains(&error), "{}", ran.everything());
    assert!(ran.stdout.contains("nothing to change in 1 namespace, 1 error"), "{}", ran.stdout);
    assert!(crate::desk::is_untouched(&before, &desk.secret(&a).await));
}

/// One run of it, while the registry and the API server go on.
async fn program(desk: &Desk, config: &ConfigFile) -> Ran {
    let mut command = pullkeeper();
    command.arg("--config").arg(config.path()).env_remove("PULLKEEPER_VERIFY");
    command.arg("--kubeconfig").arg(ControlPlane::shared().kubeconfig(&desk.place.user.token));
    tokio::task::spawn_blocking(move || run(command)).await.unwrap()
}
