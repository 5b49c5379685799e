//! The passes that a loop makes: over everything, over what waits, and over what changed.

use std::collections::BTreeSet;

use jiff::Timestamp;
use tokio::time::Instant;

use super::Keeper;
use super::schedule::Look;
use crate::cluster::{ApiError, Scope};
use crate::config::{Config, Heal};
use crate::pass::{Options, pass_after};
use crate::plan::NO_LONGER_CHOSEN;
use crate::report::{ExitStatus, Report};

/// Of more namespaces than this, lists of the whole cluster are fewer requests.
const FEW: usize = 20;

impl Keeper<'_> {
    /// Has a namespace left that isn't looked at yet?
    pub(super) fn has_left(&mut self) -> bool {
        if let Some(watched) = &self.watched {
            self.left.append(&mut watched.changes.take_left());
        }
        !self.left.is_empty()
    }

    /// A pass over everything.
    pub(super) async fn look(&mut self) {
        if let Some(watched) = &self.watched {
            watched.changes.will_be_seen();
        }
        self.cluster.written().forget();
        let (began, changed) = (Instant::now(), std::mem::take(&mut self.later));
        let made = self.pass(&self.config.clone(), None).await;
        self.due = None;
        self.schedule.note(Look::Everything, made.is_ok());
        match made {
            Ok(report) => {
                self.state.reached_cluster();
                self.state.metrics.record(&report, Timestamp::now());
                self.looked_at = self.cluster.now();
                self.status = report.exit_status();
                // A loop that finds all as it left it is silent.
                if !self.last.as_ref().is_some_and(|last| last.says_the_same(&report)) {
                    (self.tell)(&report);
                }
                self.last = Some(report);
            }
            Err(error) => {
                self.later.extend(changed);
                self.state.metrics.record_failed(began.elapsed());
                log::error!("{error}; nothing was written");
                self.status = if self.last.is_some() { ExitStatus::Incomplete } else { ExitStatus::Unusable };
            }
        }
    }

    /// A pass over the namespaces in which pods wait, and those that were put off; none where there is none.
    pub(super) async fn look_where_pods_wait(&mut self) {
        self.due = None;
        let waiting = tokio::select! {
            waiting = self.cluster.waiting(&self.config) => waiting,
            () = self.cluster.stop().cancelled() => return,
        };
        let put_off = std::mem::take(&mut self.later);
        let only: BTreeSet<_> = match waiting {
            Ok(waiting) => waiting.union(&put_off).cloned().collect(),
            Err(error) => {
                self.later = put_off;
                self.schedule.note(Look::Waiting, false);
                log::error!("{error}; nothing was written");
                return;
            }
        };
        let made = if only.is_empty() && !self.has_left() {
            None
        } else {
            Some(self.pass(&self.config.clone(), Some(only)).await)
        };
        self.schedule.note(Look::Waiting, made.as_ref().is_none_or(Result::is_ok));
        if let Some(made) = made {
            self.tell_part(made, put_off);
        }
    }

    /// A pass over namespaces that changed. Pods wait for the interval, and so does the budget of their evictions.
    pub(super) async fn serve(&mut self, namespaces: BTreeSet<String>) {
        let mut config = self.config.clone();
        config.pods.heal = Heal::Off;
        let made = self.pass(&config, Some(namespaces.clone())).await;
        self.tell_part(made, namespaces);
    }

    /// A pass over these namespaces, or all, and over those that were chosen once.
    async fn pass(&mut self, config: &Config, only: Option<BTreeSet<String>>) -> Result<Report, ApiError> {
        self.has_left();
        // Of many, lists of the whole cluster are fewer requests.
        let only = only.filter(|only| only.len() <= FEW);
        let scope = Scope { only, left: self.left.clone() };
        let options = Options { scope, ..self.options.clone() };
        self.state.is_alive();
        let made = pass_after(self.cluster, config, &options, self.progress, &self.memory).await;
        self.state.is_alive();
        if made.as_ref().is_ok_and(|report| report.errors.is_empty()) {
            self.left.clear();
        }
        made
    }

    /// Tells of a pass that looked at a part, if it did something. What it found is told by the next that looks at all.
    /// What it failed to do for `namespaces` is done at the interval.
    fn tell_part(&mut self, made: Result<Report, ApiError>, namespaces: BTreeSet<String>) {
        if !made.as_ref().is_ok_and(|report| report.errors.is_empty()) {
            self.later.extend(namespaces);
        }
        match made {
            Ok(report) => {
                self.state.metrics.record_part(&report);
                if report.was_interrupted() {
                    self.status = report.exit_status();
                }
                let left = report.findings.iter().any(|finding| finding.reason == NO_LONGER_CHOSEN);
                if left || !(report.changes.is_empty() && report.errors.is_empty()) {
                    (self.tell)(&report);
                }
            }
            Err(error) => log::error!("{error}; the next pass sees to it"),
        }
    }
}
