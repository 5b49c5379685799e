//! What became of the sources of credentials, told once for all namespaces: failures and refusals, with what
//! the Secrets still hold of them, and what could not be verified.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;

use super::secrets::{BySource, Kept};
use super::{Evidence, Finding, Plan, Subject, Trust};
use crate::config::{Config, Preset, Registry};
use crate::registry::Host;

/// Namespaces that are named where many would be.
const NAMED: usize = 5;

/// What the judgements on all Secrets mean for the sources, by their places in the configuration.
#[derive(Default)]
pub(super) struct Tally {
    sets: BTreeSet<(usize, Host)>,
    meanwhile: BTreeMap<Part, Meanwhile>,
    expired: BTreeMap<String, usize>,
    missing: BTreeMap<String, Vec<String>>,
}

/// A source and one of its hosts, or all of them.
type Part = (usize, Option<Host>);

/// What pods find meanwhile, where a source gave nothing good: in how many Secrets.
#[derive(Default)]
struct Meanwhile {
    good: usize,
    refused: usize,
    nothing: usize,
    ends: Option<Timestamp>,
}

impl Tally {
    /// Adds the judgement on one Secret.
    pub(super) fn count(&mut self, judged: &BySource) {
        self.sets.extend(judged.sets.iter().cloned());
        let parts =
            |index: usize, host: &Option<Host>| BTreeSet::from([(index, None), (index, host.clone())]);
        let mut told: BTreeMap<Part, Meanwhile> = BTreeMap::new();
        for Kept { index, host, ends, refused } in &judged.keeps {
            for part in parts(*index, host) {
                let own = told.entry(part).or_default();
                *(if *refused { &mut own.refused } else { &mut own.good }) = 1;
                own.ends = [own.ends, *ends].into_iter().flatten().min();
            }
        }
        for (index, host) in &judged.lacks {
            for part in parts(*index, host) {
                told.entry(part).or_default().nothing = 1;
            }
        }
        for (part, own) in told {
            self.meanwhile.entry(part).or_default().add(&own);
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
            let message = format!("{}{}", failure.0, self.consequence(index, None));
            plan.errors.push(registry(index).finding("SourceFailed", message));
        }
        for (index, given) in evidence.given() {
            for (host, failure) in &given.failures {
                let subject = match host {
                    Some(host) => Subject::global("Registry", host.as_str()),
                    None => registry(index),
                };
                plan.errors.push(subject.finding(
                    "SourceFailed",
                    format!("{}{}", failure.0, self.consequence(index, host.as_ref())),
                ));
            }
            for credential in &given.credentials {
                let host = Some(&credential.host);
                let subject = || Subject::global("Registry", credential.host.as_str());
                match &credential.trust {
                    Trust::Refused(words) => {
                        let message = format!("{words}{}", self.consequence(index, host));
                        plan.errors.push(subject().finding("CredentialRefused", message));
                    }
                    Trust::Unverified(words) if self.sets.contains(&(index, credential.host.clone())) => {
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

    /// What pods find meanwhile, as sentences that follow a failure.
    fn consequence(&self, index: usize, host: Option<&Host>) -> String {
        let own = self.meanwhile.get(&(index, host.cloned()));
        own.map_or_else(String::new, |own| format!(". {own}"))
    }
}

impl Meanwhile {
    fn add(&mut self, other: &Self) {
        self.good += other.good;
        self.refused += other.refused;
        self.nothing += other.nothing;
        self.ends = [self.ends, other.ends].into_iter().flatten().min();
    }
}

impl fmt::Display for Meanwhile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ends = self.ends.map(|ends| format!(", which ends {ends}")).unwrap_or_default();
        let told = [
            (self.good, "keeps", "keep", format!(" the last good one{ends}")),
            (self.refused, "still holds", "still hold", " the refused one".to_owned()),
            (self.nothing, "stays", "stay", " without".to_owned()),
        ];
        let told = told.iter().filter(|(count, ..)| *count > 0).map(|(count, one, many, what)| match count {
            1 => format!("1 Secret {one}{what}"),
            _ => format!("{count} Secrets {many}{what}"),
        });
        f.write_str(&told.collect::<Vec<_>>().join("; "))
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
        "its credential has ended and could not be renewed; it is taken out of {secrets} of our Secrets, for the kubelet would try it, and nothing else, for public images too. The next pass that gets a new one puts it back"
    );
    Subject::global("Registry", host).finding("ExpiredCredentialRemoved", message)
}
