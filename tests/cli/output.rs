//! What is printed: one document for machines, plain text in a pipe, and a dry run that is dry.

use k8s_openapi::api::core::v1::{Secret, ServiceAccount};
use kube::api::{Api, ListParams};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use super::plain;
use super::program::{ConfigFile, against, pullkeeper, run};
use super::scripted::objects::{list, not_found, ok, service_account};
use super::scripted::{Server, get, patch, post};
use super::testbed::ControlPlane;
use super::testbed::fixtures::namespace;
use super::testbed::pods::pod;
use super::testbed::users::{Role, Scope, rules, user};

const ACCOUNTS: &str = "/api/v1/namespaces/team-a/serviceaccounts";

/// A pass with a change of each kind, a finding and an error.
fn eventful() -> (Server, ConfigFile) {
    let accounts = list(json!([service_account("team-a", "default", &[])]), "");
    let server = Server::start([
        get("/api/v1/namespaces/team-b").says(not_found()),
        get("/api/v1/namespaces/ops/secrets/creds").says(not_found()),
        get(ACCOUNTS).says(ok(&accounts)),
        post("/api/v1/namespaces/team-a/secrets").says(ok(&json!({}))),
        patch(format!("{ACCOUNTS}/default")).says(ok(&json!({}))),
    ]);
    let config = ConfigFile::new(
        "namespaces: [team-a, team-b]\n\
         registries:\n\
         - {host: harbor.example.com, username: robot, password: hunter2}\n\
         - {host: other.example.com, username: robot, password: {secret: {name: creds, namespace: ops}}}\n",
    );
    (server, config)
}

#[test]
fn json_is_one_document() {
    let (server, config) = eventful();
    let mut command = against(server.url(), &config);
    command.args(["--output", "json"]);
    let ran = run(command);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let mut report: Value = serde_json::from_str(&ran.stdout).unwrap();
    report["summary"].as_object_mut().unwrap().remove("seconds").unwrap();
    assert_eq!(
        report,
        json!({
            "changes": [
                {"verb": "create", "kind": "Secret", "namespace": "team-a", "name": "pullkeeper", "why": "missing"},
                {"verb": "patch", "kind": "ServiceAccount", "namespace": "team-a", "name": "default", "why": "add pullkeeper"},
            ],
            "findings": [{
                "kind": "Namespace", "name": "team-b", "reason": "NamespaceAbsent",
                "message": "doesn't exist; create it, or take it out of namespaces",
            }],
            "errors": [{
                "kind": "Registry", "name": "other.example.com", "reason": "SourceFailed",
                "message": "Secret ops/creds doesn't exist; create it. 1 Secret stays without",
            }],
            "waiting": [],
            "summary": {
                "dryRun": false, "namespaces": 1, "paused": 0, "waitingPods": 0, "changes": 2, "findings": 1, "errors": 1,
                "undone": 0, "reads": 7, "writes": 2,
            },
        })
    );
    server.finish();
}

#[test]
fn text_in_a_pipe_has_no_colour() {
    let (server, config) = eventful();
    let ran = run(against(server.url(), &config));
    assert_eq!(ran.code, Some(1));
    assert!(!ran.everything().contains('\u{1b}'), "{:?}", ran.everything());
    let lines: Vec<_> = ran.stdout.lines().collect();
    assert_eq!(
        lines[..4],
        [
            "create   Secret team-a/pullkeeper: missing",
            "patch    ServiceAccount team-a/default: add pullkeeper",
            "finding  Namespace team-b: doesn't exist; create it, or take it out of namespaces",
            "error    Registry other.example.com: Secret ops/creds doesn't exist; create it. 1 Secret stays without",
        ]
    );
    assert!(lines[4].starts_with("2 changes in 1 namespace, 1 finding, 1 error ("), "{}", lines[4]);
    server.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_a_run_would_do_and_writes_nothing() {
    let plane = ControlPlane::shared();
    let admin = plane.admin();
    namespace("dry").create(&admin).await;
    let message = "Back-off pulling image \"harbor.example.com/app:1\": ErrImagePull: 401 Unauthorized";
    pod("web").waiting("ImagePullBackOff", message).owned_by("ReplicaSet").create(&admin, "dry").await;
    let may = rules(&[
        ("", "namespaces secrets serviceaccounts pods", "get list create patch delete"),
        ("", "pods/eviction", "create"),
    ]);
    let keeper = user(&admin, "dry", "keeper", Role::Rules(may), Scope::Cluster).await;
    let kubeconfig = plane.kubeconfig(&keeper.token);
    let pass = move |dry_run: bool| {
        let config = ConfigFile::new(super::PLAIN.replace("team-a", "dry"));
        let mut command = pullkeeper();
        command.arg("--config").arg(config.path()).arg("--kubeconfig").arg(&kubeconfig);
        command.args(["--output", "json"]).args(dry_run.then_some("--dry-run"));
        let ran = run(command);
        assert_eq!(ran.code, Some(0), "{}", ran.everything());
        serde_json::from_str::<Value>(&ran.stdout).unwrap()
    };
    let (dry, wet, writes) = spawn_blocking(move || {
        let audit = plane.audit_log();
        let dry = pass(true);
        let events = audit.requests_of(&keeper.name);
        assert!(!events.is_empty());
        (dry, pass(false), events.into_iter().filter(super::testbed::audit::AuditEvent::is_write).count())
    })
    .await
    .unwrap();
    assert_eq!(writes, 0);
    assert_eq!((&dry["summary"]["dryRun"], &dry["summary"]["writes"]), (&true.into(), &0.into()));
    assert_eq!(dry["changes"].as_array().unwrap().len(), 4, "{dry}");
    assert_eq!(dry["changes"], wet["changes"]);
    let secrets = Api::<Secret>::namespaced(admin.clone(), "dry").list(&ListParams::default()).await.unwrap();
    assert_eq!(secrets.items.len(), 1);
    let accounts = Api::<ServiceAccount>::namespaced(admin, "dry");
    assert!(accounts.get("default").await.unwrap().image_pull_secrets.is_some());
}

#[test]
fn a_dry_run_asks_a_scripted_server_for_nothing_but_reads() {
    let (server, config) = (Server::start([]), plain());
    let mut command = against(server.url(), &config);
    command.arg("--dry-run");
    let ran = run(command);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.contains("would make 1 change in 1 namespace"), "{}", ran.stdout);
    server.finish();
}
