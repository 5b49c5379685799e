//! What was refused not long ago, for as long as a loop runs.
//!
//! Of what a policy refuses no note is left on the pod, so that each pass would judge the same and send the same.
//! Instead the refusal is told again, as it was.

use std::time::Duration;

use tokio::time::Instant;

use crate::plan::{Finding, PodChange, Verb};
use crate::remembered::Remembered;

/// How long the same isn't tried again on the same pod: as long as its node waits at most.
const REST: Duration = Duration::from_mins(5);

/// What an action on a pod, by its uid, was refused with.
pub(in crate::cluster) struct Rests(Remembered<(String, Verb), Finding>);

impl Default for Rests {
    fn default() -> Self {
        Self(Remembered::so_long(REST))
    }
}

impl Rests {
    /// What was said when the same was refused not long before `now`.
    pub(super) fn recall(&self, change: &PodChange, now: Instant) -> Option<Finding> {
        self.0.recall(&of(change), now)
    }

    /// Keeps what is said of a refusal at `now`.
    pub(super) fn keep(&self, change: &PodChange, finding: &Finding, now: Instant) {
        self.0.keep(of(change), finding.clone(), now);
    }
}

fn of(change: &PodChange) -> (String, Verb) {
    (change.pod.uid.clone(), change.action.verb())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::pods::Act;
    use crate::plan::{Pod, PodAction, Subject};

    fn change(uid: &str, action: PodAction) -> PodChange {
        let pod = Pod { name: "web".into(), uid: uid.into(), ..Pod::default() };
        PodChange { pod, action, act: Act::default() }
    }

    #[test]
    fn it_is_of_one_action_on_one_pod_and_comes_to_an_end() {
        let (rests, now) = (Rests::default(), Instant::now());
        let finding = Subject::new("Pod", "a", "web").finding("Denied", "no");
        rests.keep(&change("1", PodAction::Nudge(Vec::new())), &finding, now);
        let table = [
            ("1", PodAction::Nudge(Vec::new()), 299, true),
            ("1", PodAction::Evict, 0, false),
            ("2", PodAction::Nudge(Vec::new()), 0, false),
            ("1", PodAction::Nudge(Vec::new()), 300, false),
        ];
        for (uid, action, seconds, rests_by_then) in table {
            let then = now + Duration::from_secs(seconds);
            let told = rests.recall(&change(uid, action.clone()), then);
            assert_eq!(told.is_some(), rests_by_then, "{uid} {action:?} {seconds}");
        }
    }
}
