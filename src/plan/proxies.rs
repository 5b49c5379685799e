//! The registries to which rules lead images, and what the user should know of them before pods are led there.

use std::collections::{BTreeMap, BTreeSet};

use super::rewriting::reach;
use super::{Evidence, Finding, Subject};
use crate::config::{Config, Reach};
use crate::registry::{Host, Image, Prefix};

/// An image of Docker Hub that has been there always, and that everybody may pull.
const OFFICIAL: &str = "docker.io/library/busybox:latest";

/// A registry to which rules lead images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Its host, maybe with a port.
    pub authority: String,
    /// How it is reached.
    pub reach: Reach,
    /// Where within it the rules lead to.
    pub targets: Vec<Prefix>,
    /// An image that it must show, where that is known: of Docker Hub's official ones, one that will stay.
    pub shows: Option<Image>,
}

/// What it says to who has no login. The text is for people, and never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProxySaid {
    /// Nothing against it: it serves anybody, or only an image will tell.
    Open,
    /// It asks for a login.
    WantsLogin,
    /// It doesn't serve anybody now, for this reason.
    Away(String),
}

/// The registries that must be asked; none where nobody is.
#[must_use]
pub fn proxies(config: &Config) -> Vec<Proxy> {
    let mut all: Vec<Proxy> = Vec::new();
    for rule in config.images.rewrites.rules().iter().filter(|_| config.verify) {
        let (authority, to) = (rule.to.host(), rule.to.clone());
        let shows = Image::parse(OFFICIAL).ok().and_then(|image| config.images.rewrites.rewrite(&image));
        let shows = shows.filter(|(_, own)| *own == rule).map(|(image, _)| image);
        let reach = any_image(&to).map(|image| reach(config, &image, to.as_host())).unwrap_or_default();
        match all.iter_mut().find(|own| own.authority == authority && own.reach == reach) {
            Some(own) => {
                own.shows = own.shows.take().or(shows);
                if !own.targets.contains(&to) {
                    own.targets.push(to);
                }
            }
            None => all.push(Proxy { authority: authority.to_owned(), reach, targets: vec![to], shows }),
        }
    }
    all
}

/// What is wrong with them, as far as the configuration alone tells.
#[must_use]
pub fn bad_proxies(config: &Config, said: &[(Proxy, ProxySaid)]) -> Vec<Finding> {
    let hosts = config.registries.iter().flat_map(|own| &own.hosts).cloned().collect();
    said.iter()
        .flat_map(|(proxy, said)| {
            bad(proxy, said, &BTreeMap::from([(String::new(), BTreeSet::clone(&hosts))]))
        })
        .collect()
}

/// What is wrong with them, where each namespace has credentials for these registries.
pub(super) fn judge(evidence: &Evidence, hosts: &BTreeMap<String, BTreeSet<Host>>) -> Vec<Finding> {
    evidence.proxies.iter().flat_map(|(proxy, said)| bad(proxy, said, hosts)).collect()
}

fn bad(proxy: &Proxy, said: &ProxySaid, hosts: &BTreeMap<String, BTreeSet<Host>>) -> Vec<Finding> {
    match said {
        ProxySaid::Open => Vec::new(),
        ProxySaid::Away(why) => vec![away(&proxy.authority, why)],
        ProxySaid::WantsLogin => proxy.targets.iter().filter_map(|to| closed(to, hosts)).collect(),
    }
}

fn away(authority: &str, why: &str) -> Finding {
    let message = format!("images are to be pulled from it, but {why}");
    Subject::global("Proxy", authority).finding("ProxyUnreachable", message)
}

fn closed(to: &Prefix, hosts: &BTreeMap<String, BTreeSet<Host>>) -> Option<Finding> {
    let image = any_image(to)?;
    let lacks = |own: &BTreeSet<Host>| !own.iter().any(|host| host.serves(&image));
    let lacking: Vec<_> = hosts.iter().filter(|(_, own)| lacks(own)).map(|(name, _)| name).collect();
    let first = lacking.first()?;
    let whose = match lacking.len() {
        all if all == hosts.len() => "no registry of the configuration is for it".to_owned(),
        1 => format!("none of the registries of namespace {first} is for it"),
        some => format!("none of the registries of {some} namespaces, {first} among them, is for it"),
    };
    let message = format!(
        "asks for a credential, and {whose}; write an entry for it into registries, or let everybody pull from it"
    );
    Some(Subject::global("Proxy", to.as_str()).finding("ProxyNeedsCredential", message))
}

/// An image there.
fn any_image(to: &Prefix) -> Option<Image> {
    Image::parse(&format!("{to}/library/any")).ok()
}
