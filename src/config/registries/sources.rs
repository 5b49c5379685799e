//! Which source an entry names, and what that source needs.

use std::path::PathBuf;

use super::passwords::{password, secret_key};
use super::programs::{program, programs};
use super::{Shared, aws};
use crate::config::error::{KeyPath, Problem};
use crate::config::raw::{Block, RawDockerConfig, RawHelper, RawProvider, RawRegistry};
use crate::config::sources::{DockerConfigFrom, Source};
use crate::registry::Host;

/// The key under which an entry has its source.
pub(super) fn key(source: &Source) -> &'static str {
    match source {
        Source::Static { .. } => "host",
        Source::Ecr { .. } => "ecr",
        Source::EcrPublic { .. } => "ecrPublic",
        Source::DockerConfig { .. } => "dockerConfig",
        Source::CredentialHelper { .. } => "credentialHelper",
        Source::CredentialProvider { .. } => "credentialProvider",
    }
}

/// The one source of an entry, and the hosts that are known of it.
pub(super) fn resolve(
    raw: RawRegistry,
    path: &KeyPath,
    shared: &Shared<'_>,
) -> Result<(Source, Vec<Host>), Problem> {
    refuse_two(&raw, path)?;
    let RawRegistry {
        ecr, ecr_public, docker_config: docker, credential_helper, credential_provider, ..
    } = raw;
    if let Some(Block(raw)) = ecr {
        return aws::ecr(raw, &path.key("ecr"), shared);
    }
    if let Some(Block(raw)) = ecr_public {
        return aws::ecr_public(raw, &path.key("ecrPublic"), shared);
    }
    if let Some(Block(raw)) = docker {
        return Ok((docker_config(raw, &path.key("dockerConfig"), shared)?, Vec::new()));
    }
    if let Some(Block(raw)) = credential_helper {
        return helper(raw, &path.key("credentialHelper"), shared);
    }
    if let Some(Block(raw)) = credential_provider {
        return provider(raw, &path.key("credentialProvider"), shared);
    }
    let account =
        Account { host: raw.host, username: raw.username, password: raw.password, email: raw.email };
    account.resolve(path)
}

/// A host as it is written at `path`.
pub(super) fn host(text: &str, path: &KeyPath) -> Result<Host, Problem> {
    Host::parse(text).map_err(|error| Problem::new(path, error.to_string()))
}

/// The hosts of a list at `path`, each once.
pub(super) fn hosts(texts: &[String], path: &KeyPath) -> Result<Vec<Host>, Problem> {
    let mut hosts = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let path = path.item(index);
        let host = host(text, &path)?;
        if hosts.contains(&host) {
            return Err(Problem::new(&path, format!("{host} stands there already; keep one of them")));
        }
        hosts.push(host);
    }
    Ok(hosts)
}

fn refuse_two(raw: &RawRegistry, path: &KeyPath) -> Result<(), Problem> {
    let account = raw.username.is_some() || raw.password.is_some() || raw.email.is_some();
    let table = [
        ("host", raw.host.is_some() || account),
        ("ecr", raw.ecr.is_some()),
        ("ecrPublic", raw.ecr_public.is_some()),
        ("dockerConfig", raw.docker_config.is_some()),
        ("credentialHelper", raw.credential_helper.is_some()),
        ("credentialProvider", raw.credential_provider.is_some()),
    ];
    let mut given = table.iter().filter(|(_, given)| *given).map(|(key, _)| *key);
    match (given.next(), given.next()) {
        (Some("host"), Some(other)) if raw.host.is_none() => {
            let key = if raw.username.is_some() {
                "username"
            } else if raw.password.is_some() {
                "password"
            } else {
                "email"
            };
            Err(Problem::new(&path.key(key), format!("goes with host, and {other} needs none; take it out")))
        }
        (Some(one), Some(other)) => {
            let what = format!("stands beside {one}, and an entry has one source; make an entry of each");
            Err(Problem::new(&path.key(other), what))
        }
        _ => Ok(()),
    }
}

/// The keys of a static entry.
struct Account {
    host: Option<String>,
    username: Option<String>,
    password: Option<crate::config::raw::RawPassword>,
    email: Option<String>,
}

impl Account {
    fn resolve(self, path: &KeyPath) -> Result<(Source, Vec<Host>), Problem> {
        if self.host.is_none() && self.username.is_none() && self.password.is_none() {
            // A source without a value is none either: `ecr:` alone.
            let what =
                "names no source; write host, username and password, or another source such as ecr: {}";
            return Err(Problem::new(path, what));
        }
        let missing =
            |key: &str, what: &str| Problem::new(&path.key(key), format!("is missing; write {what}"));
        let text =
            self.host.ok_or_else(|| missing("host", "the registry's host, such as harbor.example.com"))?;
        let host = host(&text, &path.key("host"))?;
        let username = self.username.filter(|name| !name.is_empty());
        let username = username.ok_or_else(|| missing("username", "the account at the registry"))?;
        if username.contains(':') {
            // A docker config joins name and password by a colon.
            return Err(Problem::new(&path.key("username"), "holds a ':'; write the account's name alone"));
        }
        let raw = self
            .password
            .ok_or_else(|| missing("password", "{file: PATH}, {env: NAME} or {secret: {...}}"))?;
        let password = password(raw, &path.key("password"))?;
        let email = self.email.filter(|email| !email.is_empty());
        Ok((Source::Static { username, password, email }, vec![host]))
    }
}

fn docker_config(raw: RawDockerConfig, path: &KeyPath, shared: &Shared<'_>) -> Result<Source, Problem> {
    let from = match (raw.file, raw.secret) {
        (Some(file), None) if file.is_empty() => {
            return Err(Problem::new(&path.key("file"), "is empty; write the docker config's path"));
        }
        (Some(file), None) => DockerConfigFrom::File(PathBuf::from(file)),
        (None, Some(Block(raw))) => {
            DockerConfigFrom::Secret(secret_key(raw, ".dockerconfigjson", &path.key("secret"))?)
        }
        (Some(_), Some(_)) => return Err(Problem::new(path, "names a file and a secret; keep one of them")),
        (None, None) => {
            return Err(Problem::new(
                path,
                "names no source; write {file: PATH} or {secret: {namespace, name}}",
            ));
        }
    };
    Ok(Source::DockerConfig { from, programs: programs(raw.env, path, shared)? })
}

/// What the names of helpers begin with.
const HELPER: &str = "docker-credential-";

fn helper(raw: RawHelper, path: &KeyPath, shared: &Shared<'_>) -> Result<(Source, Vec<Host>), Problem> {
    let name = raw.name.ok_or_else(|| {
        Problem::new(&path.key("name"), "is missing; write such as gcr for docker-credential-gcr, or a path")
    })?;
    // As in docker's own files: a name stands for docker-credential-NAME.
    let full = match name.strip_prefix(HELPER) {
        None if !name.contains('/') && !name.is_empty() => format!("{HELPER}{name}"),
        _ => name,
    };
    let program = program(&full, &path.key("name"), shared)?;
    let texts = raw.hosts.unwrap_or_default();
    if texts.is_empty() {
        return Err(Problem::new(&path.key("hosts"), "names no host; write those that the helper is for"));
    }
    let hosts = hosts(&texts, &path.key("hosts"))?;
    if let Some(index) = hosts.iter().position(|host| host.as_str().contains('*')) {
        let what = "is a glob, and a helper is asked for one host; write each";
        return Err(Problem::new(&path.key("hosts").item(index), what));
    }
    Ok((Source::CredentialHelper { program, programs: programs(raw.env, path, shared)? }, hosts))
}

fn provider(raw: RawProvider, path: &KeyPath, shared: &Shared<'_>) -> Result<(Source, Vec<Host>), Problem> {
    let command = raw
        .command
        .ok_or_else(|| Problem::new(&path.key("command"), "is missing; write the plugin's absolute path"))?;
    let command = program(&command, &path.key("command"), shared)?;
    let images = raw.images.unwrap_or_default();
    if images.is_empty() {
        return Err(Problem::new(&path.key("images"), "names no image; write such as \"*.azurecr.io\""));
    }
    for (index, image) in images.iter().enumerate() {
        host(image, &path.key("images").item(index))?;
    }
    let source = Source::CredentialProvider {
        command,
        args: raw.args.unwrap_or_default(),
        images,
        programs: programs(raw.env, path, shared)?,
    };
    Ok((source, Vec::new()))
}
