//! What a Secret should hold: composed anew, or merged into what somebody else wrote.

use std::collections::BTreeMap;

use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::{Content, Wanted, WantedEntry};
use crate::plan::Secret;
use crate::registry::{DockerConfig, Host, same_registry};

/// What the state annotation notes of one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Noted {
    /// The instance that wrote it: a Secret that isn't ours carries no label that would tell.
    #[serde(default)]
    pub(super) instance: String,
    pub(super) source: String,
    pub(super) sha256: String,
}

pub(super) type State = BTreeMap<String, Noted>;

/// Exactly what is wanted; of a host whose source failed, what was there.
pub(super) fn compose(wanted: &Wanted, there: Option<&DockerConfig>, noted: &State) -> (DockerConfig, State) {
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
pub(super) fn merge(wanted: &Wanted, there: &DockerConfig, noted: &State) -> (DockerConfig, State) {
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
pub(super) fn same(wanted: &Wanted, config: &DockerConfig, there: &DockerConfig) -> bool {
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

/// The hosts for which a pod that names the Secret can pull. None, if any entry is one that the kubelet
/// can't decode: that fails every pull of the pod, of public images too.
pub(super) fn served(wanted: &Wanted, config: &DockerConfig) -> Vec<Host> {
    if config.malformed().is_some() {
        return Vec::new();
    }
    wanted.hosts().filter(|host| holds_usable(config, host)).cloned().collect()
}

/// Has it a good entry for `host`, under whatever spelling of it?
pub(super) fn holds_usable(config: &DockerConfig, host: &Host) -> bool {
    let ours = |key: &&str| host.keys().iter().any(|own| same_registry(own, key));
    config.keys().filter(ours).any(|key| config.is_usable(key))
}

pub(super) fn docker_config(seen: &Secret) -> Option<DockerConfig> {
    DockerConfig::parse(seen.docker_config.as_ref()?.expose_secret())
}

pub(super) fn state(seen: &Secret) -> State {
    seen.state.as_ref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

pub(super) fn content(config: Option<&DockerConfig>, state: &State) -> Content {
    Content {
        docker_config: config.map(DockerConfig::to_json),
        state: serde_json::to_string(state).unwrap_or_default(),
    }
}
