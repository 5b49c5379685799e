//! The CronJob with Amazon ECR: its credentials are moto's.

use std::sync::Arc;
use std::time::Instant;

use k8s_openapi::api::apps::v1::Deployment;
use tokio::task::spawn_blocking;

use crate::aws::{ECR, TOKEN, moto};
use crate::installation::{HOME, Installation};
use crate::stage::Stage;
use crate::table::Row;
use crate::workload::{container, deployment, spec};

/// A Deployment in another namespace waits for its image, and runs after the first Job.
pub(crate) async fn its_first_job_heals(stage: &Arc<Stage>) -> Row {
    let (moto, aws) = moto().await;
    let place = Installation::with_account(stage, ECR, "AWS", TOKEN).await;
    let scene = &place.scene;
    scene.make::<Deployment>(deployment("web", 1, &spec(&[container("app", &scene.image())]))).await;
    scene.pods().refused(1).await;

    let config = "namespaces: [\"team-*\"]\nregistries:\n  - ecr: {region: eu-west-1}\n    insecure: true\n";
    place.apply("ecr-secret", config, &[("AWS_ENDPOINT_URL", &format!("http://{}", aws.host()))]).await;
    place.is_restricted().await;
    let keys = "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE\nAWS_SECRET_ACCESS_KEY=aws-s3cret\n";
    place.file("keys", keys);
    let secret = "create secret generic pullkeeper-aws --from-env-file=mine/keys";
    place.kubectl.run(&format!("-n {HOME} {secret}")).await;
    let (mark, began) = (scene.mark().await, Instant::now());
    let logs = place.pass("first").await;
    let after = scene.pods().ready(1).await.duration_since(began);
    assert!(!logs.contains(TOKEN) && !logs.contains("aws-s3cret"), "it tells a password");
    assert_eq!(place.own_pods().await.len(), 1);
    let deletions = place.deletions(mark).await;
    assert_eq!(deletions, 1);
    place.remove().await;
    spawn_blocking(move || drop(moto)).await.expect("its end");
    Row { after: Some(after), deletions, what: "by the first Job, with a token of moto's".to_owned() }
}
