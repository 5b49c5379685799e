//! What a pass may do.

use super::{Grant, Part, Rule, secret_names};
use crate::config::{Config, Heal, Registry, ServiceAccounts};

const EVERYWHERE: &str = "\
    What a pass may do, and nothing more: as `pullkeeper rbac` prints it. Each rule says what it is for.";
const IN_ONE: &str = "\
    What a pass may do in this namespace, and nothing more: as `pullkeeper rbac` prints it. The configuration writes its \
    namespaces out by name; then every request stays within them, and no ClusterRole is needed.";

pub(super) fn grants(config: &Config) -> Vec<Grant> {
    let grant = |place: Option<String>| {
        let why = if place.is_some() { IN_ONE } else { EVERYWHERE };
        let rules = rules(config, place.as_deref());
        Part::Pass.grant(config, place, why, rules)
    };
    config.namespaces.places().into_iter().map(grant).collect()
}

fn rules(config: &Config, place: Option<&str>) -> Vec<Rule> {
    let served = config.registries.iter().any(|own| serves(config, own, place));
    let mut rules = vec![namespaces(config, place.is_none())];
    rules.extend(secrets(config, place));
    rules.extend(service_accounts(config, served));
    rules.extend(pods(config, served));
    rules
}

/// Is an entry for this place, or may it have been before?
fn serves(config: &Config, registry: &Registry, place: Option<&str>) -> bool {
    place.is_none_or(|place| prunes(config) || registry.is_for(place))
}

/// Is what is ours taken away where it is left? A loop is told of namespaces that are no longer chosen, and reads its
/// configuration anew.
fn prunes(config: &Config) -> bool {
    (config.prune && config.time.is_some()) || gets_namespaces(config)
}

/// May a pass do this to the Secret of that name, or with none to any, in a namespace?
pub(super) fn allows(config: &Config, verb: &str, namespace: &str, name: Option<&str>) -> bool {
    let mut places = config.namespaces.places().into_iter();
    let place = places.find(|place| place.as_deref().is_none_or(|place| place == namespace));
    let rules = place.map(|place| secrets(config, place.as_deref())).unwrap_or_default();
    rules.iter().any(|rule| {
        let named =
            rule.names.is_empty() || name.is_some_and(|name| rule.names.iter().any(|own| own == name));
        named && rule.verbs.contains(&verb)
    })
}

fn namespaces(config: &Config, everywhere: bool) -> Rule {
    if !everywhere {
        let why = "Is it there, does it terminate, is it paused? Of a Role, this reaches the Role's own namespace only.";
        return Rule::new("", "namespaces", ["get"], why);
    }
    let why = "Which namespaces there are; the pause annotation.";
    if !gets_namespaces(config) {
        return Rule::new("", "namespaces", ["list"], why);
    }
    let why = format!("{why} get: those that are no longer chosen, where a Secret of ours is left.");
    Rule::new("", "namespaces", ["get", "list"], why)
}

/// Does a single pass look for namespaces that are no longer chosen? Only an instance with a name does.
pub(super) fn gets_namespaces(config: &Config) -> bool {
    config.finds_what_is_left() && config.namespaces.listed().is_none()
}

fn secrets(config: &Config, place: Option<&str>) -> Vec<Rule> {
    let (ours, others): (Vec<_>, Vec<_>) = secret_names(config).into_iter().partition(|name| {
        config.registries.iter().any(|own| own.secret_name == *name && serves(config, own, place))
    });
    let writes = !ours.is_empty();
    let mut rules = Vec::from_iter(writes.then(|| written(config, ours)));
    if !others.is_empty() {
        let why = "Of the configuration's others, which are not for this namespace: whether one is there.";
        rules.push(Rule::new("", "secrets", ["list"], why).named(others));
    }
    if config.create && writes {
        rules.push(Rule::new("", "secrets", ["create"], "A create can't be restricted by name."));
    }
    rules
}

fn written(config: &Config, names: Vec<String>) -> Rule {
    let prunes = prunes(config);
    let mut why =
        "Our Secrets by name, and nobody else's: a list by name is authorised by resourceNames. One name for each \
         secret.name and secretName of the configuration."
            .to_owned();
    if config.create {
        why += " delete: a Secret whose type is wrong, or that is immutable, can only be recreated.";
    } else if prunes {
        why += " delete: those in namespaces that are no longer chosen.";
    }
    let rule = Rule::new("", "secrets", ["get", "list", "patch"], why).named(names);
    rule.and("delete", config.create || prunes)
}

fn service_accounts(config: &Config, served: bool) -> Vec<Rule> {
    if config.registries.is_empty() || matches!(config.service_accounts, ServiceAccounts::None) {
        return Vec::new();
    }
    let why = if served {
        "Add our Secrets to their pull secrets."
    } else {
        "Which there are; no Secret of ours is for this namespace."
    };
    let rule = |lists: bool, writes: bool| {
        let rule = Rule::new("", "serviceaccounts", [], why);
        rule.and("get", writes).and("list", lists).and("patch", writes)
    };
    let Some(names) = config.service_accounts.names() else {
        return vec![rule(true, served)];
    };
    if names.len() == 1 {
        return vec![rule(true, served).named(names)];
    }
    let listed =
        Rule { why: "A list of several can't be restricted by name.".to_owned(), ..rule(true, false) };
    let written = served.then(|| rule(false, true).named(names));
    [listed].into_iter().chain(written).collect()
}

/// What is done to pods, if anything.
struct Healing {
    nudges: bool,
    rewrites: bool,
    recreates: Option<Recreation>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Recreation {
    Evict,
    Delete,
}

impl Healing {
    fn of(config: &Config, served: bool) -> Self {
        let heal = config.pods.heal;
        // A pod is evicted for what its ServiceAccount names since.
        let named = !matches!(config.service_accounts, ServiceAccounts::None);
        let recreates = match heal {
            Heal::Auto if served && named => Some(Recreation::Evict),
            Heal::All => Some(Recreation::Delete),
            Heal::Auto | Heal::Off => None,
        };
        Self {
            nudges: heal == Heal::Auto && served && config.pods.nudge,
            rewrites: heal != Heal::Off && !config.images.rewrites.is_empty(),
            recreates: recreates.filter(|_| config.pods.max_evictions > 0),
        }
    }

    fn in_place(&self) -> bool {
        self.nudges || self.rewrites
    }

    fn acts(&self) -> bool {
        self.in_place() || self.recreates.is_some()
    }
}

fn pods(config: &Config, served: bool) -> Vec<Rule> {
    if config.pods.heal == Heal::Off {
        return Vec::new();
    }
    let healing = Healing::of(config, served);
    let looks = "All from here on heals pods: take it out with pods.heal: off.\n\
                 Which pods wait for an image, and why.";
    let verbs: &[_] = if healing.acts() { &["get", "list"] } else { &["list"] };
    let mut rules = vec![Rule { verbs: verbs.to_vec(), ..Rule::new("", "pods", [], looks) }];
    if healing.in_place() {
        rules.push(Rule::new("", "pods", ["patch"], patches(&healing)));
    }
    if healing.recreates == Some(Recreation::Evict) {
        rules.push(Rule::new(
            "",
            "pods/eviction",
            ["create"],
            "Have pods recreated that a new pull secret helps.",
        ));
        let why = "How many more failures a Job bears, before one of its pods is evicted.";
        rules.push(Rule::new("batch", "jobs", ["get"], why));
    }
    if healing.recreates == Some(Recreation::Delete) {
        let why = "Have every pod recreated that waits for an image, for pods.heal is all; disruption budgets are \
                   not asked.";
        rules.push(Rule::new("", "pods", ["delete"], why));
    }
    if healing.acts() {
        rules.push(Rule::new("", "events", ["create"], "Say on each pod what was done to it."));
    }
    rules
}

/// The same whether there are rules beside nudges or not: an overlay that adds rules needs no other role.
fn patches(healing: &Healing) -> &'static str {
    if healing.nudges {
        "Spell the image of a container that waits in another way, so that its node pulls at once, or write it as \
         images.rewrite says. Only for that: without such rules take it out with pods.nudge: false, and nodes try \
         again within five minutes."
    } else {
        "Write the image of a container that waits as images.rewrite says."
    }
}
