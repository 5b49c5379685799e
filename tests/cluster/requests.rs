//! The number of requests, as the API server's own audit log counts them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pullkeeper::pass::{Options, pass};
use pullkeeper::progress::Progress;
use tokio_util::sync::CancellationToken;

use crate::setup::{Place, shipped_rules};
use crate::testbed::ControlPlane;
use crate::testbed::audit::{AuditEvent, tally};
use crate::testbed::fixtures::{in_parallel, namespace, service_account};
use crate::testbed::pods::pod;
use crate::testbed::users::{Role, Scope, rules};

fn reads(events: &[AuditEvent]) -> BTreeMap<String, usize> {
    let reads: Vec<_> = events.iter().filter(|event| !event.is_write()).cloned().collect();
    tally(&reads)
}

/// A server that is never stopped by a drop: the launcher ends it with this process.
pub(crate) async fn own_server(flags: &'static [&'static str]) -> &'static ControlPlane {
    let start = || Box::leak(Box::new(ControlPlane::start_with(flags).unwrap()));
    tokio::task::spawn_blocking(start).await.unwrap()
}

#[tokio::test]
async fn three_hundred_namespaces_take_as_many_reads_as_three() {
    let server = own_server(&[]).await;
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
async fn a_list_whose_token_expires_midway_is_begun_anew() {
    // This API server forgets what was a second or two ago.
    let server =
        own_server(&["--etcd-compaction-interval=1s", "--feature-gates=ListFromCacheSnapshot=false"]).await;
    let place = Place::with(server, "expired", Role::Rules(shipped_rules()), Scope::Cluster).await;
    let a = place.namespace("a").await;
    let accounts = (0..700).map(|index| {
        let (admin, a) = (&place.admin, &a);
        async move { service_account(admin, a, &format!("account-{index:03}"), &[]).await }
    });
    in_parallel(accounts, 16).await;

    // Between us and the server: the first second page is asked for late.
    let late = Arc::new(AtomicBool::new(false));
    let inner = server.client_with_token(&place.user.token);
    let slow = tower::service_fn({
        let late = Arc::clone(&late);
        move |request: http::Request<kube::client::Body>| {
            let (inner, late) = (inner.clone(), Arc::clone(&late));
            async move {
                if request.uri().query().is_some_and(|query| query.contains("continue="))
                    && !late.swap(true, Ordering::Relaxed)
                {
                    tokio::time::sleep(Duration::from_secs(4)).await;
                }
                inner.send(request).await
            }
        }
    });
    let client = kube::Client::new(slow, "default");
    let cluster = pullkeeper::cluster::Cluster::new(client, server.url(), CancellationToken::new());
    let (mark, config) = (place.mark(), place.config(""));
    let report = pass(&cluster, &config, &Options::default(), &Progress::default()).await.unwrap();
    assert!(report.errors.is_empty(), "{report}");
    assert_eq!(report.changes.len(), 702, "each once");
    let expired: Vec<_> = place.since(mark).into_iter().filter(|event| event.code == 410).collect();
    assert_eq!(expired.len(), 1, "the server said so: {expired:?}");
    place.assert_settled(&config).await;
}

#[tokio::test]
async fn a_dry_run_writes_nothing() {
    let place = Place::new("dry").await;
    place.namespace("a").await;
    let config = place.config("");
    let (before, mark) = (place.versions().await, place.mark());
    let cluster = place.cluster().await;
    let report =
        pass(&cluster, &config, &Options { dry_run: true, ..Options::default() }, &Progress::default())
            .await
            .unwrap();
    assert_eq!(report.changes.len(), 2, "{report}");
    assert!(report.summary.dry_run);
    assert!(!place.since(mark).iter().any(AuditEvent::is_write));
    assert_eq!(place.versions().await, before);
    // What it announced is what is then done.
    assert_eq!(place.pass(&config).await.changes, report.changes);
}
