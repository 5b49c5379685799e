//! Namespaces where their list is refused: k8s-ecrupdater's published ClusterRole grants it only to those
//! who have Secrets created. Who only keeps what is there needs no more than the lists of Secrets.

use std::collections::BTreeMap;

use super::contents::Contents;
use crate::config::{Config, Heal, ServiceAccounts};
use crate::plan::{Finding, Namespace, Subject};

/// Is nothing asked for in a namespace that lacks our Secret? A label selector chooses by what only the
/// list of namespaces shows.
pub(super) fn suffice(config: &Config) -> bool {
    !config.create
        && matches!(config.service_accounts, ServiceAccounts::None)
        && config.pods.heal == Heal::Off
        && config.namespaces.selector.is_none()
}

/// The chosen namespaces in which a Secret of ours was found.
pub(super) fn namespaces(config: &Config, contents: &Contents) -> BTreeMap<String, Namespace> {
    let found = contents.secrets.iter().filter_map(|(_, secrets)| secrets.as_ref().ok()).flatten();
    let chosen = found.map(|(namespace, _)| namespace).filter(|name| config.namespaces.names.contains(name));
    chosen.map(|name| (name.clone(), Namespace::default())).collect()
}

/// What is not seen then.
pub(super) fn finding() -> Finding {
    let message = "can't be listed, so pause annotations and deletions aren't seen; grant list on namespaces";
    Subject::global("Resource", "namespaces").finding("ListForbidden", message)
}
