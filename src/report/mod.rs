//! What a pass did, and what it did not and why: as a short table, as JSON, as a pod's termination
//! message, as metrics, and as an exit status.

mod exit;
mod metrics;
mod seen;
mod termination;
mod text;

use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::plan::{Applied, Change, Finding, Plan, Subject};

pub use exit::ExitStatus;
pub use metrics::{Format, Metrics};
pub use seen::Seen;
pub use termination::write_termination_message;

/// What a pass did. Its JSON is the output of `--output json`.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The writes, or in a dry run those that would be made.
    pub changes: Vec<Change>,
    /// What the user should know; never changes the exit status.
    pub findings: Vec<Finding>,
    /// What failed.
    pub errors: Vec<Finding>,
    /// The pods that waited for access to a registry of ours, whatever was done about them.
    pub waiting: Vec<Finding>,
    /// The pods with an image of such a registry, where their images were asked for.
    #[serde(skip)]
    pub pods: usize,
    /// The whole in numbers.
    pub summary: Summary,
    /// What metrics tell beside; `None` where the pass was ended before it had a plan.
    #[serde(skip)]
    pub seen: Option<Seen>,
}

/// A pass in numbers.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Nothing was written.
    pub dry_run: bool,
    /// Chosen namespaces that exist.
    pub namespaces: usize,
    /// Those of them that are paused, where nothing is done.
    pub paused: usize,
    /// Pods with a container that waited for its image, but for those of paused namespaces.
    pub waiting_pods: usize,
    /// Objects written.
    pub changes: usize,
    /// Findings.
    pub findings: usize,
    /// Errors.
    pub errors: usize,
    /// Writes that were left for the next pass, because this one was ended.
    pub undone: usize,
    /// Requests that read.
    pub reads: usize,
    /// Requests that write.
    pub writes: usize,
    /// How long it took, in seconds.
    #[serde(rename = "seconds", serialize_with = "seconds")]
    pub elapsed: Duration,
}

impl Report {
    /// The report of a pass that was planned, and applied unless it was a dry run.
    #[must_use]
    pub fn new(
        dry_run: bool,
        plan: Plan,
        applied: Applied,
        namespaces: usize,
        (reads, writes): (usize, usize),
        elapsed: Duration,
    ) -> Self {
        let seen = Seen::after(&plan, &applied, dry_run);
        let mut findings = plan.findings;
        findings.extend(applied.findings);
        let mut errors = plan.errors;
        errors.extend(applied.errors);
        if applied.undone > 0 {
            let message = format!("was ended with {} writes to go; the next pass makes them", applied.undone);
            errors.push(Subject::global("Pass", "this").finding("Interrupted", message));
        }
        let summary = Summary {
            dry_run,
            namespaces,
            paused: plan.paused,
            waiting_pods: plan.waiting_pods,
            changes: applied.changes.len(),
            findings: findings.len(),
            errors: errors.len(),
            undone: applied.undone,
            reads,
            writes,
            elapsed,
        };
        let (waiting, pods) = (plan.waiting, plan.pods);
        Self { changes: applied.changes, findings, errors, waiting, pods, summary, seen: Some(seen) }
    }

    /// The report of a pass that was ended before it had a plan.
    #[must_use]
    pub fn interrupted(dry_run: bool, elapsed: Duration) -> Self {
        let message = "was ended before anything was written; the next pass starts anew";
        let interrupted = Subject::global("Pass", "this").finding("Interrupted", message);
        let plan = Plan { errors: vec![interrupted], ..Plan::default() };
        let report = Self::new(dry_run, plan, Applied::default(), 0, (0, 0), elapsed);
        Self { seen: None, ..report }
    }

    /// Was the pass cut short, by a signal or its deadline?
    #[must_use]
    pub fn was_interrupted(&self) -> bool {
        self.errors.iter().any(|error| error.reason == "Interrupted")
    }

    /// The same with a finding on each pod that waits, where there is none.
    #[must_use]
    pub fn with_what_waits(mut self) -> Self {
        for waits in &self.waiting {
            if !self.findings.iter().any(|finding| finding.subject == waits.subject) {
                self.findings.push(waits.clone());
            }
        }
        self.summary.findings = self.findings.len();
        self
    }

    /// As one JSON document.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// Does it say the same as another, but for times and counts of requests?
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        // An error's text may tell how long it took.
        let errors = |report: &Self| -> Vec<_> {
            report.errors.iter().map(|error| (error.subject.clone(), error.reason)).collect()
        };
        self.changes.is_empty()
            && other.changes.is_empty()
            && self.findings == other.findings
            && errors(self) == errors(other)
    }
}

fn seconds<S: Serializer>(elapsed: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((elapsed.as_secs_f64() * 1000.0).round() / 1000.0)
}
