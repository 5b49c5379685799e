//! What pullkeeper does, on a real control plane that is made for it and thrown away: `cargo run --example demo`.
//!
//! Every claim that is printed with a check mark was checked; the exit status is not 0 if one is wrong,
//! and 130 after Ctrl-C, which ends the demo and all that it started at any time.

// A failure may be told as a test would tell it.
#![allow(clippy::panic)]

mod say;
#[path = "../../tests/testbed/mod.rs"]
mod testbed;
mod view;
mod world;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use pullkeeper::cluster::{Choice, Cluster};
use pullkeeper::config::{self, Config, Inputs};
use pullkeeper::pass::{Options, pass};
use pullkeeper::progress::Progress;
use pullkeeper::report::{ExitStatus, Report};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use say::{block, checked, heading, line};
use testbed::ControlPlane;
use testbed::audit::AuditEvent;
use testbed::users::User;
use view::View;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = runtime.map_err(anyhow::Error::from).and_then(|runtime| runtime.block_on(run()));
    ended.unwrap_or_else(|error| {
        line(&format!("\nThe demo failed: {error:#}"));
        ExitCode::FAILURE
    })
}

/// The demo, unless a signal comes first; either way nothing of it stays.
async fn run() -> Result<ExitCode> {
    let mut signals = Signals::new()?;
    let started = Instant::now();
    line("Starting a throw-away control plane …");
    let mut starting = tokio::task::spawn_blocking(ControlPlane::start);
    let plane = tokio::select! {
        plane = &mut starting => plane??,
        status = signals.one() => {
            line("\nending …");
            testbed::go::give_up();
            // A control plane that has come up meanwhile ends by being dropped.
            drop(starting.await);
            return Ok(status);
        }
    };
    let told = tokio::select! {
        told = tell(&plane, started) => told.map(|()| ExitCode::SUCCESS),
        status = signals.one() => {
            line("\nending …");
            Ok(status)
        }
    };
    plane.stop();
    told
}

async fn tell(plane: &ControlPlane, started: Instant) -> Result<()> {
    line(&format!("It runs at {} ({:.1} s).", plane.url(), seconds(started)));
    let admin = plane.admin();
    heading("1. A cluster whose pods can't pull");
    let user = world::fill(&admin).await?;
    let before = View::of(&admin).await?;
    block(before.to_string().trim_end());

    heading("2. One pass, as the ServiceAccount of manifests/base/rbac.yaml");
    let file = write_config(plane)?;
    block(&std::fs::read_to_string(&file)?);
    let config = config::load(&Inputs { file: Some(file), env: [].into(), ..Inputs::default() })?.config;
    let keeper = Keeper::new(plane, user, config).await?;
    let (first, writes) = keeper.pass(Options::default()).await?;
    line(&first.to_string());
    check_first(&first, &writes)?;

    heading("3. The cluster now");
    line(
        "No controllers run here, so the demo makes the evicted pod's successor, as its ReplicaSet would.\n",
    );
    world::recreate(&admin).await?;
    let after = View::of(&admin).await?;
    block(after.since(&before).trim_end());
    check_cluster(&before, &after)?;

    heading("4. The same pass again");
    let (second, writes) = keeper.pass(Options::default()).await?;
    line(&second.summary.to_string());
    ensure!(second.changes.is_empty() && second.summary.writes == 0, "the second pass wrote: {second}");
    ensure!(writes.is_empty(), "the API server saw writes: {writes:?}");
    ensure!(second.findings == first.findings, "the second pass found something else: {second}");
    checked("no change and no write, says the API server's audit log");
    checked(&format!(
        "requests: the first pass {} reads and {} writes, the second {} reads and {} writes",
        first.summary.reads, first.summary.writes, second.summary.reads, second.summary.writes
    ));

    heading("5. Somebody spoils a Secret; what would a pass do?");
    world::spoil(&admin).await?;
    let (dry, writes) = keeper.pass(Options { dry_run: true, ..Options::default() }).await?;
    let planned: Vec<_> = dry.changes.iter().map(ToString::to_string).collect();
    line(&format!("{}\n{}", planned.join("\n"), dry.summary));
    ensure!(planned == ["update Secret shop/pullkeeper: content differs"], "planned: {planned:?}");
    ensure!(writes.is_empty(), "the dry run wrote: {writes:?}");
    checked("it would repair that Secret alone, and a dry run writes nothing");

    line(&format!("\nAll is as it should be ({:.1} s). The control plane is thrown away.", seconds(started)));
    Ok(())
}

/// Every write was for a change, and none where none may be.
fn check_first(report: &Report, writes: &[(String, String)]) -> Result<()> {
    ensure!(report.exit_status() == ExitStatus::Success, "the pass failed: {report}");
    let told = writes.iter().filter(|(_, resource)| resource == "events").count();
    // In one namespace a pod is evicted for what its ServiceAccount was given.
    let noted = 1;
    ensure!(
        report.summary.changes + noted == writes.len() - told,
        "{} changes by {writes:?}",
        report.summary.changes
    );
    ensure!(told == 2, "{told} Events for two pods");
    let elsewhere = writes.iter().find(|(namespace, _)| !["shop", "search"].contains(&namespace.as_str()));
    ensure!(elsewhere.is_none(), "a write where there should be none: {elsewhere:?}");
    line("");
    checked(
        "one write a change, an Event on each pod acted on, a note where a pod is evicted, and none in a namespace that is paused, terminates or isn't selected",
    );
    Ok(())
}

fn check_cluster(before: &View, after: &View) -> Result<()> {
    let accounts = after.pull_secrets("search", "default");
    ensure!(accounts == ["ecr-cron", "team-pull", "pullkeeper"], "search/default names {accounts:?}");
    checked("another tool's pull secrets are still there, in their order, with ours behind them");
    ensure!(before.foreign_secret() == after.foreign_secret(), "the foreign Secret was written");
    ensure!(before.foreign_secret().is_some(), "there is no foreign Secret");
    checked("somebody else's Secret of our name is untouched");
    let (gone, new) = (before.pods_not_in(after), after.pods_not_in(before));
    ensure!(
        gone == ["shop/cache-0", "shop/web-7d4b9-k2x8p"] && new == ["shop/cache-0", "shop/web-7d4b9-w5m1q"],
        "gone: {gone:?}; new: {new:?}"
    );
    checked("only the pod that a new pull secret helps was evicted, and its successor has that secret");
    ensure!(
        after.image("shop/cache-0") == Some("docker.io/library/memcached:1.6"),
        "{:?}",
        after.image("shop/cache-0")
    );
    checked(
        "the pod that names the Secret already was kept: its image is spelled anew, so its node pulls at once",
    );
    Ok(())
}

/// The parts of the program, joined as `main` joins them.
struct Keeper<'a> {
    plane: &'a ControlPlane,
    user: User,
    cluster: Cluster,
    config: Config,
}

impl<'a> Keeper<'a> {
    async fn new(plane: &'a ControlPlane, user: User, config: Config) -> Result<Self> {
        let choice = Choice { kubeconfig: Some(plane.kubeconfig(&user.token)), ..Choice::default() };
        let cluster = choice.connect(CancellationToken::new()).await?;
        Ok(Self { plane, user, cluster, config })
    }

    /// Makes a pass; returns also the namespace and resource of each write that the API server saw.
    async fn pass(&self, options: Options) -> Result<(Report, Vec<(String, String)>)> {
        let audit = self.plane.audit_log();
        let mark = audit.mark();
        let report = pass(&self.cluster, &self.config, &options, &Progress::default()).await?;
        let seen = audit.since(mark, &self.user.name);
        let (writes, reads): (Vec<_>, Vec<_>) = seen.into_iter().partition(AuditEvent::is_write);
        let counted = (report.summary.reads, report.summary.writes);
        ensure!((reads.len(), writes.len()) == counted, "the report and the audit log count differently");
        let place = |namespace: Option<String>| namespace.unwrap_or_default();
        Ok((report, writes.into_iter().map(|write| (place(write.namespace), write.resource)).collect()))
    }
}

/// The configuration, in the control plane's directory, which goes with it.
fn write_config(plane: &ControlPlane) -> Result<PathBuf> {
    let (password, file) = (plane.dir().join("password"), plane.dir().join("config.yaml"));
    std::fs::write(&password, "correct horse battery staple\n").context("write the password")?;
    let text = format!(
        "namespaces: {{selector: pull-access=enabled}}\n\
         registries:\n  - host: {}\n    username: robot\n    password: {{file: {}}}\n\
        \x20 - host: docker.io\n    username: robot\n    password: {{file: {}}}\n\
         verify: false # there is no such registry\n",
        world::HOST,
        password.display(),
        password.display()
    );
    std::fs::write(&file, text).context("write the configuration")?;
    Ok(file)
}

/// What ends a program from outside, from now on noticed and not obeyed at once.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for one; returns the exit status that says which.
    async fn one(&mut self) -> ExitCode {
        tokio::select! {
            _ = self.interrupt.recv() => ExitCode::from(130),
            _ = self.terminate.recv() => ExitCode::from(143),
        }
    }
}

fn seconds(since: Instant) -> f64 {
    let elapsed: Duration = since.elapsed();
    elapsed.as_secs_f64()
}
