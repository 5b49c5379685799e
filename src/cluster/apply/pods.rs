//! Having pods recreated: only the very pod that was judged, only in the case in which it was judged.

use std::sync::atomic::Ordering;

use super::{Missing, Writer};
use crate::cluster::error::{ApiError, Meaning};
use crate::cluster::{requests, wire};
use crate::plan::{Applied, Pod, PodChange, Verb, cause};

/// How often a pod that changed is looked at again: the kubelet writes to a pod that waits.
const ROUNDS: usize = 3;

impl Writer<'_> {
    /// One after the other: a right that is missing for one is missing for all that follow, and a
    /// disruption budget counts them.
    pub(super) async fn write_pods(&self, applied: &mut Applied, missing: &Missing) {
        let mut refused = false;
        for change in &self.own.pods {
            let absent = change
                .act
                .secrets
                .iter()
                .any(|name| missing.absent.contains(name) || missing.stale.contains(name));
            let unnamed =
                change.act.service_account.as_ref().is_some_and(|name| missing.accounts.contains(name));
            // What is missing was reported; a new pod would be no better off.
            if absent || unnamed || refused {
                continue;
            }
            let Some(_turn) = self.turn().await else {
                applied.undone += 1;
                continue;
            };
            let subject = self.subject("Pod", &change.pod.name);
            let verb = if change.evict { Verb::Evict } else { Verb::Delete };
            match self.recreate(change).await {
                Ok(true) => self.made(applied, verb, subject, change.act.why.as_str()),
                Ok(false) => (self.writing.progress)(),
                Err(error) => {
                    refused = error.meaning() == Meaning::Forbidden;
                    self.not_recreated(applied, change, &error);
                }
            }
        }
    }

    /// Evicts or deletes the pod; `false` where it is gone or no longer the case that was judged.
    async fn recreate(&self, change: &PodChange) -> Result<bool, ApiError> {
        let namespace = self.own.name.as_str();
        let PodChange { pod, evict, .. } = change;
        let mut version = pod.resource_version.clone();
        let mut round = 0;
        loop {
            let request = if *evict {
                requests::evict(namespace, &pod.name, &pod.uid, &version)
            } else {
                requests::delete("pods", namespace, &pod.name, &pod.uid, &version)
            };
            let Err(error) = self.cluster.send(&request).await else { return Ok(true) };
            round += 1;
            // Then an attempt whose answer was lost may have done it.
            let retried = error.was_retried();
            match error.meaning() {
                Meaning::Gone => return Ok(retried),
                Meaning::Conflict if round < ROUNDS => {}
                _ => return Err(error),
            }
            let seen = self.cluster.object::<wire::Pod>(&requests::get("pods", namespace, &pod.name)).await;
            match seen.map(wire::Pod::observe) {
                Ok(Some(now)) if same_case(pod, &now) => version = now.resource_version,
                Ok(Some(now)) if now.uid == pod.uid && now.terminating => return Ok(retried),
                Ok(_) => return Ok(false),
                Err(error) if error.meaning() == Meaning::Gone => return Ok(retried),
                Err(error) => return Err(error),
            }
        }
    }

    fn not_recreated(&self, applied: &mut Applied, change: &PodChange, error: &ApiError) {
        (self.writing.progress)();
        let subject = self.subject("Pod", &change.pod.name);
        match error.meaning() {
            Meaning::DisruptionBudget => {
                let message = "a disruption budget forbids its eviction; the next pass tries again";
                applied.findings.push(subject.finding("DisruptionBudget", message));
            }
            Meaning::Forbidden => {
                let grant = if change.evict { "create on pods/eviction" } else { "delete on pods" };
                if !self.told.swap(true, Ordering::Relaxed) {
                    let message = format!(
                        "{error}; no pod is healed where that is so. Grant {grant}, or set pods.heal: off"
                    );
                    applied.findings.push(subject.finding("Forbidden", message));
                }
            }
            Meaning::Denied => applied.findings.push(subject.finding("Denied", format!("{error}"))),
            Meaning::NamespaceTerminating | Meaning::NamespaceGone | Meaning::Conflict => {}
            _ => applied
                .errors
                .push(subject.finding("WriteFailed", format!("{error}; the next pass tries again"))),
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
