//! One namespace: its Secrets, its ServiceAccounts, and what is done about its pods in the light of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::evidence::Evidence;
use super::pods::{self, InPlace, OurSecret, OurServiceAccount, Served, Stuck, Surroundings, Verdict};
use super::rewriting::Rewriting;
use super::secrets::{Ends, Judgement, Wanted};
use super::sources::Tally;
use super::{
    Finding, Namespace, NamespacePlan, PodAction, PodChange, Secret, SecretChange, ServiceAccountChange,
    Subject, secrets, service_accounts,
};
use crate::config::Config;
use crate::registry::Host;

/// When something changed that this pass is about to change: later than any pod that was seen. The
/// server's clock may be ahead of ours, so "now" would not do.
const THIS_PASS: Timestamp = Timestamp::MAX;

/// What is counted and told across namespaces.
#[derive(Default)]
pub(super) struct SoFar {
    pub(super) tally: Tally,
    pub(super) findings: Vec<Finding>,
    /// Pods that are left alone, with the reason.
    pub(super) left: Vec<String>,
    pub(super) waiting: Vec<Finding>,
    pub(super) pods: usize,
    pub(super) stuck: Stuck,
    pub(super) ends: Ends,
    /// The registries of ours in the namespaces where rules hold.
    pub(super) hosts: BTreeMap<String, BTreeSet<Host>>,
}

/// A namespace whose Secrets and ServiceAccounts are decided.
pub(super) struct Planned<'a> {
    /// What is done there.
    pub(super) own: NamespacePlan,
    /// What its pods will find.
    pub(super) around: Surroundings<'a>,
}

impl<'a> Planned<'a> {
    pub(super) fn of(
        config: &'a Config,
        name: &str,
        seen: &Namespace,
        wanted: &[Arc<Wanted>],
        so_far: &mut SoFar,
    ) -> Self {
        let own = NamespacePlan { name: name.to_owned(), ..NamespacePlan::default() };
        let around = Surroundings {
            namespace: name.to_owned(),
            exempt: name == "kube-system" && !config.namespaces.names.names_exactly(name),
            rewriting: Rewriting::of(config, name, seen.labels.as_ref()),
            ..Surroundings::default()
        };
        let mut planned = Self { own, around };
        for wanted in wanted.iter().filter(|wanted| !seen.unread_secrets.contains(&wanted.name)) {
            planned.judge_secret(config, seen, wanted, so_far);
        }
        planned.around.incomplete = planned.around.secrets.len() < wanted.len();
        planned.judge_service_accounts(seen);
        planned
    }

    fn judge_secret(&mut self, config: &Config, seen: &Namespace, wanted: &Arc<Wanted>, so_far: &mut SoFar) {
        let secret = seen.secrets.get(&wanted.name);
        let mut judgement = secrets::judge(wanted, &self.own.name, secret);
        so_far.findings.extend(judgement.finding.take());
        so_far.tally.count(&judgement.sources);
        if judgement.missing {
            so_far.tally.missing(&wanted.name, &self.own.name);
        }
        self.around.wanted.append(&mut judgement.hosts);
        let has_state = |secret: &&Secret| {
            secret.state.is_some() && secret.instance.as_ref().is_none_or(|own| *own == wanted.instance)
        };
        if judgement.action.is_some() || secret.is_some_and(|secret| has_state(&secret)) {
            let noted = secret.map(|secret| secret.added.clone()).unwrap_or_default();
            self.own.noted.insert(wanted.name.clone(), noted);
        }
        if !judgement.serves.is_empty() {
            // Only pods ask for the logins.
            let serves = if seen.pods.is_empty() { Vec::new() } else { served(config, &judgement, secret) };
            let changed =
                if judgement.action.is_some() { Some(THIS_PASS) } else { secret.and_then(|s| s.changed) };
            self.around.secrets.insert(wanted.name.clone(), OurSecret { serves, changed });
        }
        let Judgement { action, ends, .. } = judgement;
        match action {
            Some((action, why)) => {
                self.own.secrets.push(SecretChange { wanted: Arc::clone(wanted), action, why, ends });
            }
            None => so_far.ends.add(&ends.before),
        }
    }

    fn judge_service_accounts(&mut self, seen: &Namespace) {
        let ours: Vec<String> = self.around.secrets.keys().cloned().collect();
        let secrets = &seen.secrets;
        for (account, seen) in &seen.service_accounts {
            let list = service_accounts::judge(seen, &ours);
            let absent = |name: &String| !seen.pull_secrets.contains(name);
            // Who takes a name out may drop what the ServiceAccount tells of it.
            let before = |name: &String| {
                let noted = secrets.get(name).and_then(|secret| secret.added.of(account));
                seen.added.of(name).max(noted)
            };
            let added = |name: &String| if absent(name) { Some(THIS_PASS) } else { before(name) };
            let put_back = ours.iter().filter(|name| absent(name) && secrets.contains_key(*name));
            let after = OurServiceAccount {
                pull_secrets: list.clone().unwrap_or_else(|| seen.pull_secrets.clone()),
                added: ours.iter().filter_map(|name| Some((name.clone(), added(name)?))).collect(),
                put_back: put_back.filter_map(|name| Some((name.clone(), before(name)?))).collect(),
            };
            self.around.service_accounts.insert(account.clone(), after);
            self.own.service_accounts.extend(list.map(|list| ServiceAccountChange {
                name: account.clone(),
                ours: ours.clone(),
                seen: seen.clone(),
                list,
            }));
        }
    }

    /// What is done about its pods.
    pub(super) fn judge_pods(
        &mut self,
        config: &Config,
        seen: &Namespace,
        evidence: &Evidence,
        now: Timestamp,
        so_far: &mut SoFar,
    ) {
        so_far.pods += pods::of_ours(&seen.images, &self.around);
        for pod in &seen.pods {
            let waits = pods::waits(pod, &self.around);
            so_far.waiting.extend(waits.map(|message| self.about(&pod.name, "Waits", message)));
            let verdict = pods::judge(pod, &self.around, &config.pods, evidence, now);
            so_far.stuck.count(pod, &self.around, &verdict);
            let (action, act) = match verdict {
                Verdict::Leave(why) => {
                    so_far.left.push(format!("Pod {}/{} is left alone: {why}", self.own.name, pod.name));
                    continue;
                }
                Verdict::Report(message) => {
                    so_far.findings.push(self.not_healed(&pod.name, message));
                    continue;
                }
                Verdict::Rewrite(InPlace { act, spellings, besides }) => {
                    so_far.findings.extend(besides.map(|message| self.not_healed(&pod.name, message)));
                    (PodAction::Rewrite { spellings, label: config.images.label.clone() }, act)
                }
                Verdict::Nudge(InPlace { act, spellings, besides }) => {
                    so_far.findings.extend(besides.map(|message| self.not_healed(&pod.name, message)));
                    (PodAction::Nudge(spellings), act)
                }
                Verdict::Evict(act) => (PodAction::Evict, act),
                Verdict::Delete(act) => (PodAction::Delete, act),
            };
            self.own.pods.push(PodChange { pod: pod.clone(), action, act });
        }
    }

    fn not_healed(&self, pod: &str, message: String) -> Finding {
        self.about(pod, "PodNotHealed", message)
    }

    fn about(&self, pod: &str, reason: &'static str, message: String) -> Finding {
        Subject::new("Pod", &self.own.name, pod).finding(reason, message)
    }
}

/// The registries that a Secret serves once its judgement is carried out, with what their registries would be
/// shown, and how: as the entry says that is responsible for the host. Another entry's way is none: by plain
/// http everybody on it would see the login.
fn served(config: &Config, judgement: &Judgement, seen: Option<&Secret>) -> Vec<Served> {
    let content = judgement.docker_config(seen);
    let served = |(index, host): &(usize, Host)| {
        let login = content.as_ref().and_then(|own| host.keys().iter().find_map(|key| own.entry(key)));
        let reach = config.registries.get(*index)?.reach.clone();
        Some(Served { host: host.clone(), login, reach })
    };
    judgement.serves.iter().filter_map(served).collect()
}
