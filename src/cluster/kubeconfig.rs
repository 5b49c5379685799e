//! Reading a kubeconfig that was made for another place: mounted into a container, it may be out of reach
//! for the user there, and name files that stayed on the host.
//!
//! The parser's own words are not repeated: they quote the lines around the mistake, and tokens stand there.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use kube::config::{AuthInfo, KubeConfigOptions, Kubeconfig, KubeconfigError, LoadDataError};
use secrecy::ExposeSecret;

use super::error::chain;

/// What makes a kubeconfig that needs no other file.
const FLATTEN: &str = "mount it at this path too, or make a kubeconfig that holds its content: kubectl config view --raw --flatten";

/// Joins these files as kubectl does, which passes over some of several that aren't there; relative paths in a file start
/// where that file is. An error says what to do about it.
pub(super) async fn read(files: &[PathBuf], context: Option<&String>) -> Result<kube::Config, String> {
    let mut merged = Kubeconfig::default();
    for file in there(files) {
        let own = Kubeconfig::read_from(file).map_err(|error| words(&error))?;
        merged = merged.merge(own).map_err(|error| words(&error))?;
    }
    let contexts: Vec<_> = merged.contexts.iter().map(|context| context.name.clone()).collect();
    let options = KubeConfigOptions { context: context.cloned(), ..KubeConfigOptions::default() };
    kube::Config::from_custom_kubeconfig(merged, &options).await.map_err(|error| match error {
        KubeconfigError::CurrentContextNotSet => {
            format!("it has no current-context; {}", choice_of(&contexts))
        }
        KubeconfigError::LoadContext(name) => {
            format!("it has no context {name}; {}", choice_of(&contexts))
        }
        other => words(&other),
    })
}

/// Takes the line break off a user's token that YAML's block texts end with. What else no header can hold is an error:
/// the client would panic.
pub(super) fn settle_token(user: &mut AuthInfo) -> Result<(), String> {
    let Some(token) = &user.token else { return Ok(()) };
    let text = token.expose_secret().trim();
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(
            "its user's token holds a space, a line break or another character that no token has".to_owned()
        );
    }
    user.token = Some(text.to_owned().into());
    Ok(())
}

/// What went wrong with a kubeconfig or a file that it names.
pub(super) fn words(error: &KubeconfigError) -> String {
    use KubeconfigError::{
        LoadCertificateAuthority, LoadClientCertificate, LoadClientKey, Parse, ReadConfig,
    };
    match error {
        ReadConfig(error, file) => unread(file, error),
        LoadCertificateAuthority(LoadDataError::ReadFile(error, file))
        | LoadClientCertificate(LoadDataError::ReadFile(error, file))
        | LoadClientKey(LoadDataError::ReadFile(error, file)) => unread_named(file, error),
        Parse(error) => {
            let place = error.location().map(|at| format!(", line {} column {}", at.line(), at.column()));
            format!("it isn't the YAML of a kubeconfig{}", place.unwrap_or_default())
        }
        other => chain(other),
    }
}

/// Why a file that a kubeconfig names can't be read.
pub(super) fn unread_named(file: &Path, error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => format!("it names the file {}, which isn't here; {FLATTEN}", file.display()),
        _ => format!("it names a file: {}", unread(file, error)),
    }
}

/// Why a home can't be searched for a kubeconfig, if so: it isn't the home of this user, then.
pub(super) fn closed_home(kubeconfig: &Path) -> Option<String> {
    let folder = kubeconfig.parent()?;
    let denied = folder.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::PermissionDenied);
    denied.then(|| obstacle(folder))
}

/// Those of several that are there. One alone, or if none is there the first, is left for its reader to miss.
fn there(files: &[PathBuf]) -> Vec<&PathBuf> {
    let named: Vec<_> = files.iter().filter(|file| !file.as_os_str().is_empty()).collect();
    let (missing, there): (Vec<_>, Vec<_>) =
        named.iter().copied().partition(|file| matches!(file.try_exists(), Ok(false)));
    if there.is_empty() {
        return named.into_iter().take(1).collect();
    }
    for file in missing {
        log::warn!("the kubeconfig {} isn't there; the others are used", file.display());
    }
    there
}

fn choice_of(contexts: &[String]) -> String {
    match contexts {
        [] => "nor any context".to_owned(),
        names => format!("choose with --context: {}", names.join(", ")),
    }
}

fn unread(file: &Path, error: &io::Error) -> String {
    let name = file.display();
    match error.kind() {
        ErrorKind::NotFound => format!("{name} isn't there"),
        ErrorKind::IsADirectory => {
            format!("{name} is a folder; docker makes one where the file to be mounted isn't on the host")
        }
        ErrorKind::PermissionDenied => {
            let user = rustix::process::geteuid();
            format!(
                "{}; in docker run say --user \"$(id -u):$(id -g)\", or mount it where user {user} may read it and name it in KUBECONFIG",
                obstacle(file)
            )
        }
        _ => format!("can't read {name}: {error}"),
    }
}

/// The first on the way to a file that this user may not pass.
fn obstacle(file: &Path) -> String {
    let user = rustix::process::geteuid();
    let known = file.ancestors().find_map(|path| Some((path, fs::metadata(path).ok()?)));
    let Some((path, known)) = known else { return format!("user {user} may not read {}", file.display()) };
    let act = if known.is_dir() { "look into" } else { "read" };
    let (mode, owner) = (known.mode() & 0o777, known.uid());
    format!("user {user} may not {act} {} of mode {mode:03o} and user {owner}", path.display())
}
