//! The number of requests, as the API server's own audit log counts them.

use std::collections::BTreeMap;

use crate::setup::{Place, shipped_rules};
use crate::testbed::ControlPlane;
use crate::testbed::audit::{AuditEvent, tally};
use crate::testbed::fixtures::{in_parallel, namespace};
use crate::testbed::pods::pod;
use crate::testbed::users::{Role, Scope, rules};

fn reads(events: &[AuditEvent]) -> BTreeMap<String, usize> {
    let reads: Vec<_> = events.iter().filter(|event| !event.is_write()).cloned().collect();
    tally(&reads)
}

/// A server that is never stopped by a drop: the launcher ends it with this process.
fn own_plane() -> &'static ControlPlane {
    Box::leak(Box::new(ControlPlane::start().unwrap()))
}

#[tokio::test]
async fn three_hundred_namespaces_take_as_many_reads_as_three() {
    let server = tokio::task::spawn_blocking(own_plane).await.unwrap();
    let place = Place::with(server, "many", Role::Rules(shipped_rules()), Scope::Cluster).await;
    let config = place.config("");
    let fill = |from: usize, to: usize| {
        let one = |index: usize| {
            let (admin, name) = (place.admin.clone(), place.name(&format!("{index:03}")));
            async move {
                namespace(&name).create(&admin).await;
                pod("web").running("app").phase("Running").create(&admin, &name).await;
            }
        };
        in_parallel((from..to).map(one), 16)
    };
    let mut counts = Vec::new();
    for (from, to) in [(0, 3), (3, 300)] {
        fill(from, to).await;
        let first = place.mark();
        let report = place.pass(&config).await;
        assert_eq!(report.summary.writes, 2 * (to - from), "one write a change: {report}");
        let events = place.since(first);
        assert_eq!(events.iter().filter(|event| event.is_write()).count(), 2 * (to - from));
        let second = place.mark();
        let report = place.assert_settled(&config).await;
        let settled = place.since(second);
        assert_eq!(report.summary.reads, settled.len(), "the report counts as the server does");
        counts.push((reads(&events), reads(&settled)));
    }
    assert_eq!(counts[0], counts[1]);
    assert_eq!(counts[0].0, counts[0].1, "a first pass reads no more than a later one");
    let total: usize = counts[0].1.values().sum();
    assert!(total <= 8, "{:?}", counts[0]);
}

#[tokio::test]
async fn written_out_names_take_only_requests_within_them() {
    let granted = rules(&[
        ("", "namespaces", "get"),
        ("", "secrets serviceaccounts", "get list patch create"),
        ("", "pods", "get list"),
        ("", "pods/eviction", "create"),
    ]);
    let server = ControlPlane::shared();
    let admin = server.admin();
    for name in ["named-a", "named-b"] {
        namespace(name).create(&admin).await;
    }
    let place =
        Place::with(server, "named", Role::Rules(granted), Scope::Namespaces(&["named-a", "named-b"])).await;
    let text = "namespaces: [named-a, named-b, named-absent, named-a]
registries: [{host: harbor.example.com, username: admin, password: x}]";
    let config = crate::setup::parse(text);
    let mark = place.mark();
    let report = place.pass(&config).await;
    assert_eq!(report.changes.len(), 4, "{report}");
    let asked = place.since(mark);
    assert!(asked.iter().all(|event| event.namespace.is_some()), "{asked:?}");
    // It may not look at the absent one either, and so can only be told that it can't be written to.
    let told: Vec<_> = report.errors.iter().map(|error| error.subject.to_string()).collect();
    assert_eq!(told, ["Resource named-absent/secrets", "Resource named-absent/serviceaccounts"]);
    assert_eq!(crate::setup::findings(&report), ["GetForbidden", "ListFailed"], "{report}");
    let text = text.replace("named-absent, ", "");
    place.assert_settled(&crate::setup::parse(&text)).await;
}

#[tokio::test]
async fn a_dry_run_writes_nothing() {
    let place = Place::new("dry").await;
    place.namespace("a").await;
    let config = place.config("");
    let (before, mark) = (place.versions().await, place.mark());
    let options = pullkeeper::pass::Options { dry_run: true };
    let cluster = place.cluster().await;
    let report =
        pullkeeper::pass::pass(&cluster, &config, options, &pullkeeper::progress::Progress::default())
            .await
            .unwrap();
    assert_eq!(report.changes.len(), 2, "{report}");
    assert!(report.summary.dry_run);
    assert!(!place.since(mark).iter().any(AuditEvent::is_write));
    assert_eq!(place.versions().await, before);
    // What it announced is what is then done.
    assert_eq!(place.pass(&config).await.changes, report.changes);
}
