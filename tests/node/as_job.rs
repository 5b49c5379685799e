//! A Job that makes passes until there is nothing left to mend.

use std::sync::Arc;
use std::time::Instant;

use k8s_openapi::api::apps::v1::Deployment;

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
    let after = scene.pods().ready(2).await.duration_since(began);
    let deletions = place.deletions(mark).await;
    place.remove().await;
    Row { after: Some(after), deletions, what: "2 evicted, and the Job has ended well".to_owned() }
}
