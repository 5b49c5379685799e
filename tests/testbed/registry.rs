//! A real registry on a free port of 127.0.0.1: the distribution project's, with its
//! htpasswd or token authentication (`registries/registry/main.go`). It starts in a
//! moment, lives in memory, and ends with the value, or with the test run.
//!
//! With tokens, the user may pull what is under `team/`, and everybody what is under
//! `public/`; of what else is asked a token is given without it, as token servers do.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;
use serde_json::Value;

use super::binaries;
use super::launcher::{Launcher, directory};

/// A running registry.
pub struct Registry {
    pub(super) ready: Ready,
    launcher: Mutex<Launcher>,
}

/// Does the token server give tokens to whoever names no user?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anonymous {
    Yes,
    No,
}

/// A request as the registry or its token server saw it, noted before it was answered.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Request {
    pub method: String,
    /// Path and query: `/v2/`, `/token?service=…&scope=…`.
    pub uri: String,
    /// `Basic USER`, `Bearer`, or nothing.
    pub login: String,
    /// HTTP status of the answer.
    pub status: u16,
}

/// What the process says once it listens.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ready {
    pub(super) host: String,
    log: String,
    requests: String,
    pub(super) ca: Option<String>,
    pub(super) realm: Option<String>,
    identity_token: Option<String>,
    pub(super) push_user: String,
    pub(super) push_password: String,
}

impl Registry {
    /// Asks for Basic.
    pub fn htpasswd(user: &str, password: &str) -> Self {
        Self::start(&["--auth=htpasswd"], user, password)
    }

    /// Asks for Bearer, and sends to a token server of its own.
    pub fn with_tokens(user: &str, password: &str, anonymous: Anonymous) -> Self {
        Self::start(&["--auth=token", anonymous.flag()], user, password)
    }

    /// Asks nobody.
    pub fn open() -> Self {
        Self::start(&[], "", "")
    }

    /// [`Self::htpasswd`] over TLS, with a certificate of [`Self::ca`].
    pub fn tls(user: &str, password: &str) -> Self {
        Self::start(&["--auth=htpasswd", "--tls"], user, password)
    }

    /// [`Self::with_tokens`] over TLS, the token server too, with a certificate of [`Self::ca`].
    pub fn tls_with_tokens(user: &str, password: &str, anonymous: Anonymous) -> Self {
        Self::start(&["--auth=token", anonymous.flag(), "--tls"], user, password)
    }

    fn start(flags: &[&str], user: &str, password: &str) -> Self {
        let path = binaries::registry().unwrap_or_else(|e| panic!("{e:#}"));
        let mut command = Command::new(path);
        command.arg("testbed").arg("--dir").arg(directory()).args(flags);
        command.arg(format!("--user={user}")).arg(format!("--password={password}"));
        // The registry takes settings from REGISTRY_*, its tracing from OTEL_*: none is for this one.
        command.env_clear();
        let started = Launcher::run(command).and_then(|mut launcher| Ok((launcher.answer()?, launcher)));
        let (ready, launcher) = started.unwrap_or_else(|e| panic!("the registry did not start: {e:#}"));
        Self { ready, launcher: Mutex::new(launcher) }
    }

    /// `127.0.0.1:PORT`
    pub fn host(&self) -> &str {
        &self.ready.host
    }

    /// The host with its scheme.
    pub fn url(&self) -> String {
        let scheme = if self.ready.ca.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.host())
    }

    /// The token server's URL.
    pub fn realm(&self) -> &str {
        self.ready.realm.as_deref().expect("a registry with tokens")
    }

    /// The file of the certificate that vouches for it.
    pub fn ca(&self) -> &Path {
        Path::new(self.ready.ca.as_deref().expect("a registry with TLS"))
    }

    /// What docker would keep for the user in place of a password; redeemed at [`Self::realm`].
    pub fn identity_token(&self) -> &str {
        self.ready.identity_token.as_deref().expect("a registry with tokens")
    }

    /// The user's password is another from now on; the old one is refused. Bearers live on.
    pub fn change_password(&self, password: &str) {
        let mut launcher = self.launcher.lock().unwrap_or_else(PoisonError::into_inner);
        launcher.ask(&Value::from(password).to_string()).expect("the password is changed");
    }

    /// Every request to it and to its token server so far, pushes among them.
    pub fn requests(&self) -> Vec<Request> {
        let text = fs::read_to_string(&self.ready.requests).expect("the log of requests");
        text.lines().map(|line| serde_json::from_str(line).expect("a line of the log of requests")).collect()
    }

    /// The registry's own log.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.ready.log).expect("the registry's log")
    }
}

impl Anonymous {
    fn flag(self) -> &'static str {
        match self {
            Self::Yes => "--anonymous",
            Self::No => "--anonymous=false",
        }
    }
}
