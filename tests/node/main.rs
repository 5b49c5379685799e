//! Stuck pods on a real node, from the pull that fails to the container that runs: kubelet, containerd,
//! controllers, scheduler and registries that ask for a password. It makes containers and needs root, so
//! `cargo test` leaves it out, and the gate runs it by name: `just e2e`, or `cargo test --test node -- WORDS`
//! for the scenarios whose names hold one of the words.
//!
//! One node serves all scenarios, each with a namespace and a registry of its own, all at once: mostly they
//! wait. Beside them, one after the other, are those that install what `manifests/` ships into the cluster,
//! with kubectl and our own image. Each ends as a row of the table that is printed last. Times are told, and
//! only bounded by patience.
//!
//! The installations take moto, an AWS that nobody here wrote, as `MOTO_SERVER`; see `tests/moto`.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used
)]

#[path = "../published/mod.rs"]
mod manifests;
#[path = "../moto/server.rs"]
#[allow(dead_code)] // what its own tests ask
mod moto;
#[path = "../program/mod.rs"]
mod program;
#[path = "../testbed/mod.rs"]
mod testbed;

mod as_deployment;
mod as_job;
mod aws;
mod behind_a_proxy;
mod budgets;
mod controllers;
mod cronjob;
mod door;
mod in_place;
mod installation;
mod jobs;
mod kubectl;
mod named_namespaces;
mod oldest_tool;
mod pass;
mod pods;
mod published;
mod rewritten;
mod rotated;
mod said;
mod scene;
mod stage;
mod table;
mod transcript;
mod untouched;
mod webhook;
mod workload;

use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use scene::Scene;
use stage::Stage;
use table::{Ended, Row, Table};
use tokio::task::JoinSet;

/// What a user would call it, and what happens at such a place.
type Scenario<P> = (&'static str, for<'a> fn(&'a P) -> Running<'a>);

type Running<'a> = Pin<Box<dyn Future<Output = Row> + Send + 'a>>;

/// A name for each function of a module.
macro_rules! scenarios {
    ($($module:ident: $($function:ident)+;)+) => {
        vec![$($((
            concat!(stringify!($module), "::", stringify!($function)),
            |place| Box::pin($module::$function(place)),
        )),+),+]
    };
}

const PATIENCE: Duration = Duration::from_mins(5);

fn main() -> ExitCode {
    if let Err(error) = testbed::node::enter_network() {
        eprintln!("error: {error:#}");
        return ExitCode::FAILURE;
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(play())
}

async fn play() -> ExitCode {
    let began = Instant::now();
    let stage = match Stage::set().await {
        Ok(stage) => Arc::new(stage),
        Err(error) => {
            eprintln!("error: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    eprintln!("the node takes pods after {:.1?}", began.elapsed());
    let (at_once, in_turn) = tokio::join!(at_once(&stage), in_turn(&stage));
    let table = Table { rows: at_once.into_iter().chain(in_turn).collect() };
    eprintln!("\nwhat the kubelet said:");
    stage.said.lines().iter().for_each(|line| eprintln!("  {line}"));
    eprint!("{table}");
    eprintln!("the whole took {:.0?}", began.elapsed());
    // The node ends here, and is waited for.
    drop(stage);
    if table.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Each at a place of its own.
async fn at_once(stage: &Arc<Stage>) -> Vec<Ended> {
    let scenarios: Vec<Scenario<Scene>> = scenarios! {
        behind_a_proxy: image_that_exists_only_there;
        budgets: two_pending_pods two_pods_that_ran;
        controllers: daemon_set deployment stateful_set;
        in_place:
            bare_pod
            expired_while_it_restarts
            init_container
            job_without_retries
            sibling_that_runs
            sidecar
            wrong_password_then_corrected;
        jobs: no_retry_left one_retry_left;
        oldest_tool: its_own_file_heals_all;
        rewritten: rate_limit rate_limit_of_an_init_container;
        untouched:
            bare_pod
            image_volume
            malformed_secret_of_somebody_else
            pod_that_lists_its_own_pull_secret
            registry_that_is_down
            tag_that_does_not_exist;
    };
    let mut running = JoinSet::new();
    for (name, scenario) in chosen(scenarios) {
        let stage = Arc::clone(stage);
        running.spawn(ended(name, async move {
            let scene = Scene::new(stage, name).await;
            let row = scenario(&scene).await;
            scene.clear().await;
            row
        }));
    }
    running.join_all().await
}

/// All in the namespaces that the manifests name.
async fn in_turn(stage: &Arc<Stage>) -> Vec<Ended> {
    let scenarios: Vec<Scenario<Arc<Stage>>> = scenarios! {
        as_deployment: serves_a_new_namespace;
        as_job: ends_when_all_pods_run;
        cronjob: its_first_job_heals;
        named_namespaces: without_any_cluster_wide_right;
        published: job_of_private_repo_patcher deployment_of_k8s_ecrupdater deployment_of_eatr;
        rotated: its_next_job_brings_the_new_password;
        transcript: is_what_a_user_sees;
        webhook: image_that_exists_only_at_the_proxy;
    };
    let mut rows = Vec::new();
    for (name, scenario) in chosen(scenarios) {
        let stage = Arc::clone(stage);
        rows.push(ended(name, async move { scenario(&stage).await }).await);
    }
    rows
}

/// Those whose names hold a word of the command line; without any, all.
fn chosen<P>(mut scenarios: Vec<Scenario<P>>) -> Vec<Scenario<P>> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    scenarios.retain(|(name, _)| words.is_empty() || words.iter().any(|word| name.contains(word)));
    scenarios
}

/// How it ends, within patience.
async fn ended(name: &'static str, scenario: impl Future<Output = Row> + Send + 'static) -> Ended {
    let ended = match tokio::spawn(tokio::time::timeout(PATIENCE, scenario)).await {
        Ok(Ok(row)) => Ok(row),
        Ok(Err(_)) => Err("it took too long"),
        Err(_) => Err("see above"),
    };
    (name, ended)
}
