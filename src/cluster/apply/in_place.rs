//! Writing the images of containers that wait, so that their node pulls at once: another spelling of the same, or where
//! a rule leads to.

use std::collections::{BTreeMap, BTreeSet};

use super::Writer;
use super::pods::{CHANGED, End, Failure, GONE, RESTLESS, ROUNDS, right};
use super::recreate::Look;
use crate::cluster::error::{ApiError, Meaning};
use crate::cluster::requests;
use crate::cluster::requests::pods::Marks;
use crate::plan::{NUDGED, Pod, PodAction, PodChange, Spelling, cause, noted, originals};

impl Writer<'_> {
    /// Writes the images of the containers that still wait as they were judged. A refusal by whom the pod's version
    /// isn't at issue is an error: a policy's has the same code as a patch whose test failed (422).
    pub(super) async fn write_in_place(&self, change: &PodChange) -> Result<End, Failure> {
        let PodChange { pod, action, .. } = change;
        let mut seen = pod.clone();
        let mut spellings = action.spellings().to_vec();
        let mut round = 0;
        loop {
            let marks = self.marks(action, &seen, &spellings);
            let patch = requests::pods::write_images(&self.own.name, &seen, &spellings, &marks);
            let Some(patch) = patch else { return Ok(End::Settled(CHANGED)) };
            let Err(error) = self.cluster.send(&patch).await else { return Ok(End::InPlace(spellings)) };
            let failure = |error| Err(Failure { error, right: right(action) });
            match error.meaning() {
                Meaning::Gone => return Ok(End::Settled(GONE)),
                Meaning::Conflict => {}
                _ => return failure(error),
            }
            let now = match self.look_again(pod).await? {
                // The answer to our own patch was lost: it may run by now.
                now if is_ours(action, &error) && now.bears(&marks.annotations) => {
                    return Ok(End::InPlace(spellings));
                }
                Look::Waits(now) if now.uid == pod.uid && !now.terminating => *now,
                Look::Gone => return Ok(End::Settled(GONE)),
                _ => return Ok(End::Settled(CHANGED)),
            };
            if now.resource_version == seen.resource_version {
                return failure(error);
            }
            spellings = still_needed(pod, &now, spellings);
            round += 1;
            if spellings.is_empty() {
                return Ok(End::Settled(CHANGED));
            }
            if round > ROUNDS {
                return Ok(End::Settled(RESTLESS));
            }
            seen = now;
        }
    }

    /// What the pod is to tell of it.
    fn marks(&self, action: &PodAction, pod: &Pod, spellings: &[Spelling]) -> Marks {
        if let PodAction::Rewrite { label, .. } = action {
            return Marks { annotations: originals(pod, spellings), label: label.clone() };
        }
        // It holds the moment, which tells it from any other.
        let note = serde_json::to_string(&noted(pod, spellings, self.cluster.now())).unwrap_or_default();
        Marks { annotations: BTreeMap::from([(NUDGED.to_owned(), note)]), label: None }
    }
}

/// Would what the pod bears be of our own patch? That of a rewrite tells no moment, and others may make the same.
fn is_ours(action: &PodAction, error: &ApiError) -> bool {
    matches!(action, PodAction::Nudge(_)) || error.was_retried()
}

/// Those of containers that still wait as they were judged, and of what comes after them: where an init container
/// has its image by now, nothing of the same image is in a back-off.
fn still_needed(judged: &Pod, now: &Pod, mut spellings: Vec<Spelling>) -> Vec<Spelling> {
    let is_later =
        |spelling: &Spelling| judged.initializing.iter().any(|later| later.container == spelling.container);
    let firsts = |spellings: &[Spelling]| -> BTreeSet<String> {
        spellings.iter().filter(|own| !is_later(own)).map(|first| first.from.clone()).collect()
    };
    let before = firsts(&spellings);
    spellings.retain(|spelling| waits_alike(judged, now, spelling));
    let left = firsts(&spellings);
    spellings.retain(|own| !left.is_empty() && (left.contains(&own.from) || !before.contains(&own.from)));
    spellings
}

/// Does the container wait for the image as it was spelled, and for the same cause?
fn waits_alike(judged: &Pod, now: &Pod, spelling: &Spelling) -> bool {
    let cause_in = |pod: &Pod| pod.unstarted(&spelling.container, &spelling.from).map(cause);
    cause_in(now).is_some_and(|now| Some(now) == cause_in(judged))
}
