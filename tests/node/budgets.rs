//! Disruption budgets: pods that never ran are not protected by them, pods that ran are.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use serde_json::json;

use crate::in_place::restarting;
use crate::pods::is_ready;
use crate::scene::{PASSWORD, Scene, USER};
use crate::table::Row;
use crate::testbed::fixtures::{docker_config, docker_config_secret, service_account};
use crate::untouched::{thrice, untouched};
use crate::workload::{container, deployment, spec};

pub(crate) async fn two_pending_pods(scene: &Scene) -> Row {
    budget(scene).await;
    scene.make::<Deployment>(deployment("web", 2, &spec(&[container("app", &scene.image())]))).await;
    let pods = scene.pods();
    pods.stuck(2).await;
    let healed = scene.heals(&scene.config(PASSWORD, ""), &pods, 2).await;
    let pass = healed.pass.succeeded();
    assert_eq!((pass.count("evict Pod"), healed.deletions), (2, 2), "{pass:?}");
    Row { after: Some(healed.after), deletions: 2, what: "2 evicted, made anew: none had run".to_owned() }
}

/// They ran with somebody's Secret that has ended, and restart. To evict them is allowed, if the budget is kept.
pub(crate) async fn two_pods_that_ran(scene: &Scene) -> Row {
    let theirs = docker_config(scene.registry.host(), USER, PASSWORD);
    docker_config_secret(&scene.admin, &scene.namespace, "theirs", &theirs).await;
    service_account(&scene.admin, &scene.namespace, "default", &["theirs"]).await;
    budget(scene).await;
    scene.make::<Deployment>(deployment("web", 2, &restarting(scene))).await;
    let pods = scene.pods();
    pods.ready(2).await;
    scene.change_password("n3w-s3cret").await;
    // Each removes the file that ends it.
    scene.restart();
    pods.wait(|pods| pods.iter().any(|pod| !is_ready(pod))).await;
    scene.restart();
    // Not much later the kubelet says CrashLoopBackOff of them, now and then.
    pods.refused(2).await;
    let config = scene.config("n3w-s3cret", "pods: {evictRunning: true}");
    let told = thrice(scene, &config, &pods).await;
    assert!(told.iter().any(|(reason, _)| reason == "DisruptionBudget"), "{told:?}");
    untouched(&told)
}

/// Forbids to lose any.
async fn budget(scene: &Scene) {
    let spec = json!({"minAvailable": 2, "selector": {"matchLabels": {"app": "web"}}});
    scene.make::<PodDisruptionBudget>(json!({"metadata": {"name": "web"}, "spec": spec})).await;
}
