//! Namespaces that are no longer chosen, and what is still there of ours.
//!
//! What is taken away is what we made: Secrets that carry our label and our instance's, and their names where we
//! put them into ServiceAccounts. A Secret of somebody else that we wrote to stays as it is.

use super::secrets::MANAGED_BY;
use super::snapshot::{Namespace, Secret, ServiceAccount, Snapshot};
use super::{Finding, NamespacePlan, Subject};
use crate::config::Config;

/// The reason of the finding on what is left.
pub const NO_LONGER_CHOSEN: &str = "NoLongerChosen";

/// Namespaces that are named where many would be.
const NAMED: usize = 5;

/// What is taken away in one namespace: first the names, then the Secrets.
#[derive(Debug, Default)]
pub struct Removal {
    /// The ServiceAccounts that lose our Secrets' names.
    pub service_accounts: Vec<Unnamed>,
    /// The Secrets that are deleted.
    pub secrets: Vec<Unwanted>,
}

/// A ServiceAccount that loses names.
#[derive(Debug)]
pub struct Unnamed {
    /// Its name.
    pub name: String,
    /// The names that it loses.
    pub ours: Vec<String>,
    /// It, as it was seen.
    pub seen: ServiceAccount,
}

/// A Secret of ours that is deleted, if it is still the one that was seen.
#[derive(Debug)]
pub struct Unwanted {
    /// Its name.
    pub name: String,
    /// Which it was.
    pub uid: String,
    /// Its version.
    pub resource_version: String,
}

impl Unnamed {
    /// The list of pull secrets as it should be, if it is another than `seen` has.
    #[must_use]
    pub fn list(&self, seen: &ServiceAccount) -> Option<Vec<String>> {
        let kept: Vec<_> =
            seen.pull_secrets.iter().filter(|name| !self.ours.contains(name)).cloned().collect();
        (kept != seen.pull_secrets).then_some(kept)
    }
}

impl Removal {
    /// How many objects are written.
    #[must_use]
    pub fn len(&self) -> usize {
        self.service_accounts.len() + self.secrets.len()
    }

    /// Is there nothing to take away?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What is taken away, and what the user should know.
pub(super) fn judge(config: &Config, snapshot: &Snapshot) -> (Vec<NamespacePlan>, Option<Finding>) {
    let left = snapshot.left.iter().filter(|(_, seen)| !seen.paused && !seen.terminating);
    let removals = left.map(|(name, seen)| NamespacePlan {
        name: name.clone(),
        removal: removal(config, seen),
        ..NamespacePlan::default()
    });
    let removals: Vec<_> = removals.filter(|own| !own.removal.is_empty()).collect();
    if removals.is_empty() || config.prune {
        return (removals, None);
    }
    let finding = still_there(&removals);
    (Vec::new(), Some(finding))
}

fn removal(config: &Config, seen: &Namespace) -> Removal {
    let is_ours = |secret: &Secret| {
        let instance = secret.instance.as_deref() == Some(config.instance.as_str());
        secret.managed_by.as_deref() == Some(MANAGED_BY) && instance && !secret.terminating
    };
    let secrets: Vec<_> = seen.secrets.iter().filter(|(_, secret)| is_ours(secret)).collect();
    let unnamed = |(name, account): (&String, &ServiceAccount)| {
        let ours = secrets.iter().map(|(name, _)| (*name).clone());
        let by_us = |name: &String| account.pull_secrets.contains(name) && account.added.of(name).is_some();
        let ours: Vec<_> = ours.filter(by_us).collect();
        (!ours.is_empty()).then(|| Unnamed { name: name.clone(), ours, seen: account.clone() })
    };
    Removal {
        service_accounts: seen.service_accounts.iter().filter_map(unnamed).collect(),
        secrets: secrets
            .iter()
            .map(|(name, secret)| Unwanted {
                name: (*name).clone(),
                uid: secret.uid.clone(),
                resource_version: secret.resource_version.clone(),
            })
            .collect(),
    }
}

fn still_there(removals: &[NamespacePlan]) -> Finding {
    let mut names: Vec<_> = removals.iter().take(NAMED).map(|own| own.name.as_str()).collect();
    if removals.len() > NAMED {
        names.push("…");
    }
    let remedy = "set secret.prune: true, or delete them there, and their names in ServiceAccounts";
    let message = format!(
        "chooses no longer {} that still {} Secrets of ours ({}); {remedy}",
        if removals.len() == 1 { "a namespace".to_owned() } else { format!("{} namespaces", removals.len()) },
        if removals.len() == 1 { "holds" } else { "hold" },
        names.join(", ")
    );
    Subject::global("Setting", "namespaces").finding(NO_LONGER_CHOSEN, message)
}
