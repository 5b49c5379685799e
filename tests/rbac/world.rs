//! The world of a trial: every kind of work for a pass, as far as the case asks for it.

use std::time::Duration;

use http::{Method, StatusCode};
use kube::Client;
use serde_json::{Value, json};

use crate::cases::Part;
use crate::kept;
use crate::rights::{Right, send};
use crate::site::PASSWORD;
use crate::testbed::fixtures::{docker_config, docker_config_secret, namespace, secret, service_account};
use crate::testbed::pods::{PodBuilder, pod};
use crate::trial::Trial;

/// A younger pod is left to its node, unless its Secrets change.
const UNTIL_TRIED: Duration = Duration::from_secs(11);

pub(crate) async fn prepare(trial: &Trial, admin: &Client, right: Option<&Right>) {
    let own = trial.namespace();
    namespace(&own).create(admin).await;
    service_account(admin, &own, "builder", &[]).await;
    let has = |part| trial.case.world.contains(&part);
    ours(trial, admin, &own, "drifted", false).await;
    if has(Part::Foreign) {
        let theirs = docker_config("registry.example.org", "them", "theirs");
        docker_config_secret(admin, &own, "pullkeeper", &theirs).await;
    } else if !has(Part::Left) {
        ours(trial, admin, &own, "frozen", true).await;
    }
    if has(Part::Pods) {
        pods(trial, admin).await;
    }
    if has(Part::Credentials) {
        credentials(trial, admin).await;
    }
    if has(Part::Left) {
        left(trial, admin).await;
    }
    if has(Part::Led) {
        let waits = pod("led").image("nginx:1").waiting("ImagePullBackOff", &refused("docker.io", "nginx:1"));
        waits.create(admin, &own).await;
        tokio::time::sleep(UNTIL_TRIED).await;
    }
    if has(Part::Admission) {
        kept::install(trial, admin, right).await;
    }
}

/// A Secret of ours whose password is an old one.
async fn ours(trial: &Trial, admin: &Client, namespace: &str, name: &str, immutable: bool) {
    let object = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson", "immutable": immutable,
        "metadata": {"name": name, "labels": {
            "app.kubernetes.io/managed-by": "pullkeeper",
            "app.kubernetes.io/instance": trial.config().instance,
        }},
        "stringData": {".dockerconfigjson": docker_config(trial.site.host(), "admin", "old").to_string()},
    });
    let path = format!("/api/v1/namespaces/{namespace}/secrets");
    make(admin, &path, &object).await;
}

pub(crate) async fn make(admin: &Client, path: &str, object: &Value) -> Value {
    let (status, made) = send(admin, Method::POST, path, "application/json", object).await;
    assert_eq!(status, StatusCode::CREATED, "{path}: {}", made["message"]);
    made
}

fn refused(host: &str, image: &str) -> String {
    format!(
        "Back-off pulling image \"{image}\": ErrImagePull: failed to pull and unpack image \"{image}\": failed to resolve \
         reference \"{image}\": unexpected status from HEAD request to http://{host}/v2/: 401 Unauthorized"
    )
}

/// A pod that waits for the image of the registry.
pub(crate) fn waiting(trial: &Trial, name: &str) -> PodBuilder {
    let image = trial.site.image();
    pod(name).image(&image).waiting("ImagePullBackOff", &refused(trial.site.host(), &image))
}

async fn pods(trial: &Trial, admin: &Client) {
    let own = trial.namespace();
    waiting(trial, "named").owned_by("ReplicaSet").pull_secret("pullkeeper").create(admin, &own).await;
    waiting(trial, "unnamed").owned_by("ReplicaSet").create(admin, &own).await;
    let job = json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "job"},
        "spec": {"template": {"spec": {
            "restartPolicy": "Never", "containers": [{"name": "app", "image": trial.site.image()}],
        }}},
    });
    let made = make(admin, &format!("/apis/batch/v1/namespaces/{own}/jobs"), &job).await;
    let uid = made["metadata"]["uid"].as_str().unwrap();
    waiting(trial, "of-job").owned_by_object("Job", "job", uid).create(admin, &own).await;
}

async fn credentials(trial: &Trial, admin: &Client) {
    let (home, vault) = (trial.home(), format!("vault-{}", trial.prefix));
    namespace(&vault).create(admin).await;
    for place in [&home, &vault] {
        secret(admin, place, "login", "Opaque", [("password", PASSWORD)]).await;
    }
    let file = docker_config(trial.site.host(), "admin", PASSWORD);
    docker_config_secret(admin, &home, "file", &file).await;
}

/// What a namespace holds that was chosen once.
async fn left(trial: &Trial, admin: &Client) {
    let place = format!("left-{}", trial.prefix);
    namespace(&place).create(admin).await;
    ours(trial, admin, &place, "drifted", false).await;
    let body = json!({
        "metadata": {"annotations": {"pullkeeper.io/added": r#"{"drifted":"2026-01-01T00:00:00Z"}"#}},
        "imagePullSecrets": [{"name": "drifted"}],
    });
    let path = format!("/api/v1/namespaces/{place}/serviceaccounts/default");
    let (status, _) = send(admin, Method::PATCH, &path, "application/merge-patch+json", &body).await;
    assert_eq!(status, StatusCode::OK);
}
