//! What is read of Secrets that hold the credentials themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::{Grant, Part, Rule, pass};
use crate::config::{Config, DockerConfigFrom, Password, SecretKey, Source};

const WHY: &str = "\
    The Secrets of this namespace that, the configuration says, hold a password, keys or a docker config; as \
    `pullkeeper rbac` prints it.";

pub(super) fn grants(config: &Config) -> Vec<Grant> {
    let mut by_namespace: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let keys = config.registries.iter().filter_map(|registry| key(&registry.source));
    for key in keys.filter(|key| !pass::allows(config, "get", &key.namespace, Some(&key.name))) {
        by_namespace.entry(&key.namespace).or_default().insert(&key.name);
    }
    let grant = |(namespace, names): (&str, BTreeSet<&str>)| {
        let names = names.into_iter().map(str::to_owned).collect();
        let rule = Rule::new("", "secrets", ["get"], "By name, and only to read.").named(names);
        Part::Credentials.grant(config, Some(namespace.to_owned()), WHY, vec![rule])
    };
    by_namespace.into_iter().map(grant).collect()
}

/// One of the keys that a source reads; all of them are in one Secret.
fn key(source: &Source) -> Option<&SecretKey> {
    match source {
        Source::Static { password: Password::Secret(key), .. }
        | Source::DockerConfig { from: DockerConfigFrom::Secret(key), .. } => Some(key),
        Source::Ecr { login, .. } | Source::EcrPublic { login } => login.keys.as_ref().map(|keys| &keys.id),
        Source::Static { .. }
        | Source::DockerConfig { .. }
        | Source::CredentialHelper { .. }
        | Source::CredentialProvider { .. } => None,
    }
}
