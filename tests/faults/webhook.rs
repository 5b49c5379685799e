//! The webhook that rewrites images, where the API server knows no policies; and what comes between a pass and it.

use pullkeeper::admission::{Object, Pair, webhook};
use serde_json::{Value, json};

use super::program::{Ran, pullkeeper, run};
use super::scripted::expect::put;
use super::scripted::objects::{conflict, forbidden, not_found, ok};
use super::scripted::{Expect, Reply, Request, Server, get, post, writes};
use super::{ConfigFile, configuration, pass_by, said};

const API: &str = "/apis/admissionregistration.k8s.io/v1";
const CERTIFICATES: &str = "/api/v1/namespaces/pullkeeper/secrets";
const CERTIFICATE: &str = "/api/v1/namespaces/pullkeeper/secrets/pullkeeper-webhook";

fn settings(admission: &str) -> String {
    format!(
        "namespaces: [team-a]\nserviceAccounts: none\nsecret: {{create: false}}\nimages: {{rewrite: [{{from: docker.io, to: '127.0.0.1:1'}}], admission: {admission}}}"
    )
}

fn path(object: Object) -> String {
    format!("{API}/{}/pullkeeper-images", object.resource())
}

fn all() -> String {
    format!("{API}/{}", Object::Webhook.resource())
}

/// An API server before Kubernetes 1.36.
fn knows_no_policies() -> Expect {
    get(API).says(ok(&json!({"resources": [{"name": "validatingadmissionpolicies"}]})))
}

fn install(admission: &str, expected: impl IntoIterator<Item = Expect>) -> (Ran, Vec<Request>) {
    let server = Server::start(expected);
    let file = ConfigFile::new(settings(admission));
    let mut command = pullkeeper();
    command.args(["images", "install", "--config"]).arg(file.path()).args(["--server", server.url()]);
    (run(command), server.finish())
}

#[test]
fn an_api_server_without_policies_is_told_to_who_wants_one() {
    let (ran, _) = install("policy", [knows_no_policies()]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("this API server has no MutatingAdmissionPolicy v1"), "{}", ran.stderr);
    assert!(ran.stderr.contains("set images.admission: auto"), "{}", ran.stderr);
}

#[test]
fn without_policies_auto_is_the_webhook() {
    let missing = [Object::Webhook, Object::Binding, Object::Policy];
    let script = [
        knows_no_policies(),
        get(CERTIFICATE).says(not_found()),
        post(all()).query("dryRun=All").says(ok(&json!({}))),
        post(all()).query("fieldManager=pullkeeper").says(ok(&json!({}))),
        post(CERTIFICATES).says(ok(&json!({}))),
    ];
    let script = script.into_iter().chain(missing.map(|object| get(path(object)).says(not_found())));
    let (ran, asked) = install("auto", script);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let lines: Vec<_> = ran.stdout.lines().take(2).collect();
    let expected = [
        "create MutatingWebhookConfiguration pullkeeper-images",
        "create Secret pullkeeper/pullkeeper-webhook",
    ];
    assert_eq!(lines, expected);
    let written: Vec<Value> =
        asked.iter().filter(|request| request.method == "POST").map(Request::json).collect();
    let client = &written[1]["webhooks"][0]["clientConfig"];
    assert_eq!(client["service"]["name"], "pullkeeper-webhook");
    assert_eq!(client["caBundle"], written[2]["data"]["ca.crt"]);
}

/// An older API server with a webhook that was installed a year ago, so that its certificate has ended.
fn there(held: Reply) -> [Expect; 3] {
    let config = configuration(&settings("auto"));
    let host = config.images.webhook.host();
    let old = Pair::issue(&host, "", "2025-01-01T00:00:00Z".parse().unwrap()).unwrap();
    let mut own = webhook(&config, Some(&old.bundle)).unwrap();
    own["metadata"]["resourceVersion"] = "7".into();
    [
        get(path(Object::Policy)).says(not_found()),
        get(path(Object::Webhook)).says(ok(&own)),
        get(CERTIFICATE).says(held),
    ]
}

async fn pass_with(held: Reply, more: impl IntoIterator<Item = Expect>) -> (Vec<String>, Vec<String>) {
    let server = Server::start(there(held).into_iter().chain(more));
    let report = pass_by(&server, &configuration(&settings("auto"))).await.unwrap();
    let said = said(&report).into_iter().filter(|line| line.contains("ebhook"));
    (said.collect(), writes(&server.finish()))
}

fn empty() -> Reply {
    let labels =
        json!({"app.kubernetes.io/managed-by": "pullkeeper", "app.kubernetes.io/instance": "default"});
    let metadata = json!({"name": "pullkeeper-webhook", "resourceVersion": "3", "labels": labels});
    ok(&json!({"kind": "Secret", "metadata": metadata}))
}

fn write(reply: Reply) -> [Expect; 2] {
    let own = path(Object::Webhook);
    [
        put(own.clone()).query("dryRun=All").says(ok(&json!({}))),
        put(own).query("fieldManager=pullkeeper").says(reply),
    ]
}

#[tokio::test]
async fn a_certificate_is_written_once_the_api_server_trusts_it() {
    let script = write(ok(&json!({}))).into_iter().chain([put(CERTIFICATE).says(ok(&json!({})))]);
    let (said, _) = pass_with(empty(), script).await;
    let expected = [
        "update MutatingWebhookConfiguration pullkeeper-images: differs from the configuration",
        "update Secret pullkeeper/pullkeeper-webhook: its certificate is no longer good for long",
    ];
    assert_eq!(said, expected);
}

/// Else a certificate would be served until the next pass that nobody trusts.
#[tokio::test]
async fn without_its_ca_in_the_configuration_no_certificate_is_written() {
    for (reply, told) in [
        (conflict(), vec![]),
        (not_found(), vec![]),
        (forbidden(), vec!["error WriteFailed MutatingWebhookConfiguration pullkeeper-images".to_owned()]),
    ] {
        let (said, writes) = pass_with(empty(), write(reply)).await;
        assert_eq!((said, writes.len()), (told, 2), "{writes:?}");
    }
}

#[tokio::test]
async fn a_certificate_that_may_not_be_seen_is_told() {
    let (said, writes) = pass_with(forbidden(), []).await;
    let told = "finding PolicyUnseen MutatingWebhookConfiguration pullkeeper-images";
    assert_eq!((said, writes), (vec![told.to_owned()], vec![]));
}

#[tokio::test]
async fn one_that_another_has_written_meanwhile_is_left_to_the_next_pass() {
    let script = write(ok(&json!({}))).into_iter().chain([put(CERTIFICATE).says(conflict())]);
    let (said, _) = pass_with(empty(), script).await;
    assert_eq!(
        said,
        ["update MutatingWebhookConfiguration pullkeeper-images: differs from the configuration"]
    );
}
