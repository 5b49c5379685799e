//! Namespaces that go, vanish or refuse: told, and the others done. A pass that is cut short: finished
//! by the next.

use std::cell::Cell;
use std::collections::BTreeMap;

use jiff::Timestamp;
use pullkeeper::cluster::Writing;
use pullkeeper::credentials::{Memory, gather};
use pullkeeper::plan::{Plan, needs, plan};
use pullkeeper::report::ExitStatus;
use tokio_util::sync::CancellationToken;

use crate::setup::{Place, changes, findings, shipped_rules};
use crate::testbed::ControlPlane;
use crate::testbed::fixtures::{delete_namespace, namespace, terminate_namespace, terminating_namespace};
use crate::testbed::pods::pod;
use crate::testbed::users::{Role, Scope, bind, rules};

/// What a pass would do, had it looked just now.
async fn planned(place: &Place) -> Plan {
    let config = place.config("");
    let snapshot =
        place.cluster().await.snapshot(&config, &pullkeeper::cluster::Scope::default()).await.unwrap();
    let now = Timestamp::now();
    let evidence =
        gather(&config, &needs(&config, &snapshot, now), &BTreeMap::default(), &Memory::default(), now).await;
    plan(&config, &snapshot, &evidence, now)
}

#[tokio::test]
async fn a_terminating_namespace_is_told_and_the_others_done() {
    let place = Place::new("going").await;
    let a = place.namespace("a").await;
    terminating_namespace(&place.admin, &place.name("b")).await;
    let report = place.pass(&place.config("")).await;
    assert_eq!(report.exit_status(), ExitStatus::Success);
    assert_eq!(findings(&report), ["NamespaceTerminating"]);
    assert_eq!(
        changes(&report),
        [format!("create Secret {a}/pullkeeper"), format!("patch ServiceAccount {a}/default")]
    );
}

#[tokio::test]
async fn namespaces_that_go_midway_are_told_and_the_others_done() {
    let place = Place::new("midway").await;
    let [a, going, gone] =
        [place.namespace("a").await, place.namespace("going").await, place.namespace("gone").await];
    let plan = planned(&place).await;
    terminate_namespace(&place.admin, &going).await;
    delete_namespace(&place.admin, &gone).await;
    let until = CancellationToken::new();
    let writing = Writing { until: &until, by_namespace: false, lenient: false, progress: &|| {} };
    let applied = place.cluster().await.apply(&plan, &writing).await;
    assert!(applied.errors.is_empty(), "{applied:?}");
    let told: Vec<_> =
        applied.findings.iter().map(|finding| (finding.subject.name.clone(), finding.reason)).collect();
    assert_eq!(told, [(going, "NamespaceTerminating"), (gone, "NamespaceGone")]);
    assert!(applied.changes.iter().all(|change| change.subject.namespace.as_ref() == Some(&a)));
    assert_eq!(applied.changes.len(), 2);
}

#[tokio::test]
async fn a_namespace_that_refuses_writes_is_an_error_and_the_others_are_done() {
    let reads = rules(&[("", "namespaces secrets serviceaccounts pods", "get list")]);
    let place = Place::with(ControlPlane::shared(), "refusing", Role::Rules(reads), Scope::Cluster).await;
    let (a, b) = (place.namespace("a").await, place.namespace("b").await);
    let writes = rules(&[("", "secrets serviceaccounts", "create patch")]);
    bind(&place.admin, "home-of-refusing", "pullkeeper", Role::Rules(writes), Scope::Namespaces(&[&a])).await;
    let report = place.pass(&place.config("")).await;
    assert_eq!(report.exit_status(), ExitStatus::Incomplete);
    assert_eq!(
        changes(&report),
        [format!("create Secret {a}/pullkeeper"), format!("patch ServiceAccount {a}/default")]
    );
    assert_eq!(report.errors.len(), 1, "one line for one cause: {report}");
    let error = report.errors[0].to_string();
    assert!(
        error.starts_with(&format!("Secret {b}/pullkeeper: ")) && error.contains("grant create on secrets"),
        "{error}"
    );
    assert!(place.pull_secrets(&b, "default").await.is_empty(), "no name without the Secret");
}

#[tokio::test]
async fn without_the_right_to_evict_healing_is_off_with_one_finding() {
    let granted = rules(&[
        ("", "namespaces", "list"),
        ("", "secrets", "create list patch"),
        ("", "serviceaccounts", "get list patch"),
        ("", "pods", "list"),
    ]);
    let place = Place::with(ControlPlane::shared(), "noevict", Role::Rules(granted), Scope::Cluster).await;
    for suffix in ["a", "b"] {
        let name = place.namespace(suffix).await;
        for index in 0..3 {
            let web = pod(&format!("web-{index}"))
                .waiting("ErrImagePull", "401 Unauthorized")
                .owned_by("ReplicaSet");
            web.create(&place.admin, &name).await;
        }
    }
    let report = place.pass(&place.config("")).await;
    assert_eq!(report.exit_status(), ExitStatus::Success);
    assert_eq!(findings(&report), ["Forbidden"], "{report}");
    assert!(report.findings[0].message.contains("grant create on pods/eviction"), "{report}");
    assert_eq!(report.changes.len(), 4);
}

#[tokio::test]
async fn an_absent_namespace_is_told_and_the_others_done() {
    let role = Role::Rules([shipped_rules(), rules(&[("", "namespaces", "get")])].concat());
    let place = Place::with(ControlPlane::shared(), "absent", role, Scope::Cluster).await;
    let a = place.namespace("a").await;
    let text = "registries: [{host: harbor.example.com, username: admin, password: x}]";
    let config = crate::setup::parse(&format!("namespaces: [absent-a, absent-never]\n{text}"));
    let report = place.pass(&config).await;
    assert_eq!(report.exit_status(), ExitStatus::Success);
    assert_eq!(
        report.findings[0].to_string(),
        "Namespace absent-never: doesn't exist; create it, or take it out of namespaces"
    );
    assert_eq!(
        changes(&report),
        [format!("create Secret {a}/pullkeeper"), format!("patch ServiceAccount {a}/default")]
    );
}

#[tokio::test]
async fn a_glob_that_matches_nothing_is_told() {
    let place = Place::new("unmatched").await;
    assert_eq!(findings(&place.pass(&place.config("")).await), ["NoNamespace"]);
}

#[tokio::test]
async fn a_user_who_may_nothing_is_told_what_to_grant() {
    let nothing = rules(&[("", "configmaps", "get")]);
    let place = Place::with(ControlPlane::shared(), "nothing", Role::Rules(nothing), Scope::Cluster).await;
    let report = place.pass(&place.config("")).await;
    assert_eq!(report.exit_status(), ExitStatus::Incomplete);
    let text = report.to_string();
    for grant in [
        "grant list on namespaces",
        "grant list on it (resourceNames: [pullkeeper])",
        "grant list on serviceaccounts",
    ] {
        assert!(text.contains(grant), "{text}");
    }
    assert_eq!(findings(&report), ["ListFailed"], "pods are only healing");
}

#[tokio::test]
async fn a_pass_cut_short_is_finished_by_the_next() {
    let place = Place::new("cut").await;
    for index in 0..6 {
        namespace(&place.name(&index.to_string())).create(&place.admin).await;
    }
    let plan = planned(&place).await;
    let (until, written) = (CancellationToken::new(), Cell::new(0));
    let progress = || {
        written.set(written.get() + 1);
        if written.get() == 3 {
            until.cancel();
        }
    };
    let cut = place
        .cluster()
        .await
        .apply(&plan, &Writing { until: &until, by_namespace: false, lenient: false, progress: &progress })
        .await;
    assert!(cut.undone > 0, "{cut:?}");
    assert!(cut.errors.is_empty(), "{cut:?}");
    let config = place.config("");
    let rest = place.pass(&config).await;
    assert_eq!(cut.changes.len() + rest.changes.len(), 12, "{rest}");
    place.assert_settled(&config).await;
}
