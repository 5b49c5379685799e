//! Every verdict on pods, on objects of a real API server.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::ListParams;

use crate::setup::{Place, REFUSED, changes, findings};
use crate::testbed::pods::{PodBuilder, pod};

/// A pod that a new pull secret helps.
fn stuck(name: &str) -> PodBuilder {
    pod(name).waiting("ImagePullBackOff", REFUSED).owned_by("ReplicaSet")
}

async fn names(place: &Place, namespace: &str) -> BTreeSet<String> {
    let pods = place.pods(namespace).list(&ListParams::default()).await.unwrap();
    pods.into_iter()
        .filter(|pod: &Pod| pod.metadata.deletion_timestamp.is_none())
        .map(|pod| pod.name_any())
        .collect()
}

#[tokio::test]
async fn every_verdict() {
    let place = Place::new("verdicts").await;
    let a = place.namespace("a").await;
    let make = |builder: PodBuilder| builder.create(&place.admin, &a);
    // Evicted.
    make(stuck("evict-replicaset")).await;
    make(
        stuck("evict-init")
            .init_container("init", "harbor.example.com/init:1")
            .waiting("ErrImagePull", "401 Unauthorized"),
    )
    .await;
    make(
        pod("evict-sidecar")
            .sidecar("side", "harbor.example.com/side:1")
            .waiting("ErrImagePull", "403 Forbidden")
            .owned_by("StatefulSet"),
    )
    .await;
    make(stuck("evict-restarting").phase("Running")).await;
    make(pod("evict-daemon").waiting("ErrImagePull", "no basic auth credentials").owned_by("DaemonSet"))
        .await;
    // Left in silence.
    make(stuck("leave-mirror").mirror()).await;
    make(stuck("leave-terminating").terminating()).await;
    make(pod("leave-unscheduled").without_status()).await;
    make(
        pod("leave-elsewhere")
            .image("ghcr.io/them/app:1")
            .waiting("ErrImagePull", "401 Unauthorized")
            .owned_by("ReplicaSet"),
    )
    .await;
    make(
        pod("leave-crashing")
            .waiting("CrashLoopBackOff", "back-off 5m0s")
            .phase("Running")
            .owned_by("ReplicaSet"),
    )
    .await;
    make(pod("leave-healthy").running("app").phase("Running").owned_by("ReplicaSet")).await;
    // Reported.
    make(
        pod("report-typo")
            .waiting("ImagePullBackOff", "code = NotFound desc = not found")
            .owned_by("ReplicaSet"),
    )
    .await;
    make(
        pod("report-denied")
            .waiting(
                "ErrImagePull",
                "pull access denied, repository does not exist or may require authorization",
            )
            .owned_by("ReplicaSet"),
    )
    .await;
    make(
        pod("report-network")
            .waiting("ErrImagePull", "dial tcp 10.0.0.1:443: i/o timeout")
            .owned_by("ReplicaSet"),
    )
    .await;
    make(
        pod("report-name")
            .image("harbor.example.com/Upper")
            .waiting("InvalidImageName", "couldn't parse")
            .owned_by("ReplicaSet"),
    )
    .await;
    make(pod("report-malformed").waiting("illegal base64 data at input byte 0", "").owned_by("ReplicaSet"))
        .await;
    make(stuck("report-own-list").pull_secret("theirs")).await;
    make(stuck("report-running").running("helper")).await;
    make(pod("report-bare").waiting("ImagePullBackOff", REFUSED)).await;
    make(pod("report-job").waiting("ImagePullBackOff", REFUSED).owned_by("Job")).await;

    let config = place.config("");
    let report = place.pass(&config).await;
    assert!(report.errors.is_empty(), "{report}");
    let said: BTreeMap<_, _> = report
        .findings
        .iter()
        .map(|finding| (finding.subject.name.as_str(), finding.message.as_str()))
        .collect();
    for pod in ["typo", "denied", "network", "name", "malformed", "own-list", "running", "bare", "job"] {
        assert!(said.contains_key(&*format!("report-{pod}")), "{pod}: {report}");
    }
    assert_eq!(said.len(), 9, "{report}");
    let evicted: Vec<_> = changes(&report).into_iter().filter(|change| change.starts_with("evict")).collect();
    let expected = ["daemon", "init", "replicaset", "restarting", "sidecar"];
    assert_eq!(evicted, expected.map(|name| format!("evict Pod {a}/evict-{name}")));
    let left = names(&place, &a).await;
    assert!(!left.iter().any(|name| name.starts_with("evict")), "{left:?}");
    assert_eq!(left.len(), 9 + 5, "{left:?}");

    // However often it is made, the pass does nothing to the pods it can't help.
    let again = place.assert_settled(&config).await;
    assert_eq!(again.findings.len(), 9, "{again}");
}

#[tokio::test]
async fn a_new_pod_gets_the_secret_and_is_not_touched_again() {
    let place = Place::new("recreated").await;
    let a = place.namespace("a").await;
    stuck("web").create(&place.admin, &a).await;
    let config = place.config("");
    place.pass(&config).await;
    // The controller makes it again: the ServiceAccount gives it the Secret, and the kubelet has yet to try.
    let again = stuck("web").create(&place.admin, &a).await;
    let named: Vec<_> =
        again.spec.unwrap().image_pull_secrets.unwrap().into_iter().map(|secret| secret.name).collect();
    assert_eq!(named, ["pullkeeper"]);
    let report = place.assert_settled(&config).await;
    assert!(
        report.findings.is_empty(),
        "the Secret is fresh, so the kubelet is about to try again: {report}"
    );
}

#[tokio::test]
async fn evictions_are_limited_and_switched_off() {
    let place = Place::new("limits").await;
    let a = place.namespace("a").await;
    for index in 0..5 {
        stuck(&format!("web-{index}")).create(&place.admin, &a).await;
    }
    for (pods, left) in [("{heal: off}", 5), ("{maxEvictions: 0}", 5), ("{maxEvictions: 2}", 3)] {
        let report = place.pass(&place.config(&format!("pods: {pods}"))).await;
        assert_eq!(names(&place, &a).await.len(), left, "{pods}");
        let limited = findings(&report).contains(&"EvictionsLimited");
        assert_eq!(limited, pods != "{heal: off}", "{pods}: {report}");
    }
}

#[tokio::test]
async fn the_oldest_tools_way_deletes_whatever_is_stuck() {
    let place = Place::with(
        crate::testbed::ControlPlane::shared(),
        "oldest",
        crate::testbed::users::Role::Rules(crate::testbed::users::rules(&[
            ("", "namespaces", "get list"),
            ("", "secrets", "create get list"),
            ("", "serviceaccounts", "get list patch"),
            ("", "pods", "delete get list"),
        ])),
        crate::testbed::users::Scope::Cluster,
    )
    .await;
    let a = place.namespace("a").await;
    stuck("refused").create(&place.admin, &a).await;
    pod("typo")
        .waiting("ErrImagePull", "not found")
        .container("second", "nginx")
        .waiting("ErrImagePull", "x")
        .create(&place.admin, &a)
        .await;
    pod("elsewhere").image("nginx").waiting("ImagePullBackOff", "not found").create(&place.admin, &a).await;
    pod("unscheduled").without_status().create(&place.admin, &a).await;
    let config = place.config("pods: {heal: all}");
    let report = place.pass(&config).await;
    assert!(report.errors.is_empty(), "{report}");
    let deleted: Vec<_> =
        changes(&report).into_iter().filter(|change| change.starts_with("delete")).collect();
    assert_eq!(deleted, ["elsewhere", "refused", "typo"].map(|name| format!("delete Pod {a}/{name}")));
    assert_eq!(names(&place, &a).await.into_iter().collect::<Vec<_>>(), ["unscheduled"]);
    // Made again, it names our Secret and has had its chance.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await; // creation times are whole seconds
    pod("typo").waiting("ErrImagePull", "not found").create(&place.admin, &a).await;
    let report = place.pass(&config).await;
    assert!(!changes(&report).contains(&format!("delete Pod {a}/typo")), "{report}");
}
