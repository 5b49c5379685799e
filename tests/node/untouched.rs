//! Pods that nothing we do can help: they stay as they are, however often a pass is made, and are told of.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use serde_json::json;

use crate::door::Door;
use crate::pods::Pods;
use crate::scene::{PASSWORD, Scene};
use crate::table::Row;
use crate::testbed::fixtures::{docker_config, docker_config_secret, service_account};
use crate::testbed::node::LOCAL_IMAGE;
use crate::workload::{container, deployment, pod, spec};

/// The pod has our Secret, and the registry has no such tag.
pub(crate) async fn tag_that_does_not_exist(scene: &Scene) -> Row {
    let config = scene.config(PASSWORD, "");
    scene.pass(&config).await.succeeded();
    let spec = spec(&[container("app", &scene.tag("no-such-tag"))]);
    scene.make::<Deployment>(deployment("web", 1, &spec)).await;
    let pods = scene.pods();
    pods.stuck(1).await;
    let told = thrice(scene, &config, &pods).await;
    untouched(&told)
}

/// The pod has our Secret, and nobody answers. Once somebody does, the kubelet goes on by itself.
pub(crate) async fn registry_that_is_down(scene: &Scene) -> Row {
    let mut door = Door::new();
    door.open(scene.registry.host());
    let config = scene.config_of(&door.host(), PASSWORD, "");
    scene.pass(&config).await.succeeded();
    door.shut().await;

    let image = scene.image().replace(scene.registry.host(), &door.host());
    scene.make::<Deployment>(deployment("web", 1, &spec(&[container("app", &image)]))).await;
    let pods = scene.pods();
    pods.stuck(1).await;
    let told = thrice(scene, &config, &pods).await;

    let before = pods.identities().await;
    door.open(scene.registry.host());
    pods.ready(1).await;
    assert_eq!(pods.identities().await, before);
    Row { what: format!("{}; later it runs by itself", untouched(&told).what), ..untouched(&told) }
}

/// The author chose how it pulls; a new pod would do the same.
pub(crate) async fn pod_that_lists_its_own_pull_secret(scene: &Scene) -> Row {
    let wrong = docker_config(scene.registry.host(), "admin", "not-it");
    docker_config_secret(&scene.admin, &scene.namespace, "theirs", &wrong).await;
    let mut spec = spec(&[container("app", &scene.image())]);
    spec["imagePullSecrets"] = json!([{"name": "theirs"}]);
    scene.make::<Deployment>(deployment("web", 1, &spec)).await;
    let pods = scene.pods();
    pods.stuck(1).await;
    let told = thrice(scene, &scene.config(PASSWORD, ""), &pods).await;
    untouched(&told)
}

/// One malformed Secret among those of the ServiceAccount spoils every pull of its pods, with ours beside it too.
pub(crate) async fn malformed_secret_of_somebody_else(scene: &Scene) -> Row {
    let broken = json!({"auths": {"elsewhere.example.com": {"auth": "%%%"}}});
    docker_config_secret(&scene.admin, &scene.namespace, "theirs", &broken).await;
    service_account(&scene.admin, &scene.namespace, "default", &["theirs"]).await;
    let spec = spec(&[container("app", &scene.image())]);
    scene.make::<Deployment>(deployment("web", 1, &spec)).await;
    let pods = scene.pods();
    // The reason is Go's own error.
    let odd = |reason: &str| !matches!(reason, "ContainerCreating" | "PodInitializing");
    pods.waiting_for(1, odd).await;
    let told = thrice(scene, &scene.config(PASSWORD, ""), &pods).await;
    untouched(&told)
}

/// Nobody would make it again.
pub(crate) async fn bare_pod(scene: &Scene) -> Row {
    scene.make::<Pod>(pod("web", &spec(&[container("app", &scene.image())]))).await;
    let pods = scene.pods();
    pods.stuck(1).await;
    let told = thrice(scene, &scene.config(PASSWORD, ""), &pods).await;
    untouched(&told)
}

/// The container's own image is there; that of its volume is not to be had, and can't be changed in a pod.
pub(crate) async fn image_volume(scene: &Scene) -> Row {
    let mut app = container("app", LOCAL_IMAGE);
    app["volumeMounts"] = json!([{"name": "content", "mountPath": "/content"}]);
    let mut spec = spec(&[app]);
    spec["volumes"] = json!([{"name": "content", "image": {"reference": scene.image()}}]);
    scene.make::<Deployment>(deployment("web", 1, &spec)).await;
    let pods = scene.pods();
    pods.stuck(1).await;
    let told = thrice(scene, &scene.config(PASSWORD, ""), &pods).await;
    untouched(&told)
}

/// Three passes that leave the pods alone; what the first says of them.
pub(crate) async fn thrice(scene: &Scene, config: &str, pods: &Pods) -> Vec<(String, String)> {
    let (mark, before) = (scene.mark().await, pods.identities().await);
    let first = scene.pass(config).await.succeeded();
    scene.pass(config).await.succeeded();
    scene.pass(config).await.succeeded();
    assert_eq!(pods.identities().await, before, "{first:?}");
    assert_eq!(scene.deletions(mark, &scene.stage.user).await, 0, "{first:?}");
    let told = first.told_of_pods();
    assert!(!told.is_empty(), "it must be told: {first:?}");
    told
}

pub(crate) fn untouched(told: &[(String, String)]) -> Row {
    let reasons: Vec<_> = told.iter().map(|(reason, message)| format!("{reason}: {message}")).collect();
    Row { after: None, deletions: 0, what: format!("untouched; {}", reasons.join("; ")) }
}
