//! What the pods of one namespace will find there once its Secrets and ServiceAccounts are done.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::config::Reach;
use crate::plan::rewriting::Rewriting;
use crate::registry::{Entry, Host};

/// What the pods of one namespace will find there once its Secrets and ServiceAccounts are done.
#[derive(Default)]
pub struct Surroundings<'a> {
    /// The namespace.
    pub namespace: String,
    /// Our Secrets here, by name.
    pub secrets: BTreeMap<String, OurSecret>,
    /// The chosen ServiceAccounts, by name.
    pub service_accounts: BTreeMap<String, OurServiceAccount>,
    /// The hosts of the registries that this namespace wants.
    pub wanted: Vec<Host>,
    /// A Secret that this namespace wants could not be read, or will serve nobody.
    pub incomplete: bool,
    /// Healing is not for this namespace: `kube-system`, unless named.
    pub exempt: bool,
    /// The rules by which images are pulled from elsewhere, if they hold here.
    pub rewriting: Option<Rewriting<'a>>,
}

/// A Secret of ours as pods will find it.
pub struct OurSecret {
    /// The registries for which it has a good credential.
    pub serves: Vec<Served>,
    /// When its data changed last; `None` is not known.
    pub changed: Option<Timestamp>,
}

/// A registry that a Secret has a good credential for.
pub struct Served {
    /// The registry.
    pub host: Host,
    /// The credential, if it is text.
    pub login: Option<Entry>,
    /// How the registry is reached.
    pub reach: Reach,
}

/// A ServiceAccount as new pods will find it.
#[derive(Debug)]
pub struct OurServiceAccount {
    /// Its pull secrets.
    pub pull_secrets: Vec<String>,
    /// When we last added the names of our Secrets to it; those that others put there are absent.
    pub added: BTreeMap<String, Timestamp>,
    /// Our Secrets that this pass puts back into it, with the time at which we added them last: they are in place since
    /// before this pass, so somebody took them out.
    pub put_back: BTreeMap<String, Timestamp>,
}
