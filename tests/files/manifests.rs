//! `manifests/`: a real API server takes what each folder renders to as strictly as it can, the folders go with one
//! another, and the shipped configurations and roles, together, are enough for a pass and no more.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use http::{Method, StatusCode};
use kube::Client;
use pullkeeper::config::{Password, Source};
use serde_json::{Value, json};

use crate::api::{Document, apply, collection, documents, honoured, parse, rendered, send};
use crate::testbed::ControlPlane;
use crate::testbed::fixtures::namespace;
use crate::testbed::users::token;
use crate::{file, load_file, read, run};

/// Where the shipped configurations look for the password.
const PASSWORD_FILE: &str = "/etc/pullkeeper/registry/password";

/// What runs a pass, with all that it takes.
const OVERLAYS: [&str; 6] = ["cronjob", "deployment", "ecr-irsa", "ecr-secret", "job", "named-namespaces"];

#[test]
fn every_file_is_in_its_kustomization() {
    for folder in folders() {
        let kustomization = parse(&read(&folder.join("kustomization.yaml")));
        let mut listed: BTreeSet<_> = texts(&kustomization["resources"]).collect();
        let patches = kustomization["patches"].as_array().into_iter().flatten();
        listed.extend(patches.filter_map(|patch| patch["path"].as_str()));
        let generators = kustomization["configMapGenerator"].as_array().into_iter().flatten();
        listed.extend(generators.flat_map(|generator| texts(&generator["files"])));
        // A resource may be another folder.
        let listed: BTreeSet<_> = listed.into_iter().filter(|name| !folder.join(name).is_dir()).collect();

        let present = entries(&folder).into_iter().map(|path| path.file_name().unwrap().to_owned());
        let present: BTreeSet<_> = present.map(|name| name.into_string().unwrap()).collect();
        let present: BTreeSet<_> =
            present.iter().map(String::as_str).filter(|name| *name != "kustomization.yaml").collect();
        assert_eq!(listed, present, "{}", folder.display());
    }
}

#[test]
fn all_run_this_version() {
    for folder in OVERLAYS.into_iter().chain(["webhook"]) {
        let own = workload(folder);
        let container = &pod_template(&own)["spec"]["containers"][0];
        assert_eq!(container["image"], concat!("pullkeeper:", env!("CARGO_PKG_VERSION")), "{folder}");
    }
}

/// The label of an image that somebody builds without saying more.
#[test]
fn the_dockerfile_is_of_this_version() {
    let version = concat!("\nARG VERSION=", env!("CARGO_PKG_VERSION"), "\n");
    assert!(read(&file("Dockerfile")).contains(version));
}

/// All read the same configuration and password, from where the program looks without being told.
#[test]
fn the_password_is_mounted_where_the_configuration_looks() {
    let projected = |folder: &str| {
        let own = workload(folder);
        let spec = &pod_template(&own)["spec"];
        assert_eq!(spec["containers"][0]["volumeMounts"][0]["mountPath"], "/etc/pullkeeper", "{folder}");
        spec["volumes"][0]["projected"].clone()
    };
    let expected = projected("cronjob");
    for folder in OVERLAYS.into_iter().chain(["webhook"]) {
        assert_eq!(projected(folder), expected, "{folder}");
    }
    let secret = &expected["sources"][1]["secret"];
    assert_eq!(format!("/etc/pullkeeper/{}", secret["items"][0]["path"].as_str().unwrap()), PASSWORD_FILE);
    // The command that makes the Secret is told where one looks for it.
    let told = read(&file("manifests/base/config.yaml"));
    let command =
        format!("create secret generic {} --from-file={}=", secret["name"], secret["items"][0]["key"]);
    assert!(told.contains(&command.replace('"', "")), "{command}");
}

#[test]
fn the_shipped_configurations_load_and_hold_no_password() {
    for folder in folders().into_iter().filter(|folder| folder.join("config.yaml").exists()) {
        let (_place, config) = shipped_config(&folder);
        let loaded = load_file(&config).unwrap();
        assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
        for registry in loaded.config.registries {
            if let Source::Static { password, .. } = registry.source {
                assert!(matches!(password, Password::File(_)), "{}", folder.display());
            }
        }
    }
}

#[test]
fn the_keys_of_an_aws_user_are_in_the_secret_that_is_told_of() {
    let own = workload("ecr-secret");
    let env = pod_template(&own)["spec"]["containers"][0]["env"].as_array().unwrap();
    let told = read(&file("manifests/ecr-secret/kustomization.yaml"));
    assert_eq!(env.len(), 2);
    for variable in env {
        let from = &variable["valueFrom"]["secretKeyRef"];
        assert_eq!(from["key"], variable["name"], "an env file holds lines with the variables' names");
        assert!(
            told.contains(&format!("create secret generic {} ", from["name"].as_str().unwrap())),
            "{told}"
        );
        assert!(told.contains(&format!("{}=", from["key"].as_str().unwrap())), "{told}");
    }
}

#[test]
fn the_pod_monitor_and_the_service_find_the_loop() {
    let deployment = workload("deployment");
    let template = pod_template(&deployment);
    let ports = &template["spec"]["containers"][0]["ports"];
    let monitor = documents(&file("manifests/metrics/podmonitor.yaml")).remove(0).value;
    let service = documents(&file("manifests/deployment/service.yaml")).remove(0).value;
    assert_eq!(monitor["spec"]["selector"]["matchLabels"], template["metadata"]["labels"]);
    assert_eq!(service["spec"]["selector"], template["metadata"]["labels"]);
    assert_eq!(monitor["spec"]["podMetricsEndpoints"][0]["port"], ports[0]["name"]);
    assert_eq!(service["spec"]["ports"][0]["targetPort"], ports[0]["name"]);
}

#[test]
fn named_namespaces_grants_nothing_cluster_wide() {
    let kinds: Vec<_> = rendered(&file("manifests/named-namespaces"))
        .into_iter()
        .map(|document| document.value["kind"].as_str().unwrap().to_owned())
        .collect();
    assert!(!kinds.iter().any(|kind| kind.starts_with("Cluster")), "{kinds:?}");
}

/// Each as a rehearsal in the namespace of the base, which refuses pods that aren't restricted.
#[tokio::test(flavor = "multi_thread")]
async fn every_overlay_is_accepted_and_its_pods_are_restricted() {
    let plane = ControlPlane::start().unwrap();
    let admin = plane.admin();
    namespace("team-a").create(&admin).await;
    for folder in ["cronjob", "webhook"] {
        apply(&admin, &file(&format!("manifests/{folder}"))).await;
    }
    for folder in OVERLAYS.into_iter().chain(["images", "webhook"]) {
        for document in rendered(&file(&format!("manifests/{folder}"))) {
            rehearse(&admin, folder, &document).await;
        }
        if folder != "images" {
            restricted_pod_is_accepted(&admin, pod_template(&workload(folder))).await;
        }
    }
}

/// The base, as its kustomization applies it; then a pass as its ServiceAccount, and what that may not do.
#[tokio::test(flavor = "multi_thread")]
async fn the_base_is_accepted_and_its_role_suffices() {
    let plane = ControlPlane::start().unwrap();
    let admin = plane.admin();
    namespace("team-a").create(&admin).await;
    let base = file("manifests/base");
    apply(&admin, &base).await;
    let token = token(&admin, "pullkeeper", "pullkeeper").await;
    let user = plane.client_with_token(&token);
    honoured(&user, "/api/v1/secrets?fieldSelector=metadata.name%3Dpullkeeper").await;
    assert_pass_writes(&plane, &token, &base).await;

    for (method, path, why) in [
        (Method::GET, "/api/v1/secrets", "all Secrets"),
        (Method::GET, "/api/v1/secrets?fieldSelector=metadata.name%3Dother", "another name"),
        (Method::GET, "/api/v1/namespaces/team-a/secrets", "all Secrets of a namespace"),
        (Method::GET, "/api/v1/namespaces/team-a/secrets/other", "another Secret"),
        (Method::DELETE, "/api/v1/namespaces/team-a/secrets/other", "another Secret's deletion"),
        (
            Method::DELETE,
            "/api/v1/namespaces/team-a/pods/web",
            "a pod's deletion without its disruption budget",
        ),
    ] {
        let (status, answer) = send(&user, method, path, "").await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{why}: {answer}");
    }
}

/// The Role of an example namespace: a pass there, and nothing elsewhere.
#[tokio::test(flavor = "multi_thread")]
async fn the_role_of_a_named_namespace_suffices() {
    let plane = ControlPlane::start().unwrap();
    let admin = plane.admin();
    for name in ["team-a", "team-b"] {
        namespace(name).create(&admin).await;
    }
    let folder = file("manifests/named-namespaces");
    apply(&admin, &folder).await;

    let token = token(&admin, "pullkeeper", "pullkeeper").await;
    let user = plane.client_with_token(&token);
    honoured(&user, "/api/v1/namespaces/team-a/secrets?fieldSelector=metadata.name%3Dpullkeeper").await;
    assert_pass_writes(&plane, &token, &folder).await;

    for path in [
        "/api/v1/namespaces",
        "/api/v1/namespaces/team-b",
        "/api/v1/namespaces/team-b/secrets?fieldSelector=metadata.name%3Dpullkeeper",
        "/api/v1/secrets?fieldSelector=metadata.name%3Dpullkeeper",
        "/api/v1/namespaces/team-a/secrets",
    ] {
        let (status, answer) = send(&user, Method::GET, path, "").await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}: {answer}");
    }
}

/// Would it be taken? What is there already is asked for by its own name again.
async fn rehearse(client: &Client, folder: &str, document: &Document) {
    let path = format!("{}?dryRun=All&fieldValidation=Strict", collection(&document.value));
    let (status, answer) = send(client, Method::POST, &path, &document.text).await;
    let taken = matches!(status, StatusCode::CREATED | StatusCode::CONFLICT);
    assert!(taken, "{folder}: {answer}\n{}", document.text);
}

/// A pod of this template, in the namespace of the base: it enforces the restricted level.
pub(crate) async fn restricted_pod_is_accepted(client: &Client, template: &Value) {
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "pass", "namespace": "pullkeeper", "labels": template["metadata"]["labels"]},
        "spec": template["spec"],
    });
    let path = "/api/v1/namespaces/pullkeeper/pods?dryRun=All&fieldValidation=Strict";
    let (status, answer) = send(client, Method::POST, path, &pod.to_string()).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    let modes = &answer["spec"]["volumes"][0]["projected"]["defaultMode"];
    assert_eq!(modes, &json!(0o440), "the password is for its own group only");

    // The level is in force: it refuses the same pod with its capabilities.
    pod["spec"]["containers"][0]["securityContext"]["capabilities"] = json!({});
    let (status, answer) = send(client, Method::POST, path, &pod.to_string()).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{answer}");
    let violates = |message: &str| message.contains("violates PodSecurity \"restricted");
    assert!(answer["message"].as_str().is_some_and(violates), "{answer}");
}

/// A pass of the program with the folder's configuration, as that user, serves team-a without an error.
async fn assert_pass_writes(plane: &ControlPlane, token: &str, folder: &Path) {
    let (_place, config) = shipped_config(folder);
    let kubeconfig = plane.kubeconfig(token);
    let output = tokio::task::spawn_blocking(move || run("--once", &config, &kubeconfig)).await.unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{stdout}\n{stderr}");

    let admin = plane.admin();
    let (status, _) = send(&admin, Method::GET, "/api/v1/namespaces/team-a/secrets/pullkeeper", "").await;
    assert_eq!(status, StatusCode::OK, "no Secret:\n{stdout}\n{stderr}");
    let (_, account) =
        send(&admin, Method::GET, "/api/v1/namespaces/team-a/serviceaccounts/default", "").await;
    assert_eq!(account["imagePullSecrets"], json!([{"name": "pullkeeper"}]), "{stdout}\n{stderr}");
}

/// The folder's configuration with a password file that is there.
pub(crate) fn shipped_config(folder: &Path) -> (tempfile::TempDir, PathBuf) {
    let text = read(&folder.join("config.yaml"));
    let place = tempfile::tempdir().unwrap();
    let (password, config) = (place.path().join("password"), place.path().join("config.yaml"));
    std::fs::write(&password, "s3cret\n").unwrap();
    std::fs::set_permissions(&password, PermissionsExt::from_mode(0o600)).unwrap();
    std::fs::write(&config, text.replace(PASSWORD_FILE, password.to_str().unwrap())).unwrap();
    (place, config)
}

/// What a folder runs: a CronJob, a Job or a Deployment.
pub(crate) fn workload(folder: &str) -> Value {
    let runs = |value: &Value| matches!(value["kind"].as_str(), Some("CronJob" | "Job" | "Deployment"));
    let all = rendered(&file(&format!("manifests/{folder}"))).into_iter().map(|document| document.value);
    let mut all: Vec<_> = all.filter(runs).collect();
    assert_eq!(all.len(), 1, "{folder}");
    all.remove(0)
}

/// The template of the pods of a CronJob, a Job or a Deployment.
pub(crate) fn pod_template(workload: &Value) -> &Value {
    match workload.pointer("/spec/jobTemplate") {
        Some(job) => &job["spec"]["template"],
        None => &workload["spec"]["template"],
    }
}

/// Each folder of `manifests/`.
fn folders() -> Vec<PathBuf> {
    let folders = entries(&file("manifests"));
    assert!(folders.len() >= OVERLAYS.len() + 2, "{folders:?}");
    folders
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}
