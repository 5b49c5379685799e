//! What planning asks of the world beside the snapshot, and what came back.

use std::collections::BTreeSet;

use super::Snapshot;
use crate::config::{Config, Password, SecretKey, Source};
use crate::registry::Entry;

/// What a pass must fetch before it can plan.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The registries, by their place in the configuration, that some chosen namespace wants.
    pub registries: BTreeSet<usize>,
    /// The Secret keys that hold their passwords.
    pub secret_keys: BTreeSet<SecretKey>,
}

/// What was fetched: a credential, or why there is none, for each registry of [`Needs`].
#[derive(Default)]
pub struct Evidence {
    /// By the registry's place in the configuration; `None` where nobody wants it.
    pub credentials: Vec<Option<Result<Credential, SourceFailure>>>,
}

/// A credential as its source gave it.
pub struct Credential {
    /// What goes into the docker config.
    pub entry: Entry,
    /// Tells one source from another without telling its secret.
    pub fingerprint: String,
}

/// What the registry says of a credential. The texts are for people, and never hold a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// Nothing against it: it was accepted, or there is nothing to ask.
    Accepted,
    /// It could not be asked, for this reason.
    Unverified(String),
    /// It was refused, in these words. It must not take the place of any other.
    Refused(String),
}

/// Why a source gave no credential, and what to do; never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFailure(pub String);

/// Which credentials this pass needs: those that a chosen namespace, which isn't paused, wants.
#[must_use]
pub fn needs(config: &Config, snapshot: &Snapshot) -> Needs {
    let mut needs = Needs::default();
    let open = |name: &str| snapshot.namespaces.get(name).is_some_and(|n| !n.paused && !n.terminating);
    for (index, registry) in config.registries.iter().enumerate() {
        let wanted = snapshot.namespaces.keys().any(|name| open(name) && registry.is_for(name));
        if !wanted {
            continue;
        }
        needs.registries.insert(index);
        let Source::Static { password, .. } = &registry.source;
        if let Password::Secret(key) = password {
            needs.secret_keys.insert(key.clone());
        }
    }
    needs
}

impl Evidence {
    /// The credential of the registry at `index`, if its source gave one.
    #[must_use]
    pub fn credential(&self, index: usize) -> Option<&Credential> {
        self.credentials.get(index)?.as_ref()?.as_ref().ok()
    }

    /// The registries whose source failed, with the failure.
    pub fn failures(&self) -> impl Iterator<Item = (usize, &SourceFailure)> {
        self.credentials.iter().enumerate().filter_map(|(index, slot)| match slot {
            Some(Err(failure)) => Some((index, failure)),
            _ => None,
        })
    }
}
