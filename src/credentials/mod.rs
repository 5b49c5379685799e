//! Where credentials come from, one file a source.
//!
//! A source that fails takes only its own registries down: its failure is evidence too, and the plan
//! keeps what was good.

mod aws;
mod docker_config;
mod fixed;
mod helper;
mod identity;
mod plugin;
mod program;
#[cfg(test)]
mod scripts;
mod verify;

use std::collections::BTreeMap;

use secrecy::SecretString;

use crate::config::{Config, SecretKey, Source};
use crate::plan::{Evidence, Needs, SourceFailure};

/// The texts of the Secret keys that were asked for, or why there is none.
pub type SecretTexts = BTreeMap<SecretKey, Result<SecretString, String>>;

/// Fetches what the pass needs; `secrets` are the Secret keys among it, read from the cluster.
#[must_use]
pub fn gather(config: &Config, needs: &Needs, secrets: &SecretTexts) -> Evidence {
    let credentials = config.registries.iter().enumerate().map(|(index, registry)| {
        needs.registries.contains(&index).then(|| match &registry.source {
            Source::Static { username, password, email } => {
                fixed::credential(username, password, email.as_deref(), secrets).map_err(SourceFailure)
            }
        })
    });
    Evidence { credentials: credentials.collect() }
}
