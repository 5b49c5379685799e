//! What planning asks the registries about images, and what they said.
//!
//! The kubelet's message often leaves open whether an image is missing or access to it is refused, and
//! never says whether the credential that we would hand out reads it. The registry knows.

use crate::config::Reach;
use crate::registry::{Entry, Host, Image};

/// An image that pods wait for, or could be given, and the login that they will present for it.
#[derive(Clone)]
pub struct Probe {
    /// The image.
    pub image: Image,
    /// The registry that the login is for; it matches the image.
    pub host: Host,
    /// The login; `None` where they present none.
    pub login: Option<Entry>,
    /// How the registry is reached.
    pub reach: Reach,
}

/// What a registry said of an image. The texts are for people, and never hold a secret: they go after the
/// image's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probed {
    /// The login reads it.
    Readable {
        /// The digest of its manifest, or of the index of its manifests, as its registry tells it.
        digest: Option<String>,
        /// Anybody reads it, without a login: nothing was wrong with access.
        anonymously: bool,
    },
    /// The registry knows no such image, or shows this login none.
    Missing(String),
    /// The login may not read it, or nobody may without one.
    Refused(String),
    /// Nothing can be told, for this reason.
    Untold(String),
}

/// Which probes are one and the same. Has no `Debug`: it holds the hash of a password.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProbeKey {
    image: Image,
    login: Option<String>,
    reach: Reach,
}

impl Probe {
    /// Tells it from others: the same image is asked about again with another login.
    #[must_use]
    pub fn key(&self) -> ProbeKey {
        let login = self.login.as_ref().map(Entry::sha256);
        ProbeKey { image: self.image.clone(), login, reach: self.reach.clone() }
    }
}
