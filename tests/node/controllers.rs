//! Pods made before their ServiceAccount named our Secret: whoever made them makes them anew.

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};

use crate::in_place::uids;
use crate::scene::{PASSWORD, Scene};
use crate::table::Row;
use crate::workload::{self, container, spec};

pub(crate) async fn deployment(scene: &Scene) -> Row {
    let spec = spec(&[container("app", &scene.image())]);
    scene.make::<Deployment>(workload::deployment("web", 2, &spec)).await;
    evicted(scene, 2).await
}

pub(crate) async fn stateful_set(scene: &Scene) -> Row {
    let spec = spec(&[container("app", &scene.image())]);
    scene.make::<StatefulSet>(workload::stateful_set("web", 2, &spec)).await;
    evicted(scene, 2).await
}

pub(crate) async fn daemon_set(scene: &Scene) -> Row {
    let spec = spec(&[container("app", &scene.image())]);
    scene.make::<DaemonSet>(workload::daemon_set("web", &spec)).await;
    evicted(scene, 1).await
}

/// One pass writes the Secret, has the ServiceAccount name it, and has each pod made anew; the next does nothing.
async fn evicted(scene: &Scene, count: usize) -> Row {
    let pods = scene.pods();
    let before = uids(&pods.stuck(count).await);
    let config = scene.config(PASSWORD, "");
    let healed = scene.heals(&config, &pods, count).await;
    let pass = healed.pass.succeeded();
    assert_eq!(pass.count("create Secret pullkeeper"), 1, "{pass:?}");
    assert_eq!(pass.count("patch ServiceAccount default"), 1, "{pass:?}");
    assert_eq!((pass.count("evict Pod"), healed.deletions), (count, count), "{pass:?}");
    assert_eq!(scene.told("PullEvicted").await, before);

    let before = pods.identities().await;
    let pass = scene.pass(&config).await.succeeded();
    assert!(pass.changes().is_empty(), "{pass:?}");
    assert_eq!(pods.identities().await, before);
    Row { after: Some(healed.after), deletions: count, what: format!("{count} evicted, made anew") }
}
