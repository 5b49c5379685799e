//! The loop as a Deployment.

use std::sync::Arc;
use std::time::Instant;

use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{Api, PostParams};
use reqwest::Response;

use crate::installation::{Installation, OTHER_TEAM};
use crate::pods::Pods;
use crate::stage::Stage;
use crate::table::Row;
use crate::testbed::fixtures::namespace;
use crate::workload::{container, deployment, spec};

/// It becomes ready by its probes, and from then on a new namespace needs nobody.
pub(crate) async fn serves_a_new_namespace(stage: &Arc<Stage>) -> Row {
    let place = Installation::new(stage, "loop.example.com").await;
    // What waits is looked at each interval, and that is five minutes in the manifest.
    place.apply("deployment", &place.config(""), &[("PULLKEEPER_TIME", "{interval: 5s}")]).await;
    place.ready("pullkeeper").await;

    let (admin, mark, began) = (&place.scene.admin, place.scene.mark().await, Instant::now());
    namespace(OTHER_TEAM).create(admin).await;
    let web = deployment("web", 2, &spec(&[container("app", &place.scene.image())]));
    let web: Deployment = serde_json::from_value(web).expect("a Deployment");
    let deployments = Api::<Deployment>::namespaced(admin.clone(), OTHER_TEAM);
    deployments.create(&PostParams::default(), &web).await.expect("a Deployment");
    let pods = Pods::new(Api::namespaced(admin.clone(), OTHER_TEAM));
    let after = pods.ready(2).await.duration_since(began);

    let (deletions, metrics) = (place.deletions(mark).await, metrics(&place).await);
    assert!(metrics.contains("pullkeeper_writes_total{"), "{metrics}");
    // Else the interval alone would have served it.
    let logs = place.kubectl.run("-n pullkeeper logs deployment/pullkeeper").await;
    assert!(!logs.contains("watch"), "it may not watch: {logs}");
    place.remove().await;
    Row { after: Some(after), deletions, what: "in a new namespace, without a command".to_owned() }
}

/// What the pod tells at its own address.
async fn metrics(place: &Installation) -> String {
    let pods = place.own_pods().await;
    let [pod] = pods.as_slice() else { panic!("{} pods", pods.len()) };
    let address = pod.status.as_ref().and_then(|status| status.pod_ip.clone()).expect("an address");
    // Of the testbed's registry, because it uses no proxy.
    let answer = place.scene.registry.client().get(format!("http://{address}:5000/metrics")).send().await;
    let answer = answer.and_then(Response::error_for_status).expect("metrics");
    answer.text().await.expect("a text")
}
