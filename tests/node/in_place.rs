//! Pods that name our Secret, which held a password that was right once: with the right one they run, and are
//! still the same pods.

use std::collections::BTreeSet;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use serde_json::{Value, json};

use crate::pods::{Pods, images, statuses};
use crate::scene::{PASSWORD, Scene};
use crate::table::Row;
use crate::testbed::node::LOCAL_IMAGE;
use crate::workload::{container, deployment, job, pod, spec};

/// From now on the registry takes this one.
const NEW: &str = "n3w-s3cret";

/// After its third try the kubelet waits for forty seconds; nobody else need.
pub(crate) async fn wrong_password_then_corrected(scene: &Scene) -> Row {
    expired(scene).await;
    scene.make::<Deployment>(deployment("web", 2, &spec(&[container("app", &scene.image())]))).await;
    scene.refusals(2 * 3).await;
    healed(scene, 2).await
}

pub(crate) async fn init_container(scene: &Scene) -> Row {
    expired(scene).await;
    let mut spec = spec(&[container("app", &scene.image())]);
    let mut first = container("first", &scene.image());
    first["args"] = json!(["done"]);
    spec["initContainers"] = json!([first]);
    scene.make::<Deployment>(deployment("web", 1, &spec)).await;
    healed(scene, 1).await
}

pub(crate) async fn sidecar(scene: &Scene) -> Row {
    expired(scene).await;
    let mut spec = spec(&[container("app", LOCAL_IMAGE)]);
    let mut beside = container("beside", &scene.image());
    beside["restartPolicy"] = "Always".into();
    spec["initContainers"] = json!([beside]);
    scene.make::<Deployment>(deployment("web", 1, &spec)).await;
    healed(scene, 1).await
}

pub(crate) async fn bare_pod(scene: &Scene) -> Row {
    expired(scene).await;
    scene.make::<Pod>(pod("web", &spec(&[container("app", &scene.image())]))).await;
    healed(scene, 1).await
}

/// It may not lose a single pod, and does not.
pub(crate) async fn job_without_retries(scene: &Scene) -> Row {
    expired(scene).await;
    scene.make::<Job>(job("web", 0, &spec(&[container("app", &scene.image())]))).await;
    let row = healed(scene, 1).await;
    let job = scene.api::<Job>().get("web").await.expect("the job");
    let status = job.status.expect("its status");
    assert_eq!((status.active, status.failed.unwrap_or_default()), (Some(1), 0));
    row
}

/// The one that runs does not notice.
pub(crate) async fn sibling_that_runs(scene: &Scene) -> Row {
    expired(scene).await;
    let containers = [container("app", &scene.image()), container("sibling", LOCAL_IMAGE)];
    scene.make::<Deployment>(deployment("web", 1, &spec(&containers))).await;
    let pods = scene.pods();
    let before = sibling(&pods.stuck(1).await);
    let row = healed(scene, 1).await;
    assert_eq!(sibling(&pods.list().await), before);
    row
}

/// The token ended while the pod ran, and its container restarts: the phase is Running, not Pending.
pub(crate) async fn expired_while_it_restarts(scene: &Scene) -> Row {
    scene.pass(&scene.config(PASSWORD, "")).await.succeeded();
    scene.make::<Deployment>(deployment("web", 1, &restarting(scene))).await;
    let pods = scene.pods();
    pods.ready(1).await;
    scene.change_password(NEW).await;
    scene.restart();
    let stuck = pods.refused(1).await;
    let phase = stuck[0].status.as_ref().and_then(|status| status.phase.as_deref());
    assert_eq!(phase, Some("Running"));
    healed(scene, 1).await
}

/// Our Secret is there, named by the ServiceAccount, and its password is not the registry's any more.
async fn expired(scene: &Scene) {
    scene.pass(&scene.config(PASSWORD, "")).await.succeeded();
    scene.change_password(NEW).await;
}

/// A pod whose container pulls whenever it starts, and starts again when [`Scene::restart`] wants it.
pub(crate) fn restarting(scene: &Scene) -> Value {
    let folder = scene.folder();
    let mut app = container("app", &scene.image());
    app["imagePullPolicy"] = "Always".into();
    app["args"] = json!([folder.join("restart")]);
    app["volumeMounts"] = json!([{"name": "signals", "mountPath": folder}]);
    let mut spec = spec(&[app]);
    spec["volumes"] = json!([{"name": "signals", "hostPath": {"path": folder}}]);
    spec
}

/// A pass with the new password: the same pods run, with the images of the stuck containers spelled anew.
async fn healed(scene: &Scene, count: usize) -> Row {
    let pods = scene.pods();
    // After the second try of each the kubelet makes no third for twenty seconds, in which it could be faster than we.
    scene.refusals(2 * count).await;
    let before = pods.refused(count).await;
    let config = scene.config(NEW, "");
    let healed = scene.heals(&config, &pods, count).await;
    let pass = healed.pass.succeeded();
    assert_eq!(pass.count("update Secret pullkeeper"), 1, "{pass:?}");
    assert_eq!(healed.deletions, 0, "{pass:?}");
    let after = pods.list().await;
    assert_eq!(uids(&after), uids(&before));
    assert_eq!(scene.told("PullNudged").await, uids(&before));
    // Otherwise the kubelet's own next try was the one that went well.
    let spelled_anew = |pod: &Pod| images(pod).iter().any(|image| image.contains("@sha256:"));
    assert!(after.iter().all(spelled_anew), "{pass:?}");
    settled(scene, &config, &pods).await;
    Row { after: Some(healed.after), deletions: 0, what: "in place, the same pods".to_owned() }
}

pub(crate) async fn settled(scene: &Scene, config: &str, pods: &Pods) {
    let before = pods.identities().await;
    let pass = scene.pass(config).await.succeeded();
    assert!(pass.changes().is_empty(), "{pass:?}");
    assert_eq!(pods.identities().await, before);
}

pub(crate) fn uids(pods: &[Pod]) -> BTreeSet<String> {
    pods.iter().filter_map(ResourceExt::uid).collect()
}

/// The container that runs, and how often it was started again.
fn sibling(pods: &[Pod]) -> (Option<String>, i32) {
    let status = statuses(&pods[0]).find(|status| status.name == "sibling").expect("the sibling");
    assert!(status.state.as_ref().is_some_and(|state| state.running.is_some()), "it runs: {status:?}");
    (status.container_id.clone(), status.restart_count)
}
