//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Keeps Kubernetes clusters able to pull private images: one idempotent pass, then exit.
///
/// Writes the registries' credentials into a Secret of every chosen namespace, adds it to the
/// ServiceAccounts, and has pods recreated that a new pull secret helps.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER_HELP)]
pub struct Cli {
    /// The configuration file (YAML)
    #[arg(long, alias = "configfile", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print what would be written, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// How the report is printed
    #[arg(long, value_enum, default_value_t)]
    pub output: Output,
    /// Make one pass, whatever the configuration says of time
    #[arg(long)]
    pub once: bool,
    /// The kubeconfig
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// The kubeconfig's context
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
    /// The API server, such as <http://localhost:8001> for kubectl proxy
    #[arg(long, value_name = "URL", conflicts_with_all = ["kubeconfig", "context"])]
    pub server: Option<String>,
}

/// How the report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Output {
    /// A short table
    #[default]
    Text,
    /// One JSON document a report; a loop reports only what is new
    Json,
}

const AFTER_HELP: &str = "\
Configuration, later wins: defaults; the file of --config, PULLKEEPER_CONFIG or CONF_FILE, else
/etc/pullkeeper/config.yaml or /etc/patcher/config.yaml; variables such as PULLKEEPER_SECRET__NAME.

Cluster, the first that is given: --server, --kubeconfig or --context, KUBERNETES_API_ENDPOINT,
KUBECONFIG, the pod's own cluster, ~/.kube/config, /root/.kube/config; with K8S_PULL_SECRET_NAME
http://localhost:8001 (kubectl proxy).

Log: RUST_LOG=debug says more, RUST_LOG=warn says less. With K8S_PULL_SECRET_NAME: LOG_CONFIG, else
./logging.json, else LOG_LEVEL, as for k8s-ecrupdater.

Exit status:
  0  all that was asked for is so (findings don't change this)
  1  something failed: a refusal, a registry without a credential, a deadline, a signal
  2  nothing was tried: a bad configuration, or no cluster";
