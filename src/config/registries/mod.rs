//! The registries as they are meant: hosts, where each credential is, and in which Secret it goes.
//!
//! They are written as a list, or in the oldest tool's way as one block; both become the same
//! list first, so that there is one set of checks.

mod aws;
mod passwords;
mod programs;
mod sources;

use std::path::PathBuf;

use super::error::{KeyPath, Problem};
use super::names::{check_names, secret_name};
use super::raw::{Block, RawOnlyRegistry, RawRegistry};
use super::selector::{NameSet, is_dns_label};
use super::types::{Reach, Registry};

/// What the entries share.
pub(super) struct Shared<'a> {
    /// The Secret of those that name none.
    pub(super) secret: &'a str,
    /// The folder of programs that are named without a path.
    pub(super) programs: Option<PathBuf>,
    /// Looks a variable up.
    pub(super) env: &'a dyn Fn(&str) -> Option<String>,
}

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
    may_be_none: bool,
) -> Result<Vec<Written>, Problem> {
    let path = KeyPath::root().key("registries");
    let entries: Vec<_> = match (many, only) {
        (_, Some(Block(only))) => {
            let entry = RawRegistry {
                host: only.host,
                username: only.username,
                password: only.password,
                email: only.email,
                secret_name: only.pull_secret_name,
                ..RawRegistry::default()
            };
            let path = KeyPath::root().key("registry");
            return Ok(vec![Written { entry, path, secret_key: "pullSecretName" }]);
        }
        (many, None) => many.unwrap_or_default(),
    };
    if entries.is_empty() && !may_be_none {
        return Err(Problem::new(&path, "names no registry; write a list of {host, username, password}"));
    }
    let place = |(index, Block(entry))| Written { entry, path: path.item(index), secret_key: "secretName" };
    Ok(entries.into_iter().enumerate().map(place).collect())
}

/// Checks them all. Each keeps its place.
pub(super) fn resolve(
    written: Vec<Written>,
    shared: &Shared<'_>,
) -> Result<(Vec<Registry>, Vec<KeyPath>), Problem> {
    let (mut registries, mut paths) = (Vec::new(), Vec::new());
    for one in written {
        paths.push(one.path.clone());
        registries.push(registry(one, shared)?);
    }
    refuse_doubles(&registries, &paths)?;
    Ok((registries, paths))
}

fn registry(written: Written, shared: &Shared<'_>) -> Result<Registry, Problem> {
    let Written { entry: mut raw, path, secret_key } = written;
    let secret_name = match raw.secret_name.take() {
        Some(name) => secret_name(name, &path.key(secret_key))?,
        None => shared.secret.to_owned(),
    };
    let namespaces = narrowed(raw.namespaces.take(), &path.key("namespaces"))?;
    let reach = reach(&mut raw, &path)?;
    let (source, hosts) = sources::resolve(raw, &path, shared)?;
    Ok(Registry { source, hosts, reach, secret_name, namespaces })
}

fn narrowed(names: Option<Vec<String>>, path: &KeyPath) -> Result<Option<NameSet>, Problem> {
    match names {
        None => Ok(None),
        Some(names) if names.is_empty() => {
            Err(Problem::new(path, "is empty; leave it out for all of the namespaces, or write some"))
        }
        Some(names) => {
            check_names(&names, path, is_dns_label)?;
            NameSet::new(&names, &[]).map(Some).map_err(|what| Problem::new(path, what))
        }
    }
}

fn reach(raw: &mut RawRegistry, path: &KeyPath) -> Result<Reach, Problem> {
    let ca = raw.ca.take();
    if ca.as_ref().is_some_and(String::is_empty) {
        return Err(Problem::new(&path.key("ca"), "is empty; write the path of a file of PEM certificates"));
    }
    let insecure = raw.insecure.take().is_some_and(|insecure| insecure.0);
    if insecure && ca.is_some() {
        let what = "is of no use beside insecure, which speaks plain http; keep one of them";
        return Err(Problem::new(&path.key("ca"), what));
    }
    Ok(Reach { ca: ca.map(PathBuf::from), insecure })
}

/// One host twice in one Secret would leave one of the two credentials out.
fn refuse_doubles(registries: &[Registry], paths: &[KeyPath]) -> Result<(), Problem> {
    let entries: Vec<_> = registries.iter().zip(paths).collect();
    for (index, (this, path)) in entries.iter().enumerate() {
        let others = entries
            .iter()
            .take(index)
            .filter(|(other, _)| this.secret_name == other.secret_name && !are_apart(this, other));
        for (other, first) in others {
            if let Some(what) = double(this, other) {
                let what = what.told(&this.secret_name, first);
                return Err(Problem::new(&path.key(sources::key(&this.source)), what));
            }
        }
    }
    Ok(())
}

/// What two entries have in common, that only one can have.
enum Double {
    Host(String),
    /// A source that gives all that it has.
    Source(String),
}

fn double(this: &Registry, other: &Registry) -> Option<Double> {
    if let Some(host) = this.hosts.iter().find(|host| other.hosts.contains(host)) {
        return Some(Double::Host(host.to_string()));
    }
    let same = this.source.is_open_ended()
        && other.source.is_open_ended()
        && this.source.fingerprint() == other.source.fingerprint();
    same.then(|| Double::Source(this.source.name()))
}

impl Double {
    fn told(&self, secret: &str, first: &KeyPath) -> String {
        match self {
            Self::Host(host) => format!(
                "{host} is in the Secret {secret} already, by {first}; write another secretName, or namespaces that differ by name"
            ),
            Self::Source(name) => format!(
                "{name} is asked for the Secret {secret} already, by {first}; make one entry of both, or write another secretName"
            ),
        }
    }
}

/// Are the two in different namespaces, as far as their lists tell?
fn are_apart(a: &Registry, b: &Registry) -> bool {
    let names = |registry: &Registry| registry.namespaces.as_ref().and_then(NameSet::names);
    match (names(a), names(b)) {
        (Some(a), Some(b)) => !a.iter().any(|name| b.contains(name)),
        _ => false,
    }
}
