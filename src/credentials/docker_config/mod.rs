//! A docker config made into entries that a pull secret can hold: its helpers asked, its identity tokens
//! resolved. The kubelet reads neither.
//!
//! `auths` are taken as docker writes them, `credHelpers` win for their hosts, and `credsStore` is asked for
//! those keys of `auths` that have no credential of their own. Docker asks it for every key; but what
//! somebody wrote into the file that he gives to this program is meant, and a store that is not there
//! must not take it away.

mod file;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::Path;

use futures::StreamExt;
use futures::stream;
use secrecy::{ExposeSecret, SecretString};

use super::helper::{self, Login};
use super::{Patience, identity};
use crate::config::Programs;
use crate::registry::{Entry, Host, HostError};
use file::{Auth, Found};

/// The most helpers that run at a time.
const AT_ONCE: usize = 4;

/// What a docker config comes to.
pub(super) struct Resolved {
    /// By host, each once, in the file's order; a helper that fails takes only its own hosts down.
    pub(super) entries: Vec<(Host, Result<Entry, String>)>,
    /// The hosts of which a helper was asked.
    pub(super) fetched: BTreeSet<Host>,
    /// What the user should know, though it works.
    pub(super) remarks: Vec<String>,
}

/// Resolves the text of a docker config, or of a legacy dockercfg. An error is a text that is neither; it
/// is what follows the name of the file or Secret in a sentence.
pub(super) async fn resolve(text: &SecretString, programs: &Programs) -> Result<Resolved, String> {
    let file = file::read(text.expose_secret())?;
    let mut remarks = Vec::new();
    let ways = ways(file, &mut remarks);
    let asks = |(host, way): &(Host, Way)| matches!(way, Way::Ask { .. }).then(|| host.clone());
    let fetched = ways.iter().filter_map(asks).collect();
    let patience = Patience::new();
    let resolved =
        ways.into_iter().map(|(host, way)| async { (host, way.resolve(programs, patience).await) });
    let resolved: Vec<_> = stream::iter(resolved).buffered(AT_ONCE).collect().await;
    let entries = resolved.into_iter().map(|(host, result)| {
        let entry = result.map(|(entry, remark)| {
            remarks.extend(remark);
            entry
        });
        (host, entry)
    });
    Ok(Resolved { entries: entries.collect(), fetched, remarks })
}

/// The host of a key as the kubelet reads it: without scheme, and without a leading `/v1/` or `/v2/`.
pub(super) fn host_of_key(key: &str) -> Result<Host, HostError> {
    let bare = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    let (authority, path) = bare.split_at(bare.find('/').unwrap_or(bare.len()));
    let rest = path.strip_prefix("/v1/").or_else(|| path.strip_prefix("/v2/"));
    Host::parse(&rest.map_or(bare.to_owned(), |rest| format!("{authority}/{rest}")))
}

/// A text of somebody else's file, for a message: short, and never with an account's password.
pub(super) fn shown(text: &str) -> String {
    if text.contains('@') {
        return "…@…".to_owned();
    }
    let short: String = text.chars().take(80).collect();
    let dots = if short.len() < text.len() { "…" } else { "" };
    format!("{}{dots}", short.escape_debug())
}

/// How a host comes to its entry.
enum Way {
    /// It stands in the file.
    Own(Box<Auth>, String),
    /// A helper has it.
    Ask { helper: String, key: String, username: Option<String>, email: Option<String> },
    /// It stands in the file, and nobody can read it.
    Broken(String),
}

impl Way {
    /// Asks a helper for `key`; what was found in the file names the user and the email at most.
    fn ask(helper: &str, key: &str, found: Found) -> Self {
        let (username, email) = found.into_names();
        Self::Ask { helper: helper.to_owned(), key: key.to_owned(), username, email }
    }

    async fn resolve(
        self,
        programs: &Programs,
        patience: Patience,
    ) -> Result<(Entry, Option<String>), String> {
        match self {
            Self::Broken(why) => Err(why),
            Self::Own(auth, key) => auth.into_entry(&key),
            Self::Ask { helper, key, username, email } => {
                let program = program(&helper)?;
                patience.check().map_err(|late| format!("{program} {late}"))?;
                Ok(match helper::ask(Path::new(&program), programs, &key).await? {
                    Login::Password { username, password } => (Entry { username, password, email }, None),
                    Login::IdentityToken(token) => identity::as_entry(&key, username, token, email),
                })
            }
        }
    }

    /// Would it give the same without asking?
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Own(one, _), Self::Own(other, _)) => one.is_same(other),
            (Self::Ask { helper: one, .. }, Self::Ask { helper: other, .. }) => one == other,
            _ => false,
        }
    }
}

fn program(helper: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if helper.chars().all(allowed) {
        Ok(format!("docker-credential-{helper}"))
    } else {
        Err(format!(
            "the helper '{}' can't be a program's name; write letters, digits, '.', '_' and '-'",
            shown(helper)
        ))
    }
}

fn ways(file: file::File, remarks: &mut Vec<String>) -> Vec<(Host, Way)> {
    let mut ways = Vec::new();
    let helpers = hosts(file.helpers, "credHelpers", remarks);
    if file.store.is_some() && file.auths.is_empty() {
        remarks.push("its credsStore is asked for the hosts in auths only, where there is none".to_owned());
    }
    for (host, key, found) in hosts(file.auths, "auths", remarks) {
        let way = match (helpers.iter().rev().find(|(known, ..)| *known == host), found, &file.store) {
            (Some((_, key, name)), found, _) if !name.is_empty() => Way::ask(name, key, found),
            (_, Found::Broken(why), _) => Way::Broken(why),
            (_, Found::Auth(auth), _) if !auth.is_empty() => Way::Own(auth, key),
            (None, found, Some(store)) => Way::ask(store, &key, found),
            // An empty name among the helpers is docker's way to exempt a host from the store.
            _ => continue,
        };
        put(&mut ways, host, way, remarks);
    }
    let asked = ways.len();
    for (host, key, name) in helpers {
        if !name.is_empty() && !ways.iter().take(asked).any(|(known, _)| *known == host) {
            put(&mut ways, host, Way::ask(&name, &key, Found::Auth(Box::default())), remarks);
        }
    }
    ways
}

/// The members of an object that is kept by host; a key that is no host is passed over.
fn hosts<T>(members: Vec<(String, T)>, object: &str, remarks: &mut Vec<String>) -> Vec<(Host, String, T)> {
    let mut hosts = Vec::new();
    for (key, value) in members {
        match host_of_key(&key) {
            Ok(host) => hosts.push((host, key, value)),
            Err(error) => {
                remarks.push(format!("its key '{}' in {object} {error}; it is passed over", shown(&key)));
            }
        }
    }
    hosts
}

/// Two keys may be one host, as docker's two for Docker Hub: the last one wins.
fn put(ways: &mut Vec<(Host, Way)>, host: Host, way: Way, remarks: &mut Vec<String>) {
    let Some((_, known)) = ways.iter_mut().find(|(known, _)| *known == host) else {
        ways.push((host, way));
        return;
    };
    if !known.is_same(&way) {
        remarks.push(format!("it has two different logins for {host}; the last one is taken"));
    }
    *known = way;
}
