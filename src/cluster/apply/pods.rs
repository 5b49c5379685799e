//! Acting on pods, one after the other, and what is said of those that could not be helped.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use tokio::time::Instant;

use super::additions::Reread;
use super::{ADMISSION_LAG, Missing, Writer};
use crate::cluster::error::{ApiError, Meaning};
use crate::plan::{Applied, Finding, PodAction, PodChange, Spelling, Verb};

/// How often a pod is judged anew because it changed: the kubelet writes to a pod that waits.
pub(super) const ROUNDS: usize = 2;

/// What RBAC must grant for an Event.
pub(super) const EVENTS: &str = "create on events";
/// What RBAC must grant for a second look at a pod.
pub(super) const LOOK: &str = "get on pods";

/// How acting on one pod ended.
pub(super) enum End {
    Made,
    /// The images of these containers were written: those of the judged ones that still waited.
    InPlace(Vec<Spelling>),
    /// Nothing was left to do, for this reason.
    Settled(&'static str),
}

/// Why a pod is settled.
pub(super) const GONE: &str = "it is gone";
/// The same.
pub(super) const CHANGED: &str = "it no longer waits as it did";
/// The same.
pub(super) const RESTLESS: &str = "it changes all the time; the next pass looks again";

/// What a request met, and the right that it takes.
pub(super) struct Failure {
    pub(super) error: ApiError,
    pub(super) right: &'static str,
}

impl Writer<'_> {
    /// One after the other: a right that is missing for one is missing for all that follow, and a
    /// disruption budget counts them.
    pub(super) async fn write_pods(&self, applied: &mut Applied, missing: &mut Missing) {
        let (mut refused, mut reread, mut speaks) = (BTreeSet::new(), Reread::new(), true);
        for change in &self.own.pods {
            if let Some(why) = hindrance(change, missing, &refused) {
                self.left(change, why);
                continue;
            }
            if let Some(told) = self.cluster.rests.recall(change, Instant::now()) {
                self.left(change, "the same was refused not long ago");
                (self.writing.progress)();
                applied.findings.push(told);
                continue;
            }
            if !change.action.is_in_place() {
                self.until_admitted(missing).await;
                if !self.stays_named(applied, missing, &mut reread, change).await {
                    self.left(change, "a new one would lack our Secret, too");
                    (self.writing.progress)();
                    continue;
                }
            }
            let Some(ended) = self.act(change).await else {
                applied.undone += 1;
                continue;
            };
            let why = match ended {
                Ok(End::Made) => change.why(),
                Ok(End::InPlace(spellings)) => change.why_of(&spellings),
                Ok(End::Settled(why)) => {
                    self.left(change, why);
                    (self.writing.progress)();
                    continue;
                }
                Err(failure) => {
                    if failure.error.meaning() == Meaning::Forbidden {
                        refused.insert(failure.right);
                    }
                    self.not_done(applied, change, &failure);
                    continue;
                }
            };
            self.made(applied, change.action.verb(), self.subject("Pod", &change.pod.name), why.clone());
            speaks = speaks && self.tell_pod(applied, change, &why).await;
        }
    }

    /// Does what is planned; `None` where nothing may be begun any more.
    async fn act(&self, change: &PodChange) -> Option<Result<End, Failure>> {
        let _turn = self.turn().await?;
        Some(match &change.action {
            PodAction::Rewrite { .. } | PodAction::Nudge(_) => self.write_in_place(change).await,
            PodAction::Evict | PodAction::Delete => self.recreate(change).await,
        })
    }

    /// Waits until the pod that comes instead is sure to get what was patched into its ServiceAccount.
    async fn until_admitted(&self, missing: &Missing) {
        let Some(patched) = missing.patched else { return };
        tokio::select! {
            () = tokio::time::sleep_until(patched + ADMISSION_LAG) => {}
            () = self.writing.until.cancelled() => {}
        }
    }

    fn left(&self, change: &PodChange, why: &str) {
        log::debug!("{} is left alone: {why}", self.subject("Pod", &change.pod.name));
    }

    fn not_done(&self, applied: &mut Applied, change: &PodChange, Failure { error, right }: &Failure) {
        (self.writing.progress)();
        let says = |reason, message: String| self.subject("Pod", &change.pod.name).finding(reason, message);
        let (nudged, in_place) = (matches!(change.action, PodAction::Nudge(_)), change.action.is_in_place());
        let tries = if in_place { "; its node tries again within five minutes" } else { "" };
        match error.meaning() {
            Meaning::DisruptionBudget => {
                let message = "a disruption budget forbids its eviction; the next pass tries again";
                applied.findings.push(says("DisruptionBudget", message.to_owned()));
            }
            Meaning::SeveralBudgets => {
                let message = "it has more than one disruption budget, with which no eviction can be; leave it one, \
                               or delete the pod by hand";
                self.rests(applied, change, says("DisruptionBudget", message.to_owned()));
            }
            Meaning::Forbidden => {
                let off = if nudged { "pods.nudge: false" } else { "pods.heal: off" };
                let whose = if self.writing.by_namespace { "all pods there" } else { "all pods" };
                let message = format!("{error}{tries}. This holds for {whose}; grant {right}, or set {off}");
                applied.findings.extend(self.once(right, change, "Forbidden", message));
            }
            Meaning::Denied if !in_place => {
                let message = format!("{error}; exempt pullkeeper there, or delete the pod by hand");
                self.rests(applied, change, says("Denied", message));
            }
            // A policy's refusal looks like a conflict, but for nothing having changed.
            Meaning::Denied | Meaning::Conflict if in_place => {
                self.rests(applied, change, says("Denied", format!("{error}{tries}")));
            }
            Meaning::NamespaceTerminating | Meaning::NamespaceGone => self.left(change, "its namespace goes"),
            Meaning::Conflict => self.left(change, RESTLESS),
            _ => applied.errors.push(says("WriteFailed", format!("{error}; the next pass tries again"))),
        }
    }

    /// Tells of a refusal now, and in the passes that come soon, which don't try again.
    fn rests(&self, applied: &mut Applied, change: &PodChange, finding: Finding) {
        self.cluster.rests.keep(change, &finding, Instant::now());
        applied.findings.push(finding);
    }
}

/// Of rights that are missing.
impl<'a> Writer<'a> {
    pub(super) fn is_told(&self, right: &'static str) -> bool {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.contains(&(self.granted_in(), right))
    }

    /// A finding on the pod, unless the lack of this right was told in this pass.
    pub(super) fn once(
        &self,
        right: &'static str,
        change: &PodChange,
        reason: &'static str,
        message: String,
    ) -> Option<Finding> {
        let first = self.first_to_tell(right);
        first.then(|| self.subject("Pod", &change.pod.name).finding(reason, message))
    }

    /// Was the lack of this right not told in this pass? It is from now on.
    pub(super) fn first_to_tell(&self, right: &'static str) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.insert((self.granted_in(), right))
    }

    /// Where a right holds that is granted or missing here: in this namespace, or in all, which has no name.
    fn granted_in(&self) -> &'a str {
        let own = self.own;
        if self.writing.by_namespace { &own.name } else { "" }
    }
}

/// Why nothing is tried on the pod, if so. What is missing was reported; the pod would be no better off.
fn hindrance(change: &PodChange, missing: &Missing, refused: &BTreeSet<&str>) -> Option<&'static str> {
    let absent = |name: &String| missing.absent.contains(name) || missing.stale.contains(name);
    let unnamed = |name: &String| missing.accounts.contains(name);
    let table = [
        (change.act.secrets.iter().any(absent), "its Secret could not be written"),
        (change.act.service_account.as_ref().is_some_and(unnamed), "its ServiceAccount could not be patched"),
        (refused.contains(right(&change.action)), "the right to help it is missing"),
    ];
    table.into_iter().find_map(|(applies, why)| applies.then_some(why))
}

/// What RBAC must grant for it.
pub(super) fn right(action: &PodAction) -> &'static str {
    match action.verb() {
        Verb::Rewrite | Verb::Nudge => "patch on pods",
        Verb::Evict => "create on pods/eviction",
        _ => "delete on pods",
    }
}
