//! What the state annotation of a Secret notes of its entries.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Wanted;
use super::source::WantedSource;
use crate::plan::{Credential, Life, Secret};
use crate::registry::{DockerConfig, Host};

/// The notes, by host.
pub(super) type State = BTreeMap<String, Noted>;

/// What is noted of one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Noted {
    /// The instance that wrote it: a Secret that isn't ours carries no label that would tell.
    #[serde(default)]
    pub(super) instance: String,
    pub(super) source: String,
    /// Sources that give one for this host too, which is not taken from them: so their hosts are known.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) also: BTreeSet<String>,
    pub(super) sha256: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) issued: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) expires: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<Timestamp>,
}

/// The notes of a Secret as it was seen; none where somebody spoiled them.
pub(super) fn state(seen: &Secret) -> State {
    seen.state.as_ref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

impl Noted {
    /// The note on a credential that is written now.
    pub(super) fn of(wanted: &Wanted, source: &WantedSource, credential: &Credential) -> Self {
        Self {
            instance: wanted.instance.clone(),
            source: source.fingerprint.clone(),
            also: BTreeSet::new(),
            sha256: credential.entry.sha256(),
            issued: credential.life.map(|life| seconds(life.issued)),
            expires: credential.life.and_then(|life| life.expires).map(seconds),
            until: credential.life.and_then(|life| life.until).map(seconds),
        }
    }

    /// Was it written by this instance, from this source?
    pub(super) fn is_of(&self, wanted: &Wanted, source: &WantedSource) -> bool {
        self.instance == wanted.instance && self.source == source.fingerprint
    }

    /// Is what it speaks of still there?
    pub(super) fn is_held(&self, there: &DockerConfig, host: &Host) -> bool {
        host.keys().iter().all(|key| there.has_sha256(key, &self.sha256))
    }

    /// Is it of an entry that ends, that is still there, and not due to be renewed?
    pub(super) fn is_fresh(
        &self,
        wanted: &Wanted,
        source: &WantedSource,
        there: &DockerConfig,
        host: &Host,
    ) -> bool {
        let life = self.issued.map(|issued| Life { issued, expires: self.expires, until: self.until });
        self.is_of(wanted, source)
            && life.is_some_and(|life| !life.is_due(wanted.refresh, wanted.now))
            && !life.zip(source.lasts).is_some_and(|(life, lasts)| life.is_longer_than(lasts))
            && self.is_held(there, host)
    }
}

/// Nobody needs fractions, and people read them.
fn seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}
