//! What to do with one Secret: create, update, recreate, adopt, or leave alone.
//!
//! [`judge`] is asked before every write, and again with what is there now when a write meets a conflict.
//! Its rules: a Secret that is ours holds exactly what is wanted; one that is somebody else's is touched
//! only as far as `secret.adopt` says; an entry is never replaced by nothing (last good wins).

mod content;
mod foreign;

use std::collections::BTreeMap;
use std::sync::Arc;

use secrecy::SecretString;

use super::evidence::Evidence;
use super::finding::{Finding, Subject};
use super::snapshot::Secret;
use crate::config::{Adopt, Config};
use crate::registry::{Entry, Host};
use content::{Noted, State, compose, content, docker_config, same, served, state};
use foreign::{Says, judge_adopted, leave, leave_foreign};

/// The type of the Secrets this program makes.
pub const TYPE: &str = "kubernetes.io/dockerconfigjson";
/// The value of the label `app.kubernetes.io/managed-by` on them.
pub const MANAGED_BY: &str = "pullkeeper";

/// What one Secret should hold, in every namespace that wants the same.
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// The instance that owns it.
    pub instance: String,
    create: bool,
    adopt: Adopt,
    entries: Vec<WantedEntry>,
}

struct WantedEntry {
    host: Host,
    /// `None` where the source failed: what is there stays.
    credential: Option<(Entry, Noted)>,
}

/// What is to be done with one Secret.
#[derive(Debug, Clone)]
pub enum Action {
    /// Make it.
    Create(Content),
    /// Write its data, if it still has this `resourceVersion`.
    Update {
        /// The version that was judged.
        resource_version: String,
        /// What to write.
        content: Content,
    },
    /// Delete it, if it is still this one, and make it anew: what can't be changed differs.
    Recreate {
        /// The Secret that was judged.
        uid: String,
        /// The version that was judged.
        resource_version: String,
        /// What to write.
        content: Content,
    },
}

/// What goes into a Secret.
#[derive(Debug, Clone)]
pub struct Content {
    /// The text under `.dockerconfigjson`; `None` where what is there is right.
    pub docker_config: Option<SecretString>,
    /// The text of the state annotation.
    pub state: String,
}

/// The judgement on one Secret.
#[derive(Debug, Default)]
pub struct Judgement {
    /// What to do, and why in words; `None` where all is well or it must be left.
    pub action: Option<(Action, &'static str)>,
    /// The hosts for which it holds a credential once that is done.
    pub serves: Vec<Host>,
    /// What the user should know of it.
    pub finding: Option<Finding>,
}

/// Whose a Secret is.
#[derive(Debug, PartialEq, Eq)]
enum Owner {
    Us,
    OtherInstance(String),
    SomebodyElse,
}

impl Wanted {
    /// What each Secret should hold in a namespace for which `applies` tells the registries.
    #[must_use]
    pub fn of(config: &Config, evidence: &Evidence, applies: impl Fn(usize) -> bool) -> Vec<Arc<Self>> {
        let mut by_name: BTreeMap<&str, Vec<WantedEntry>> = BTreeMap::new();
        for (index, registry) in config.registries.iter().enumerate().filter(|(index, _)| applies(*index)) {
            let credential = evidence.credential(index).map(|credential| {
                let noted = Noted {
                    instance: config.instance.clone(),
                    source: credential.fingerprint.clone(),
                    sha256: credential.entry.sha256(),
                };
                (credential.entry.clone(), noted)
            });
            let entry = WantedEntry { host: registry.host.clone(), credential };
            by_name.entry(&registry.secret_name).or_default().push(entry);
        }
        let wanted = |(name, entries): (&str, Vec<WantedEntry>)| {
            Arc::new(Self {
                name: name.to_owned(),
                instance: config.instance.clone(),
                create: config.create,
                adopt: config.adopt,
                entries,
            })
        };
        by_name.into_iter().map(wanted).collect()
    }

    /// Its hosts, whether their sources gave a credential or not.
    pub fn hosts(&self) -> impl Iterator<Item = &Host> {
        self.entries.iter().map(|entry| &entry.host)
    }
}

/// Judges the Secret of `wanted` in `namespace` as it was `seen`.
#[must_use]
pub fn judge(wanted: &Wanted, namespace: &str, seen: Option<&Secret>) -> Judgement {
    let says = |reason, message: String| {
        Some(Subject::new("Secret", namespace, &wanted.name).finding(reason, message))
    };
    let Some(seen) = seen else { return judge_absent(wanted, &says) };
    if seen.terminating {
        let message = "is being deleted; the next pass makes it anew".to_owned();
        return Judgement { finding: says("SecretTerminating", message), ..Judgement::default() };
    }
    match (owner(seen, &wanted.instance), wanted.adopt) {
        (Owner::Us, _) => judge_ours(wanted, seen, &says),
        (Owner::OtherInstance(instance), _) => {
            let message = format!(
                "belongs to instance '{instance}'; left alone. Give this instance a secret.name of its own"
            );
            leave(wanted, seen, says("ForeignSecret", message))
        }
        (Owner::SomebodyElse, Adopt::No) => leave_foreign(wanted, seen, &says),
        (Owner::SomebodyElse, _) if seen.type_ != TYPE => {
            let message = format!(
                "is somebody else's and of type {}, which can't be changed; left alone. Delete it, or set another secret.name",
                seen.type_
            );
            leave(wanted, seen, says("ForeignSecret", message))
        }
        (Owner::SomebodyElse, adopt) => judge_adopted(wanted, seen, adopt, &says),
    }
}

/// Whose is it? The only place that decides; a Secret without both of our labels is not ours.
fn owner(seen: &Secret, instance: &str) -> Owner {
    match (seen.managed_by.as_deref(), seen.instance.as_deref()) {
        (Some(MANAGED_BY), Some(own)) if own == instance => Owner::Us,
        (Some(MANAGED_BY), other) => Owner::OtherInstance(other.unwrap_or_default().to_owned()),
        _ => Owner::SomebodyElse,
    }
}

fn judge_absent(wanted: &Wanted, says: Says<'_>) -> Judgement {
    let (config, state) = compose(wanted, None, &State::new());
    if config.is_empty() {
        return Judgement::default();
    }
    if !wanted.create {
        let message =
            "is missing and secret.create is false; create it, or set secret.create: true".to_owned();
        return Judgement { finding: says("SecretMissing", message), ..Judgement::default() };
    }
    let action = Action::Create(content(Some(&config), &state));
    Judgement { serves: served(wanted, &config), action: Some((action, "missing")), finding: None }
}

fn judge_ours(wanted: &Wanted, seen: &Secret, says: Says<'_>) -> Judgement {
    let there = docker_config(seen);
    let noted = state(seen);
    let (config, new_state) = compose(wanted, there.as_ref(), &noted);
    if config.is_empty() {
        return Judgement::default();
    }
    let why = if seen.type_ != TYPE {
        Some("wrong type")
    } else if there.as_ref().is_none_or(|there| !same(wanted, &config, there)) {
        Some("content differs")
    } else if seen.state.is_none() || noted != new_state {
        Some("state annotation differs")
    } else {
        None
    };
    let content_differs = why != Some("state annotation differs");
    let content = content(content_differs.then_some(&config), &new_state);
    let fixed = seen.type_ != TYPE || (seen.immutable && content_differs);
    let kept = wanted.entries.iter().any(|entry| entry.credential.is_none());
    if let Some(obstacle) = why.filter(|_| fixed).and_then(|_| recreation_obstacle(wanted, kept)) {
        let message = format!("must be recreated, for its type is wrong or it is immutable, but {obstacle}");
        return leave(wanted, seen, says("SecretNotRecreated", message));
    }
    let (uid, resource_version) = (seen.uid.clone(), seen.resource_version.clone());
    let action = why.map(|why| {
        let action = if fixed {
            Action::Recreate { uid, resource_version, content }
        } else {
            Action::Update { resource_version, content }
        };
        (action, why)
    });
    Judgement { action, serves: served(wanted, &config), finding: None }
}

/// Between delete and create there is nothing: what can't be made again is not taken away.
fn recreation_obstacle(wanted: &Wanted, kept: bool) -> Option<&'static str> {
    let table = [
        (!wanted.create, "secret.create is false; delete and create it yourself"),
        (kept, "the source of one of its entries failed, and that entry is nowhere else"),
    ];
    table.into_iter().find_map(|(applies, obstacle)| applies.then_some(obstacle))
}
