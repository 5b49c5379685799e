//! What to do with one Secret: create, update, recreate, adopt, or leave alone.
//!
//! [`judge`] is asked before every write, and again with what is there now when a write meets a conflict.
//! Its rules: a Secret that is ours holds exactly what is wanted; one that is somebody else's is touched
//! only as far as `secret.adopt` says; an entry is never replaced by nothing (last good wins).

use std::collections::BTreeMap;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::evidence::Evidence;
use super::finding::{Finding, Subject};
use super::snapshot::Secret;
use crate::config::{Adopt, Config};
use crate::registry::{DockerConfig, Entry, Host};

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

/// What the state annotation notes of one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Noted {
    source: String,
    sha256: String,
}

type State = BTreeMap<String, Noted>;

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
                let noted =
                    Noted { source: credential.fingerprint.clone(), sha256: credential.entry.sha256() };
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
    let Some(seen) = seen else { return judge_absent(wanted, says) };
    if seen.terminating {
        let message = "is being deleted; the next pass makes it anew".to_owned();
        return Judgement { finding: says("SecretTerminating", message), ..Judgement::default() };
    }
    match (owner(seen, &wanted.instance), wanted.adopt) {
        (Owner::Us, _) => judge_ours(wanted, seen),
        (Owner::OtherInstance(instance), _) => {
            let message = format!(
                "belongs to instance '{instance}'; left alone. Give this instance a secret.name of its own"
            );
            leave(wanted, seen, says("ForeignSecret", message))
        }
        (Owner::SomebodyElse, Adopt::No) => leave_foreign(wanted, seen, says),
        (Owner::SomebodyElse, _) if seen.type_ != TYPE => {
            let message = format!(
                "is somebody else's and of type {}, which can't be changed; left alone. Delete it, or set another secret.name",
                seen.type_
            );
            leave(wanted, seen, says("ForeignSecret", message))
        }
        (Owner::SomebodyElse, adopt) => judge_adopted(wanted, seen, adopt, says),
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

fn judge_absent(wanted: &Wanted, says: impl Fn(&'static str, String) -> Option<Finding>) -> Judgement {
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

fn judge_ours(wanted: &Wanted, seen: &Secret) -> Judgement {
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
    let (uid, resource_version) = (seen.uid.clone(), seen.resource_version.clone());
    let action = why.map(|why| {
        let fixed = seen.type_ != TYPE || (seen.immutable && content_differs);
        let action = if fixed {
            Action::Recreate { uid, resource_version, content }
        } else {
            Action::Update { resource_version, content }
        };
        (action, why)
    });
    Judgement { action, serves: served(wanted, &config), finding: None }
}

/// A Secret that is somebody else's and that the user lets us write to. It never gets our labels, so
/// that removal takes out no more than the annotation says is ours.
fn judge_adopted(
    wanted: &Wanted,
    seen: &Secret,
    adopt: Adopt,
    says: impl Fn(&'static str, String) -> Option<Finding>,
) -> Judgement {
    let there = docker_config(seen);
    let noted = state(seen);
    let (config, state) = match (adopt, &there) {
        (Adopt::Replace, there) => compose(wanted, there.as_ref(), &noted),
        (_, Some(there)) => merge(wanted, there, &noted),
        (_, None) => {
            let message = "is somebody else's and holds no docker config that can be merged with; left alone. Repair it, or set secret.adopt: replace".to_owned();
            return leave(wanted, seen, says("MalformedSecret", message));
        }
    };
    let settled = there.as_ref().is_some_and(|there| same(wanted, &config, there));
    let tampered = !noted.is_empty() && noted != state;
    if config.is_empty() || (settled && !tampered) {
        return Judgement { serves: served(wanted, &config), ..Judgement::default() };
    }
    if seen.immutable && !settled {
        let message =
            "is somebody else's and immutable; left alone. Delete it, or set another secret.name".to_owned();
        return leave(wanted, seen, says("ForeignSecret", message));
    }
    let why = if adopt == Adopt::Replace { "replaced" } else { "merged" };
    let action = Action::Update {
        resource_version: seen.resource_version.clone(),
        content: content((!settled).then_some(&config), &state),
    };
    Judgement { action: Some((action, why)), serves: served(wanted, &config), finding: None }
}

fn leave_foreign(
    wanted: &Wanted,
    seen: &Secret,
    says: impl Fn(&'static str, String) -> Option<Finding>,
) -> Judgement {
    let config = docker_config(seen).unwrap_or_default();
    let lacks: Vec<_> =
        wanted.hosts().filter(|host| !holds_usable(&config, host)).map(Host::as_str).collect();
    let state = match lacks.as_slice() {
        [] => "it has an entry for each of our registries".to_owned(),
        hosts => format!("it has no good entry for {}", hosts.join(", ")),
    };
    let message = format!(
        "is somebody else's and was left alone; {state}. Set secret.adopt: merge to add ours, or delete it"
    );
    leave(wanted, seen, says("ForeignSecret", message))
}

fn leave(wanted: &Wanted, seen: &Secret, finding: Option<Finding>) -> Judgement {
    let config =
        if seen.type_ == TYPE { docker_config(seen).unwrap_or_default() } else { DockerConfig::default() };
    Judgement { serves: served(wanted, &config), finding, action: None }
}

/// Exactly what is wanted; of a host whose source failed, what was there.
fn compose(wanted: &Wanted, there: Option<&DockerConfig>, noted: &State) -> (DockerConfig, State) {
    let (mut config, mut state) = (DockerConfig::default(), State::new());
    for WantedEntry { host, credential } in &wanted.entries {
        if let Some((entry, note)) = credential {
            host.keys().into_iter().for_each(|key| config.set(key, entry));
            state.insert(host.to_string(), note.clone());
        } else if let Some(there) = there {
            // A broken entry would fail every pull of the pod: it isn't good, so it isn't kept.
            let good = |key: &&str| there.is_usable(key);
            host.keys().into_iter().filter(good).for_each(|key| _ = config.keep(key, there));
            state.extend(noted.get(host.as_str()).map(|note| (host.to_string(), note.clone())));
        }
    }
    (config, state)
}

/// What is there, with our hosts put in.
fn merge(wanted: &Wanted, there: &DockerConfig, noted: &State) -> (DockerConfig, State) {
    let (mut config, mut state) = (there.clone(), noted.clone());
    for WantedEntry { host, credential } in &wanted.entries {
        let Some((entry, note)) = credential else { continue };
        let keys = host.keys();
        let drifted: Vec<_> = keys.into_iter().filter(|key| !there.holds(key, entry)).collect();
        let changes = !drifted.is_empty();
        for key in drifted {
            config.set(key, entry);
        }
        if changes || noted.contains_key(host.as_str()) {
            state.insert(host.to_string(), note.clone());
        }
    }
    (config, state)
}

/// Do both have the same keys, and does `there` hold what is wanted under each of ours?
fn same(wanted: &Wanted, config: &DockerConfig, there: &DockerConfig) -> bool {
    let sorted = |config: &DockerConfig| {
        let mut keys: Vec<_> = config.keys().map(str::to_owned).collect();
        keys.sort();
        keys
    };
    let held = |WantedEntry { host, credential }: &WantedEntry| match credential {
        Some((entry, _)) => host.keys().iter().all(|key| there.holds(key, entry)),
        None => true,
    };
    sorted(config) == sorted(there) && wanted.entries.iter().all(held)
}

fn served(wanted: &Wanted, config: &DockerConfig) -> Vec<Host> {
    wanted.hosts().filter(|host| holds_usable(config, host)).cloned().collect()
}

fn holds_usable(config: &DockerConfig, host: &Host) -> bool {
    host.keys().iter().any(|key| config.is_usable(key))
}

fn docker_config(seen: &Secret) -> Option<DockerConfig> {
    DockerConfig::parse(seen.docker_config.as_ref()?.expose_secret())
}

fn state(seen: &Secret) -> State {
    seen.state.as_ref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

fn content(config: Option<&DockerConfig>, state: &State) -> Content {
    Content {
        docker_config: config.map(DockerConfig::to_json),
        state: serde_json::to_string(state).unwrap_or_default(),
    }
}
