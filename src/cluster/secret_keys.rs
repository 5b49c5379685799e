//! Passwords that the user keeps in a Secret: each Secret is read once, whatever the number of its keys.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use secrecy::SecretString;

use super::client::Cluster;
use super::error::Meaning;
use super::{requests, wire};
use crate::config::SecretKey;

impl Cluster {
    /// The texts under `keys`, or for each of them why there is none and what to do.
    pub async fn secret_texts(
        &self,
        keys: &BTreeSet<SecretKey>,
    ) -> BTreeMap<SecretKey, Result<SecretString, String>> {
        let secrets: BTreeSet<_> =
            keys.iter().map(|key| (key.namespace.as_str(), key.name.as_str())).collect();
        let read = secrets.into_iter().map(|(namespace, name)| async move {
            let secret = self.object::<wire::Secret>(&requests::get("secrets", namespace, name)).await;
            let failure = |error: super::ApiError| match error.meaning() {
                Meaning::Gone => format!("Secret {namespace}/{name} doesn't exist; create it"),
                Meaning::Forbidden => format!(
                    "can't read Secret {namespace}/{name}: {error}; grant get on it by a Role in {namespace}"
                ),
                _ => format!("can't read Secret {namespace}/{name}: {error}"),
            };
            ((namespace, name), secret.map_err(failure))
        });
        let read: BTreeMap<_, _> = join_all(read).await.into_iter().collect();
        let text = |key: &SecretKey| match read.get(&(key.namespace.as_str(), key.name.as_str())) {
            Some(Ok(secret)) => secret
                .text(&key.key)
                .ok_or_else(|| format!("{key} is absent or no text; write the password there")),
            Some(Err(failure)) => Err(failure.clone()),
            None => Err(format!("{key} was not read")),
        };
        keys.iter().map(|key| (key.clone(), text(key))).collect()
    }
}
