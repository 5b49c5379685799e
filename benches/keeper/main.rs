//! How soon a loop serves what changes, and what a storm of new namespaces costs it.
//!
//! `cargo bench --bench keeper` starts a control plane of its own with 500 namespaces, and runs the release binary as
//! its users do: as a process, with a kubeconfig and a file, and with the rights that are shipped. Times are from
//! the answer to the request that changed something, to the first look that finds it served.

// A bench fails as tests do, and its numbers are for people.
#![allow(clippy::cast_precision_loss, clippy::expect_used, clippy::panic)]

mod program;
#[path = "../../tests/testbed/mod.rs"]
mod testbed;

use std::collections::BTreeMap;
use std::future::Future;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{Secret, ServiceAccount};
use kube::Client;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams};
use program::Program;
use serde_json::json;
use testbed::ControlPlane;
use testbed::audit;
use testbed::fixtures::{in_parallel, namespace};

const OLD: usize = 500;
const STORM: usize = 1000;
const ROUNDS: usize = 20;
/// More than any of this takes.
const PATIENCE: Duration = Duration::from_mins(5);

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(bench());
}

async fn bench() {
    let plane = ControlPlane::start().unwrap_or_else(|error| panic!("{error:#}"));
    let admin = plane.admin();
    make(&admin, "old", OLD).await;
    let program = Program::start(&plane).await;
    until(async || served(&admin).await == OLD).await;
    let resting = program.memory();

    println!("{OLD} namespaces; seconds until what changed is served, of {ROUNDS} times\n");
    println!("{:<38}min / median / max", "");
    for (what, times) in triggers(&admin).await {
        println!("{what:<38}{}", spread(&times));
    }
    let begun = Instant::now();
    program.set_password("another");
    until(async || served_with(&admin, "another").await == OLD + ROUNDS).await;
    println!("{:<38}{:.2}, in all {} namespaces", "a changed password", seconds(begun), OLD + ROUNDS);

    let mark = plane.audit_log().mark();
    let begun = Instant::now();
    make(&admin, "storm", STORM).await;
    let made = begun.elapsed().as_secs_f64();
    until(async || served(&admin).await == OLD + ROUNDS + STORM).await;
    let all = seconds(begun);
    println!("\n{STORM} new namespaces in {made:.1} s: all served after {all:.1} s, with these requests");
    let requests: BTreeMap<_, _> = audit::tally(&plane.audit_log().since(mark, &program.user));
    for (what, count) in requests {
        println!("  {what:<32}{count:>6}");
    }
    println!("memory: {:.1} MiB before, {:.1} MiB after", mib(resting), mib(program.memory()));
    drop(program);
    plane.stop();
}

async fn make(admin: &Client, prefix: &str, count: usize) {
    let work = (0..count).map(|number| async move {
        namespace(&format!("team-{prefix}-{number:04}")).create(admin).await;
    });
    in_parallel(work, 16).await;
}

async fn triggers(admin: &Client) -> [(&'static str, Vec<Duration>); 3] {
    let (mut fresh, mut deleted, mut replaced) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let name = format!("team-fresh-{round:02}");
        namespace(&name).create(admin).await;
        let secrets = Api::<Secret>::namespaced(admin.clone(), &name);
        let accounts = Api::<ServiceAccount>::namespaced(admin.clone(), &name);
        let is_named = async || {
            let account = accounts.get("default").await.expect("the ServiceAccount is there");
            account.image_pull_secrets.is_some_and(|names| names.iter().any(|name| name.name == "pullkeeper"))
        };
        fresh.push(until(is_named).await);
        secrets.delete("pullkeeper", &DeleteParams::default()).await.expect("the Secret was there");
        deleted.push(until(async || secrets.get_opt("pullkeeper").await.expect("an answer").is_some()).await);
        let none = Patch::Merge(json!({"imagePullSecrets": null}));
        accounts.patch("default", &PatchParams::default(), &none).await.expect("it is patched");
        replaced.push(until(is_named).await);
    }
    [
        ("a new namespace", fresh),
        ("our Secret, deleted", deleted),
        ("a ServiceAccount that lost our name", replaced),
    ]
}

/// In how many namespaces the ServiceAccount names our Secret.
async fn served(admin: &Client) -> usize {
    let accounts = Api::<ServiceAccount>::all(admin.clone());
    let accounts = accounts.list(&ListParams::default().match_any()).await.expect("a list");
    accounts.iter().filter(|account| account.image_pull_secrets.is_some()).count()
}

async fn served_with(admin: &Client, password: &str) -> usize {
    let secrets = Api::<Secret>::all(admin.clone());
    let named = ListParams::default().match_any().fields("metadata.name=pullkeeper");
    let secrets = secrets.list(&named).await.expect("a list");
    let holds = |secret: &&Secret| {
        let data = secret.data.iter().flatten().next();
        data.is_some_and(|(_, text)| String::from_utf8_lossy(&text.0).contains(&program::auth(password)))
    };
    secrets.iter().filter(holds).count()
}

async fn until<F: Future<Output = bool>>(so: impl Fn() -> F) -> Duration {
    let begun = Instant::now();
    while !so().await {
        assert!(begun.elapsed() < PATIENCE, "it never came");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    begun.elapsed()
}

fn seconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64()
}

fn spread(times: &[Duration]) -> String {
    let mut sorted: Vec<_> = times.iter().map(Duration::as_secs_f64).collect();
    sorted.sort_by(f64::total_cmp);
    let at = |place: usize| sorted.get(place).copied().unwrap_or_default();
    format!("{:.2} / {:.2} / {:.2}", at(0), at(sorted.len() / 2), at(sorted.len().saturating_sub(1)))
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}
