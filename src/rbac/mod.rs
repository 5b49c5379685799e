//! The rights that a configuration needs, and no other: what `pullkeeper rbac` prints.
//!
//! Pure: it knows the configuration and what is asked of the API server for it, and asks nobody. Grants are parted by
//! their purpose, so that an overlay holds only what it adds. What a rule is for is part of it. `tests/rbac` runs the
//! program with exactly these rights on a real API server, and with each verb taken away.

mod admission;
mod credentials;
mod pass;
mod print;
#[cfg(test)]
mod tests;
mod watch;

use clap::ValueEnum;

use crate::config::{Config, DEFAULT_INSTANCE};
pub use print::{json, yaml};

/// The `ServiceAccount` that gets the rights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub service_account: String,
}

/// What rights are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// A pass
    Pass,
    /// What a loop may do besides: hear of changes
    Watch,
    /// Reading the Secrets that hold passwords
    Credentials,
    /// Keeping the policy for images in step
    Images,
    /// Keeping the webhook for images in step
    Webhook,
}

/// Rights for one purpose: a role and its binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// What it is a part of.
    pub part: Part,
    /// The name of both.
    pub name: String,
    /// Where it holds; `None` is the whole cluster.
    pub namespace: Option<String>,
    /// What it is for.
    pub why: &'static str,
    /// What it allows; never empty.
    pub rules: Vec<Rule>,
}

/// One rule of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The API group; the core's is empty.
    pub group: &'static str,
    /// The resources, with their subresource after a slash.
    pub resources: Vec<&'static str>,
    /// The objects; none is all.
    pub names: Vec<String>,
    /// What may be done.
    pub verbs: Vec<&'static str>,
    /// What it is for.
    pub why: String,
}

/// All rights that a configuration needs.
#[must_use]
pub fn grants(config: &Config) -> Vec<Grant> {
    let mut grants = pass::grants(config);
    grants.extend(watch::grants(config));
    grants.extend(credentials::grants(config));
    grants.extend(admission::grants(config));
    grants.retain(|grant| !grant.rules.is_empty());
    grants
}

impl Part {
    const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Watch => "watch",
            Self::Credentials => "credentials",
            Self::Images => "images",
            Self::Webhook => "webhook",
        }
    }

    /// The name of a grant; an instance with a name of its own shares none with others.
    fn name(self, config: &Config) -> String {
        match (config.instance.as_str(), self) {
            (DEFAULT_INSTANCE, Self::Pass) => "pullkeeper".to_owned(),
            (DEFAULT_INSTANCE, part) => format!("pullkeeper-{}", part.word()),
            // Of a pass, too: an instance may be called watch.
            (instance, part) => format!("pullkeeper-{}-{instance}", part.word()),
        }
    }

    fn grant(self, config: &Config, namespace: Option<String>, why: &'static str, rules: Vec<Rule>) -> Grant {
        Grant { part: self, name: self.name(config), namespace, why, rules }
    }
}

/// The names of our Secrets, sorted, each once.
fn secret_names(config: &Config) -> Vec<String> {
    let mut names: Vec<_> = config.registries.iter().map(|registry| registry.secret_name.clone()).collect();
    names.sort();
    names.dedup();
    names
}

impl Rule {
    /// A rule for any object of a resource.
    fn new<const N: usize>(
        group: &'static str,
        resource: &'static str,
        verbs: [&'static str; N],
        why: impl Into<String>,
    ) -> Self {
        Self { group, resources: vec![resource], names: Vec::new(), verbs: verbs.into(), why: why.into() }
    }

    /// The same for these objects alone.
    fn named(self, names: Vec<String>) -> Self {
        Self { names, ..self }
    }

    /// Another verb, if that is so.
    fn and(mut self, verb: &'static str, is_so: bool) -> Self {
        self.verbs.extend(is_so.then_some(verb));
        self
    }
}
