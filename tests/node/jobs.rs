//! Jobs whose pods were made before their ServiceAccount named our Secret: a pod that is evicted counts as a
//! failure, so it depends on how many of those are allowed.

use k8s_openapi::api::batch::v1::Job;

use crate::scene::{PASSWORD, Scene};
use crate::table::Row;
use crate::untouched::{thrice, untouched};
use crate::workload::{container, job, spec};

pub(crate) async fn one_retry_left(scene: &Scene) -> Row {
    scene.make::<Job>(job("web", 1, &spec(&[container("app", &scene.image())]))).await;
    let pods = scene.pods();
    pods.stuck(1).await;
    let config = scene.config(PASSWORD, "");
    let healed = scene.heals(&config, &pods, 1).await;
    let pass = healed.pass.succeeded();
    assert_eq!((pass.count("evict Pod"), healed.deletions), (1, 1), "{pass:?}");
    let job = scene.api::<Job>().get("web").await.expect("the job");
    let status = job.status.expect("its status");
    assert_eq!((status.active, status.failed), (Some(1), Some(1)));
    Row { after: Some(healed.after), deletions: 1, what: "evicted, made anew: its one retry".to_owned() }
}

pub(crate) async fn no_retry_left(scene: &Scene) -> Row {
    scene.make::<Job>(job("web", 0, &spec(&[container("app", &scene.image())]))).await;
    let pods = scene.pods();
    pods.stuck(1).await;
    let told = thrice(scene, &scene.config(PASSWORD, ""), &pods).await;
    untouched(&told)
}
