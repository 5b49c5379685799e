//! Evicting and deleting pods: only the very pod that was judged, only in the case in which it was judged.

use std::collections::BTreeMap;

use super::Writer;
use super::pods::{CHANGED, End, Failure, GONE, LOOK, ROUNDS, right};
use crate::cluster::error::{ApiError, Meaning};
use crate::cluster::{requests, wire};
use crate::plan::{NUDGED, ORIGINAL, Pod, PodAction, PodChange, cause};

/// What became of a pod meanwhile.
pub(super) enum Look {
    Gone,
    /// It is there with these annotations, and waits for no image.
    Well(BTreeMap<String, String>),
    Waits(Box<Pod>),
}

impl Look {
    /// Does the pod bear these annotations?
    pub(super) fn bears(&self, annotations: &BTreeMap<String, String>) -> bool {
        let has = |key: &str, value: &String| match self {
            Self::Gone => false,
            Self::Well(own) => own.get(key) == Some(value),
            Self::Waits(pod) => match key.strip_prefix(ORIGINAL) {
                Some(container) => pod.originals.get(container) == Some(value),
                None => key == NUDGED && pod.nudged.as_ref() == Some(value),
            },
        };
        annotations.iter().all(|(key, value)| has(key, value))
    }
}

impl Writer<'_> {
    /// Evicts or deletes the pod.
    pub(super) async fn recreate(&self, change: &PodChange) -> Result<End, Failure> {
        let namespace = self.own.name.as_str();
        let PodChange { pod, action, .. } = change;
        let mut version = pod.resource_version.clone();
        let mut round = 0;
        loop {
            let request = if *action == PodAction::Evict {
                requests::pods::evict(namespace, &pod.name, &pod.uid, &version)
            } else {
                requests::delete("pods", namespace, &pod.name, &pod.uid, &version)
            };
            let Err(error) = self.cluster.send(&request).await else { return Ok(End::Made) };
            // Then an attempt whose answer was lost may have done it.
            let gone = if error.was_retried() { End::Made } else { End::Settled(GONE) };
            match error.meaning() {
                Meaning::Gone => return Ok(gone),
                Meaning::Conflict if round < ROUNDS => round += 1,
                _ => return Err(Failure { error, right: right(action) }),
            }
            match self.look_again(pod).await? {
                Look::Waits(now) if same_case(pod, &now) => version = now.resource_version,
                Look::Gone => return Ok(gone),
                Look::Waits(now) if now.terminating && now.uid == pod.uid => return Ok(gone),
                Look::Waits(_) | Look::Well(_) => return Ok(End::Settled(CHANGED)),
            }
        }
    }

    /// The pod as it is now.
    pub(super) async fn look_again(&self, pod: &Pod) -> Result<Look, Failure> {
        let get = requests::get("pods", &self.own.name, &pod.name);
        let seen: Result<wire::Pod, ApiError> = self.cluster.object(&get).await;
        match seen {
            Ok(seen) => {
                let annotations = seen.annotations().clone();
                Ok(seen.observe().map_or(Look::Well(annotations), |pod| Look::Waits(Box::new(pod))))
            }
            Err(error) if error.meaning() == Meaning::Gone => Ok(Look::Gone),
            Err(error) => Err(Failure { error, right: LOOK }),
        }
    }
}

/// Does the pod still wait in the same way, and for the same reasons?
fn same_case(judged: &Pod, now: &Pod) -> bool {
    let waits = |pod: &Pod| -> Vec<_> {
        pod.waiting.iter().map(|w| (w.container.clone(), w.image.clone(), cause(w))).collect()
    };
    judged.uid == now.uid && !now.terminating && judged.running == now.running && waits(judged) == waits(now)
}
