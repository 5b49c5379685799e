//! Which versions of objects are our own doing: a loop that watches them need not look at those again.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;

use super::watch::{Key, Version};

/// The versions that our writes made, until a watch tells of them. Nothing is noted unless somebody watches.
#[derive(Default)]
pub struct Written(Mutex<Option<BTreeMap<Key, String>>>);

/// What is read of the answer to a write.
#[derive(Deserialize)]
struct Answer {
    kind: String,
    metadata: Meta,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    name: String,
    namespace: String,
    resource_version: String,
}

impl Written {
    /// Notes from now on.
    pub fn watch(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default();
    }

    /// Forgets what no watch told of: a pass over everything begins.
    pub fn forget(&self) {
        if let Some(noted) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            noted.clear();
        }
    }

    /// Is this version of an object our own doing? It is asked once.
    pub fn take(&self, key: &Key, version: &Version) -> bool {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(noted) = noted.as_mut() else { return false };
        let ours = version.is_some() && noted.get(key) == version.as_ref();
        if ours {
            noted.remove(key);
        }
        ours
    }

    /// Notes the version in the answer to a write. Deletions aren't noted: to look at what is gone costs little.
    pub(crate) fn note(&self, body: &[u8]) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(noted) = noted.as_mut() else { return };
        let Ok(Answer { kind, metadata }) = serde_json::from_slice(body) else { return };
        let kind = match kind.as_str() {
            "Secret" => "Secret",
            "ServiceAccount" => "ServiceAccount",
            _ => return,
        };
        let key = Key { kind, namespace: metadata.namespace, name: metadata.name };
        noted.insert(key, metadata.resource_version);
    }
}
