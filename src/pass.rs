//! The pass, top to bottom; the only place that joins the rooms.

use std::time::{Duration, Instant};

use futures::future::join;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::admission::Object;
use crate::cluster::{ApiError, Cluster, Kept, Scope, Writing};
use crate::config::{Config, Preset};
use crate::credentials::{self, Memory};
use crate::plan::{self, Applied, Evidence, Plan, Probe, Snapshot, Subject};
use crate::progress::Progress;
use crate::report::Report;

/// No write is begun later than this after the pass began; the next pass goes on.
const DEADLINE: Duration = Duration::from_mins(10);

/// How often answers may lead to other questions: once, where no registry serves an image that a rule leads to it.
const ROUNDS: usize = 2;

/// How a pass is to be made.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// How much is looked at.
    pub scope: Scope,
    /// Plan, and write nothing.
    pub dry_run: bool,
}

/// Makes every chosen namespace able to pull its images. An error is a cluster that doesn't answer, before
/// anything was written; whatever else fails is in the report.
pub async fn pass(
    cluster: &Cluster,
    config: &Config,
    options: &Options,
    progress: &Progress,
) -> Result<Report, ApiError> {
    pass_after(cluster, config, options, progress, &Memory::default()).await
}

/// The same, with what earlier passes of this process remember.
pub async fn pass_after(
    cluster: &Cluster,
    config: &Config,
    options: &Options,
    progress: &Progress,
    memory: &Memory,
) -> Result<Report, ApiError> {
    let started = Instant::now();
    let before = cluster.requests();
    let until = cluster.stop().child_token();
    let _over = until.clone().drop_guard();
    tokio::spawn(expire(until.clone()));

    let line = progress.line();
    line.stage("looking at the cluster");
    let scope = &options.scope;
    let looking =
        join(look_and_plan(cluster, config, scope, memory), look_at_admission(cluster, config, scope));
    let looked = tokio::select! {
        looked = looking => Some(looked),
        () = until.cancelled() => None,
    };
    let Some((planned, mut kept)) = looked else {
        return Ok(Report::interrupted(options.dry_run, started.elapsed()));
    };
    let (mut plan, namespaces) = planned?;
    plan.findings.append(&mut kept.unseen);
    hold_back(&mut plan, &mut kept);

    let applied = if options.dry_run {
        let changes = plan.changes().chain(kept.changes()).collect();
        Applied { changes, ..Applied::default() }
    } else {
        let written = line.writes(plan.len());
        let lenient = config.preset.is_some_and(Preset::is_lenient);
        let by_namespace = config.namespaces.listed().is_some();
        let writing = Writing { until: &until, by_namespace, lenient, progress: &|| written.inc(1) };
        let applied = cluster.apply(&plan, &writing).await;
        if until.is_cancelled() { applied } else { applied.and(cluster.keep_admission(config, &kept).await) }
    };
    drop(line);

    let after = cluster.requests();
    let requests = (after.0.saturating_sub(before.0), after.1.saturating_sub(before.1));
    Ok(Report::new(options.dry_run, plan, applied, namespaces, requests, started.elapsed()))
}

/// Everything up to the decision: only reads.
async fn look_and_plan(
    cluster: &Cluster,
    config: &Config,
    scope: &Scope,
    memory: &Memory,
) -> Result<(Plan, usize), ApiError> {
    let snapshot = cluster.snapshot(config, scope).await?;
    let now = cluster.now();
    let needs = plan::needs(config, &snapshot, now);
    let proxies = if scope.only.is_none() { plan::proxies(config) } else { Vec::new() };
    let gathering = async {
        let texts = cluster.secret_texts(&needs.secret_keys).await;
        let mut evidence = credentials::gather(config, &needs, &texts, memory, now).await;
        ask(cluster, config, &snapshot, &mut evidence, memory, now).await;
        evidence
    };
    let (mut evidence, said) = join(gathering, credentials::proxies(&proxies, memory)).await;
    evidence.proxies = said;
    let plan = plan::plan(config, &snapshot, &evidence, now);
    plan.left.iter().for_each(|line| log::debug!("{line}"));
    Ok((plan, snapshot.namespaces.len()))
}

/// What rewrites images when pods are made; a pass over a part of the cluster leaves that to the next.
async fn look_at_admission(cluster: &Cluster, config: &Config, scope: &Scope) -> Kept {
    if scope.only.is_some() {
        return Kept::default();
    }
    cluster.look_at_admission(config).await
}

/// New rules wait until their proxies serve: all new pods would be led there. The webhook's configuration holds none.
fn hold_back(plan: &mut Plan, kept: &mut Kept) {
    if !plan.findings.iter().any(|finding| finding.subject.kind == "Proxy") {
        return;
    }
    for step in kept.steps.extract_if(.., |step| step.object == Object::Policy) {
        let subject = Subject::global(step.object.kind(), step.name());
        let message =
            "differs from the configuration, and goes on as it is until the proxy serves; see there";
        plan.findings.push(subject.finding("PolicyHeld", message));
    }
}

/// Asks what the verdicts on pods rest on; and again, where the first answers leave more to ask.
async fn ask(
    cluster: &Cluster,
    config: &Config,
    snapshot: &Snapshot,
    evidence: &mut Evidence,
    memory: &Memory,
    now: Timestamp,
) {
    for _ in 0..ROUNDS {
        let questions = plan::questions(config, snapshot, evidence, now);
        if questions.is_empty() {
            return;
        }
        let probing = credentials::probe(&questions.probes, &memory.refusals);
        let (probed, jobs) = join(probing, cluster.jobs(&questions.jobs)).await;
        evidence.probed.extend(questions.probes.iter().map(Probe::key).zip(probed));
        evidence.jobs.extend(jobs);
    }
}

/// Ends a pass that has had its time.
async fn expire(until: CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(DEADLINE) => until.cancel(),
        () = until.cancelled() => {}
    }
}
