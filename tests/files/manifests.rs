//! `manifests/`: a real API server takes every document as strictly as it can, and the shipped configurations
//! and roles, together, are enough for a pass and no more.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

use crate::testbed::ControlPlane;
use crate::testbed::fixtures::namespace;
use crate::testbed::users::token;
use crate::{file, load_file, read, run};

/// Where the shipped configurations look for the password.
const PASSWORD_FILE: &str = "/etc/pullkeeper/registry/password";

#[test]
fn every_file_is_in_its_kustomization() {
    for folder in folders() {
        let kustomization = parse(&read(&folder.join("kustomization.yaml")));
        let mut listed: BTreeSet<_> = texts(&kustomization["resources"]).collect();
        let patches = kustomization["patches"].as_array().into_iter().flatten();
        listed.extend(patches.filter_map(|patch| patch["path"].as_str()));
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
fn the_base_runs_this_version() {
    let kustomization = parse(&read(&file("manifests/base/kustomization.yaml")));
    let image = &kustomization["images"][0];
    let cron_job = &documents(&file("manifests/base/cronjob.yaml"))[0].value;
    assert_eq!(image["newTag"], env!("CARGO_PKG_VERSION"));
    assert_eq!(image["name"], pod_template(cron_job)["spec"]["containers"][0]["image"]);
}

#[test]
fn the_password_is_mounted_where_the_configuration_looks() {
    let cron_job = &documents(&file("manifests/base/cronjob.yaml"))[0].value;
    let spec = &pod_template(cron_job)["spec"];
    let folder = spec["containers"][0]["volumeMounts"][0]["mountPath"].as_str().unwrap();
    let secret = &spec["volumes"][0]["projected"]["sources"][1]["secret"];
    assert_eq!(format!("{folder}/{}", secret["items"][0]["path"].as_str().unwrap()), PASSWORD_FILE);
    // The command that makes the Secret is told where one looks for it.
    let told = read(&file("manifests/base/configmap.yaml"));
    let command =
        format!("create secret generic {} --from-file={}=", secret["name"], secret["items"][0]["key"]);
    assert!(told.contains(&command.replace('"', "")), "{command}");
}

#[test]
fn the_shipped_configurations_load() {
    for folder in folders().into_iter().filter(|folder| folder.join("configmap.yaml").exists()) {
        let (_place, config) = shipped_config(&folder);
        let loaded = load_file(&config).unwrap();
        assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    }
}

/// The base, as its kustomization applies it; then a pass as its ServiceAccount, and what that may not do.
#[tokio::test(flavor = "multi_thread")]
async fn the_base_is_accepted_and_its_role_suffices() {
    let plane = ControlPlane::start().unwrap();
    let admin = plane.admin();
    namespace("team-a").create(&admin).await;
    let base = file("manifests/base");
    let made = apply(&admin, &base).await;
    let cron_job = made.iter().find(|object| object["kind"] == "CronJob").unwrap();
    restricted_pod_is_accepted(&admin, pod_template(cron_job)).await;

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
    for name in ["pullkeeper", "team-a", "team-b"] {
        namespace(name).create(&admin).await;
    }
    // What the overlay leaves of the base: all but the ClusterRole and its binding.
    let folder = file("manifests/named-namespaces");
    let files = ["base/serviceaccount.yaml", "named-namespaces/role.yaml", "named-namespaces/configmap.yaml"];
    for document in files.iter().flat_map(|name| documents(&file("manifests").join(name))) {
        create(&admin, &document).await;
    }

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

/// Creates what a kustomization lists, in its order.
pub(crate) async fn apply(client: &Client, folder: &Path) -> Vec<Value> {
    let kustomization = parse(&read(&folder.join("kustomization.yaml")));
    let mut made = Vec::new();
    for name in texts(&kustomization["resources"]) {
        for document in documents(&folder.join(name)) {
            made.push(create(client, &document).await);
        }
    }
    made
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
    let config_map = &documents(&folder.join("configmap.yaml"))[0].value;
    let text = config_map["data"]["config.yaml"].as_str().unwrap();
    assert!(text.contains(PASSWORD_FILE), "{text}");
    let place = tempfile::tempdir().unwrap();
    let (password, config) = (place.path().join("password"), place.path().join("config.yaml"));
    std::fs::write(&password, "s3cret\n").unwrap();
    std::fs::set_permissions(&password, PermissionsExt::from_mode(0o600)).unwrap();
    std::fs::write(&config, text.replace(PASSWORD_FILE, password.to_str().unwrap())).unwrap();
    (place, config)
}

fn pod_template(cron_job: &Value) -> &Value {
    &cron_job["spec"]["jobTemplate"]["spec"]["template"]
}

/// Each folder of `manifests/`.
fn folders() -> Vec<PathBuf> {
    let folders = entries(&file("manifests"));
    assert!(folders.len() >= 2, "{folders:?}");
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

/// A document of a manifest.
pub(crate) struct Document {
    /// As written, for the server to judge.
    pub(crate) text: String,
    pub(crate) value: Value,
}

pub(crate) fn documents(path: &Path) -> Vec<Document> {
    let text = read(path);
    let documents: Vec<_> =
        text.split("\n---\n").map(|text| Document { text: text.to_owned(), value: parse(text) }).collect();
    assert!(documents.iter().all(|document| document.value["kind"].is_string()), "{}", path.display());
    documents
}

pub(crate) fn parse(yaml: &str) -> Value {
    serde_saphyr::from_str(yaml).unwrap_or_else(|e| panic!("{e}:\n{yaml}"))
}

/// Creates an object; unknown and repeated fields are errors. Returns it as the server understood it.
pub(crate) async fn create(client: &Client, document: &Document) -> Value {
    let path = format!("{}?fieldValidation=Strict", collection(&document.value));
    let (status, answer) = send(client, Method::POST, &path, &document.text).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}\n{}", document.text);
    answer
}

/// The path of the objects of a document's kind.
fn collection(document: &Value) -> String {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let version = text(&document["apiVersion"]).unwrap();
    let root = if version.contains('/') { "/apis" } else { "/api" };
    let plural = format!("{}s", text(&document["kind"]).unwrap().to_lowercase());
    match text(&document["metadata"]["namespace"]) {
        Some(namespace) => format!("{root}/{version}/namespaces/{namespace}/{plural}"),
        None => format!("{root}/{version}/{plural}"),
    }
}

/// One request; JSON is YAML too. Returns the status and the answer, whatever they are.
pub(crate) async fn send(client: &Client, method: Method, path: &str, body: &str) -> (StatusCode, Value) {
    send_as(client, method, path, "application/yaml", body).await
}

/// Sends a body of this type.
pub(crate) async fn send_as(
    client: &Client,
    method: Method,
    path: &str,
    content: &str,
    body: &str,
) -> (StatusCode, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("Content-Type", content)
        .header("Accept", "application/json")
        .body(Body::from(body.as_bytes().to_vec()))
        .unwrap();
    let answer = client.send(request).await.unwrap();
    let status = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

/// Waits until the authorizer, which learns of new roles by a watch, allows a request.
pub(crate) async fn honoured(user: &Client, path: &str) {
    for _ in 0..500 {
        if send(user, Method::GET, path, "").await.0 == StatusCode::OK {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("still refused: GET {path}");
}
