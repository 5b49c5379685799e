//! Acting on pods: only on the very pod that was judged, only in the case in which it was judged.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use super::{ADMISSION_LAG, Missing, Writer};
use crate::cluster::error::{ApiError, Meaning};
use crate::cluster::{requests, wire};
use crate::plan::{Applied, Finding, Pod, PodAction, PodChange, Verb, cause};

/// How often a pod is judged anew because it changed: the kubelet writes to a pod that waits.
const ROUNDS: usize = 2;

/// How acting on one pod ended.
pub(super) enum End {
    Made,
    /// It is gone, or no longer the case that was judged.
    Settled,
}

/// What became of a pod meanwhile.
pub(super) enum Look {
    Gone,
    /// It is there, and waits for no image. It may have a note of nudges.
    Well(Option<String>),
    Waits(Box<Pod>),
}

impl Look {
    /// What the pod notes of nudges.
    pub(super) fn note(&self) -> Option<&String> {
        match self {
            Self::Gone => None,
            Self::Well(note) => note.as_ref(),
            Self::Waits(pod) => pod.nudged.as_ref(),
        }
    }
}

impl Writer<'_> {
    /// One after the other: a right that is missing for one is missing for all that follow, and a
    /// disruption budget counts them.
    pub(super) async fn write_pods(&self, applied: &mut Applied, missing: &Missing) {
        let mut refused = BTreeSet::new();
        for change in &self.own.pods {
            let (verb, right) = (change.action.verb(), right(&change.action));
            let absent = change
                .act
                .secrets
                .iter()
                .any(|name| missing.absent.contains(name) || missing.stale.contains(name));
            let unnamed =
                change.act.service_account.as_ref().is_some_and(|name| missing.accounts.contains(name));
            // What is missing was reported; the pod would be no better off.
            if absent || unnamed || refused.contains(right) {
                continue;
            }
            if !matches!(change.action, PodAction::Nudge(_)) {
                self.until_admitted(missing).await;
            }
            let Some(_turn) = self.turn().await else {
                applied.undone += 1;
                continue;
            };
            let ended = match &change.action {
                PodAction::Nudge(spellings) => self.nudge(&change.pod, spellings).await,
                PodAction::Evict | PodAction::Delete => self.recreate(change).await,
            };
            match ended {
                Ok(End::Made) => {
                    self.made(applied, verb, self.subject("Pod", &change.pod.name), change.why());
                    self.tell_pod(applied, change).await;
                }
                Ok(End::Settled) => (self.writing.progress)(),
                Err(error) => {
                    if error.meaning() == Meaning::Forbidden {
                        refused.insert(right);
                    }
                    self.not_done(applied, change, &error);
                }
            }
        }
    }

    /// Waits until the pod that comes instead is sure to get what was patched into its ServiceAccount.
    async fn until_admitted(&self, missing: &Missing) {
        let Some(patched) = missing.patched else { return };
        tokio::select! {
            () = tokio::time::sleep_until(patched + ADMISSION_LAG) => {}
            () = self.writing.until.cancelled() => {}
        }
    }

    /// Evicts or deletes the pod.
    async fn recreate(&self, change: &PodChange) -> Result<End, ApiError> {
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
            let gone = if error.was_retried() { End::Made } else { End::Settled };
            match error.meaning() {
                Meaning::Gone => return Ok(gone),
                Meaning::Conflict if round < ROUNDS => round += 1,
                _ => return Err(error),
            }
            match self.look_again(pod).await? {
                Look::Waits(now) if same_case(pod, &now) => version = now.resource_version,
                Look::Gone => return Ok(gone),
                Look::Waits(now) if now.terminating && now.uid == pod.uid => return Ok(gone),
                Look::Waits(_) | Look::Well(_) => return Ok(End::Settled),
            }
        }
    }

    /// The pod as it is now.
    pub(super) async fn look_again(&self, pod: &Pod) -> Result<Look, ApiError> {
        let get = requests::get("pods", &self.own.name, &pod.name);
        match self.cluster.object::<wire::Pod>(&get).await {
            Ok(seen) => {
                let note = seen.note();
                Ok(seen.observe().map_or(Look::Well(note), |pod| Look::Waits(Box::new(pod))))
            }
            Err(error) if error.meaning() == Meaning::Gone => Ok(Look::Gone),
            Err(error) => Err(error),
        }
    }

    /// An Event on the pod. Where none may be written, the pod was helped all the same.
    async fn tell_pod(&self, applied: &mut Applied, change: &PodChange) {
        let reason = match change.action {
            PodAction::Nudge(_) => "PullNudged",
            PodAction::Evict => "PullEvicted",
            PodAction::Delete => "PullDeleted",
        };
        if self.is_told(EVENTS) {
            return;
        }
        let now = self.cluster.now();
        let event = requests::pods::event(&self.own.name, &change.pod, reason, &change.why(), now);
        match self.cluster.send(&event).await {
            Err(error) if error.meaning() == Meaning::Forbidden => {
                let message =
                    format!("{error}; pods are healed without an Event that says so. Grant {EVENTS}");
                let finding = self.once(EVENTS, change, "Forbidden", message);
                applied.findings.extend(finding.filter(|_| !self.writing.lenient));
            }
            Err(error) => log::debug!("no Event on Pod {}/{}: {error}", self.own.name, change.pod.name),
            Ok(_) => {}
        }
    }

    fn not_done(&self, applied: &mut Applied, change: &PodChange, error: &ApiError) {
        (self.writing.progress)();
        let subject = self.subject("Pod", &change.pod.name);
        let nudged = matches!(change.action, PodAction::Nudge(_));
        let tries = if nudged { "; its node tries again within five minutes" } else { "" };
        match error.meaning() {
            Meaning::DisruptionBudget => {
                let message = "a disruption budget forbids its eviction; the next pass tries again";
                applied.findings.push(subject.finding("DisruptionBudget", message));
            }
            Meaning::Forbidden => {
                let (right, off) =
                    (right(&change.action), if nudged { "pods.nudge: false" } else { "pods.heal: off" });
                let message =
                    format!("{error}{tries}. This holds for all pods there; grant {right}, or set {off}");
                applied.findings.extend(self.once(right, change, "Forbidden", message));
            }
            // A policy's refusal looks like a conflict, but for nothing having changed.
            Meaning::Denied => applied.findings.push(subject.finding("Denied", format!("{error}{tries}"))),
            Meaning::Conflict if nudged => {
                applied.findings.push(subject.finding("Denied", format!("{error}{tries}")));
            }
            Meaning::NamespaceTerminating | Meaning::NamespaceGone | Meaning::Conflict => {}
            _ => applied
                .errors
                .push(subject.finding("WriteFailed", format!("{error}; the next pass tries again"))),
        }
    }

    fn is_told(&self, right: &str) -> bool {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).contains(right)
    }

    /// A finding on the pod, unless the lack of this right was told in this pass.
    fn once(
        &self,
        right: &'static str,
        change: &PodChange,
        reason: &'static str,
        message: String,
    ) -> Option<Finding> {
        let first = self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(right);
        first.then(|| self.subject("Pod", &change.pod.name).finding(reason, message))
    }
}

/// What RBAC must grant for an Event.
const EVENTS: &str = "create on events";

/// What RBAC must grant for it.
fn right(action: &PodAction) -> &'static str {
    match action.verb() {
        Verb::Nudge => "patch on pods",
        Verb::Evict => "create on pods/eviction",
        _ => "delete on pods",
    }
}

/// Does the pod still wait in the same way, and for the same reasons?
fn same_case(judged: &Pod, now: &Pod) -> bool {
    let waits = |pod: &Pod| -> Vec<_> {
        pod.waiting.iter().map(|w| (w.container.clone(), w.image.clone(), cause(w))).collect()
    };
    judged.uid == now.uid && !now.terminating && judged.running == now.running && waits(judged) == waits(now)
}
