//! Nudging: spelling the images of containers that wait in another way, so that their node pulls at once.

use std::collections::BTreeSet;

use super::Writer;
use super::pods::{CHANGED, End, Failure, GONE, RESTLESS, ROUNDS, right};
use super::recreate::Look;
use crate::cluster::error::Meaning;
use crate::cluster::requests;
use crate::plan::{Pod, PodAction, Spelling, cause, noted};

impl Writer<'_> {
    /// Nudges the containers that still wait as they were judged. A refusal by whom the pod's version isn't at
    /// issue is an error: a policy's has the same code as a patch whose test failed (422).
    pub(super) async fn nudge(&self, pod: &Pod, spellings: &[Spelling]) -> Result<End, Failure> {
        let mut seen = pod.clone();
        let mut spellings = spellings.to_vec();
        let mut round = 0;
        loop {
            // It holds the moment, which tells it from any other.
            let note = noted(&seen, &spellings, self.cluster.now());
            let note = serde_json::to_string(&note).unwrap_or_default();
            let patch = requests::pods::nudge(&self.own.name, &seen, &spellings, &note);
            let Some(patch) = patch else { return Ok(End::Settled(CHANGED)) };
            let Err(error) = self.cluster.send(&patch).await else { return Ok(End::Nudged(spellings)) };
            let failure = |error| Err(Failure { error, right: right(&PodAction::Nudge(Vec::new())) });
            match error.meaning() {
                Meaning::Gone => return Ok(End::Settled(GONE)),
                Meaning::Conflict => {}
                _ => return failure(error),
            }
            let now = match self.look_again(pod).await? {
                // The answer to our own patch was lost: it may run by now.
                now if now.note() == Some(&note) => return Ok(End::Nudged(spellings)),
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
}

/// Those of containers that still wait as they were judged, and of what comes after them: where an init container
/// has its image by now, nothing of the same image is in a back-off.
fn still_needed(judged: &Pod, now: &Pod, mut spellings: Vec<Spelling>) -> Vec<Spelling> {
    spellings.retain(|spelling| waits_alike(judged, now, spelling));
    let is_later =
        |spelling: &Spelling| judged.initializing.iter().any(|later| later.container == spelling.container);
    let nudged: BTreeSet<_> =
        spellings.iter().filter(|first| !is_later(first)).map(|first| first.from.clone()).collect();
    spellings.retain(|spelling| nudged.contains(&spelling.from));
    spellings
}

/// Does the container wait for the image as it was spelled, and for the same cause?
fn waits_alike(judged: &Pod, now: &Pod, spelling: &Spelling) -> bool {
    let cause_in = |pod: &Pod| pod.unstarted(&spelling.container, &spelling.from).map(cause);
    cause_in(now).is_some_and(|now| Some(now) == cause_in(judged))
}
