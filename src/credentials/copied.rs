//! The entries of a docker config that the user has in a file or a Secret.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use secrecy::SecretString;

use super::{Lives, SecretTexts, credential, docker_config, is_irregular};
use crate::config::{DockerConfigFrom, Programs};
use crate::plan::{Given, SourceFailure};

/// What a Secret may hold; no docker config is near this size.
const MAX_BYTES: u64 = 1 << 20;

/// A credential for each of its hosts. It is read anew by each pass: a mounted file changes.
pub(super) async fn given(
    from: &DockerConfigFrom,
    programs: &Programs,
    secrets: &SecretTexts,
    lives: Lives,
) -> Result<Given, String> {
    let (text, origin) = match from {
        DockerConfigFrom::File(path) => (read(path)?, path.display().to_string()),
        DockerConfigFrom::Secret(key) => {
            let text = secrets.get(key).ok_or_else(|| format!("{key} was not read"))?.clone()?;
            (text, key.to_string())
        }
    };
    let resolved = docker_config::resolve(&text, programs).await;
    let resolved = resolved.map_err(|trouble| format!("{origin} {trouble}"))?;
    let mut given = Given { remarks: resolved.remarks, ..Given::default() };
    for (host, entry) in resolved.entries {
        // What a helper gave may be another each time.
        let life = resolved.fetched.contains(&host).then(|| lives.untold());
        match entry {
            Ok(entry) => given.credentials.push(credential(host, entry, life)),
            Err(failure) => given.failures.push((Some(host), SourceFailure(failure))),
        }
    }
    if given.credentials.is_empty() && given.failures.is_empty() {
        return Err(format!("{origin} holds no credential; write one there, or take the entry out"));
    }
    Ok(given)
}

fn read(path: &Path) -> Result<SecretString, String> {
    let unreadable = |error: std::io::Error| {
        format!("{} can't be read: {error}; write the path of a docker config", path.display())
    };
    if is_irregular(path) {
        return Err(format!("{} is no regular file; write the path of a docker config", path.display()));
    }
    let mut text = String::new();
    let mut file = File::open(path).map_err(unreadable)?.take(MAX_BYTES + 1);
    file.read_to_string(&mut text).map_err(unreadable)?;
    let text = SecretString::from(text);
    if file.limit() == 0 {
        return Err(format!("{} is larger than 1 MiB; write the path of a docker config", path.display()));
    }
    Ok(text)
}
