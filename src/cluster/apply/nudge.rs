//! Nudging: spelling the images of containers that wait in another way, so that their node pulls at once.

use super::Writer;
use super::pods::{End, Look};
use crate::cluster::error::{ApiError, Meaning};
use crate::cluster::requests;
use crate::plan::{Pod, Spelling, cause, noted};

/// How often a pod is judged anew because it changed.
const ROUNDS: usize = 2;

impl Writer<'_> {
    /// Nudges the containers that still wait as they were judged. A refusal by whom the pod's version isn't at
    /// issue is an error: a policy's has the same code as a patch whose test failed (422).
    pub(super) async fn nudge(&self, pod: &Pod, spellings: &[Spelling]) -> Result<End, ApiError> {
        let mut seen = pod.clone();
        let mut spellings = spellings.to_vec();
        let mut round = 0;
        loop {
            // It holds the moment, which tells it from any other.
            let note = noted(&seen, &spellings, self.cluster.now());
            let note = serde_json::to_string(&note).unwrap_or_default();
            let patch = requests::pods::nudge(&self.own.name, &seen, &spellings, &note);
            let Some(patch) = patch else { return Ok(End::Settled) };
            let Err(error) = self.cluster.send(&patch).await else { return Ok(End::Made) };
            match error.meaning() {
                Meaning::Gone => return Ok(End::Settled),
                Meaning::Conflict => {}
                _ => return Err(error),
            }
            let now = match self.look_again(pod).await? {
                // The answer to our own patch was lost: it may run by now.
                now if now.note() == Some(&note) => return Ok(End::Made),
                Look::Waits(now) if now.uid == pod.uid && !now.terminating => *now,
                _ => return Ok(End::Settled),
            };
            if now.resource_version == seen.resource_version {
                return Err(error);
            }
            spellings.retain(|spelling| waits_alike(pod, &now, spelling));
            round += 1;
            if spellings.is_empty() || round > ROUNDS {
                // The next pass looks again.
                return Ok(End::Settled);
            }
            seen = now;
        }
    }
}

/// Does the container wait for the image as it was spelled, and for the same cause?
fn waits_alike(judged: &Pod, now: &Pod, spelling: &Spelling) -> bool {
    let cause_in = |pod: &Pod| pod.unstarted(&spelling.container, &spelling.from).map(cause);
    cause_in(now).is_some_and(|now| Some(now) == cause_in(judged))
}
