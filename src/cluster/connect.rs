//! Which cluster: chosen once, in one order, and said.
//!
//! kube's own inference takes the next way on any error of the one before, silently; a broken
//! kubeconfig on a node would then act on another cluster. Here the first way that is given is taken,
//! and if it is broken, that is the error.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::client::Cluster;
use super::error::chain;
use super::{explained, kubeconfig, sidecar};

/// How long a connection may take, TLS included.
const CONNECT: Duration = Duration::from_secs(3);
/// A watch that says nothing for so long is dead: API servers send a bookmark each minute
/// (`bookmarkFrequency` of k8s.io/apiserver, `pkg/storage/cacher/cacher.go`).
const SILENCE: Duration = Duration::from_mins(2);

/// The way of `k8s-ecrupdater`, where nothing else is said: a `kubectl proxy` in the same pod.
const ECRUPDATERS_PROXY: &str = "http://localhost:8001";

/// What the user said about which cluster.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// `--server`: the API server's URL.
    pub server: Option<String>,
    /// `--kubeconfig`.
    pub kubeconfig: Option<PathBuf>,
    /// `--context`: a context of the kubeconfig.
    pub context: Option<String>,
    /// KUBERNETES_API_ENDPOINT.
    pub endpoint_variable: Option<String>,
    /// KUBECONFIG: files, joined as in PATH.
    pub kubeconfig_variable: Option<String>,
    /// KUBERNETES_SERVICE_HOST is set: this is a pod.
    pub in_cluster: bool,
    /// Kubeconfigs to look for where nothing is said.
    pub usual: Vec<PathBuf>,
    /// `K8S_PULL_SECRET_NAME` is set: a `kubectl proxy` may run beside us, and may start later.
    pub ecrupdater: bool,
}

/// The cluster that was chosen could not be taken; says which way it was and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConnectError(String);

/// A way to a cluster: the first of these that was given.
enum Way {
    Url { url: String, from: &'static str },
    Kubeconfig { files: Vec<PathBuf>, from: String },
    InCluster,
}

impl Choice {
    /// Takes the first way that is given: flags, KUBERNETES_API_ENDPOINT, KUBECONFIG, in-cluster,
    /// `~/.kube/config`, and last a `kubectl proxy` if `ecrupdater`, which is waited for wherever its
    /// address is from. Nothing is sent yet.
    pub async fn connect(&self, stop: CancellationToken) -> Result<Cluster, ConnectError> {
        let (mut config, origin) = match self.way()? {
            Way::Url { url, from } => (kube::Config::new(parse_url(&url, from)?), from.to_owned()),
            Way::InCluster => {
                let config = kube::Config::incluster().map_err(|error| {
                    ConnectError(format!("this is a pod, but its ServiceAccount token can't be used: {}; set automountServiceAccountToken: true", chain(&error)))
                })?;
                (config, "in-cluster".to_owned())
            }
            Way::Kubeconfig { files, from } => {
                let config = kubeconfig::read(&files, self.context.as_ref())
                    .await
                    .map_err(|cause| ConnectError(format!("can't use the kubeconfig ({from}): {cause}")))?;
                (config, from)
            }
        };
        config.connect_timeout = Some(CONNECT);
        config.read_timeout = Some(SILENCE);
        config.reset_reader_on_write = true;
        config.default_retry = false;
        if config.accept_invalid_certs {
            log::warn!(
                "the kubeconfig says insecure-skip-tls-verify: the API server's identity is not checked"
            );
        }
        let url = config.cluster_url.to_string().trim_end_matches('/').to_owned();
        refuse_account(&url, &origin)?;
        log::info!("cluster {url} ({origin})");
        if self.ecrupdater && config.proxy_url.is_none() {
            sidecar::wait_for(&config.cluster_url, &stop).await;
        }
        let client = explained::client(config, self.in_cluster, &stop)
            .await
            .map_err(|cause| ConnectError(format!("can't use cluster {url} ({origin}): {cause}")))?;
        Ok(Cluster::new(client, format!("{url} ({origin})"), stop))
    }

    fn way(&self) -> Result<Way, ConnectError> {
        if let Some(url) = &self.server {
            return Ok(Way::Url { url: url.clone(), from: "--server" });
        }
        let kubeconfig_flag = self.kubeconfig.is_some() || self.context.is_some();
        if let Some(url) = self.endpoint_variable.as_ref().filter(|url| !kubeconfig_flag && !url.is_empty()) {
            return Ok(Way::Url { url: url.clone(), from: "KUBERNETES_API_ENDPOINT" });
        }
        let context = self.context.as_ref().map(|context| format!(", context {context}")).unwrap_or_default();
        if let Some(file) = &self.kubeconfig {
            return Ok(Way::Kubeconfig {
                files: vec![file.clone()],
                from: format!("--kubeconfig {}{context}", file.display()),
            });
        }
        if let Some(files) = self.kubeconfig_variable.as_ref().filter(|files| !files.is_empty()) {
            let from = format!("KUBECONFIG {files}{context}");
            return Ok(Way::Kubeconfig { files: std::env::split_paths(files).collect(), from });
        }
        if self.in_cluster && !kubeconfig_flag {
            return Ok(Way::InCluster);
        }
        // One that can't be read is there, and an error; only one that isn't there is passed over, and a home
        // that is not this user's.
        let is_there = |file: &&PathBuf| {
            !matches!(file.try_exists(), Ok(false)) && kubeconfig::closed_home(file).is_none()
        };
        if let Some(file) = self.usual.iter().find(is_there) {
            let from = format!("{}{context}", file.display());
            return Ok(Way::Kubeconfig { files: vec![file.clone()], from });
        }
        if self.ecrupdater && !kubeconfig_flag {
            let from = "the default with K8S_PULL_SECRET_NAME";
            return Ok(Way::Url { url: ECRUPDATERS_PROXY.to_owned(), from });
        }
        let looked: Vec<_> = self.usual.iter().map(|file| looked_for(file)).collect();
        Err(ConnectError(format!(
            "no cluster: tried --server, KUBERNETES_API_ENDPOINT, --kubeconfig, KUBECONFIG, in-cluster, {}; give one of them",
            looked.join(", ")
        )))
    }
}

/// A usual place, and why nothing can be found there.
fn looked_for(file: &Path) -> String {
    let why = kubeconfig::closed_home(file).map(|why| format!(" ({why})"));
    format!("{}{}", file.display(), why.unwrap_or_default())
}

/// A URL whose scheme may be left out, as it is for `kubectl proxy`.
fn parse_url(text: &str, from: &str) -> Result<http::Uri, ConnectError> {
    refuse_account(text, from)?;
    let full = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let bad = |cause: String| {
        ConnectError(format!(
            "{from}: '{text}' is no URL of an API server: {cause}; write one such as http://localhost:8001"
        ))
    };
    let uri: http::Uri = full.parse().map_err(|error: http::uri::InvalidUri| bad(error.to_string()))?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(host)) if !host.is_empty() => Ok(uri),
        (Some("http" | "https"), _) => Err(bad("it has no host".to_owned())),
        (scheme, _) => Err(bad(format!("its scheme is {}", scheme.unwrap_or("missing")))),
    }
}

/// A name and a password in a URL would not be sent, but would be in the log. They are not repeated.
fn refuse_account(url: &str, from: &str) -> Result<(), ConnectError> {
    if !url.contains('@') {
        return Ok(());
    }
    let message = format!(
        "{from}: the API server's URL holds an '@'; write it without an account, and the account in a kubeconfig's users"
    );
    Err(ConnectError(message))
}
