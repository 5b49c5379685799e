//! What passes did, as Prometheus reads it. Names follow its conventions, but for the two counters that
//! eatr's users know. No label takes a value that a cluster's users could make up: registries come from the
//! configuration and are counted, and everything else is a word of this program.

mod families;
#[cfg(test)]
mod tests;
mod text;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName};
use jiff::Timestamp;
use prometheus_client::registry::Registry;

use super::{ExitStatus, Report, Seen};
use crate::cluster::Tally;
use crate::plan::Verb;
use families::{Families, Label};

/// The most registries whose credentials' ends are told, those that end first: a docker config may name them by
/// the hundred. A gauge counts the rest.
const MOST_REGISTRIES: usize = 100;

/// The metrics of a process, made once.
pub struct Metrics {
    families: Families,
    registry: Registry,
    /// Two that recorded at once would mix what belongs to one pass.
    recording: Mutex<()>,
}

/// A form of text for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Prometheus' own, version 0.0.4, which everything reads.
    Prometheus,
    /// `OpenMetrics` 1.0.0, which tells units too.
    OpenMetrics,
}

impl Metrics {
    /// Metrics of which nothing is recorded yet, but for the requests in `tally`, which are told as they are
    /// whenever the text is made.
    #[must_use]
    pub fn new(tally: Arc<Tally>) -> Self {
        let mut registry = Registry::default();
        let families = Families::register(&mut registry, tally);
        Self { families, registry, recording: Mutex::default() }
    }

    /// Records a pass over everything that the configuration chooses, which `ended` by our own clock. What it saw
    /// takes the place of what was seen before.
    pub fn record(&self, report: &Report, ended: Timestamp) {
        let _alone = self.recording.lock().unwrap_or_else(PoisonError::into_inner);
        let own = &self.families;
        self.took(report.summary.elapsed);
        if report.exit_status() == ExitStatus::Success {
            own.passed("complete");
            own.last_success.set(ended.as_second());
        } else {
            own.passed("incomplete");
        }
        self.count(report);
        own.findings.clear();
        for finding in &report.findings {
            own.findings.get_or_create(&[("reason", finding.reason)]).inc();
        }
        if let Some(seen) = &report.seen {
            self.tell(seen);
        }
    }

    /// Records a pass over a part of the cluster: what it wrote and what failed. It saw too little for the rest.
    pub fn record_part(&self, report: &Report) {
        let _alone = self.recording.lock().unwrap_or_else(PoisonError::into_inner);
        self.count(report);
    }

    /// Records a pass that ended before anything was written, for no API server answered.
    pub fn record_failed(&self, elapsed: Duration) {
        self.took(elapsed);
        self.families.passed("failed");
    }

    /// Records that the configuration changed, and whether the new one is good. One that is bad is not used.
    pub fn record_reload(&self, good: bool) {
        let result = if good { "good" } else { "bad" };
        self.families.reloads.get_or_create(&[("result", result)]).inc();
        self.families.config_good.set(good.into());
    }

    /// All of them as text.
    #[must_use]
    pub fn text(&self, format: Format) -> String {
        format.encode(&self.registry)
    }

    fn took(&self, elapsed: Duration) {
        self.families.duration.observe(elapsed.as_secs_f64());
    }

    /// What was written and what failed.
    fn count(&self, report: &Report) {
        let own = &self.families;
        let made = if report.summary.dry_run { &[] } else { report.changes.as_slice() };
        for change in made {
            let label: [Label; 2] = [("kind", change.subject.kind), ("action", change.verb.word())];
            own.writes.get_or_create(&label).inc();
            match (change.subject.kind, change.verb) {
                ("Secret", Verb::Create) => _ = own.secrets_created.inc(),
                ("Secret", Verb::Update | Verb::Recreate) => _ = own.secret_renewals.inc(),
                _ => {}
            }
        }
        for error in &report.errors {
            own.errors.get_or_create(&[("reason", error.reason)]).inc();
        }
    }

    fn tell(&self, seen: &Seen) {
        let own = &self.families;
        own.stuck.clear();
        for (cause, verdict, count) in seen.stuck.iter() {
            own.stuck.get_or_create(&[("cause", cause.word()), ("verdict", verdict)]).set(number(count));
        }
        let mut ends: Vec<_> = seen.ends.iter().collect();
        ends.sort_by_key(|(_, end)| *end);
        own.omitted.set(number(ends.len().saturating_sub(MOST_REGISTRIES)));
        own.expiry.clear();
        for (host, end) in ends.into_iter().take(MOST_REGISTRIES) {
            own.expiry.get_or_create(&[("registry", host.to_string())]).set(end.as_second());
        }
    }
}

impl Format {
    /// What is in a registry, as such a text.
    pub(crate) fn encode(self, registry: &Registry) -> String {
        let mut text = String::new();
        // A String takes whatever is written to it.
        _ = prometheus_client::encoding::text::encode(&mut text, registry);
        match self {
            Self::OpenMetrics => text,
            Self::Prometheus => text::prometheus(&text),
        }
    }

    /// The content type of such a text.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// The answer to who asks for metrics with these headers: `text` in the form that they read best.
    pub fn answer(
        headers: &HeaderMap,
        text: impl FnOnce(Self) -> String,
    ) -> ([(HeaderName, &'static str); 1], String) {
        let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
        let format = Self::accepted(accept.unwrap_or_default());
        ([(CONTENT_TYPE, format.content_type())], text(format))
    }

    /// The form that who asks with this `Accept` header reads best.
    #[must_use]
    pub fn accepted(accept: &str) -> Self {
        if accept.contains("application/openmetrics-text") { Self::OpenMetrics } else { Self::Prometheus }
    }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
