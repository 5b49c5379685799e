//! Images that are pulled from elsewhere than their workloads say.

use std::time::{Duration, Instant};

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use kube::api::PostParams;
use tokio::task::spawn_blocking;

use crate::pods::images;
use crate::program::{ConfigFile, pullkeeper, run};
use crate::scene::{PASSWORD, Scene};
use crate::table::Row;
use crate::workload::{container, deployment, pod, spec};

/// Nobody answers there.
pub(crate) const AWAY: &str = "registry.invalid";

/// A Deployment of an image that only the proxy has: the policy has its pods made with the proxy's, and nobody touches
/// the Deployment.
pub(crate) async fn image_that_exists_only_there(scene: &Scene) -> Row {
    let config = scene.config(
        PASSWORD,
        &format!(
            "instance: {}\nimages: {{rewrite: [{{from: {AWAY}, to: \"{}\", insecure: true}}]}}",
            scene.namespace,
            scene.registry.host()
        ),
    );
    scene.pass(&config).await.succeeded();
    images_command(scene, &config, "install").await;
    holds(scene).await;

    let image = format!("{AWAY}/team/app:1");
    let own = deployment("web", 2, &spec(&[container("app", &image)]));
    let began = Instant::now();
    let made: Deployment = scene.make(own).await;
    let pods = scene.pods();
    let ready = pods.ready(2).await;
    for pod in pods.list().await {
        assert_eq!(images(&pod), [scene.image()]);
    }
    let now = scene.api::<Deployment>().get("web").await.expect("the Deployment");
    assert_eq!(now.spec, made.spec, "nobody touched it");
    images_command(scene, &config, "remove").await;
    Row {
        after: Some(ready.duration_since(began)),
        deletions: 0,
        what: "made with the proxy's image".to_owned(),
    }
}

/// `pullkeeper images …`, as the cluster's administrator.
pub(crate) async fn images_command(scene: &Scene, config: &str, action: &'static str) {
    let file = ConfigFile::new(config);
    let kubeconfig = scene.stage.plane.kubeconfig(scene.stage.plane.admin_token());
    let ran = spawn_blocking(move || {
        let mut command = pullkeeper();
        command.args(["images", action, "--config"]).arg(file.path()).env("KUBECONFIG", kubeconfig);
        run(command)
    });
    let ran = ran.await.expect("a run");
    assert_eq!(ran.code, Some(0), "{}", ran.everything());
}

/// Waits until it does: the API server reads its policies, and whom it calls, from a watch.
pub(crate) async fn holds(scene: &Scene) {
    let rehearsal = PostParams { dry_run: true, field_manager: None };
    let image = format!("{AWAY}/team/app:1");
    let pod: Pod =
        serde_json::from_value(pod("rehearsal", &spec(&[container("app", &image)]))).expect("a pod");
    while images(&scene.api().create(&rehearsal, &pod).await.expect("a pod may be made")) == [image.as_str()]
    {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
