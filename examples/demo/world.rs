//! A small cluster with one of everything that a pass must tell apart.

use anyhow::{Context, Result};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Pod, Secret};
use k8s_openapi::api::rbac::v1::ClusterRole;
use kube::Client;
use kube::api::{Api, Patch, PatchParams, PostParams};
use serde_json::json;

use crate::testbed::fixtures::{
    docker_config, docker_config_secret, namespace, service_account, terminate_namespace,
};
use crate::testbed::pods::{PodBuilder, pod};
use crate::testbed::users::{Role, Scope, User, user};

/// The registry that is ours.
pub(crate) const HOST: &str = "harbor.example.com";
const RBAC: &str = include_str!("../../manifests/base/rbac.yaml");

/// Fills an empty cluster, and returns the user that a pass is made as.
pub(crate) async fn fill(admin: &Client) -> Result<User> {
    for name in ["shop", "search", "payments", "legacy"] {
        namespace(name).label("pull-access", "enabled").create(admin).await;
    }
    let frozen = namespace("frozen").label("pull-access", "enabled");
    frozen.annotation("pullkeeper.io/pause", "true").create(admin).await;
    namespace("sandbox").create(admin).await;

    service_account(admin, "shop", "builder", &[]).await;
    service_account(admin, "search", "default", &["ecr-cron", "team-pull"]).await;
    let theirs = docker_config("ghcr.example.org", "payments-bot", "theirs");
    docker_config_secret(admin, "payments", "pullkeeper", &theirs).await;

    job(admin, "search", "migrate-4qj2l-owner").await?;
    for (place, pod) in pods() {
        pod.create(admin, place).await;
    }
    terminate_namespace(admin, "legacy").await;
    role(admin).await
}

fn pods() -> [(&'static str, PodBuilder); 11] {
    let set = "ReplicaSet";
    [
        ("shop", running("cart-5f6c8-9hvzt").owned_by(set)),
        ("shop", refused("web-7d4b9-k2x8p", "shop/web:1.4").owned_by(set)),
        ("shop", missing("checkout-66d8f-p7c4n", "shop/checkout:1.O").owned_by(set)),
        ("shop", refused("debug", "shop/tools:1")),
        // Named in its template before there was such a Secret. It has another spelling without its digest, for which
        // a registry would have to be asked.
        (
            "shop",
            waiting("cache-0", "memcached:1.6", "429 Too Many Requests")
                .owned_by("StatefulSet")
                .pull_secret("pullkeeper"),
        ),
        (
            "shop",
            waiting("agent-8c5b7-t6r2d", "quay.example.org/vendor/agent:2", "401 Unauthorized").owned_by(set),
        ),
        ("search", refused("migrate-4qj2l", "search/migrate:3").owned_by("Job")),
        ("search", refused("api-59cb4-x8w6s", "search/api:3").owned_by(set).pull_secret("my-own")),
        ("payments", refused("ledger-84fd9-m3k7b", "payments/ledger:2").owned_by(set)),
        ("frozen", refused("store-6b7f5-z9n4v", "frozen/store:1").owned_by(set)),
        ("sandbox", refused("try-7c9d6-l5h8g", "sandbox/try:1").owned_by(set)),
    ]
}

fn running(name: &str) -> PodBuilder {
    pod(name)
        .image(&format!("{HOST}/shop/{}:1", name.split('-').next().unwrap_or(name)))
        .running("app")
        .phase("Running")
}

/// The registry wants a credential, and the pod has none.
fn refused(name: &str, image: &str) -> PodBuilder {
    let request = format!("unexpected status from HEAD request to https://{HOST}: 401 Unauthorized");
    waiting(name, &format!("{HOST}/{image}"), &request)
}

/// The registry has no such image.
fn missing(name: &str, image: &str) -> PodBuilder {
    waiting(name, &format!("{HOST}/{image}"), &format!("{HOST}/{image}: not found"))
}

fn waiting(name: &str, image: &str, cause: &str) -> PodBuilder {
    let message = format!(
        "Back-off pulling image \"{image}\": ErrImagePull: failed to resolve reference \"{image}\": {cause}"
    );
    pod(name).image(image).waiting("ImagePullBackOff", &message)
}

/// A Job that no failure is left to.
async fn job(admin: &Client, namespace: &str, name: &str) -> Result<()> {
    let pod = json!({"restartPolicy": "Never", "containers": [{"name": "app", "image": "search/migrate:3"}]});
    let job = json!({"metadata": {"name": name}, "spec": {"backoffLimit": 0, "template": {"spec": pod}}});
    let jobs = Api::<Job>::namespaced(admin.clone(), namespace);
    jobs.create(&PostParams::default(), &serde_json::from_value(job)?).await.context("create the Job")?;
    Ok(())
}

/// The shipped role, and the ServiceAccount that has it.
async fn role(admin: &Client) -> Result<User> {
    let text = RBAC.split("\n---\n").next().unwrap_or_default();
    let role: ClusterRole = serde_saphyr::from_str(text).context("manifests/base/rbac.yaml")?;
    Api::all(admin.clone()).create(&PostParams::default(), &role).await.context("create the ClusterRole")?;
    namespace("pullkeeper").create(admin).await;
    Ok(user(admin, "pullkeeper", "pullkeeper", Role::Named("pullkeeper"), Scope::Cluster).await)
}

/// Makes the successor of the evicted pod, as its ReplicaSet would. What the ServiceAccount gives it is
/// the API server's doing.
pub(crate) async fn recreate(admin: &Client) -> Result<()> {
    let made: Pod = refused("web-7d4b9-w5m1q", "shop/web:1.4")
        .running("app")
        .phase("Running")
        .owned_by("ReplicaSet")
        .create(admin, "shop")
        .await;
    let spec = made.spec.context("a pod has a spec")?;
    let names: Vec<_> = spec.image_pull_secrets.unwrap_or_default().into_iter().map(|own| own.name).collect();
    anyhow::ensure!(names == ["pullkeeper"], "the new pod's pull secrets: {names:?}");
    Ok(())
}

/// Puts another password into a Secret of ours.
pub(crate) async fn spoil(admin: &Client) -> Result<()> {
    let data = json!({"stringData": {".dockerconfigjson": docker_config(HOST, "robot", "oops").to_string()}});
    let secrets = Api::<Secret>::namespaced(admin.clone(), "shop");
    let done = secrets.patch("pullkeeper", &PatchParams::default(), &Patch::Merge(data)).await;
    done.context("spoil the Secret")?;
    Ok(())
}
