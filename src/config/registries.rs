//! The registries as they are meant: hosts, where each credential is, and in which Secret it goes.
//!
//! They are written as a list, or in the oldest tool's way as one block; both become the same
//! list first, so that there is one set of checks.

use std::path::PathBuf;

use super::error::{KeyPath, Problem};
use super::names::{check_names, secret_name};
use super::raw::{Block, RawOnlyRegistry, RawPassword, RawRegistry, RawSecretKey};
use super::selector::{NameSet, is_dns_label};
use super::types::{Password, Registry, SecretKey, Source};
use crate::registry::Host;

const DEFAULT_PASSWORD_KEY: &str = "password";

/// A registry as written, and where.
pub(super) struct Written {
    entry: RawRegistry,
    path: KeyPath,
    /// What the key is called that names its Secret.
    secret_key: &'static str,
}

/// Both ways to write registries as one list. The loader has refused a file that uses both.
pub(super) fn as_list(
    many: Option<Vec<Block<RawRegistry>>>,
    only: Option<Block<RawOnlyRegistry>>,
) -> Result<Vec<Written>, Problem> {
    let path = KeyPath::root().key("registries");
    let entries: Vec<_> = match (many, only) {
        (_, Some(Block(only))) => {
            let entry = RawRegistry {
                host: only.host,
                username: only.username,
                password: only.password,
                email: only.email,
                namespaces: None,
                secret_name: only.pull_secret_name,
            };
            let path = KeyPath::root().key("registry");
            return Ok(vec![Written { entry, path, secret_key: "pullSecretName" }]);
        }
        (many, None) => many.unwrap_or_default(),
    };
    if entries.is_empty() {
        return Err(Problem::new(&path, "names no registry; write a list of {host, username, password}"));
    }
    let place = |(index, Block(entry))| Written { entry, path: path.item(index), secret_key: "secretName" };
    Ok(entries.into_iter().enumerate().map(place).collect())
}

/// Checks them all; `secret` is the Secret of those that name none. Each keeps its place.
pub(super) fn resolve(written: Vec<Written>, secret: &str) -> Result<(Vec<Registry>, Vec<KeyPath>), Problem> {
    let (mut registries, mut paths) = (Vec::new(), Vec::new());
    for one in written {
        paths.push(one.path.clone());
        registries.push(registry(one, secret)?);
    }
    refuse_doubles(&registries, &paths)?;
    Ok((registries, paths))
}

fn registry(written: Written, secret: &str) -> Result<Registry, Problem> {
    let Written { entry: raw, path, secret_key } = written;
    let missing = |key: &str, what: &str| Problem::new(&path.key(key), format!("is missing; write {what}"));
    let host = raw.host.ok_or_else(|| missing("host", "the registry's host, such as harbor.example.com"))?;
    let host = Host::parse(&host).map_err(|e| Problem::new(&path.key("host"), e.to_string()))?;
    let username = raw.username.filter(|name| !name.is_empty());
    let username = username.ok_or_else(|| missing("username", "the account at the registry"))?;
    if username.contains(':') {
        // A docker config joins name and password by a colon.
        return Err(Problem::new(&path.key("username"), "holds a ':'; write the account's name alone"));
    }
    let password =
        raw.password.ok_or_else(|| missing("password", "{file: PATH}, {env: NAME} or {secret: {...}}"))?;
    let narrow = path.key("namespaces");
    let namespaces = match raw.namespaces {
        None => None,
        Some(names) if names.is_empty() => {
            return Err(Problem::new(
                &narrow,
                "is empty; leave it out for all of the namespaces, or write some",
            ));
        }
        Some(names) => {
            check_names(&names, &narrow, is_dns_label)?;
            Some(NameSet::new(&names, &[]).map_err(|what| Problem::new(&narrow, what))?)
        }
    };
    Ok(Registry {
        host,
        source: Source::Static {
            username,
            password: resolve_password(password, &path.key("password"))?,
            email: raw.email.filter(|email| !email.is_empty()),
        },
        secret_name: match raw.secret_name {
            Some(name) => secret_name(name, &path.key(secret_key))?,
            None => secret.to_owned(),
        },
        namespaces,
    })
}

fn resolve_password(raw: RawPassword, path: &KeyPath) -> Result<Password, Problem> {
    let filled = |text: String, key: &str| match &*text {
        "" => Err(Problem::new(&path.key(key), "is empty; write where the password is")),
        _ => Ok(text),
    };
    Ok(match raw {
        RawPassword::Text(text) => Password::Text(text),
        RawPassword::File(file) => Password::File(PathBuf::from(filled(file, "file")?)),
        RawPassword::Env(name) => Password::Env(filled(name, "env")?),
        RawPassword::Secret(key) => Password::Secret(resolve_secret_key(key, &path.key("secret"))?),
    })
}

fn resolve_secret_key(raw: RawSecretKey, path: &KeyPath) -> Result<SecretKey, Problem> {
    let missing = |key: &str| Problem::new(&path.key(key), format!("is missing; write the Secret's {key}"));
    let namespace = raw.namespace.ok_or_else(|| missing("namespace"))?;
    if !is_dns_label(&namespace) {
        let what = "is no namespace's name; write up to 63 of a-z, 0-9 and '-'";
        return Err(Problem::new(&path.key("namespace"), what));
    }
    let name = secret_name(raw.name.ok_or_else(|| missing("name"))?, &path.key("name"))?;
    let key = raw.key.unwrap_or_else(|| DEFAULT_PASSWORD_KEY.to_owned());
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if !(1..=253).contains(&key.len()) || !key.chars().all(allowed) {
        return Err(Problem::new(
            &path.key("key"),
            "is no key of a Secret; write letters, digits, '-', '_' and '.'",
        ));
    }
    Ok(SecretKey { namespace, name, key })
}

/// One host twice in one Secret would leave one of the two credentials out.
fn refuse_doubles(registries: &[Registry], paths: &[KeyPath]) -> Result<(), Problem> {
    let entries: Vec<_> = registries.iter().zip(paths).collect();
    for (index, (this, path)) in entries.iter().enumerate() {
        let earlier = entries.iter().take(index);
        let double = |(other, _): &&(&Registry, _)| {
            this.host == other.host && this.secret_name == other.secret_name && !are_apart(this, other)
        };
        if let Some((_, first)) = earlier.into_iter().find(|entry| double(entry)) {
            let what = format!(
                "{} is in the Secret {} already, by {first}; write another secretName, or namespaces that differ by name",
                this.host, this.secret_name
            );
            return Err(Problem::new(&path.key("host"), what));
        }
    }
    Ok(())
}

/// Are the two in different namespaces, as far as their lists tell?
fn are_apart(a: &Registry, b: &Registry) -> bool {
    let names = |registry: &Registry| registry.namespaces.as_ref().and_then(NameSet::names);
    match (names(a), names(b)) {
        (Some(a), Some(b)) => !a.iter().any(|name| b.contains(name)),
        _ => false,
    }
}
