//! The look at a few namespaces only, of those that a glob or a label selector chooses, and at those that are no longer
//! chosen: requests within them, whatever the size of the cluster.

use std::collections::BTreeSet;

use futures::{StreamExt, stream};

use super::contents::{Contents, unread};
use super::{Cluster, NAMESPACES};
use crate::cluster::error::{ApiError, Meaning};
use crate::cluster::requests::{self, List};
use crate::cluster::wire;
use crate::config::Config;
use crate::plan::secrets::MANAGED_BY;
use crate::plan::{self, Snapshot, Subject};

/// A namespace, and is it chosen?
type Chosen = Option<(plan::Namespace, bool)>;

impl Cluster {
    /// Those of the namespaces that are chosen.
    pub(super) async fn among(&self, config: &Config, only: &BTreeSet<String>) -> Result<Snapshot, ApiError> {
        let mut snapshot = Snapshot::default();
        let looks = stream::iter(only.iter().map(|name| self.look_at(config, name, true)));
        let mut looks = looks.buffered(NAMESPACES);
        while let Some((name, seen, contents)) = looks.next().await {
            match seen {
                Ok(Some((namespace, true))) => {
                    snapshot.namespaces.insert(name.clone(), namespace);
                    if let Some(contents) = contents {
                        contents.put_into(&mut snapshot, Some(&name));
                    }
                }
                Ok(_) => {}
                Err(error) if error.is_silence() => return Err(error),
                Err(error) => {
                    let subject = Subject::global("Namespace", &name);
                    let remedy = "grant get and list on namespaces";
                    snapshot.errors.push(unread(subject, "can't be read", &error, remedy));
                }
            }
        }
        Ok(snapshot)
    }

    /// Adds to `snapshot` what is left in namespaces that aren't chosen any more. One that can't be read is looked at
    /// by another pass; a right that is missing is told.
    pub(super) async fn look_at_left(
        &self,
        config: &Config,
        names: &BTreeSet<String>,
        snapshot: &mut Snapshot,
    ) {
        let names = names.iter().filter(|name| !snapshot.namespaces.contains_key(*name));
        let looks = stream::iter(names.map(|name| self.look_at(config, name, false)));
        let looks: Vec<_> = looks.buffered(NAMESPACES).collect().await;
        for (name, seen, contents) in looks {
            if let Err(error) = &seen
                && error.meaning() == Meaning::Forbidden
            {
                let subject = Subject::global("Namespace", &name);
                let what = "can't be read, so what is left there stays";
                snapshot.findings.push(unread(subject, what, error, "grant get on namespaces"));
            }
            let (Ok(Some((namespace, false))), Some(contents)) = (seen, contents) else { continue };
            // Else what names our Secrets isn't known.
            if contents.service_accounts.is_ok() {
                let mut there = Snapshot::default();
                there.namespaces.insert(name.clone(), namespace);
                contents.put_into(&mut there, Some(&name));
                snapshot.left.append(&mut there.namespaces);
            }
        }
    }

    /// A namespace, and what is in it where it is chosen or not, as `wanted`.
    async fn look_at(
        &self,
        config: &Config,
        name: &str,
        wanted: bool,
    ) -> (String, Result<Chosen, ApiError>, Option<Contents>) {
        let seen = self.chosen(config, name).await;
        let contents = match &seen {
            Ok(Some((_, chosen))) if *chosen == wanted => Some(self.contents(config, Some(name)).await),
            _ => None,
        };
        (name.to_owned(), seen, contents)
    }

    /// `None` where it is gone. The API server matches the labels.
    async fn chosen(&self, config: &Config, name: &str) -> Result<Chosen, ApiError> {
        let selector = config.namespaces.selector.as_deref();
        let named = config.namespaces.names.contains(name);
        if named && selector.is_some() {
            let list = List::new("namespaces", None).fields(format!("metadata.name={name}")).labels(selector);
            let chosen = self.list(&list.metadata(), |seen: wire::Namespace| Some(seen.observe())).await?;
            if let Some(seen) = chosen.into_iter().next() {
                return Ok(Some((seen, true)));
            }
        }
        match self.object::<wire::Namespace>(&requests::namespace(name)).await {
            Ok(seen) => Ok(Some((seen.observe(), named && selector.is_none()))),
            Err(error) if matches!(error.meaning(), Meaning::Gone | Meaning::NamespaceGone) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The namespaces that aren't chosen and hold Secrets of ours, where they may be taken away. Only an instance with a name
/// of its own looks for them: others may share theirs, and would take away each other's. Nor is it done where none is
/// chosen at all, which is more likely a slip of the pen.
pub(super) fn left(config: &Config, snapshot: &Snapshot, contents: &Contents) -> BTreeSet<String> {
    if !config.finds_what_is_left() || snapshot.namespaces.is_empty() {
        return BTreeSet::new();
    }
    let ours = |secret: &plan::Secret| {
        let instance = secret.instance.as_deref() == Some(config.instance.as_str());
        secret.managed_by.as_deref() == Some(MANAGED_BY) && instance
    };
    let found = contents.secrets.iter().filter_map(|(_, secrets)| secrets.as_ref().ok()).flatten();
    let found = found.filter(|(name, secret)| ours(secret) && !snapshot.namespaces.contains_key(name));
    found.map(|(name, _)| name.clone()).collect()
}
