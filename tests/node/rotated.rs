//! A password that changes while the CronJob is there.

use std::sync::Arc;
use std::time::{Duration, Instant};

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use kube::api::{Api, ListParams, Patch, PatchParams};
use kube::{Client, ResourceExt};
use serde_json::json;

use crate::installation::{HOME, Installation};
use crate::stage::Stage;
use crate::table::Row;
use crate::workload::{container, deployment, spec};

const NEW: &str = "n3w-s3cret";

/// Its next Job, which nobody starts but the clock, brings the new password to the Secret, and a pod that
/// was refused meanwhile runs.
pub(crate) async fn its_next_job_brings_the_new_password(stage: &Arc<Stage>) -> Row {
    let place = Installation::new(stage, "rotated.example.com").await;
    let scene = &place.scene;
    place.apply("cronjob", &place.config(""), &[]).await;
    place.pass("first").await;
    let mut app = container("app", &scene.image());
    app["imagePullPolicy"] = "Always".into();
    scene.make::<Deployment>(deployment("web", 1, &spec(&[app]))).await;
    let pods = scene.pods();
    pods.ready(1).await;

    scene.change_password(NEW).await;
    place.kubectl.run("-n team-a delete pods --all").await;
    pods.refused(1).await;
    let before = pods.list().await.iter().map(ResourceExt::uid).collect::<Vec<_>>();
    place.file("registry/password", NEW);
    place.kubectl.run("apply -k mine").await;
    each_minute(&scene.admin).await;
    let job = scheduled(&scene.admin).await;
    let (mark, began) = (scene.mark().await, Instant::now());
    let logs = place.completed(&job).await;
    assert!(logs.contains("Secret team-a/pullkeeper") && !logs.contains(NEW), "{logs}");
    let after = pods.ready(1).await.duration_since(began);
    assert_eq!(pods.list().await.iter().map(ResourceExt::uid).collect::<Vec<_>>(), before);

    let deletions = place.deletions(mark).await;
    assert_eq!(deletions, 0);
    place.remove().await;
    Row { after: Some(after), deletions, what: "in place, by a Job that the clock started".to_owned() }
}

/// Nobody waits an hour here.
async fn each_minute(admin: &Client) {
    let schedule = Patch::Merge(json!({"spec": {"schedule": "* * * * *", "suspend": false}}));
    let cronjobs = Api::<CronJob>::namespaced(admin.clone(), HOME);
    cronjobs.patch("pullkeeper", &PatchParams::default(), &schedule).await.expect("a new schedule");
}

/// Waits for the first Job that was not made by hand.
async fn scheduled(admin: &Client) -> String {
    let jobs = Api::<Job>::namespaced(admin.clone(), HOME);
    loop {
        let all = jobs.list(&ListParams::default()).await.expect("the Jobs");
        if let Some(job) = all.iter().find(|job| job.name_any() != "first") {
            return job.name_any();
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
