//! The command line.
//!
//! eatr's flags are taken beside our own. It was written in Go, whose flags have one dash or two; those three have
//! both here, and no other word changes its meaning.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use log::LevelFilter;

use crate::config::{Flags, is_dns_label, is_dns_name};
use crate::rbac::Part;

/// Keeps Kubernetes clusters able to pull private images: one idempotent pass, then exit.
///
/// Writes the registries' credentials into a Secret of every chosen namespace, adds it to the
/// ServiceAccounts, and has pods recreated that a new pull secret helps.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER_HELP)]
pub struct Cli {
    /// What to do; without a command: what the configuration says
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The configuration file (YAML)
    #[arg(long, alias = "configfile", value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Print what would be written, and write nothing
    #[arg(long, global = true)]
    pub dry_run: bool,
    /// How the report is printed
    #[arg(long, value_enum, default_value_t, global = true)]
    pub output: Output,
    /// Make one pass, whatever the configuration says of time
    #[arg(long)]
    pub once: bool,
    /// The kubeconfig
    #[arg(long, value_name = "FILE", global = true)]
    pub kubeconfig: Option<PathBuf>,
    /// The kubeconfig's context
    #[arg(long, value_name = "NAME", global = true)]
    pub context: Option<String>,
    /// The API server, such as <http://localhost:8001> for kubectl proxy
    #[arg(long, value_name = "URL", global = true, conflicts_with_all = ["kubeconfig", "context"])]
    pub server: Option<String>,
    /// eatr's: renew what is that old, in a loop
    #[arg(long, hide = true, value_name = "TIME", overrides_with = "auth_token_renewal_interval")]
    pub auth_token_renewal_interval: Option<String>,
    /// eatr's: look at everything so often, in a loop
    #[arg(long, hide = true, value_name = "TIME", overrides_with = "informers_resync_interval")]
    pub informers_resync_interval: Option<String>,
    /// eatr's: 6 and more say more in the log
    #[arg(long, hide = true, value_name = "N", allow_negative_numbers = true)]
    #[arg(overrides_with = "logging_verbosity_level")]
    pub logging_verbosity_level: Option<i64>,
}

/// Something else than a pass.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Print what image references mean, and where the rules of images.rewrite lead them; asks no cluster
    Image {
        /// References such as nginx:1
        #[arg(value_name = "REF", required = true)]
        references: Vec<String>,
    },
    /// Print the RBAC manifests that the configuration needs, least privilege; asks no cluster
    Rbac(Rbac),
    /// Rewrite images when pods are made, for API servers that have no policy: serve their webhook
    Webhook(Webhook),
    /// Rewrite images when pods are made, by a policy in the API server
    Images {
        /// What to do with the policy
        #[command(subcommand)]
        action: ImagesAction,
    },
}

/// Who gets the rights.
#[derive(Debug, Clone, Args)]
pub struct Rbac {
    /// The namespace of the program's ServiceAccount
    #[arg(long, value_name = "NAME", default_value = "pullkeeper", value_parser = namespace_name)]
    pub namespace: String,
    /// The program's ServiceAccount
    #[arg(long, value_name = "NAME", default_value = "pullkeeper", value_parser = object_name)]
    pub service_account: String,
    /// Only this part of them, for an overlay
    #[arg(long, value_enum, value_name = "PART")]
    pub part: Option<Part>,
}

/// Where the webhook is, and how it ends.
#[derive(Debug, Clone, Args)]
pub struct Webhook {
    /// Where it listens: :PORT, or HOST:PORT
    #[arg(long, value_name = "ADDRESS", default_value = ":8443")]
    pub listen: String,
    /// The folder of tls.crt and tls.key, which are read anew when they change
    #[arg(long, value_name = "DIR", default_value = "/etc/pullkeeper/tls")]
    pub cert_dir: PathBuf,
    /// How long it still takes connections once it is told to end
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = humantime::parse_duration)]
    pub drain: Duration,
}

/// What to do with the policy that rewrites images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum ImagesAction {
    /// Make it, or bring it in step with the configuration; passes keep it so
    Install {
        /// Don't ask the proxies first whether they serve
        #[arg(long)]
        unchecked: bool,
    },
    /// Take it away; passes don't make it again
    Remove,
}

/// From here on eatr's log told what it did to each namespace.
const DETAILED: i64 = 6;

impl Cli {
    /// Reads the command line, whose first word is the program's name. Ends the program, with a message, where it
    /// can't be read or asks for help.
    #[must_use]
    pub fn parse_from(words: impl IntoIterator<Item = OsString>) -> Self {
        <Self as Parser>::parse_from(words.into_iter().map(with_two_dashes))
    }

    /// The settings that flags stand for.
    #[must_use]
    pub fn flags(&self) -> Flags {
        Flags {
            renewal: self.auth_token_renewal_interval.clone(),
            resync: self.informers_resync_interval.clone(),
        }
    }

    /// How much the log is to say, if a flag tells.
    #[must_use]
    pub fn level(&self) -> Option<LevelFilter> {
        let level = |n| if n < DETAILED { LevelFilter::Info } else { LevelFilter::Debug };
        self.logging_verbosity_level.map(level)
    }
}

fn namespace_name(text: &str) -> Result<String, &'static str> {
    if is_dns_label(text) { Ok(text.to_owned()) } else { Err("up to 63 of a-z, 0-9 and '-'") }
}

fn object_name(text: &str) -> Result<String, &'static str> {
    if is_dns_name(text) { Ok(text.to_owned()) } else { Err("a-z, 0-9, '-' and '.'") }
}

/// One of eatr's flags, if it has one dash, with two. Anything else stays as it is.
fn with_two_dashes(word: OsString) -> OsString {
    let flag = word.to_str().and_then(|text| text.strip_prefix('-'));
    match flag.filter(|flag| OF_EATR.contains(&flag.split('=').next().unwrap_or_default())) {
        Some(flag) => format!("--{flag}").into(),
        None => word,
    }
}

const OF_EATR: [&str; 3] =
    ["auth-token-renewal-interval", "informers-resync-interval", "logging-verbosity-level"];

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

PROXY_URL, or REGISTRY_URL, sends Docker Hub's images there, as for k8s-proxy-image-swapper.

Cluster, the first that is given: --server, --kubeconfig or --context, KUBERNETES_API_ENDPOINT,
KUBECONFIG, the pod's own cluster, ~/.kube/config, /root/.kube/config; with K8S_PULL_SECRET_NAME
http://localhost:8001 (kubectl proxy).

eatr's flags work as they did, with one dash or two: auth-token-renewal-interval,
informers-resync-interval, logging-verbosity-level.

Log: RUST_LOG=debug says more, RUST_LOG=warn says less. With K8S_PULL_SECRET_NAME: LOG_CONFIG, else
./logging.json, else LOG_LEVEL, as for k8s-ecrupdater.

Exit status:
  0  all that was asked for is so (findings don't change this)
  1  something failed: a refusal, a registry without a credential, a deadline, a signal
  2  nothing was tried: a bad configuration, or no cluster";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Cli, clap::Error> {
        let words = ["pullkeeper"].iter().chain(words).map(OsString::from);
        Cli::try_parse_from(words.map(with_two_dashes))
    }

    #[test]
    fn eatrs_flags_have_one_dash_or_two_and_a_value_of_their_own_or_not() {
        for dashes in ["-", "--"] {
            for between in ["=", " "] {
                let line = [("auth-token-renewal-interval", "6h"), ("informers-resync-interval", "1h30m")]
                    .map(|(flag, value)| format!("{dashes}{flag}{between}{value}"))
                    .join(" ");
                let words: Vec<_> = line.split(' ').collect();
                let flags = read(&words).unwrap().flags();
                let read = (flags.renewal.as_deref(), flags.resync.as_deref());
                assert_eq!(read, (Some("6h"), Some("1h30m")), "{line}");
            }
        }
        let flags = read(&[]).unwrap().flags();
        assert_eq!((flags.renewal, flags.resync), (None, None));
    }

    #[test]
    fn the_last_of_two_counts_as_it_did() {
        let cli = read(&["-informers-resync-interval=5s", "--informers-resync-interval", "5m"]).unwrap();
        assert_eq!(cli.flags().resync.as_deref(), Some("5m"));
    }

    #[test]
    fn verbosity_is_a_level() {
        let table = [("-1", "INFO"), ("0", "INFO"), ("5", "INFO"), ("6", "DEBUG"), ("9", "DEBUG")];
        for (number, level) in table {
            let cli = read(&["-logging-verbosity-level", number]).unwrap();
            assert_eq!(cli.level().map(|level| level.as_str()), Some(level), "{number}");
        }
        assert_eq!(read(&[]).unwrap().level(), None);
        assert!(read(&["-logging-verbosity-level", "much"]).is_err());
    }

    #[test]
    fn no_other_word_changes() {
        let words = [
            "-h",
            "-config",
            "-",
            "--",
            "---informers-resync-interval",
            "-informers-resync-intervals",
            "-logging-verbosity-level-",
            "informers-resync-interval",
            "--informers-resync-interval=-auth-token-renewal-interval",
        ];
        for word in words {
            assert_eq!(with_two_dashes(word.into()), word);
        }
        assert!(read(&["-config", "x"]).is_err());
        assert!(read(&["-port", "5000"]).is_err());
    }
}
