//! The registries to which rules lead images, and what the user should know of them before pods are led there.

use std::collections::BTreeSet;

use super::pods::serves;
use super::rewriting::reach;
use super::{Evidence, Finding, Subject};
use crate::config::{Config, Reach};
use crate::registry::{Host, Image, Prefix};

/// A registry to which rules lead images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Its host, maybe with a port.
    pub authority: String,
    /// How it is reached.
    pub reach: Reach,
    /// Where within it the rules lead to.
    pub targets: Vec<Prefix>,
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
        let reach = any_image(&to).map(|image| reach(config, &image, to.as_host())).unwrap_or_default();
        match all.iter_mut().find(|own| own.authority == authority && own.reach == reach) {
            Some(own) if own.targets.contains(&to) => {}
            Some(own) => own.targets.push(to),
            None => all.push(Proxy { authority: authority.to_owned(), reach, targets: vec![to] }),
        }
    }
    all
}

/// What is wrong with them; `hosts` are the registries of ours, as far as namespaces tell them.
pub(super) fn judge(config: &Config, evidence: &Evidence, hosts: &BTreeSet<Host>) -> Vec<Finding> {
    let hosts: Vec<_> = config.registries.iter().flat_map(|own| &own.hosts).chain(hosts).collect();
    let has_entry =
        |to: &&Prefix| any_image(to).is_some_and(|image| hosts.iter().any(|host| serves(host, &image)));
    let judge = |(proxy, said): &(Proxy, ProxySaid)| match said {
        ProxySaid::Open => Vec::new(),
        ProxySaid::Away(why) => vec![away(&proxy.authority, why)],
        ProxySaid::WantsLogin => proxy.targets.iter().filter(|to| !has_entry(to)).map(closed).collect(),
    };
    evidence.proxies.iter().flat_map(judge).collect()
}

fn away(authority: &str, why: &str) -> Finding {
    let message = format!("images are to be pulled from it, but {why}");
    Subject::global("Proxy", authority).finding("ProxyUnreachable", message)
}

fn closed(to: &Prefix) -> Finding {
    let message = "asks for a credential, and no registry of the configuration is for it; write an entry for it into registries, or let everybody pull from it";
    Subject::global("Proxy", to.as_str()).finding("ProxyNeedsCredential", message)
}

/// An image there.
fn any_image(to: &Prefix) -> Option<Image> {
    Image::parse(&format!("{to}/library/any")).ok()
}
