//! What was seen in the cluster, in the words that planning needs and no more.
//!
//! A snapshot holds the chosen namespaces only, and of their pods only those with a container that
//! waits for its image: its size doesn't follow the number of healthy pods.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use secrecy::SecretString;

use super::{Added, Exit, Finding};

/// What was seen in the cluster at the start of a pass.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The chosen namespaces that exist.
    pub namespaces: BTreeMap<String, Namespace>,
    /// Namespaces that aren't chosen, and hold Secrets of our names.
    pub left: BTreeMap<String, Namespace>,
    /// Chosen namespaces that are absent, and what could not be looked at but doesn't matter enough to
    /// be an error.
    pub findings: Vec<Finding>,
    /// What could not be looked at, though the configuration asks for it.
    pub errors: Vec<Finding>,
}

/// One chosen namespace.
#[derive(Debug, Clone, Default)]
pub struct Namespace {
    /// It carries the annotation that stops all writes.
    pub paused: bool,
    /// It is being deleted.
    pub terminating: bool,
    /// Its labels; `None` where they aren't known.
    pub labels: Option<BTreeMap<String, String>>,
    /// Its Secrets of our names, by name.
    pub secrets: BTreeMap<String, Secret>,
    /// Our Secrets' names that could not be read here: neither seen nor known to be absent.
    pub unread_secrets: BTreeSet<String>,
    /// The ServiceAccounts that the configuration may choose, by name.
    pub service_accounts: BTreeMap<String, ServiceAccount>,
    /// The pods with a container that waits for its image, by name.
    pub pods: Vec<Pod>,
    /// The images of each pod that isn't over, where somebody asks how many there are.
    pub images: Vec<Vec<String>>,
}

/// A Secret of one of our names.
#[derive(Debug, Clone, Default)]
pub struct Secret {
    /// Changes when it is recreated.
    pub uid: String,
    /// Changes with every write.
    pub resource_version: String,
    /// Its type; can't be changed.
    pub type_: String,
    /// Its data can't be changed.
    pub immutable: bool,
    /// It is being deleted.
    pub terminating: bool,
    /// The label `app.kubernetes.io/managed-by`.
    pub managed_by: Option<String>,
    /// The label `app.kubernetes.io/instance`.
    pub instance: Option<String>,
    /// The annotation in which this program notes what it wrote.
    pub state: Option<String>,
    /// The docker config, in the form of its type, if it is there and is text.
    pub docker_config: Option<SecretString>,
    /// When its data was last written, as far as its managed fields tell.
    pub changed: Option<Timestamp>,
    /// When we added its name to ServiceAccounts, by their names, where pods were evicted for it.
    pub added: Added,
}

/// A ServiceAccount.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceAccount {
    /// The names in its `imagePullSecrets`, in their order, with duplicates and empty ones.
    pub pull_secrets: Vec<String>,
    /// Changes with every write.
    pub resource_version: String,
    /// When we added names to that list.
    pub added: Added,
}

/// A pod with at least one container that waits for its image.
#[allow(clippy::struct_excessive_bools)] // each is a fact of its own
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pod {
    /// Its name.
    pub name: String,
    /// Changes when it is recreated.
    pub uid: String,
    /// Changes with every write.
    pub resource_version: String,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// It is being deleted.
    pub terminating: bool,
    /// It is the image of a static pod of a kubelet.
    pub mirror: bool,
    /// The ServiceAccount it was made with.
    pub service_account: String,
    /// The names in its own `imagePullSecrets`.
    pub pull_secrets: Vec<String>,
    /// Its author listed pull secrets, rather than leave it to the ServiceAccount; `None` where its managed fields
    /// don't tell.
    pub lists_own: Option<bool>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// It has annotations.
    pub annotated: bool,
    /// The images of containers that were rewritten, as their author wrote them, by container.
    pub originals: BTreeMap<String, String>,
    /// The annotation in which this program notes which images it spelled anew.
    pub nudged: Option<String>,
    /// Its controller.
    pub controller: Option<Controller>,
    /// One of its regular containers runs.
    pub running: bool,
    /// The exit codes that its containers, but for the ephemeral ones, leave behind if it ends now.
    pub exits: Vec<Exit>,
    /// Its containers that wait for an image, init and ephemeral ones included.
    pub waiting: Vec<Waiting>,
    /// Its containers that have not been tried yet, for its init containers come first.
    pub initializing: Vec<Waiting>,
}

impl Pod {
    /// The container that is about to be pulled for the first time or anew, if its image is spelled so.
    #[must_use]
    pub fn unstarted(&self, container: &str, image: &str) -> Option<&Waiting> {
        let mut all = self.waiting.iter().chain(&self.initializing);
        all.find(|own| own.container == container && own.image == image)
    }
}

/// The controller of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Controller {
    /// `apps/v1`, …; others than Kubernetes have a `Job`, too.
    pub api_version: String,
    /// `ReplicaSet`, `Job`, …
    pub kind: String,
    /// Its name.
    pub name: String,
}

impl Controller {
    /// Is it a Job of Kubernetes' own?
    #[must_use]
    pub fn is_job(&self) -> bool {
        self.api_version == "batch/v1" && self.kind == "Job"
    }

    /// Does it make a pod anew that is gone? A Job does so at the price of a retry.
    #[must_use]
    pub fn recreates(&self) -> bool {
        let kinds: &[&str] = match self.api_version.as_str() {
            "v1" => &["ReplicationController"],
            "apps/v1" => &["ReplicaSet", "StatefulSet", "DaemonSet"],
            "batch/v1" => &["Job"],
            _ => &[],
        };
        kinds.contains(&self.kind.as_str())
    }
}

/// A container that waits for its image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Waiting {
    /// The container's name.
    pub container: String,
    /// The image as the pod's spec has it.
    pub image: String,
    /// The kubelet's reason: `ImagePullBackOff`, …
    pub reason: String,
    /// The kubelet's message, which quotes the container runtime.
    pub message: String,
    /// Which of the pod's lists it is in.
    pub list: Containers,
    /// Its place in that list.
    pub index: usize,
}

/// A list of containers in a pod's spec.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Containers {
    /// `initContainers`, sidecars among them.
    Init,
    /// `containers`.
    #[default]
    Regular,
    /// `ephemeralContainers`.
    Ephemeral,
}

impl Waiting {
    /// Is it an ephemeral container, whose image can't be changed and which no recreated pod has?
    #[must_use]
    pub fn ephemeral(&self) -> bool {
        self.list == Containers::Ephemeral
    }
}
