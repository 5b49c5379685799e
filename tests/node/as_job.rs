//! A Job that makes passes until there is nothing left to mend.

use std::sync::Arc;
use std::time::Instant;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;

use crate::installation::Installation;
use crate::stage::Stage;
use crate::table::Row;
use crate::workload::{container, deployment, spec};

/// It ends well once the pods run that waited.
pub(crate) async fn ends_when_all_pods_run(stage: &Arc<Stage>) -> Row {
    let place = Installation::new(stage, "job.example.com").await;
    let scene = &place.scene;
    scene.make::<Deployment>(deployment("web", 2, &spec(&[container("app", &scene.image())]))).await;
    scene.pods().refused(2).await;
    let (mark, began) = (scene.mark().await, Instant::now());
    place.apply("job", &place.config(""), &[]).await;
    place.completed("pullkeeper").await;
    let reasons = scene.pods().list().await.iter().flat_map(waiting).collect::<Vec<_>>();
    assert!(!reasons.iter().any(|reason| reason.contains("Pull")), "it ended before that: {reasons:?}");
    let after = scene.pods().ready(2).await.duration_since(began);
    let deletions = place.deletions(mark).await;
    assert_eq!(deletions, 2);
    place.remove().await;
    Row { after: Some(after), deletions, what: "2 evicted, and the Job has ended well".to_owned() }
}

/// Why its containers wait.
fn waiting(pod: &Pod) -> Vec<String> {
    let statuses = pod.status.iter().flat_map(|status| status.container_statuses.iter().flatten());
    let waiting = statuses.filter_map(|status| status.state.as_ref()?.waiting.as_ref()?.reason.clone());
    waiting.collect()
}
