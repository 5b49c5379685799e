//! Stuck pods on a real node, from the pull that fails to the container that runs: kubelet, containerd,
//! controllers, scheduler and registries that ask for a password. It makes containers and needs root, so
//! `cargo test` leaves it out, and the gate runs it by name: `just e2e`, or `cargo test --test node -- WORDS`
//! for the scenarios whose names hold one of the words.
//!
//! One node serves all scenarios, each with a namespace and a registry of its own, all at once: mostly they
//! wait. Each ends as a row of the table that is printed last. Times are told, and only bounded by patience.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used
)]

#[path = "../program/mod.rs"]
mod program;
#[path = "../testbed/mod.rs"]
mod testbed;

mod behind_a_proxy;
mod budgets;
mod controllers;
mod door;
mod in_place;
mod jobs;
mod oldest_tool;
mod pass;
mod pods;
mod rewritten;
mod said;
mod scene;
mod stage;
mod table;
mod untouched;
mod workload;

use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use scene::Scene;
use stage::Stage;
use table::{Row, Table};
use tokio::task::JoinSet;

/// What a user would call it, and what happens.
type Scenario = (&'static str, for<'a> fn(&'a Scene) -> Running<'a>);

type Running<'a> = Pin<Box<dyn Future<Output = Row> + Send + 'a>>;

/// A name for each function of a module.
macro_rules! scenarios {
    ($($module:ident: $($function:ident)+;)+) => {
        vec![$($((
            concat!(stringify!($module), "::", stringify!($function)),
            |scene| Box::pin($module::$function(scene)),
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
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let mut scenarios: Vec<Scenario> = scenarios! {
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
    scenarios.retain(|(name, _)| words.is_empty() || words.iter().any(|word| name.contains(word)));

    let began = Instant::now();
    let stage = match Stage::set().await {
        Ok(stage) => Arc::new(stage),
        Err(error) => {
            eprintln!("error: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    eprintln!("the node takes pods after {:.1?}", began.elapsed());
    let mut running = JoinSet::new();
    for (name, scenario) in scenarios {
        let stage = Arc::clone(&stage);
        running.spawn(async move {
            let row = tokio::spawn(tokio::time::timeout(PATIENCE, async move {
                let scene = Scene::new(stage, name).await;
                let row = scenario(&scene).await;
                scene.clear().await;
                row
            }));
            (name, row.await)
        });
    }
    let mut table = Table::default();
    while let Some(ended) = running.join_next().await {
        let (name, ended) = ended.expect("it only waits");
        match ended {
            Ok(Ok(row)) => table.add(name, row),
            Ok(Err(_)) => table.failed(name, "it took too long"),
            Err(_) => table.failed(name, "see above"),
        }
    }
    eprintln!("\nwhat the kubelet said:");
    stage.said.lines().iter().for_each(|line| eprintln!("  {line}"));
    eprint!("{table}");
    eprintln!("the whole took {:.0?}", began.elapsed());
    // The node ends here, and is waited for.
    drop(stage);
    if table.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
