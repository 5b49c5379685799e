//! The look at a few namespaces only, of those that a glob or a label selector chooses: requests within them, whatever
//! the size of the cluster.

use std::collections::BTreeSet;

use futures::{StreamExt, stream};

use super::contents::unread;
use super::{Cluster, NAMESPACES};
use crate::cluster::error::{ApiError, Meaning};
use crate::cluster::requests::{self, List};
use crate::cluster::wire;
use crate::config::Config;
use crate::plan::{self, Snapshot, Subject};

impl Cluster {
    pub(super) async fn among(&self, config: &Config, only: &BTreeSet<String>) -> Result<Snapshot, ApiError> {
        let look = |name: String| async move {
            let seen = self.chosen(config, &name).await;
            let contents = match &seen {
                Ok(Some(_)) => Some(self.contents(config, Some(&name)).await),
                _ => None,
            };
            (name, seen, contents)
        };
        let mut snapshot = Snapshot::default();
        let mut looks = stream::iter(only.iter().cloned().map(look)).buffered(NAMESPACES);
        while let Some((name, seen, contents)) = looks.next().await {
            let subject = Subject::global("Namespace", &name);
            match seen {
                Ok(None) => continue,
                // What names our Secrets isn't known then.
                Ok(Some((_, false)))
                    if contents.as_ref().is_some_and(|own| own.service_accounts.is_err()) =>
                {
                    continue;
                }
                Ok(Some((namespace, true))) => snapshot.namespaces.insert(name.clone(), namespace),
                Ok(Some((namespace, false))) => snapshot.left.insert(name.clone(), namespace),
                Err(error) if error.is_silence() => return Err(error),
                Err(error) => {
                    let remedy = "grant list on namespaces";
                    snapshot.errors.push(unread(subject, "can't be read", &error, remedy));
                    continue;
                }
            };
            if let Some(contents) = contents {
                contents.put_into(&mut snapshot, Some(&name));
            }
        }
        Ok(snapshot)
    }

    /// A namespace, and whether it is chosen; `None` where it is gone. The API server matches the labels.
    async fn chosen(&self, config: &Config, name: &str) -> Result<Option<(plan::Namespace, bool)>, ApiError> {
        if config.namespaces.names.contains(name) {
            let selector = config.namespaces.selector.as_deref();
            let list = List::new("namespaces", None).fields(format!("metadata.name={name}")).labels(selector);
            let chosen = self.list(&list.metadata(), |seen: wire::Namespace| Some(seen.observe())).await?;
            if let Some(seen) = chosen.into_iter().next() {
                return Ok(Some((seen, true)));
            }
        }
        match self.object::<wire::Namespace>(&requests::namespace(name)).await {
            Ok(seen) => Ok(Some((seen.observe(), false))),
            Err(error) if matches!(error.meaning(), Meaning::Gone | Meaning::NamespaceGone) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
