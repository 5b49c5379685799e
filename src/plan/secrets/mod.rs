//! What to do with one Secret: create, update, recreate, adopt, or leave alone.
//!
//! [`judge`] is asked before every write, and again with what is there now when a write meets a conflict.
//! Its rules: a Secret that is ours holds exactly what is wanted; one that is somebody else's is touched
//! only as far as `secret.adopt` says; an entry is never replaced by nothing (last good wins).

mod claims;
mod content;
mod foreign;
mod lacking;
mod state;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use secrecy::SecretString;

use super::evidence::{Credential, Evidence};
use super::finding::{Finding, Subject};
use super::snapshot::Secret;
use crate::config::{Adopt, Config, Refresh};
use crate::registry::{Form, Host};
use content::{Composed, compose, content, docker_config};
use foreign::{Says, judge_adopted, leave, leave_foreign};
pub use lacking::lacking;
use state::{State, state};

/// The value of the label `app.kubernetes.io/managed-by` on the Secrets this program makes.
pub const MANAGED_BY: &str = "pullkeeper";

/// What one Secret should hold, in every namespace that wants the same.
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// The instance that owns it.
    pub instance: String,
    create: bool,
    adopt: Adopt,
    refresh: Refresh,
    now: Timestamp,
    sources: Vec<WantedSource>,
}

/// A source of credentials for the Secret, with what it gave.
struct WantedSource {
    /// Its place in the configuration.
    index: usize,
    fingerprint: String,
    hosts: Vec<Host>,
    open_ended: bool,
    minted: bool,
    answer: Answer,
}

/// What a source gave.
enum Answer {
    /// It was not asked, for nothing of it is due.
    NotAsked,
    /// Nothing, though it was asked: what is there stays.
    Failed,
    Given {
        credentials: Vec<Credential>,
        /// Hosts of which it knows, but has no credential.
        failed: Vec<Host>,
        /// These are all of its hosts.
        complete: bool,
    },
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
    /// The form of the text, which the Secret's type tells.
    pub form: Form,
    /// The docker config; `None` where what is there is right.
    pub docker_config: Option<SecretString>,
    /// The text of the state annotation.
    pub state: String,
}

/// The judgement on one Secret.
#[derive(Debug, Default)]
pub struct Judgement {
    /// What to do, and why in words; `None` where all is well or it must be left.
    pub action: Option<(Action, &'static str)>,
    /// The hosts that it is for.
    pub hosts: Vec<Host>,
    /// Those of them for which it holds a good credential once that is done.
    pub serves: Vec<Host>,
    /// What it means for the sources.
    pub sources: BySource,
    /// It isn't there, and may not be made.
    pub missing: bool,
    /// What the user should know of it.
    pub finding: Option<Finding>,
}

/// What a judgement means for the sources, by their places in the configuration.
#[derive(Debug, Default)]
pub struct BySource {
    /// Of these an entry is written that wasn't there.
    pub sets: BTreeSet<usize>,
    /// These failed, and what was there is kept; with its end, if that is known.
    pub keeps: Vec<(usize, Option<Timestamp>)>,
    /// These failed, and nothing was there.
    pub lacks: BTreeSet<usize>,
    /// The hosts whose entries ended and are taken out, for they block public pulls.
    pub expired: Vec<Host>,
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
    pub fn of(
        config: &Config,
        evidence: &Evidence,
        now: Timestamp,
        applies: impl Fn(usize) -> bool,
    ) -> Vec<Arc<Self>> {
        let mut by_name: BTreeMap<&str, Vec<WantedSource>> = BTreeMap::new();
        for (index, registry) in config.registries.iter().enumerate().filter(|(index, _)| applies(*index)) {
            let source = WantedSource {
                index,
                fingerprint: registry.source.fingerprint(),
                hosts: registry.hosts.clone(),
                open_ended: registry.source.is_open_ended(),
                minted: registry.source.is_minted(),
                answer: Answer::of(evidence, index),
            };
            by_name.entry(&registry.secret_name).or_default().push(source);
        }
        let wanted = |(name, sources): (&str, Vec<WantedSource>)| {
            Arc::new(Self {
                name: name.to_owned(),
                instance: config.instance.clone(),
                create: config.create,
                adopt: config.adopt,
                refresh: config.refresh,
                now,
                sources,
            })
        };
        by_name.into_iter().map(wanted).collect()
    }
}

impl Answer {
    fn of(evidence: &Evidence, index: usize) -> Self {
        match evidence.answers.get(index) {
            None | Some(None) => Self::NotAsked,
            Some(Some(Err(_))) => Self::Failed,
            Some(Some(Ok(given))) => Self::Given {
                credentials: given.credentials.clone(),
                failed: given.failures.iter().filter_map(|(host, _)| host.clone()).collect(),
                complete: given.failures.iter().all(|(host, _)| host.is_some()),
            },
        }
    }
}

/// Judges the Secret of `wanted` in `namespace` as it was `seen`.
#[must_use]
pub fn judge(wanted: &Wanted, namespace: &str, seen: Option<&Secret>) -> Judgement {
    let says = |reason, message: String| {
        Some(Subject::new("Secret", namespace, &wanted.name).finding(reason, message))
    };
    let Some(seen) = seen else { return judge_absent(wanted) };
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
        (Owner::SomebodyElse, adopt) => {
            if let Some(form) = Form::of_type(&seen.type_) {
                return judge_adopted(wanted, seen, form, adopt, &says);
            }
            let message = format!(
                "is somebody else's and of type {}, which can't be changed; left alone. Delete it, or set another secret.name",
                seen.type_
            );
            leave(wanted, seen, says("ForeignSecret", message))
        }
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

fn judge_absent(wanted: &Wanted) -> Judgement {
    let composed = compose(wanted, None, &State::new(), true);
    if composed.config.is_empty() {
        return composed.judgement(None);
    }
    if !wanted.create {
        return Judgement { hosts: composed.hosts, missing: true, ..Judgement::default() };
    }
    let action = Action::Create(content(Form::ConfigJson, Some(&composed.config), &composed.state));
    composed.judgement(Some((action, "missing")))
}

fn judge_ours(wanted: &Wanted, seen: &Secret, says: Says<'_>) -> Judgement {
    let there = docker_config(seen);
    let noted = state(seen);
    let composed = compose(wanted, there.as_ref(), &noted, true);
    if composed.config.is_empty() && composed.expired.is_empty() {
        return composed.judgement(None);
    }
    let wrong_type = seen.type_ != Form::ConfigJson.type_();
    let why = if wrong_type {
        Some("wrong type")
    } else if there.as_ref().is_none_or(|there| !composed.config.has_same_auths(there))
        || (seen.immutable && composed.waits)
    {
        Some(composed.why("content differs"))
    } else if seen.state.is_none() || noted != composed.state {
        Some("state annotation differs")
    } else {
        None
    };
    let content_differs = why != Some("state annotation differs");
    let content = content(Form::ConfigJson, content_differs.then_some(&composed.config), &composed.state);
    let fixed = wrong_type || (seen.immutable && content_differs);
    let kept = !composed.keeps.is_empty();
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
    composed.judgement(action)
}

impl Composed {
    /// The judgement that brings it about.
    fn judgement(self, action: Option<(Action, &'static str)>) -> Judgement {
        Judgement {
            action,
            hosts: self.hosts,
            serves: self.serves,
            sources: BySource {
                sets: self.sets,
                keeps: self.keeps,
                lacks: self.lacks,
                expired: self.expired,
            },
            missing: false,
            finding: None,
        }
    }

    /// Why it is written: `otherwise`, unless all that changes is that a credential was renewed.
    fn why(&self, otherwise: &'static str) -> &'static str {
        match (self.renews, self.expired.is_empty()) {
            (true, true) => "credential renewed",
            (_, false) => "expired credential",
            _ => otherwise,
        }
    }
}

/// Between delete and create there is nothing: what can't be made again is not taken away.
fn recreation_obstacle(wanted: &Wanted, kept: bool) -> Option<&'static str> {
    let table = [
        (!wanted.create, "secret.create is false; delete and create it yourself"),
        (kept, "the source of one of its entries failed, and that entry is nowhere else"),
    ];
    table.into_iter().find_map(|(applies, obstacle)| applies.then_some(obstacle))
}
