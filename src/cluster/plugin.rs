//! The program that a kubeconfig's user takes its credentials from: `aws`, `gke-gcloud-auth-plugin`, `kubelogin`.
//! It is on the host that the kubeconfig was made on, and seldom where that is mounted.
//!
//! kube's own words hold the program's output, which may be a token, and its environment.

use std::io::{self, ErrorKind, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::Output;

use kube::client::AuthError;
use kube::config::{AuthInfo, ExecInteractiveMode};

use super::error::chain;
use super::kubeconfig::unread_named;

/// What to do where there is no such program.
const INSTEAD: &str = "pullkeeper's image holds no such program: use a kubeconfig with a token, of a ServiceAccount say, run pullkeeper on the host itself, or make an image of your own with both";
/// The most that is repeated of what others wrote.
const LONGEST: usize = 300;

/// A user of a kubeconfig, as far as messages need it.
#[derive(Debug, Clone)]
pub(super) struct Plugin {
    program: Option<String>,
    hint: Option<String>,
}

impl Plugin {
    /// That of this user. Where nobody can be asked it is told so, as client-go does, and its errors are ours to tell.
    pub(super) fn settle(user: &mut AuthInfo) -> Self {
        let Some(exec) = &mut user.exec else {
            let program = user.auth_provider.as_ref().and_then(|provider| provider.config.get("cmd-path"));
            return Self { program: program.cloned(), hint: None };
        };
        if exec.interactive_mode != Some(ExecInteractiveMode::Always) && !io::stdin().is_terminal() {
            exec.interactive_mode = Some(ExecInteractiveMode::Never);
        }
        Self { program: exec.command.clone(), hint: exec.install_hint.clone() }
    }

    /// The program, if there is one to run.
    pub(super) fn program(&self) -> Option<&str> {
        self.program.as_deref()
    }

    /// Why there are no credentials, and what to do about it.
    pub(super) fn words(&self, error: &AuthError) -> String {
        let program = self.program().unwrap_or("that it names");
        let credentials = format!("its user's credentials come from the program {program}, which");
        match error {
            AuthError::ReadTokenFile(error, file) => unread_named(file, error),
            AuthError::AuthExecStart(error) => {
                format!("{credentials} {}{}", not_started(program, error), self.hint())
            }
            AuthError::AuthExecRun { out, .. } => format!("{credentials} failed: {}", ending(out)),
            AuthError::ExecPluginFailed
            | AuthError::AuthExecParse(_)
            | AuthError::ParseTokenKey(_)
            | AuthError::MalformedTokenExpirationDate(_) => {
                format!(
                    "{credentials} printed something else than credentials; that isn't shown, for it may hold some"
                )
            }
            other => chain(other),
        }
    }

    fn hint(&self) -> String {
        let hint = self.hint.as_ref().map(|hint| shortly(hint)).filter(|hint| !hint.is_empty());
        hint.map(|hint| format!(" (the kubeconfig's own hint: {hint})")).unwrap_or_default()
    }
}

fn not_started(program: &str, error: &io::Error) -> String {
    match (error.kind(), found(program)) {
        (ErrorKind::NotFound, None) => format!("isn't here; {INSTEAD}"),
        (ErrorKind::NotFound, Some(path)) => format!(
            "is here as {}, but not the interpreter or the libraries that it needs; {INSTEAD}",
            path.display()
        ),
        _ => format!("can't be started: {error}"),
    }
}

/// Where the program is, as `execvp` looks for it.
fn found(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(|path| path.exists());
    }
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/bin:/usr/bin".into());
    std::env::split_paths(&path).map(|folder| folder.join(Path::new(program))).find(|path| path.exists())
}

/// Its last words are the cause; they are empty where it wrote to our own log.
fn ending(out: &Output) -> String {
    let text = String::from_utf8_lossy(&out.stderr);
    let last = text.lines().rev().map(shortly).find(|line| !line.is_empty());
    last.map_or_else(|| out.status.to_string(), |last| format!("{} ({last})", out.status))
}

/// On one line, and not long.
fn shortly(text: &str) -> String {
    let words: Vec<_> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    let line = words.join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
