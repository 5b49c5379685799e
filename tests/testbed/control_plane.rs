//! A control plane as tests see it: where it is, clients for any token, a
//! kubeconfig, the audit log, and its failures on demand.
//!
//! Calls that restart or read the servers block their thread for seconds at most;
//! a test that goes on meanwhile wraps them in `tokio::task::spawn_blocking`.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use anyhow::{Context, Result};
use k8s_openapi::ByteString;
use kube::{Client, Config};
use serde::Deserialize;
use serde_json::json;

use super::audit::{AuditEvent, AuditLog};
use super::launcher::{Launcher, unique};

/// A running etcd and kube-apiserver, ended when dropped.
pub struct ControlPlane {
    ready: Ready,
    launcher: Mutex<Launcher>,
}

/// What the launcher says once the API server is ready.
#[derive(Debug, Deserialize)]
struct Ready {
    url: String,
    token: String,
    ca: PathBuf,
    dir: PathBuf,
    audit: PathBuf,
}

impl ControlPlane {
    /// Starts one of its own, in about four seconds (plus minutes if the servers have yet to be built).
    pub fn start() -> Result<Self> {
        Self::start_with(&[])
    }

    /// Starts one whose API server has these flags too.
    pub fn start_with(flags: &[&str]) -> Result<Self> {
        let mut launcher = Launcher::spawn(flags)?;
        let ready = launcher.answer().context("the control plane did not start")?;
        Ok(Self { ready, launcher: Mutex::new(launcher) })
    }

    /// The one that all tests of this process share. Panics, in every test, if it does not start.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Result<ControlPlane>> = OnceLock::new();
        // The failure is kept: a second try would take as long to fail.
        match SHARED.get_or_init(Self::start) {
            Ok(plane) => plane,
            Err(error) => panic!("{error:#}"),
        }
    }

    /// `https://127.0.0.1:PORT`
    pub fn url(&self) -> &str {
        &self.ready.url
    }

    /// The certificates that vouch for the API server.
    pub fn ca_pem(&self) -> String {
        std::fs::read_to_string(self.ca_file()).expect("the control plane was stopped: its files are gone")
    }

    /// The file that [`Self::ca_pem`] reads.
    pub fn ca_file(&self) -> &Path {
        &self.ready.ca
    }

    /// The directory of all its files, among them etcd.log and kube-apiserver.log.
    pub fn dir(&self) -> &Path {
        &self.ready.dir
    }

    /// The token of a member of `system:masters`, who may do everything.
    pub fn admin_token(&self) -> &str {
        &self.ready.token
    }

    /// A client of the administrator. Each test makes its own: a client belongs to the runtime it was made in.
    pub fn admin(&self) -> Client {
        self.client_with_token(self.admin_token())
    }

    /// A client of the user that the token stands for. Needs a tokio runtime around it.
    pub fn client_with_token(&self, token: &str) -> Client {
        let mut config = Config::new(self.url().parse().expect("the launcher's URL"));
        config.root_cert_file = Some(self.ca_file().to_owned());
        config.auth_info.token = Some(token.to_owned().into());
        Client::try_from(config).expect("a client; was the control plane stopped?")
    }

    /// Writes a kubeconfig for that user, complete in itself and readable by us alone.
    pub fn kubeconfig(&self, token: &str) -> PathBuf {
        let content = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "testbed",
            "contexts": [{"name": "testbed", "context": {"cluster": "testbed", "user": "testbed"}}],
            "clusters": [{"name": "testbed", "cluster": {
                "server": self.url(),
                "certificate-authority-data": ByteString(self.ca_pem().into_bytes()),
            }}],
            "users": [{"name": "testbed", "user": {"token": token}}],
        });
        let path = self.dir().join(format!("kubeconfig-{}", unique()));
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .expect("a new kubeconfig");
        file.write_all(content.to_string().as_bytes()).expect("a kubeconfig is written");
        path
    }

    /// Every request that was answered so far.
    pub fn audit(&self) -> Vec<AuditEvent> {
        self.audit_log().events()
    }

    /// Asks about requests: since when, and whose.
    pub fn audit_log(&self) -> AuditLog<'_> {
        AuditLog::new(self, &self.ready.audit)
    }

    /// Waits until the audit log holds every request answered so far.
    pub(super) fn settle_audit(&self) {
        self.command("settle").expect("the audit log settles");
    }

    /// Kills the API server and starts it again on the same port; back when it is ready, in about three seconds.
    pub fn restart_apiserver(&self) -> Result<()> {
        self.command("restart")
    }

    /// Kills the API server: connections are refused from now on. What is stored stays.
    pub fn stop_apiserver(&self) -> Result<()> {
        self.command("stop")
    }

    /// Starts a stopped API server, on the same port; back when it is ready.
    pub fn start_apiserver(&self) -> Result<()> {
        self.command("start")
    }

    /// Ends the servers and removes their files, as dropping does. Back when that is done.
    pub fn stop(self) {
        drop(self);
    }

    fn command(&self, command: &str) -> Result<()> {
        // A test that panicked while it held the lock has had its answer: the pipe is in step.
        let mut launcher = self.launcher.lock().unwrap_or_else(PoisonError::into_inner);
        launcher.ask(command).with_context(|| format!("the control plane did not {command}"))
    }
}
