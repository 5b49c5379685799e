//! Events that tell of what was done to pods. They are for whoever looks at a pod; healing never waits for them.

use std::time::Duration;

use super::Writer;
use super::pods::EVENTS;
use crate::cluster::error::Meaning;
use crate::cluster::requests;
use crate::plan::{Applied, PodAction, PodChange};

/// An Event is tried once, and no longer than this: there are pods that wait.
const PATIENCE: Duration = Duration::from_secs(3);

impl Writer<'_> {
    /// An Event on the pod, with what was done and `why`. Where none may be written, the pod was helped all the
    /// same. `false` if it failed in another way: then the next one would hardly fare better.
    pub(super) async fn tell_pod(&self, applied: &mut Applied, change: &PodChange, why: &str) -> bool {
        let reason = match change.action {
            PodAction::Rewrite { .. } => "PullRewritten",
            PodAction::Nudge(_) => "PullNudged",
            PodAction::Evict => "PullEvicted",
            PodAction::Delete => "PullDeleted",
        };
        if self.is_told(EVENTS) {
            return true;
        }
        let now = self.cluster.now();
        let event = requests::pods::event(&self.own.name, &change.pod, reason, why, now);
        match self.cluster.send_once(&event, PATIENCE).await {
            Ok(_) => true,
            Err(error) if error.meaning() == Meaning::Forbidden => {
                let message =
                    format!("{error}; pods are healed without an Event that says so. Grant {EVENTS}");
                let finding = self.once(EVENTS, change, "Forbidden", message);
                applied.findings.extend(finding.filter(|_| !self.writing.lenient));
                true
            }
            Err(error) => {
                let (namespace, pod) = (&self.own.name, &change.pod.name);
                log::debug!("no Event on Pod {namespace}/{pod}, nor on others there in this pass: {error}");
                false
            }
        }
    }
}
