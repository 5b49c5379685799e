//! What a loop may do besides a pass.

use super::{Grant, Part, Rule, pass, secret_names};
use crate::config::{Config, Heal, Namespaces, ServiceAccounts};

const WHY: &str = "\
    What a loop may do besides a pass, as `pullkeeper rbac` prints it: hear at once of what changes.";

pub(super) fn grants(config: &Config) -> Vec<Grant> {
    let grant = |place: Option<String>| {
        let rules = rules(config, place.is_none());
        Part::Watch.grant(config, place, WHY, rules)
    };
    config.namespaces.places().into_iter().map(grant).collect()
}

fn rules(config: &Config, everywhere: bool) -> Vec<Rule> {
    let named = config.namespaces.listed().map_or(0, |names| names.len());
    let watches = config.watches() && named <= Namespaces::MOST_WATCHED;
    let mut rules = Vec::from_iter(everywhere.then(|| namespaces(config, watches)).flatten());
    if watches {
        rules.extend(contents(config));
    }
    rules
}

/// A pass over a part of the cluster asks for each namespace by its name.
fn namespaces(config: &Config, watches: bool) -> Option<Rule> {
    let waits = config.time.is_some_and(|time| time.resync.is_some()) && config.pods.heal != Heal::Off;
    let gets = (watches || waits) && !pass::gets_namespaces(config);
    let why = if watches {
        "Namespaces that are new; each that changed is read by its name."
    } else {
        "Each namespace in which a pod waits is read by its name, between passes over all."
    };
    let rule = Rule::new("", "namespaces", [], why).and("get", gets).and("watch", watches);
    (!rule.verbs.is_empty()).then_some(rule)
}

fn contents(config: &Config) -> Vec<Rule> {
    let names = secret_names(config);
    if names.is_empty() {
        return Vec::new();
    }
    let mut rules = Vec::new();
    if !matches!(config.service_accounts, ServiceAccounts::None) {
        let one = Vec::from_iter(config.service_accounts.single());
        let why = "ServiceAccounts that are new, or that lost our Secrets' names.";
        rules.push(Rule::new("", "serviceaccounts", ["watch"], why).named(one));
    }
    let why = "Our Secrets, edited or deleted by somebody else. One name for each secret.name and secretName of the \
               configuration.";
    rules.push(Rule::new("", "secrets", ["watch"], why).named(names));
    rules
}
