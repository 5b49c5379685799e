//! Pull secrets that pods get when they are made, though their ServiceAccount doesn't name them yet.

use super::cel::{is_among, text};
use crate::config::{Config, Registry, ServiceAccounts};
use crate::plan::service_accounts::is_chosen;
use crate::registry::{Host, Image};

/// The Secrets for these images in a namespace: each name once, in the order of the registries. As for passes, only
/// where the ServiceAccount is chosen; where none is, for all pods, since nothing else gives them any.
pub(super) fn wanted<'a>(
    config: &'a Config,
    namespace: &str,
    service_account: &str,
    images: &[Image],
) -> Vec<&'a str> {
    let chosen = &config.service_accounts;
    if !matches!(chosen, ServiceAccounts::None) && !is_chosen(chosen, service_account) {
        return Vec::new();
    }
    let serves = |host: &Host| images.iter().any(|image| host.serves(image));
    let mut names: Vec<&str> = Vec::new();
    for own in injected(config).filter(|own| own.is_for(namespace) && own.hosts.iter().any(serves)) {
        if !names.contains(&own.secret_name.as_str()) {
            names.push(&own.secret_name);
        }
    }
    names
}

/// The same in CEL: the names, of which some may be there twice, for the images in `variables.places`.
pub(super) fn expression(config: &Config) -> Option<String> {
    let all: Vec<_> = injected(config).filter(|own| !own.hosts.is_empty()).map(condition).collect();
    let (conditions, names): (Vec<_>, Vec<_>) = all.into_iter().unzip();
    if names.is_empty() {
        return None;
    }
    let pairs =
        names.iter().zip(&conditions).map(|(name, condition)| format!("({condition} ? [{name}] : [])"));
    let chosen = match &config.service_accounts {
        ServiceAccounts::All | ServiceAccounts::None => "true".to_owned(),
        ServiceAccounts::Default => format!("{ACCOUNT} == 'default'"),
        ServiceAccounts::Named(names) => is_among(ACCOUNT, names),
    };
    Some(format!(
        "!({chosen}) ? [] : ({}).filter(s, !object.spec.?imagePullSecrets.orValue([]).exists(r, r.?name.orValue('') == s))",
        pairs.collect::<Vec<_>>().join(" + ")
    ))
}

const ACCOUNT: &str = "object.spec.?serviceAccountName.orValue('')";

fn injected(config: &Config) -> impl Iterator<Item = &Registry> {
    config.registries.iter().filter(|_| config.images.inject_pull_secret)
}

/// Whether a registry's Secret is for one of the images, and the Secret's name.
fn condition(own: &Registry) -> (String, String) {
    let patterns: Vec<_> = own.hosts.iter().map(pattern).collect();
    let mut condition = format!("variables.places.exists(p, p.matches({}))", text(&patterns.join("|")));
    if let Some(narrowed) = &own.namespaces {
        condition = format!("{} && {condition}", is_among("request.namespace", narrowed));
    }
    (condition, text(&own.secret_name))
}

/// The images that a credential under this host is for, by the kubelet's rules: labels match one by one, the port is
/// equal, and a path is a prefix of text.
fn pattern(host: &Host) -> String {
    let (authority, path) =
        (host.authority(), host.as_str().strip_prefix(host.authority()).unwrap_or_default());
    let authority: Vec<_> = authority.split('*').map(regex_lite::escape).collect();
    let path = if path.is_empty() { "/".to_owned() } else { regex_lite::escape(path) };
    format!("^{}{path}", authority.join("[^./:]*"))
}
