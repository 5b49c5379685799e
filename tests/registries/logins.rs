//! The ways in which registries ask who is there. What a verification of credentials is built on.

use reqwest::{Client, RequestBuilder, Response, header};
use serde_json::Value;

use crate::testbed::registry::{Anonymous, Registry};

const USER: &str = "admin";
const PASSWORD: &str = r#"pä:ss"w$rd"#;

#[tokio::test]
async fn htpasswd_takes_the_right_password_only() {
    let registry = Registry::htpasswd(USER, PASSWORD);
    let client = registry.client();
    let table = [(None, 401), (Some("wrong"), 401), (Some(PASSWORD), 200)];
    for (password, status) in table {
        let answer = v2(&registry, &client, password).await;
        assert_eq!(answer.status(), status, "{password:?}");
        assert_eq!(challenge(&answer).is_some_and(|text| text.starts_with("Basic ")), status == 401);
    }
    let seen: Vec<_> = registry.requests().into_iter().map(|seen| (seen.login, seen.status)).collect();
    let basic = format!("Basic {USER}");
    assert_eq!(seen, [(String::new(), 401), (basic.clone(), 401), (basic, 200)]);
}

#[tokio::test]
async fn a_changed_password_revokes_the_old_one() {
    for registry in [Registry::htpasswd(USER, "old"), Registry::with_tokens(USER, "old", Anonymous::No)] {
        let client = registry.client();
        assert_eq!(login(&registry, &client, "old").await, 200);
        registry.change_password("new");
        assert_eq!(login(&registry, &client, "old").await, 401);
        assert_eq!(login(&registry, &client, "new").await, 200);
    }
}

#[tokio::test]
async fn an_open_registry_takes_anything() {
    let registry = Registry::open();
    for password in [None, Some("wrong")] {
        assert_eq!(v2(&registry, &registry.client(), password).await.status(), 200);
    }
    let digest = registry.push("team/app", "1").await;
    assert_eq!(manifest(&registry, "team/app", &digest, None).await, 200);
}

#[tokio::test]
async fn a_token_is_given_for_the_right_password_only() {
    for (anonymous, nobody) in [(Anonymous::Yes, 200), (Anonymous::No, 401)] {
        let registry = Registry::with_tokens(USER, PASSWORD, anonymous);
        let client = registry.client();
        let answer = v2(&registry, &client, Some(PASSWORD)).await;
        assert_eq!(answer.status(), 401, "Basic is no way in");
        let challenge = challenge(&answer).expect("a challenge");
        assert!(challenge.starts_with("Bearer ") && challenge.contains(registry.realm()), "{challenge}");

        for (password, status) in [(None, nobody), (Some("wrong"), 401), (Some(PASSWORD), 200)] {
            let answer = ask_token(&registry, &client, password, "").await;
            assert_eq!(answer.status(), status, "{password:?} where anonymous is {anonymous:?}");
        }
    }
}

#[tokio::test]
async fn a_token_opens_what_its_owner_may_read() {
    let registry = Registry::with_tokens(USER, PASSWORD, Anonymous::Yes);
    for repository in ["team/app", "public/app", "other/app"] {
        registry.push(repository, "1").await;
    }
    let table = [
        (Some(PASSWORD), "team/app", 200),
        (Some(PASSWORD), "public/app", 200),
        (Some(PASSWORD), "other/app", 401),
        (None, "team/app", 401),
        (None, "public/app", 200),
    ];
    for (password, repository, status) in table {
        let scope = format!("repository:{repository}:pull");
        let token = token(ask_token(&registry, &registry.client(), password, &scope).await).await;
        assert_eq!(
            manifest(&registry, repository, "1", Some(&token)).await,
            status,
            "{repository}, {password:?}"
        );
    }
    let token = token(ask_token(&registry, &registry.client(), Some(PASSWORD), "").await).await;
    assert_eq!(manifest(&registry, "team/app", "1", Some(&token)).await, 401, "a token of no scope");

    let asked = registry.requests();
    let mut logins =
        asked.iter().filter(|seen| seen.uri.starts_with("/token?")).map(|seen| seen.login.as_str());
    assert!(logins.any(|login| login == "Basic admin"), "its token server is in the log");
}

#[tokio::test]
async fn an_identity_token_stands_for_a_password() {
    let registry = Registry::with_tokens(USER, PASSWORD, Anonymous::No);
    registry.push("team/app", "1").await;
    for (identity, status) in [("made-up", 401), (registry.identity_token(), 200)] {
        let form = [
            ("grant_type", "refresh_token"),
            ("service", "testbed registry"),
            ("scope", "repository:team/app:pull"),
            ("client_id", "test"),
            ("refresh_token", identity),
        ];
        let answer = registry.client().post(registry.realm()).form(&form).send().await.unwrap();
        assert_eq!(answer.status(), status);
        if status == 200 {
            assert_eq!(manifest(&registry, "team/app", "1", Some(&token(answer).await)).await, 200);
        }
    }
}

#[tokio::test]
async fn over_tls_only_its_own_authority_vouches() {
    for registry in [Registry::tls(USER, PASSWORD), Registry::tls_with_tokens(USER, PASSWORD, Anonymous::No)]
    {
        assert_eq!(login(&registry, &registry.client(), PASSWORD).await, 200);
        assert!(registry.push("team/app", "1").await.starts_with("sha256:"));
        let stranger = Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        stranger.get(format!("{}/v2/", registry.url())).send().await.unwrap_err();
    }
}

/// The status that a login gets, at the registry or its token server.
async fn login(registry: &Registry, client: &Client, password: &str) -> u16 {
    let answer = v2(registry, client, Some(password)).await;
    let bearer = challenge(&answer).is_some_and(|text| text.starts_with("Bearer "));
    let answer = if bearer { ask_token(registry, client, Some(password), "").await } else { answer };
    answer.status().as_u16()
}

async fn v2(registry: &Registry, client: &Client, password: Option<&str>) -> Response {
    let request = client.get(format!("{}/v2/", registry.url()));
    let request = password.iter().fold(request, |request, text| request.basic_auth(USER, Some(text)));
    request.send().await.unwrap()
}

async fn ask_token(registry: &Registry, client: &Client, password: Option<&str>, scope: &str) -> Response {
    let url = format!("{}?service=testbed%20registry&scope={scope}", registry.realm());
    let request = client.get(url);
    let request = password.iter().fold(request, |request, text| request.basic_auth(USER, Some(text)));
    request.send().await.unwrap()
}

async fn token(answer: Response) -> String {
    let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    body["token"].as_str().expect("a token").to_owned()
}

async fn manifest(registry: &Registry, repository: &str, reference: &str, token: Option<&str>) -> u16 {
    let request = registry.client().head(format!("{}/v2/{repository}/manifests/{reference}", registry.url()));
    let request = request.header(header::ACCEPT, "application/vnd.oci.image.manifest.v1+json");
    let request = token.iter().fold(request, RequestBuilder::bearer_auth);
    request.send().await.unwrap().status().as_u16()
}

fn challenge(answer: &Response) -> Option<&str> {
    answer.headers().get(header::WWW_AUTHENTICATE)?.to_str().ok()
}
