//! What planning asks of the world beside the snapshot, and what came back.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::job::Job;
use super::life::Life;
use super::probe::{ProbeKey, Probed};
use super::proxies::{Proxy, ProxySaid};
use super::secrets::lacking;
use super::{Namespace, Snapshot, WantedByRegistries};
use crate::config::{AwsLogin, Config, DockerConfigFrom, Password, Registry, SecretKey, Source};
use crate::registry::{Entry, Host, Image, key_matches};

/// The most hosts of one source that are told to it in a pass.
const MAX_EXPECTED: usize = 20;

/// What a pass must fetch before it can plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// The registries, by their place in the configuration, whose sources must be asked: those that are read
    /// anew by each pass, and those whose credentials are missing, drifted or due somewhere.
    pub registries: BTreeSet<usize>,
    /// The Secret keys that they need.
    pub secret_keys: BTreeSet<SecretKey>,
    /// The hosts that a source is expected to give a credential for, though only it can tell: those of which it
    /// gave one before, and those that pods wait for.
    pub expected: BTreeMap<usize, BTreeSet<Host>>,
}

impl Needs {
    /// What remains to be fetched where the answers to some are known.
    #[must_use]
    pub fn without<T>(&self, known: &[Option<T>]) -> Self {
        let is_open = |index: &&usize| known.get(**index).is_none_or(Option::is_none);
        Self { registries: self.registries.iter().filter(is_open).copied().collect(), ..self.clone() }
    }
}

/// What was fetched for each registry of [`Needs`].
#[derive(Default)]
pub struct Evidence {
    /// By the registry's place in the configuration; `None` where it was not asked.
    pub answers: Vec<Option<Result<Given, SourceFailure>>>,
    /// What the registries said of the images that pods wait for.
    pub probed: BTreeMap<ProbeKey, Probed>,
    /// What the registries said to which rules lead images.
    pub proxies: Vec<(Proxy, ProxySaid)>,
    /// The Jobs whose pods wait, by namespace and name, or why one isn't known.
    pub jobs: BTreeMap<(String, String), Result<Job, String>>,
}

/// What a source gave.
#[derive(Clone, Default)]
pub struct Given {
    /// A credential for each of its hosts.
    pub credentials: Vec<Credential>,
    /// What it failed to give: for a host, or for some that it could not name.
    pub failures: Vec<(Option<Host>, SourceFailure)>,
    /// What the user should know of how it was got, one sentence each; never holds a secret.
    pub remarks: Vec<String>,
}

/// A credential for one host, as its source gave it.
#[derive(Clone)]
pub struct Credential {
    /// The registry it is for.
    pub host: Host,
    /// What goes into the docker config.
    pub entry: Entry,
    /// When it ends; `None` is never, as far as its source tells.
    pub life: Option<Life>,
    /// What the registry says of it.
    pub trust: Trust,
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

/// What this pass must fetch, for the chosen namespaces that aren't paused.
#[must_use]
pub fn needs(config: &Config, snapshot: &Snapshot, now: Timestamp) -> Needs {
    let mut needs = Needs::default();
    let (nothing, mut by_registries) = (Evidence::default(), WantedByRegistries::default());
    for (name, seen) in snapshot.namespaces.iter().filter(|(_, seen)| !seen.paused && !seen.terminating) {
        let applies =
            |index: usize| config.registries.get(index).is_some_and(|registry| registry.is_for(name));
        let read_anew =
            |(index, registry): &(usize, &Registry)| applies(*index) && !registry.source.is_minted();
        needs
            .registries
            .extend(config.registries.iter().enumerate().filter(read_anew).map(|(index, _)| index));
        let sought = |index: usize| sought(config, index, seen);
        for wanted in by_registries.of(config, &nothing, now, name) {
            if !seen.unread_secrets.contains(&wanted.name) {
                for (index, hosts) in lacking(&wanted, seen.secrets.get(&wanted.name), &sought) {
                    if hosts.is_empty()
                        && config.registries.get(index).is_some_and(|own| own.source.is_asked_in_part())
                    {
                        // It knows no registry of its own: there is nothing to ask it about.
                        continue;
                    }
                    needs.registries.insert(index);
                    let expected = needs.expected.entry(index).or_default();
                    expected.extend(hosts.into_iter().take(MAX_EXPECTED.saturating_sub(expected.len())));
                }
            }
        }
    }
    for registry in needs.registries.iter().filter_map(|index| config.registries.get(*index)) {
        needs.secret_keys.extend(secret_keys(&registry.source));
    }
    needs
}

/// A registry that a plugin should answer for.
pub struct Sought {
    /// What it is asked about.
    pub host: Host,
    /// An image of it: what the kubelet has no key for isn't answered yet.
    pub image: Image,
}

/// The registries that a plugin's patterns name, and those that pods wait for and its patterns match: where the
/// patterns are globs, these tell the registries.
fn sought(config: &Config, index: usize, seen: &Namespace) -> Vec<Sought> {
    let Some(Source::CredentialProvider { images: patterns, .. }) =
        config.registries.get(index).map(|registry| &registry.source)
    else {
        return Vec::new();
    };
    let written = patterns.iter().filter(|pattern| !pattern.contains('*')).filter_map(|pattern| {
        let image = Image::parse(&format!("{pattern}/any")).ok()?;
        Some(Sought { host: Host::parse(pattern).ok()?, image })
    });
    let waiting = seen.pods.iter().flat_map(|pod| &pod.waiting).filter_map(|w| Image::parse(&w.image).ok());
    let matched = waiting.filter(|image| patterns.iter().any(|pattern| key_matches(pattern, image)));
    let matched =
        matched.filter_map(|image| Some(Sought { host: Host::parse(image.registry()).ok()?, image }));
    written.chain(matched).collect()
}

fn secret_keys(source: &Source) -> Vec<SecretKey> {
    match source {
        Source::Static { password: Password::Secret(key), .. }
        | Source::DockerConfig { from: DockerConfigFrom::Secret(key), .. } => vec![key.clone()],
        Source::Ecr { login: AwsLogin { keys: Some(keys), .. }, .. }
        | Source::EcrPublic { login: AwsLogin { keys: Some(keys), .. } } => {
            vec![keys.id.clone(), keys.secret.clone(), keys.region.clone()]
        }
        _ => Vec::new(),
    }
}

impl Evidence {
    /// What the sources gave, and nothing else yet.
    #[must_use]
    pub fn of(answers: Vec<Option<Result<Given, SourceFailure>>>) -> Self {
        Self { answers, ..Self::default() }
    }

    /// What the sources gave, each with its registry's place in the configuration.
    pub fn given(&self) -> impl Iterator<Item = (usize, &Given)> {
        self.answers.iter().enumerate().filter_map(|(index, slot)| match slot {
            Some(Ok(given)) => Some((index, given)),
            _ => None,
        })
    }

    /// The registries whose source failed, with the failure.
    pub fn failures(&self) -> impl Iterator<Item = (usize, &SourceFailure)> {
        self.answers.iter().enumerate().filter_map(|(index, slot)| match slot {
            Some(Err(failure)) => Some((index, failure)),
            _ => None,
        })
    }
}
