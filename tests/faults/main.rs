//! What a pass makes of an API server that refuses, breaks off, talks rubbish or says nothing. The
//! server is scripted: each case states every request that it must and may cause.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod additions;
mod bodies;
mod ending;
mod events;
mod evictions;
mod jobs;
mod lists;
mod meanwhile;
mod namespaces;
mod nudges;
mod nudging;
mod policies;
#[path = "../program/mod.rs"]
mod program;
mod refusals;
mod retries;
mod rewrites;
#[path = "../scripted/mod.rs"]
mod scripted;
mod secrets;
mod service_accounts;
mod silence;
mod unlisted;
mod webhook;

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use program::ConfigFile;
use pullkeeper::cluster::{ApiError, Choice, Cluster};
use pullkeeper::config::{self, Config, Inputs};
use pullkeeper::pass::{Options, pass};
use pullkeeper::progress::Progress;
use pullkeeper::report::Report;
use scripted::objects::ok;
use scripted::{Server, post};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

const TEAM_A: &str = "/api/v1/namespaces/team-a";
const SECRETS: &str = "/api/v1/namespaces/team-a/secrets";
const SECRET: &str = "/api/v1/namespaces/team-a/secrets/pullkeeper";
const ACCOUNTS: &str = "/api/v1/namespaces/team-a/serviceaccounts";
const DEFAULT: &str = "/api/v1/namespaces/team-a/serviceaccounts/default";
const PODS: &str = "/api/v1/namespaces/team-a/pods";
const EVENTS: &str = "/api/v1/namespaces/team-a/events";

const PASSWORD: &str = "Pa55-wörd: \"quoted\"";

/// One registry in one namespace, which is named: no list of namespaces is read.
const ONE: &str = "namespaces: [team-a]";
/// The same in all namespaces: the list of them is read first.
const EVERY: &str = "namespaces: ['*']";

/// `settings` with one registry.
fn settings(settings: &str) -> ConfigFile {
    let password = Value::from(PASSWORD);
    let registry = "registries:\n- {host: harbor.example.com, username: robot, password: ";
    ConfigFile::new(format!("{settings}\n{registry}{password}}}\n"))
}

/// Its registry is nowhere.
fn unverified() -> BTreeMap<String, String> {
    BTreeMap::from([("PULLKEEPER_VERIFY".to_owned(), "false".to_owned())])
}

fn configuration(text: &str) -> Config {
    load(&settings(text), unverified())
}

fn load(file: &ConfigFile, env: BTreeMap<String, String>) -> Config {
    let inputs = Inputs { file: Some(file.path().to_owned()), env, ..Inputs::default() };
    config::load(&inputs).expect("the test's configuration").config
}

/// One pass with `settings`.
async fn pass_over(server: &Server, settings: &str) -> Result<Report, ApiError> {
    pass_by(server, &configuration(settings)).await
}

async fn pass_by(server: &Server, config: &Config) -> Result<Report, ApiError> {
    pass(&connected(server).await, config, &Options::default(), &Progress::default()).await
}

async fn connected(server: &Server) -> Cluster {
    let choice = Choice { server: Some(server.url().to_owned()), ..Choice::default() };
    choice.connect(CancellationToken::new()).await.expect("a cluster")
}

/// What a report says, without the summary: changes as they are printed, the rest by its reason.
fn said(report: &Report) -> Vec<String> {
    let changes = report.changes.iter().map(ToString::to_string);
    let findings = report.findings.iter().map(|f| format!("finding {} {}", f.reason, f.subject));
    let errors = report.errors.iter().map(|e| format!("error {} {}", e.reason, e.subject));
    changes.chain(findings).chain(errors).collect()
}

/// The Secret that a pass with [`ONE`] makes, as it is then read.
async fn our_secret() -> Value {
    let server = Server::start([post(SECRETS).says(ok(&json!({})))]);
    pass_over(&server, ONE).await.expect("a report");
    as_stored(&server.finish()[0].json(), "1")
}

/// A Secret that was sent, as it is read after.
fn as_stored(sent: &Value, version: &str) -> Value {
    let mut secret = sent.clone();
    secret["metadata"]["uid"] = "uid-of-secret".into();
    secret["metadata"]["resourceVersion"] = version.into();
    secret
}

/// The Secret with other data than it should have.
fn drifted(secret: &Value, version: &str) -> Value {
    let mut secret = as_stored(secret, version);
    secret["data"][".dockerconfigjson"] = BASE64_STANDARD.encode("{\"auths\":{}}").into();
    secret
}

/// The Secret without our labels.
fn foreign(secret: &Value) -> Value {
    let mut secret = secret.clone();
    secret["metadata"]["labels"] = json!({});
    secret
}
