//! The loop: the same pass again, at an interval and where something changed, until its time is over, all is well, or
//! it is told to end. It has no second way of doing anything.

mod changes;
mod endpoint;
mod files;
mod passes;
mod push;
mod schedule;
mod setup;
mod watched;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::ExposeSecret;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::cluster::Cluster;
use crate::config::{Config, Preset, Time};
use crate::credentials::Memory;
use crate::pass::Options;
use crate::progress::Progress;
use crate::report::{ExitStatus, Metrics, Report};
use changes::{Batch, Served};
pub(crate) use endpoint::open;
pub use endpoint::{Endpoint, State};
pub(crate) use files::Files;
pub use push::push;
use schedule::{Look, Schedule};
pub use setup::Setup;
pub(crate) use setup::follow;
use watched::{Watched, more};

/// How long events are gathered before what they tell of is served: a new namespace is followed by its
/// ServiceAccounts, and often by more namespaces.
const GATHER: Duration = Duration::from_millis(300);
/// How long the watches may take to begin before the first pass.
const BEGIN: Duration = Duration::from_secs(10);
/// How often a loop that waits says that it lives.
const SIGN_OF_LIFE: Duration = Duration::from_mins(1);
/// Longer than the longest pass, which begins no write after ten minutes.
const LONGEST_SILENCE: Duration = Duration::from_mins(15);

/// Makes one pass, or passes as `config.time` says, and hands each report to `tell`. `reload` reads the configuration
/// anew when its files change; one that is bad is reported, and the last good one goes on.
///
/// A loop ends with the status of its last pass; one that waits for pods to be well, with success once they are; one
/// that follows the oldest tool's file with success, if any pass reached the API server. A signal that cuts a pass
/// short is an error of that pass.
pub async fn run(
    cluster: &Cluster,
    setup: Setup,
    reload: &dyn Fn() -> Result<Setup, String>,
    options: Options,
    progress: &Progress,
    tell: &mut dyn FnMut(&Report),
) -> ExitStatus {
    let state = Arc::new(State::new(Metrics::new(Arc::clone(cluster.tally())), LONGEST_SILENCE));
    let (setup, files) = setup::begin(setup, reload, &state);
    let watched = Watched::begin(cluster, &setup.config);
    let endpoint = open_endpoint(&setup.config, &state, cluster).await;
    let mut keeper = Keeper {
        cluster,
        config: setup.config,
        files,
        reload,
        options,
        progress,
        tell,
        memory: Memory::default(),
        schedule: Schedule::new(),
        served: Served::default(),
        watched,
        state,
        _endpoint: endpoint,
        due: None,
        later: BTreeSet::new(),
        left: BTreeSet::new(),
        looked_at: cluster.now(),
        last: None,
        status: ExitStatus::Unusable,
    };
    let status = keeper.keep().await;
    if let Some(gateway) = keeper.config.metrics.push.as_ref().filter(|_| !keeper.options.dry_run) {
        push(gateway.url.expose_secret(), &keeper.config.instance, &keeper.state.metrics).await;
    }
    status
}

async fn open_endpoint(config: &Config, state: &Arc<State>, cluster: &Cluster) -> Option<Endpoint> {
    let address = config.metrics.listen?.to_string();
    Endpoint::start(&address, Arc::clone(state), cluster.stop().clone()).await
}

struct Keeper<'a> {
    cluster: &'a Cluster,
    config: Config,
    files: Files,
    reload: &'a dyn Fn() -> Result<Setup, String>,
    options: Options,
    progress: &'a Progress,
    tell: &'a mut dyn FnMut(&Report),
    memory: Memory,
    schedule: Schedule,
    served: Served,
    watched: Option<Watched>,
    state: Arc<State>,
    _endpoint: Option<Endpoint>,
    /// When the next pass is due that isn't made for a change.
    due: Option<Instant>,
    /// Namespaces that changed, and are not served yet.
    later: BTreeSet<String>,
    /// Namespaces that were chosen once, and are not looked at since.
    left: BTreeSet<String>,
    /// When everything was looked at last, by the API server's clock.
    looked_at: Timestamp,
    last: Option<Report>,
    status: ExitStatus,
}

/// Why the next pass is made.
enum Next {
    /// It is time.
    Due,
    /// These namespaces changed.
    Changed(BTreeSet<String>),
    /// Anything may have changed.
    Anew,
    /// The loop is told to end, or its time is over.
    End,
}

impl Keeper<'_> {
    async fn keep(&mut self) -> ExitStatus {
        self.watches_begin().await;
        let mut next = Next::Due;
        loop {
            let all = match next {
                Next::Changed(namespaces) => {
                    self.serve(namespaces).await;
                    false
                }
                Next::Due if self.looks_at_a_part() => {
                    self.look_where_pods_wait().await;
                    false
                }
                Next::Due | Next::Anew => {
                    self.look().await;
                    true
                }
                Next::End => return self.ended(),
            };
            let Some(time) = self.config.time else { return self.ended() };
            if all && time.until_healthy && self.schedule.has_settled(self.all_is_well(time)) {
                return ExitStatus::Success;
            }
            next = self.next(time).await;
        }
    }

    fn looks_at_a_part(&self) -> bool {
        let ends = self.last.as_ref().and_then(|last| last.seen.as_ref()).map(|seen| &seen.ends);
        let first = ends.into_iter().flat_map(|ends| ends.iter().map(|(_, end)| end)).min();
        let ends_in = first.map(|end| end.duration_since(self.looked_at).try_into().unwrap_or_default());
        self.config.time.is_some_and(|time| self.schedule.look(time, ends_in) == Look::Waiting)
    }

    /// What happens after this is told by events.
    async fn watches_begin(&self) {
        let Some(watched) = &self.watched else { return };
        tokio::select! {
            _ = timeout(BEGIN, watched.changes.complete()) => {}
            () = self.cluster.stop().cancelled() => {}
        }
    }

    /// Waits for a reason to make a pass.
    async fn next(&mut self, time: Time) -> Next {
        if self.schedule.is_over(time) {
            return Next::End;
        }
        let due = *self.due.get_or_insert_with(|| self.schedule.next(time));
        loop {
            self.state.is_alive();
            let changes = self.watched.as_ref().map(|watched| Arc::clone(&watched.changes));
            tokio::select! {
                () = self.cluster.stop().cancelled() => return Next::End,
                () = sleep(SIGN_OF_LIFE) => {}
                () = sleep_until(due) => return Next::Due,
                () = self.files.changed() => {
                    if self.reload() {
                        self.watches_begin().await;
                        return Next::Anew;
                    }
                }
                () = more(changes.as_deref()) => {
                    sleep(GATHER).await;
                    match changes.map_or(Batch::Nothing, |changes| changes.take(self.cluster.written())) {
                        Batch::Everything => return Next::Anew,
                        Batch::Some(namespaces) => {
                            let (at_once, mut later) = self.served.admit(namespaces);
                            self.later.append(&mut later);
                            if !at_once.is_empty() || self.has_left() {
                                return Next::Changed(at_once);
                            }
                        }
                        Batch::Nothing => {}
                    }
                }
            }
        }
    }

    fn all_is_well(&self, time: Time) -> bool {
        self.schedule.is_answered()
            && self.last.as_ref().is_some_and(|last| {
                // Pods that may not be listed are no error.
                let blind = last.findings.iter().any(|finding| finding.reason == "ListFailed");
                let quiet = last.errors.is_empty() && last.waiting.is_empty();
                quiet && !blind && last.pods >= time.min_pods
            })
    }

    /// The status with which the loop ends before all is well, or without waiting for that.
    fn ended(&mut self) -> ExitStatus {
        let config = &self.config;
        let Some(last) = &self.last else { return self.status };
        if let Some(time) = config.time.filter(|time| time.until_healthy) {
            // All was well when the time was over.
            if self.all_is_well(time) && self.schedule.is_over(time) {
                return ExitStatus::Success;
            }
            (self.tell)(&last.clone().with_what_waits());
            return ExitStatus::Incomplete;
        }
        // A signal that cut a pass short is told; the oldest tool knew no other failure.
        let lenient = config.time.is_some() && config.preset.is_some_and(Preset::is_lenient);
        if lenient && !(last.was_interrupted() && self.cluster.stop().is_cancelled()) {
            ExitStatus::Success
        } else {
            self.status
        }
    }
}
