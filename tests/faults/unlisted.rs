//! Namespaces that may not be listed, as under k8s-ecrupdater's own rights where it creates nothing.

use serde_json::{Value, json};

use super::scripted::objects::{forbidden, list, ok};
use super::scripted::{Expect, Server, get, lines, patch};
use super::{SECRET, drifted, our_secret, pass_over, said};

/// Only Secrets that are there are kept.
const KEEPING: &str = "\
namespaces: {include: ['*'], exclude: [team-c]}
secret: {create: false}
serviceAccounts: none
pods: {heal: off}";

/// The list of namespaces is refused.
fn refused() -> Expect {
    get("/api/v1/namespaces").says(forbidden())
}

/// Drifted Secrets of these namespaces.
async fn secrets(namespaces: &[&str]) -> Expect {
    let ours = our_secret().await;
    let secrets = namespaces.iter().map(|namespace| {
        let mut secret = drifted(&ours, "1");
        secret["metadata"]["namespace"] = (*namespace).into();
        secret
    });
    get("/api/v1/secrets").says(ok(&list(secrets.collect::<Value>(), "")))
}

#[tokio::test]
async fn the_secrets_that_are_there_tell_the_namespaces() {
    let other = SECRET.replace("team-a", "team-b");
    let server = Server::start([
        refused(),
        secrets(&["team-a", "team-b", "team-c"]).await,
        patch(SECRET).says(ok(&json!({}))),
        patch(other).says(ok(&json!({}))),
    ]);
    let report = pass_over(&server, KEEPING).await.unwrap();
    assert_eq!(
        said(&report),
        [
            "update Secret team-a/pullkeeper: content differs",
            "update Secret team-b/pullkeeper: content differs",
            "finding ListForbidden Resource namespaces"
        ]
    );
    assert!(report.findings[0].message.ends_with("; grant list on namespaces"), "{report}");
    server.finish();
}

#[tokio::test]
async fn where_there_is_none_nothing_is_done() {
    let server = Server::start([refused(), secrets(&[]).await]);
    let report = pass_over(&server, KEEPING).await.unwrap();
    assert_eq!(said(&report), ["finding ListForbidden Resource namespaces"]);
    server.finish();
}

#[tokio::test]
async fn secrets_that_may_not_be_listed_either_are_an_error() {
    let server = Server::start([refused(), get("/api/v1/secrets").says(forbidden())]);
    let report = pass_over(&server, KEEPING).await.unwrap();
    assert_eq!(
        said(&report),
        ["finding ListForbidden Resource namespaces", "error ListFailed Resource secrets"]
    );
    server.finish();
}

#[tokio::test]
async fn whoever_needs_the_list_gets_an_error() {
    for (from, to) in [
        ("create: false", "create: true"),
        ("serviceAccounts: none", "serviceAccounts: default"),
        ("heal: off", "heal: auto"),
        ("exclude: [team-c]", "selector: pull=yes"),
    ] {
        assert!(KEEPING.contains(from));
        let server = Server::start([refused(), secrets(&["team-a"]).await]);
        let report = pass_over(&server, &KEEPING.replace(from, to)).await.unwrap();
        assert_eq!(said(&report), ["error ListFailed Resource namespaces"], "{to}");
        assert_eq!(lines(&server.finish()).len(), 2, "{to}");
    }
}
