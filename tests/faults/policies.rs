//! The policy that rewrites images: what the API server won't take, and one that knows no policies.

use std::collections::BTreeMap;

use pullkeeper::admission::{Object, Policy};
use serde_json::{Value, json};

use super::program::{pullkeeper, run};
use super::scripted::expect::put;
use super::scripted::objects::{conflict, forbidden, not_found, ok, refusal};
use super::scripted::{Expect, Reply, Server, get};
use super::{ConfigFile, configuration, load, pass_by, said, settings};

const API: &str = "/apis/admissionregistration.k8s.io/v1";
const IMAGES: &str = "namespaces: [team-a]\nserviceAccounts: none\nsecret: {create: false}\nimages: {rewrite: [{from: docker.io, to: '127.0.0.1:1'}], admission: policy}";

fn path(object: Object) -> String {
    format!("{API}/{}/pullkeeper-images", object.resource())
}

/// What is in the cluster: the policy with other rules, and its binding.
fn there() -> [Expect; 2] {
    let policy = Policy::of(&configuration(IMAGES)).unwrap();
    let (mut own, mut binding) = (policy.policy, policy.binding);
    own["spec"]["failurePolicy"] = "Fail".into();
    for value in [&mut own, &mut binding] {
        value["metadata"]["resourceVersion"] = "7".into();
    }
    [get(path(Object::Policy)).says(ok(&own)), get(path(Object::Binding)).says(ok(&binding))]
}

async fn pass_with(more: impl IntoIterator<Item = Expect>) -> (Vec<String>, Vec<Value>) {
    let server = Server::start(there().into_iter().chain(more));
    let report = pass_by(&server, &configuration(IMAGES)).await.unwrap();
    let asked = server.finish();
    let written = asked.iter().filter(|request| request.method == "PUT").map(super::scripted::Request::json);
    let said = said(&report).into_iter().filter(|line| line.contains("Policy")).collect();
    (said, written.collect())
}

fn rehearsal(reply: Reply) -> Expect {
    put(path(Object::Policy)).query("dryRun=All").says(reply)
}

#[tokio::test]
async fn rules_that_the_api_server_refuses_replace_nothing() {
    let refused = refusal(422, "Invalid", "mutatingadmissionpolicies");
    let (said, written) = pass_with([rehearsal(refused)]).await;
    assert_eq!(said, ["error PolicyRefused MutatingAdmissionPolicy pullkeeper-images"]);
    assert_eq!(written.len(), 1);
}

#[tokio::test]
async fn what_was_rehearsed_is_written_over_the_version_that_was_read() {
    let write = put(path(Object::Policy)).query("fieldManager=pullkeeper").says(ok(&json!({})));
    let (said, written) = pass_with([rehearsal(ok(&json!({}))), write]).await;
    assert_eq!(said, ["update MutatingAdmissionPolicy pullkeeper-images: differs from the configuration"]);
    assert_eq!(written[0], written[1]);
    assert_eq!(written[1]["metadata"]["resourceVersion"], "7");
    assert_eq!(written[1]["spec"]["failurePolicy"], "Ignore");
}

/// Another replica has done it, or somebody has just taken it away.
#[tokio::test]
async fn one_that_changed_meanwhile_is_left_to_the_next_pass() {
    for reply in [conflict(), not_found()] {
        let (said, _) = pass_with([rehearsal(reply)]).await;
        assert!(said.is_empty(), "{said:?}");
    }
}

#[tokio::test]
async fn without_the_right_to_write_it_is_an_error() {
    let (said, _) = pass_with([rehearsal(forbidden())]).await;
    assert_eq!(said, ["error PolicyRefused MutatingAdmissionPolicy pullkeeper-images"]);
}

/// All new pods would be led there.
#[tokio::test]
async fn new_rules_wait_until_the_proxy_serves() {
    let server = Server::start(there());
    let config = load(&settings(IMAGES), BTreeMap::new());
    let report = pass_by(&server, &config).await.unwrap();
    assert!(server.finish().iter().all(|request| request.method == "GET"));
    let said = said(&report);
    for line in [
        "finding ProxyUnreachable Proxy 127.0.0.1:1",
        "finding PolicyHeld MutatingAdmissionPolicy pullkeeper-images",
    ] {
        assert!(said.iter().any(|own| own == line), "{said:?}");
    }
}

#[test]
fn a_proxy_that_is_away_gets_no_pods_unless_one_insists() {
    let file = ConfigFile::new(IMAGES);
    let install = |more: &[&str], server: &Server| {
        let mut command = pullkeeper();
        command.env_remove("PULLKEEPER_VERIFY").args(["images", "install", "--config"]).arg(file.path());
        run({
            command.args(["--server", server.url()]).args(more);
            command
        })
    };
    let server = Server::start([]);
    let ran = install(&[], &server);
    assert!(server.finish().is_empty());
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("with --unchecked it is, all the same"), "{}", ran.stderr);
    let server = Server::start([get(API).says(ok(&json!({"resources": []})))]);
    assert!(install(&["--unchecked"], &server).stderr.contains("has no MutatingAdmissionPolicy"));
    server.finish();
}

/// However wrong the configuration is.
#[test]
fn removing_needs_no_more_than_the_name_of_the_installation() {
    let all = [Object::Binding, Object::Policy, Object::Webhook];
    let server = Server::start(all.map(|object| get(path(object)).says(not_found())));
    let file = ConfigFile::new("images: {rewrite: []}\n");
    let mut command = pullkeeper();
    command.args(["images", "remove", "--config"]).arg(file.path()).args(["--server", server.url()]);
    let ran = run(command);
    server.finish();
    assert_eq!((ran.code, ran.stdout.trim()), (Some(0), "nothing to remove"), "{}", ran.stderr);
}
