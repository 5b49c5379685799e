//! The decision as a value: what is wanted, what was seen, and therefore what to do.
//!
//! [`plan`] is pure: no clock, no client, no log. The dry run, the report, the tests and
//! [`apply`](crate::cluster::Cluster::apply) all read the same [`Plan`], and a plan made after it was
//! applied is empty.

mod added;
mod budget;
mod cause;
mod change;
mod evidence;
mod finding;
mod job;
mod left;
mod life;
mod namespace;
mod nudge;
pub mod pods;
mod probe;
mod proxies;
mod rewriting;
pub mod secrets;
pub mod service_accounts;
mod snapshot;
mod sources;
#[cfg(test)]
mod tests;
mod turn;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

pub use added::{ADDED, Added};
pub use cause::{Cause, cause, is_about_image};
pub use change::{Applied, Change, NOT_CHOSEN, Verb};
pub use evidence::{Credential, Evidence, Given, Needs, Sought, SourceFailure, Trust, needs};
pub use finding::{Finding, Subject};
pub use job::{Codes, Exit, FailureAction, FailureOf, FailureRule, Job, NEVER_STARTED};
pub use left::{NO_LONGER_CHOSEN, Removal, Unnamed, Unwanted};
pub use life::{ECR_TOKEN, Life};
pub use nudge::{NUDGED, Spelling, noted};
pub use pods::{Questions, Stuck, questions};
pub use probe::{Probe, ProbeKey, Probed};
pub use proxies::{Proxy, ProxySaid, bad_proxies, proxies};
pub use rewriting::{ORIGINAL, originals};
pub use snapshot::{Containers, Controller, Namespace, Pod, Secret, ServiceAccount, Snapshot, Waiting};

use crate::config::{Config, Label, Preset};
use namespace::{Planned, SoFar};
use pods::Act;
use secrets::{Ends, EndsOf, Wanted};

/// The annotation on a namespace that stops all writes there, when it is `"true"`.
pub const PAUSE: &str = "pullkeeper.io/pause";

/// What a pass will do, and what it won't and why.
#[derive(Default)]
pub struct Plan {
    /// By namespace; those with nothing to do are absent.
    pub namespaces: Vec<NamespacePlan>,
    /// What the user should know; none of it is a failure.
    pub findings: Vec<Finding>,
    /// Pods that are left alone without a word in the report, for the log: a line each, with the reason.
    pub left: Vec<String>,
    /// What failed before anything was written: sources without a credential, lists that were refused.
    pub errors: Vec<Finding>,
    /// Namespaces that are paused: nothing is done there.
    pub paused: usize,
    /// Pods with a container that waits for its image, but for those of paused namespaces.
    pub waiting_pods: usize,
    /// Pods that wait for access to a registry of ours, whatever is done about them.
    pub waiting: Vec<Finding>,
    /// Pods with an image of a registry of ours, where their images were asked for.
    pub pods: usize,
    /// Those of them that were judged, by cause and verdict.
    pub stuck: Stuck,
    /// When credentials end, of the Secrets that aren't written.
    pub ends: Ends,
}

/// What to do in one namespace: Secrets, then ServiceAccounts, then pods.
#[derive(Default)]
pub struct NamespacePlan {
    /// Its name.
    pub name: String,
    /// Its Secrets to write.
    pub secrets: Vec<SecretChange>,
    /// Its ServiceAccounts to patch.
    pub service_accounts: Vec<ServiceAccountChange>,
    /// Its pods to act on.
    pub pods: Vec<PodChange>,
    /// What our Secrets tell of the ServiceAccounts that were given their names, by Secret; for those that we may
    /// write to.
    pub noted: BTreeMap<String, Added>,
    /// What is taken away, where it is no longer chosen: then it has nothing else.
    pub removal: Removal,
}

/// A Secret to write.
pub struct SecretChange {
    /// What it should hold: asked again when the write meets a conflict.
    pub wanted: Arc<Wanted>,
    /// What to do.
    pub action: secrets::Action,
    /// Why, in words.
    pub why: &'static str,
    /// When its credentials end.
    pub ends: EndsOf,
}

/// A ServiceAccount to patch.
pub struct ServiceAccountChange {
    /// Its name.
    pub name: String,
    /// Our Secrets' names that it must have.
    pub ours: Vec<String>,
    /// It, as it was seen.
    pub seen: ServiceAccount,
    /// Its list as it should be.
    pub list: Vec<String>,
}

/// A pod to act on.
pub struct PodChange {
    /// The pod as it was judged.
    pub pod: Pod,
    /// What is done.
    pub action: PodAction,
    /// Why, and what must be in place first.
    pub act: Act,
}

/// What is done to a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PodAction {
    /// Images of containers that wait are pulled from elsewhere.
    Rewrite {
        /// The images, one a container.
        spellings: Vec<Spelling>,
        /// The label that says so.
        label: Option<Label>,
    },
    /// Images of containers that wait are spelled in another way.
    Nudge(Vec<Spelling>),
    /// It is evicted, within disruption budgets.
    Evict,
    /// It is deleted.
    Delete,
}

impl NamespacePlan {
    /// How many objects are written.
    #[must_use]
    pub fn len(&self) -> usize {
        self.secrets.len() + self.service_accounts.len() + self.pods.len() + self.removal.len()
    }

    /// Is there nothing to write?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Plan {
    /// How many objects are written.
    #[must_use]
    pub fn len(&self) -> usize {
        self.namespaces.iter().map(NamespacePlan::len).sum()
    }

    /// Is there nothing to write?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.namespaces.is_empty()
    }
}

/// Decides what to do about everything that was seen.
#[must_use]
pub fn plan(config: &Config, snapshot: &Snapshot, evidence: &Evidence, now: Timestamp) -> Plan {
    let mut plan = Plan { errors: snapshot.errors.clone(), ..Plan::default() };
    let mut so_far = SoFar { findings: snapshot.findings.clone(), ..SoFar::default() };
    let mut wanted = WantedByRegistries::default();
    for (name, seen) in &snapshot.namespaces {
        if seen.paused {
            plan.paused += 1;
            continue;
        }
        plan.waiting_pods += seen.pods.len();
        if seen.terminating {
            let message = "is being deleted; nothing was written there";
            so_far.findings.push(Subject::global("Namespace", name).finding("NamespaceTerminating", message));
        } else {
            let wanted = wanted.of(config, evidence, now, name);
            let mut planned = Planned::of(config, name, seen, &wanted, &mut so_far);
            planned.judge_pods(config, seen, evidence, now, &mut so_far);
            if planned.around.rewriting.is_some() {
                so_far.hosts.insert(name.clone(), planned.around.wanted.into_iter().collect());
            }
            plan.namespaces.push(planned.own);
        }
    }
    plan.findings = so_far.findings;
    (plan.waiting, plan.pods) = (so_far.waiting, so_far.pods);
    (plan.stuck, plan.ends) = (so_far.stuck, so_far.ends);
    plan.left = so_far.left;
    let limited = budget::limit(&mut plan.namespaces, config.pods.max_evictions, now, &mut plan.left);
    plan.findings.extend(limited);
    let (removals, finding) = left::judge(config, snapshot);
    plan.namespaces.extend(removals);
    plan.findings.extend(finding);
    plan.namespaces.retain(|own| !own.is_empty());
    plan.findings.extend(nothing_to_refresh(config, snapshot));
    plan.findings.extend(proxies::judge(evidence, &so_far.hosts));
    so_far.tally.tell(config, evidence, &mut plan);
    plan
}

/// Whoever moves over from k8s-ecrupdater and misspells the Secret's name would else hear of nothing.
fn nothing_to_refresh(config: &Config, snapshot: &Snapshot) -> Option<Finding> {
    let none = |seen: &Namespace| seen.secrets.is_empty() && seen.unread_secrets.is_empty();
    let asked =
        config.preset == Some(Preset::EcrUpdater) && !config.create && !snapshot.namespaces.is_empty();
    let name = &config.registries.first()?.secret_name;
    (asked && snapshot.namespaces.values().all(none)).then(|| {
        let message = "is in no namespace; check K8S_PULL_SECRET_NAME, or set ECR_CREATE_MISSING=true";
        Subject::global("Secret", name).finding("SecretMissing", message)
    })
}

/// What is wanted, made once for all namespaces that want the same registries.
#[derive(Default)]
struct WantedByRegistries(BTreeMap<BTreeSet<usize>, Vec<Arc<Wanted>>>);

impl WantedByRegistries {
    fn of(
        &mut self,
        config: &Config,
        evidence: &Evidence,
        now: Timestamp,
        namespace: &str,
    ) -> Vec<Arc<Wanted>> {
        let own = config.registries.iter().enumerate().filter(|(_, registry)| registry.is_for(namespace));
        let registries: BTreeSet<_> = own.map(|(index, _)| index).collect();
        let make = || Wanted::of(config, evidence, now, |index| registries.contains(&index));
        self.0.entry(registries.clone()).or_insert_with(make).clone()
    }
}
