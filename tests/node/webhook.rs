//! The webhook, beside the CronJob.

use std::sync::Arc;
use std::time::Instant;

use k8s_openapi::api::apps::v1::Deployment;

use crate::behind_a_proxy::{AWAY, holds, images_command};
use crate::installation::Installation;
use crate::pods::images;
use crate::stage::Stage;
use crate::table::Row;
use crate::workload::{container, deployment, spec};

/// The API server calls our pods, and pods are made with the image that the proxy has.
pub(crate) async fn image_that_exists_only_at_the_proxy(stage: &Arc<Stage>) -> Row {
    let place = Installation::new(stage, "proxy.example.com").await;
    let scene = &place.scene;
    let rules = format!(
        "images: {{admission: webhook, rewrite: [{{from: {AWAY}, to: proxy.example.com, insecure: true}}]}}\n"
    );
    let config = place.config(&rules);
    place.apply("cronjob", &config, &[]).await;
    place.kubectl.run("apply -k manifests/webhook").await;
    // The password's file is in the cluster alone.
    images_command(scene, &config, "install").await;
    place.ready("pullkeeper-webhook").await;
    place.pass("first").await;
    holds(scene).await;

    let began = Instant::now();
    let image = format!("{AWAY}/team/app:1");
    scene.make::<Deployment>(deployment("web", 2, &spec(&[container("app", &image)]))).await;
    let pods = scene.pods();
    let after = pods.ready(2).await.duration_since(began);
    for pod in pods.list().await {
        assert_eq!(images(&pod), [scene.image()]);
    }
    // The Job's pod, and two that are called.
    assert_eq!(place.own_pods().await.len(), 3);

    images_command(scene, &config, "remove").await;
    place.kubectl.run("delete -k manifests/webhook").await;
    place.remove().await;
    Row { after: Some(after), deletions: 0, what: "made with the proxy's image".to_owned() }
}
