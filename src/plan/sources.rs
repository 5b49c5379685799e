//! What became of the sources of credentials, told once for all namespaces: failures and refusals, with what
//! the Secrets still hold of them, and what could not be verified.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::secrets::BySource;
use super::{Evidence, Finding, Plan, Subject, Trust};
use crate::config::{Config, Preset, Registry};

/// Namespaces that are named where many would be.
const NAMED: usize = 5;

/// What the judgements on all Secrets mean for the sources, by their places in the configuration.
#[derive(Default)]
pub(super) struct Tally {
    sets: BTreeSet<usize>,
    kept: BTreeMap<usize, Kept>,
    lacking: BTreeMap<usize, usize>,
    expired: BTreeMap<String, usize>,
    missing: BTreeMap<String, Vec<String>>,
}

/// Secrets in which an entry stays, though its source failed.
#[derive(Default)]
struct Kept {
    secrets: usize,
    ends: Option<Timestamp>,
}

impl Tally {
    /// Adds the judgement on one Secret.
    pub(super) fn count(&mut self, judged: &BySource) {
        self.sets.extend(&judged.sets);
        let mut counted = BTreeSet::new();
        for (index, ends) in &judged.keeps {
            let kept = self.kept.entry(*index).or_default();
            kept.secrets += usize::from(counted.insert(*index));
            kept.ends = [kept.ends, *ends].into_iter().flatten().min();
        }
        for index in &judged.lacks {
            *self.lacking.entry(*index).or_default() += 1;
        }
        for host in &judged.expired {
            *self.expired.entry(host.to_string()).or_default() += 1;
        }
    }

    /// Notes that a Secret isn't there, and may not be made.
    pub(super) fn missing(&mut self, secret: &str, namespace: &str) {
        self.missing.entry(secret.to_owned()).or_default().push(namespace.to_owned());
    }

    /// Tells it.
    pub(super) fn tell(&self, config: &Config, evidence: &Evidence, plan: &mut Plan) {
        let registry = |index: usize| {
            let name = config.registries.get(index).map(Registry::name);
            Subject::global("Registry", &name.unwrap_or_default())
        };
        for (index, failure) in evidence.failures() {
            let message = format!("{}{}", failure.0, self.consequence(index));
            plan.errors.push(registry(index).finding("SourceFailed", message));
        }
        for (index, given) in evidence.given() {
            for (host, failure) in &given.failures {
                let subject = match host {
                    Some(host) => Subject::global("Registry", host.as_str()),
                    None => registry(index),
                };
                plan.errors.push(
                    subject.finding("SourceFailed", format!("{}{}", failure.0, self.consequence(index))),
                );
            }
            for credential in &given.credentials {
                let subject = || Subject::global("Registry", credential.host.as_str());
                match &credential.trust {
                    Trust::Refused(words) => {
                        let message = format!("{words}{}", self.consequence(index));
                        plan.errors.push(subject().finding("CredentialRefused", message));
                    }
                    Trust::Unverified(words) if self.sets.contains(&index) => {
                        let message = format!("its credential could not be verified: {words}");
                        plan.findings.push(subject().finding("CredentialUnverified", message));
                    }
                    // Of what could not be verified and was there already, it was told when it was written.
                    Trust::Accepted | Trust::Unverified(_) => {}
                }
            }
            let remarks = given.remarks.iter();
            plan.findings.extend(remarks.map(|remark| registry(index).finding("SourceRemark", remark)));
        }
        plan.findings.extend(self.expired.iter().map(expired));
        // To serve those that are there is what that tool's users ask for.
        if config.preset != Some(Preset::EcrUpdater) {
            plan.findings.extend(self.missing.iter().map(missing));
        }
    }

    /// What pods find meanwhile, where a source gave nothing good.
    fn consequence(&self, index: usize) -> String {
        let secrets =
            |count: usize| if count == 1 { "1 Secret".to_owned() } else { format!("{count} Secrets") };
        let kept = self.kept.get(&index).map(|kept| {
            let keep = if kept.secrets == 1 { "keeps" } else { "keep" };
            let ends = kept.ends.map(|ends| format!(", which ends {ends}")).unwrap_or_default();
            format!("{} {keep} the last good one{ends}", secrets(kept.secrets))
        });
        let lacking = self.lacking.get(&index).map(|count| {
            format!("{} {} without", secrets(*count), if *count == 1 { "stays" } else { "stay" })
        });
        match [kept, lacking].into_iter().flatten().collect::<Vec<_>>().join("; ") {
            told if told.is_empty() => told,
            told => format!(". {told}"),
        }
    }
}

fn missing((secret, namespaces): (&String, &Vec<String>)) -> Finding {
    let count = namespaces.len();
    let first: Vec<_> = namespaces.iter().take(NAMED).map(String::as_str).collect();
    let more = if count > NAMED { ", …" } else { "" };
    let message = format!(
        "is missing in {count} namespaces ({}{more}) and secret.create is false; create it there, or set secret.create: true",
        first.join(", ")
    );
    Subject::global("Secret", secret).finding("SecretMissing", message)
}

fn expired((host, secrets): (&String, &usize)) -> Finding {
    let message = format!(
        "its credential has ended and can't be renewed; it was taken out of {secrets} of our Secrets, for the kubelet would try it, and nothing else, for public images too"
    );
    Subject::global("Registry", host).finding("ExpiredCredentialRemoved", message)
}
