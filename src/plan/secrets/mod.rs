//! What to do with one Secret: create, update, recreate, adopt, or leave alone.
//!
//! [`judge`] is asked before every write, and again with what is there now when a write meets a conflict.
//! Its rules: a Secret that is ours holds exactly what is wanted; one that is somebody else's is touched
//! only as far as `secret.adopt` says; an entry is never replaced by nothing (last good wins).

mod claims;
mod content;
mod ends;
mod foreign;
mod lacking;
mod ours;
mod outcome;
mod source;
mod state;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use super::evidence::Evidence;
use super::finding::{Finding, Subject};
use super::snapshot::Secret;
use crate::config::{Adopt, Config, Refresh};
use crate::registry::{DockerConfig, Form, Host};
use content::docker_config;
pub use ends::{Ends, EndsOf};
use foreign::{judge_adopted, leave, leave_foreign};
pub use lacking::lacking;
use ours::{judge_absent, judge_ours};
pub use outcome::{BySource, Kept};
use source::WantedSource;

/// The label that tells which program made an object.
pub const MANAGER_LABEL: &str = "app.kubernetes.io/managed-by";
/// The label that tells which installation of it.
pub const INSTANCE_LABEL: &str = "app.kubernetes.io/instance";
/// The value of [`MANAGER_LABEL`] on what this program makes.
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
    /// Those of them for which it holds a good credential once that is done, each with the place in the
    /// configuration of the registry that is responsible for it.
    pub serves: Vec<(usize, Host)>,
    /// What it means for the sources.
    pub sources: BySource,
    /// When its entries end.
    pub ends: EndsOf,
    /// It isn't there, and may not be made.
    pub missing: bool,
    /// What the user should know of it.
    pub finding: Option<Finding>,
}

impl Judgement {
    /// What the Secret that was `seen` holds once this is done, if the kubelet can read it.
    #[must_use]
    pub fn docker_config(&self, seen: Option<&Secret>) -> Option<DockerConfig> {
        let written = self.action.as_ref().map(|(action, _)| action.content());
        match written.and_then(|content| Some((content.form, content.docker_config.as_ref()?))) {
            Some((form, text)) => DockerConfig::parse_as(form, text.expose_secret()),
            None => docker_config(seen?),
        }
    }
}

impl Action {
    /// What is written.
    #[must_use]
    pub fn content(&self) -> &Content {
        match self {
            Self::Create(content) | Self::Update { content, .. } | Self::Recreate { content, .. } => content,
        }
    }
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
            let source = WantedSource::of(index, registry, evidence);
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
