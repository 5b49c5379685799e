//! The typed configuration: what the user asked for, in types that cannot hold a bad value.
//!
//! Everything here was checked when the configuration was loaded; nothing downstream looks at a
//! string twice. `Password` has no `Debug` that shows it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::images::Images;
use super::resolve::DEFAULT_INSTANCE;
use super::running::{Metrics, Time};
use super::selector::{NameSet, Namespaces};
use super::sources::Source;
use crate::registry::Host;

/// Everything that one run of the program was asked to do.
#[derive(Debug, Clone)]
pub struct Config {
    /// The namespaces to make able to pull.
    pub namespaces: Namespaces,
    /// The registries whose credentials the Secrets hold, in the order they were written.
    pub registries: Vec<Registry>,
    /// This installation's name: what another instance owns is foreign to it.
    pub instance: String,
    /// May a missing Secret be created?
    pub create: bool,
    /// What to do with a Secret of our name that somebody else made.
    pub adopt: Adopt,
    /// Does a namespace that is no longer chosen lose our Secret, and our names in its `ServiceAccounts`?
    pub prune: bool,
    /// The `ServiceAccounts` that get our Secrets' names.
    pub service_accounts: ServiceAccounts,
    /// What to do with pods that wait for an image.
    pub pods: Pods,
    /// Images that are pulled from elsewhere.
    pub images: Images,
    /// When a credential that ends is renewed.
    pub refresh: Refresh,
    /// Is a credential shown to its registry before it is written?
    pub verify: bool,
    /// The loop; `None` is a single pass.
    pub time: Option<Time>,
    /// How metrics are told.
    pub metrics: Metrics,
    /// The older tool whose file this is, if it is one.
    pub preset: Option<super::presets::Preset>,
}

impl Config {
    /// The same for a single pass, whatever it says of time: nobody could ask that for metrics.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.time = None;
        self.metrics.listen = None;
        self
    }

    /// Does each pass look in lists of the whole cluster for what is left where it is no longer chosen? Only an instance
    /// with a name does: installations that share one would take away each other's.
    #[must_use]
    pub fn finds_what_is_left(&self) -> bool {
        self.prune && self.instance != DEFAULT_INSTANCE
    }

    /// Does it have a loop hear of changes? Older tools watched nothing, and their roles don't grant it.
    #[must_use]
    pub fn watches(&self) -> bool {
        self.time.is_some() && self.preset.is_none()
    }
}

/// One entry of `registries`: a source of credentials, and where they go.
#[derive(Debug, Clone)]
pub struct Registry {
    /// Where the credentials come from.
    pub source: Source,
    /// The registries, with the paths, that the credentials are for. Of an [open-ended](Source::is_open_ended)
    /// source, those that are known before it is asked.
    pub hosts: Vec<Host>,
    /// How they are reached when a credential is verified.
    pub reach: Reach,
    /// The Secret that holds them.
    pub secret_name: String,
    /// Narrows the chosen namespaces for this entry alone.
    pub namespaces: Option<NameSet>,
}

impl Registry {
    /// Is it for `namespace`, as far as it narrows?
    #[must_use]
    pub fn is_for(&self, namespace: &str) -> bool {
        self.namespaces.as_ref().is_none_or(|narrowed| narrowed.contains(namespace))
    }

    /// What a message calls it: its first host, or what is known of its source.
    #[must_use]
    pub fn name(&self) -> String {
        self.hosts.first().map_or_else(|| self.source.name(), ToString::to_string)
    }
}

/// How a registry is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reach {
    /// A file of PEM certificates that are trusted beside the system's.
    pub ca: Option<PathBuf>,
    /// By plain http.
    pub insecure: bool,
}

/// Where a password is.
#[derive(Debug, Clone)]
pub enum Password {
    /// In the configuration itself.
    Text(SecretString),
    /// In a file; its trailing newlines are not part of it.
    File(PathBuf),
    /// In an environment variable.
    Env(String),
    /// In a key of a Secret.
    Secret(SecretKey),
}

/// Why a password can't be had from where it was said to be; says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The text itself is empty.
    #[error("is empty; write the password")]
    Empty,
    /// The file can't be read, or is no text.
    #[error("the file {} can't be read: {error}; write the path of a file that can", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// There is nothing in the file but newlines.
    #[error("the file {} is empty; write the password to it", .0.display())]
    EmptyFile(PathBuf),
    /// The variable is not set.
    #[error("the variable {0} is not set; set it to the password")]
    Unset(String),
    /// The variable is set to nothing.
    #[error("the variable {0} is empty; set it to the password")]
    EmptyVariable(String),
}

impl Password {
    /// Reads the password, unless it is in the cluster: then `None`. `env` looks a variable up.
    /// A file is read anew each time, for it may be a mounted Secret that changes.
    pub fn read_local(
        &self,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Option<SecretString>, PasswordError> {
        let (text, empty) = match self {
            Self::Secret(_) => return Ok(None),
            Self::Text(text) => (text.clone(), PasswordError::Empty),
            Self::File(path) => (read_password_file(path)?, PasswordError::EmptyFile(path.clone())),
            Self::Env(name) => {
                let value = env(name).ok_or_else(|| PasswordError::Unset(name.clone()))?;
                (value.into(), PasswordError::EmptyVariable(name.clone()))
            }
        };
        if text.expose_secret().is_empty() {
            return Err(empty);
        }
        Ok(Some(text))
    }
}

fn read_password_file(path: &Path) -> Result<SecretString, PasswordError> {
    let unreadable = |error| PasswordError::Unreadable { path: path.to_owned(), error };
    let text = SecretString::from(std::fs::read_to_string(path).map_err(unreadable)?);
    Ok(without_line_breaks(text.expose_secret()).into())
}

/// A text without the line breaks at its end, which editors and `echo` put there.
#[must_use]
pub fn without_line_breaks(mut text: &str) -> &str {
    while let Some(line) = text.strip_suffix('\n') {
        text = line.strip_suffix('\r').unwrap_or(line);
    }
    text
}

/// A key of a Secret in the cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretKey {
    /// The Secret's namespace.
    pub namespace: String,
    /// The Secret's name.
    pub name: String,
    /// The key in its data.
    pub key: String,
}

impl std::fmt::Display for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "key {} of Secret {}/{}", self.key, self.namespace, self.name)
    }
}

/// What to do with a Secret of our name that somebody else made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Adopt {
    /// Leave it alone and say so.
    #[default]
    No,
    /// Put our hosts in; keep every other entry as it is.
    Merge,
    /// Replace its content.
    Replace,
}

/// Which `ServiceAccounts` get our Secrets' names.
#[derive(Debug, Clone)]
pub enum ServiceAccounts {
    /// Every one of the chosen namespaces.
    All,
    /// The one named `default`.
    Default,
    /// None.
    None,
    /// Those that match.
    Named(NameSet),
}

impl ServiceAccounts {
    /// Their names, where they can be told without a list to choose from.
    #[must_use]
    pub fn names(&self) -> Option<Vec<String>> {
        match self {
            Self::All => None,
            Self::Default => Some(vec!["default".to_owned()]),
            Self::None => Some(Vec::new()),
            Self::Named(names) => names.names(),
        }
    }

    /// The name, where it is a single one: a list and a watch of it can be granted by `resourceNames`.
    #[must_use]
    pub fn single(&self) -> Option<String> {
        self.names().filter(|names| names.len() == 1)?.pop()
    }
}

/// What to do with pods that wait for an image.
#[derive(Debug, Clone)]
pub struct Pods {
    /// Which pods to act on.
    pub heal: Heal,
    /// May a waiting container's image be spelled in another way, so that its pull begins at once?
    pub nudge: bool,
    /// The most evictions and deletions of one pass.
    pub max_evictions: usize,
    /// May a pod be evicted while one of its containers runs?
    pub evict_running: bool,
}

/// Which waiting pods to act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Heal {
    /// By cause: only where it helps.
    #[default]
    Auto,
    /// The oldest tool's way: every pod on `ErrImagePull` or `ImagePullBackOff` is deleted.
    All,
    /// None.
    Off,
}

/// When a credential that ends is renewed. One that would have ended by then is renewed at half of its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Refresh {
    /// When half of its life is over.
    #[default]
    Half,
    /// When less than this is left.
    Before(Duration),
    /// When it is this old.
    Every(Duration),
}
