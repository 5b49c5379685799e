//! The decision as a value: what is wanted, what was seen, and therefore what to do.
//!
//! [`plan`] is pure: no clock, no client, no log. The dry run, the report, the tests and
//! [`apply`](crate::cluster::Cluster::apply) all read the same [`Plan`], and a plan made after it was
//! applied is empty.

mod cause;
mod change;
mod evidence;
mod finding;
mod life;
pub mod pods;
mod probe;
pub mod secrets;
pub mod service_accounts;
mod snapshot;
mod sources;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

pub use cause::{Cause, cause, is_about_image};
pub use change::{Applied, Change, Verb};
pub use evidence::{Credential, Evidence, Given, Needs, Sought, SourceFailure, Trust, needs};
pub use finding::{Finding, Subject};
pub use life::{ECR_TOKEN, Life};
pub use probe::{Probe, Probed};
pub use snapshot::{Controller, Namespace, Pod, Secret, ServiceAccount, Snapshot, Waiting};

use crate::config::{Config, Preset};
use pods::{Act, OurSecret, OurServiceAccount, Surroundings, Verdict};
use secrets::Wanted;
use sources::Tally;

/// The annotation on a namespace that stops all writes there, when it is `"true"`.
pub const PAUSE: &str = "pullkeeper.io/pause";

/// When something changed that this pass is about to change: later than any pod that was seen. The
/// server's clock may be ahead of ours, so "now" would not do.
const THIS_PASS: Timestamp = Timestamp::MAX;

/// What a pass will do, and what it won't and why.
#[derive(Default)]
pub struct Plan {
    /// By namespace; those with nothing to do are absent.
    pub namespaces: Vec<NamespacePlan>,
    /// What the user should know; none of it is a failure.
    pub findings: Vec<Finding>,
    /// What failed before anything was written: sources without a credential, lists that were refused.
    pub errors: Vec<Finding>,
    /// Namespaces that are paused: nothing is done there.
    pub paused: usize,
    /// Pods with a container that waits for its image, but for those of paused namespaces.
    pub waiting_pods: usize,
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
    /// Its pods to have recreated.
    pub pods: Vec<PodChange>,
}

/// A Secret to write.
pub struct SecretChange {
    /// What it should hold: asked again when the write meets a conflict.
    pub wanted: Arc<Wanted>,
    /// What to do.
    pub action: secrets::Action,
    /// Why, in words.
    pub why: &'static str,
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

/// A pod to have recreated.
pub struct PodChange {
    /// The pod as it was judged.
    pub pod: Pod,
    /// By eviction, within disruption budgets, rather than by deletion.
    pub evict: bool,
    /// Why, and what must be in place first.
    pub act: Act,
}

impl NamespacePlan {
    /// How many objects are written.
    #[must_use]
    pub fn len(&self) -> usize {
        self.secrets.len() + self.service_accounts.len() + self.pods.len()
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
    let mut plan =
        Plan { findings: snapshot.findings.clone(), errors: snapshot.errors.clone(), ..Plan::default() };
    let mut tally = Tally::default();
    let mut wanted = WantedByRegistries::default();
    let mut evictions = Budget::new(config.pods.max_evictions);
    for (name, seen) in &snapshot.namespaces {
        if seen.paused {
            plan.paused += 1;
            continue;
        }
        plan.waiting_pods += seen.pods.len();
        if seen.terminating {
            let message = "is being deleted; nothing was written there";
            plan.findings.push(Subject::global("Namespace", name).finding("NamespaceTerminating", message));
        } else {
            let wanted = wanted.of(config, evidence, now, name);
            let mut so_far =
                SoFar { evictions: &mut evictions, tally: &mut tally, findings: &mut plan.findings };
            let own = plan_namespace(config, name, seen, &wanted, now, &mut so_far);
            if !own.is_empty() {
                plan.namespaces.push(own);
            }
        }
    }
    plan.findings.extend(evictions.finding());
    plan.findings.extend(nothing_to_refresh(config, snapshot));
    tally.tell(config, evidence, &mut plan);
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

/// What is counted and told across namespaces.
struct SoFar<'a> {
    evictions: &'a mut Budget,
    tally: &'a mut Tally,
    findings: &'a mut Vec<Finding>,
}

fn plan_namespace(
    config: &Config,
    name: &str,
    seen: &Namespace,
    wanted: &[Arc<Wanted>],
    now: Timestamp,
    so_far: &mut SoFar<'_>,
) -> NamespacePlan {
    let mut own = NamespacePlan { name: name.to_owned(), ..NamespacePlan::default() };
    let mut around = Surroundings {
        exempt: name == "kube-system" && !config.namespaces.names.names_exactly(name),
        ..Surroundings::default()
    };
    for wanted in wanted.iter().filter(|wanted| !seen.unread_secrets.contains(&wanted.name)) {
        let secret = seen.secrets.get(&wanted.name);
        let judgement = secrets::judge(wanted, name, secret);
        so_far.findings.extend(judgement.finding);
        so_far.tally.count(&judgement.sources);
        if judgement.missing {
            so_far.tally.missing(&wanted.name, name);
        }
        around.wanted.extend(judgement.hosts);
        let changed =
            if judgement.action.is_some() { Some(THIS_PASS) } else { secret.and_then(|s| s.changed) };
        if !judgement.serves.is_empty() {
            around.secrets.insert(wanted.name.clone(), OurSecret { serves: judgement.serves, changed });
        }
        let change = |(action, why)| SecretChange { wanted: Arc::clone(wanted), action, why };
        own.secrets.extend(judgement.action.map(change));
    }
    around.incomplete = around.secrets.len() < wanted.len();
    let ours: Vec<String> = around.secrets.keys().cloned().collect();
    for (account, seen) in &seen.service_accounts {
        let list = service_accounts::judge(seen, &ours);
        let after = OurServiceAccount {
            pull_secrets: list.clone().unwrap_or_else(|| seen.pull_secrets.clone()),
            changed: if list.is_some() { Some(THIS_PASS) } else { seen.changed },
        };
        around.service_accounts.insert(account.clone(), after);
        own.service_accounts.extend(list.map(|list| ServiceAccountChange {
            name: account.clone(),
            ours: ours.clone(),
            seen: seen.clone(),
            list,
        }));
    }
    for pod in &seen.pods {
        let (evict, act) = match pods::judge(pod, &around, &config.pods, now) {
            Verdict::Leave(_) => continue,
            Verdict::Report(message) => {
                so_far.findings.push(Subject::new("Pod", name, &pod.name).finding("PodNotHealed", message));
                continue;
            }
            Verdict::Evict(act) => (true, act),
            Verdict::Delete(act) => (false, act),
        };
        if so_far.evictions.take() {
            own.pods.push(PodChange { pod: pod.clone(), evict, act });
        }
    }
    own
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

/// How many pods one pass may have recreated.
struct Budget {
    limit: usize,
    asked: usize,
}

impl Budget {
    fn new(limit: usize) -> Self {
        Self { limit, asked: 0 }
    }

    fn take(&mut self) -> bool {
        self.asked += 1;
        self.asked <= self.limit
    }

    fn finding(&self) -> Option<Finding> {
        let left = self.asked.checked_sub(self.limit).filter(|left| *left > 0)?;
        let message = format!("{left} more pods would be recreated; the limit of one pass is {}", self.limit);
        Some(Subject::global("Setting", "pods.maxEvictions").finding("EvictionsLimited", message))
    }
}
