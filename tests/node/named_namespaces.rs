//! The CronJob with rights in one namespace.

use std::sync::Arc;
use std::time::Instant;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::rbac::v1::ClusterRoleBinding;
use kube::api::{Api, ListParams};

use crate::installation::{HOME, Installation, TEAM};
use crate::stage::Stage;
use crate::table::Row;
use crate::workload::{container, deployment, spec};

/// Nothing that it may do is cluster-wide, and it needs nothing that is.
pub(crate) async fn without_any_cluster_wide_right(stage: &Arc<Stage>) -> Row {
    let place = Installation::new(stage, "named.example.com").await;
    let scene = &place.scene;
    scene.make::<Deployment>(deployment("web", 2, &spec(&[container("app", &scene.image())]))).await;
    scene.pods().refused(2).await;
    let config = place.config("").replace("team-*", TEAM);
    place.apply("named-namespaces", &config, &[]).await;
    let bindings = Api::<ClusterRoleBinding>::all(scene.admin.clone());
    for binding in bindings.list(&ListParams::default()).await.expect("the bindings") {
        let mut subjects = binding.subjects.iter().flatten();
        assert!(subjects.all(|subject| subject.namespace.as_deref() != Some(HOME)), "{:?}", binding.metadata);
    }

    let (mark, began) = (scene.mark().await, Instant::now());
    place.pass("first").await;
    let after = scene.pods().ready(2).await.duration_since(began);
    let deletions = place.deletions(mark).await;
    assert_eq!(deletions, 2);
    place.remove().await;
    Row { after: Some(after), deletions, what: "2 evicted, with Roles alone".to_owned() }
}
