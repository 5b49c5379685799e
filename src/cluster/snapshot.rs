//! The look at the cluster: a handful of paged lists, whatever the number of namespaces.
//!
//! The configuration alone chooses the way. Namespaces that are all written out by name are read by
//! requests within them, for which Roles there suffice; a glob or a label selector takes lists of the
//! whole cluster. A refusal never changes the way: it is reported with what to grant. Only the list of
//! namespaces itself can be done without, where nothing is to be made (`holders`).

mod among;
mod contents;
mod holders;

use std::collections::BTreeSet;

use futures::future::{join, join_all};
use futures::{StreamExt, TryStreamExt, stream};

use super::client::Cluster;
use super::error::{ApiError, Meaning};
use super::pages::Cells;
use super::requests::{self, List};
use super::wire;
use crate::config::{Config, Heal, ServiceAccounts};
use crate::plan::{self, Snapshot, Subject, service_accounts::is_chosen};
use contents::{Contents, Read, unread};

/// Namespaces that are looked at side by side, where each takes requests of its own.
const NAMESPACES: usize = 8;

/// How much of what the configuration chooses is looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// These namespaces, as far as they are chosen; `None` is all.
    pub only: Option<BTreeSet<String>>,
    /// Namespaces that were chosen once, where something of ours may be left.
    pub left: BTreeSet<String>,
}

impl Cluster {
    /// Looks at what the configuration chooses, within `scope`. An error is a cluster that doesn't answer;
    /// what it refuses to show is in the snapshot.
    pub async fn snapshot(&self, config: &Config, scope: &Scope) -> Result<Snapshot, ApiError> {
        let mut snapshot = match (config.namespaces.listed(), &scope.only) {
            (Some(names), None) => self.listed(config, names).await?,
            (Some(mut names), Some(only)) => {
                names.retain(|name| only.contains(name));
                self.listed(config, names).await?
            }
            (None, None) => self.selected(config).await?,
            (None, Some(only)) => self.among(config, only).await?,
        };
        self.look_at_left(config, &scope.left, &mut snapshot).await;
        Ok(snapshot)
    }

    /// The namespaces in which a pod waits for an image, of those that may be chosen.
    pub async fn waiting(&self, config: &Config) -> Result<BTreeSet<String>, ApiError> {
        let places = config.namespaces.places();
        let looks = places.iter().map(|place| self.pods(config.pods.heal, place.as_deref()));
        let pods: Vec<_> = stream::iter(looks).buffered(NAMESPACES).try_collect().await?;
        let namespaces = pods.into_iter().flatten().map(|(namespace, _)| namespace);
        Ok(namespaces.filter(|name| config.namespaces.names.contains(name)).collect())
    }

    async fn selected(&self, config: &Config) -> Result<Snapshot, ApiError> {
        let list = List::new("namespaces", None).labels(config.namespaces.selector.as_deref()).metadata();
        let namespaces = self.list(&list, |namespace: wire::Namespace| {
            let name = &namespace.metadata.name;
            config.namespaces.names.contains(name).then(|| (name.clone(), namespace.observe()))
        });
        let (namespaces, contents) = join(namespaces, self.contents(config, None)).await;
        let mut snapshot = Snapshot::default();
        match namespaces {
            Ok(namespaces) if namespaces.is_empty() => {
                let message = "no namespace of the cluster matches; nothing was to be done";
                snapshot
                    .findings
                    .push(Subject::global("Setting", "namespaces").finding("NoNamespace", message));
            }
            Ok(namespaces) => {
                snapshot.namespaces = namespaces.into_iter().collect();
                let left = among::left(config, &snapshot, &contents);
                self.look_at_left(config, &left, &mut snapshot).await;
            }
            Err(error) if error.meaning() != Meaning::Forbidden => return Err(error),
            Err(_) if holders::suffice(config) => {
                snapshot.namespaces = holders::namespaces(config, &contents);
                snapshot.findings.push(holders::finding());
            }
            Err(error) => {
                let remedy = "grant list on namespaces, or write the namespaces out by name";
                let subject = Subject::global("Resource", "namespaces");
                snapshot.errors.push(unread(subject, "can't be listed", &error, remedy));
            }
        }
        contents.put_into(&mut snapshot, None);
        Ok(snapshot)
    }

    async fn listed(&self, config: &Config, names: Vec<String>) -> Result<Snapshot, ApiError> {
        let look = |name: String| async move {
            let seen = self.object::<wire::Namespace>(&requests::namespace(&name)).await;
            let contents = match &seen {
                Err(error) if error.meaning() != Meaning::Forbidden => None,
                _ => Some(self.contents(config, Some(&name)).await),
            };
            (name, seen, contents)
        };
        let mut snapshot = Snapshot::default();
        let (mut unanswered, mut blind) = (None, 0);
        let mut looks = stream::iter(names.into_iter().map(look)).buffered(NAMESPACES);
        while let Some((name, seen, contents)) = looks.next().await {
            let subject = Subject::global("Namespace", &name);
            let seen = match seen {
                Ok(seen) => seen.observe(),
                Err(error) if error.meaning() == Meaning::Forbidden => {
                    blind += 1;
                    plan::Namespace::default()
                }
                Err(error) if matches!(error.meaning(), Meaning::Gone | Meaning::NamespaceGone) => {
                    let message = "doesn't exist; create it, or take it out of namespaces";
                    snapshot.findings.push(subject.finding("NamespaceAbsent", message));
                    continue;
                }
                Err(error) if nothing_seen(&snapshot) && error.is_silence() => return Err(error),
                Err(error) => {
                    snapshot.errors.push(subject.finding("GetFailed", format!("can't be read: {error}")));
                    unanswered = unanswered.or(Some(error));
                    continue;
                }
            };
            snapshot.namespaces.insert(name.clone(), seen);
            if let Some(contents) = contents {
                contents.put_into(&mut snapshot, Some(&name));
            }
        }
        if blind > 0 {
            let message = format!(
                "{blind} can't be read, so their pause annotation isn't seen; grant get on namespaces there"
            );
            snapshot
                .findings
                .push(Subject::global("Resource", "namespaces").finding("GetForbidden", message));
        }
        match unanswered {
            Some(error) if snapshot.namespaces.is_empty() => Err(error),
            _ => Ok(snapshot),
        }
    }

    /// What is in one namespace, or in all of them.
    async fn contents(&self, config: &Config, namespace: Option<&str>) -> Contents {
        let names: BTreeSet<_> =
            config.registries.iter().map(|registry| registry.secret_name.clone()).collect();
        let secrets = join_all(names.into_iter().map(|name| async {
            let list = List::new("secrets", namespace).fields(format!("metadata.name={name}"));
            let secrets = self.list(&list, |mut secret: wire::Secret| {
                let namespace = std::mem::take(&mut secret.metadata.namespace);
                Some((namespace, secret.observe()))
            });
            (name, secrets.await)
        }));
        let nobody = ServiceAccounts::None;
        // Without a registry there is no Secret that they could name.
        let chosen = if config.registries.is_empty() { &nobody } else { &config.service_accounts };
        let accounts = self.service_accounts(chosen, namespace);
        let pods = self.pods(config.pods.heal, namespace);
        let (secrets, (service_accounts, pods)) = join(secrets, join(accounts, pods)).await;
        // What a new pod would get isn't known then.
        let blind = service_accounts.is_err();
        let pods = pods.map(|pods| if blind { Vec::new() } else { pods });
        let images = self.images(config, namespace).await;
        Contents { secrets, service_accounts, pods, images }
    }

    async fn service_accounts(
        &self,
        chosen: &ServiceAccounts,
        namespace: Option<&str>,
    ) -> Read<(String, String, plan::ServiceAccount)> {
        if matches!(chosen, ServiceAccounts::None) {
            return Ok(Vec::new());
        }
        let mut list = List::new("serviceaccounts", namespace);
        if let Some(name) = chosen.single() {
            list = list.fields(format!("metadata.name={name}"));
        }
        self.list(&list, |mut account: wire::ServiceAccount| {
            let name = std::mem::take(&mut account.metadata.name);
            let namespace = std::mem::take(&mut account.metadata.namespace);
            is_chosen(chosen, &name).then(|| (namespace, name, account.observe()))
        })
        .await
    }

    /// The images of all pods that aren't over, where the configuration asks how many there are.
    async fn images(&self, config: &Config, namespace: Option<&str>) -> Read<(String, Vec<String>)> {
        if config.time.is_none_or(|time| time.min_pods == 0) {
            return Ok(Vec::new());
        }
        let there = List::new("pods", namespace).fields("status.phase!=Succeeded,status.phase!=Failed");
        self.list(&there, |pod: wire::Pod| Some((pod.metadata.namespace.clone(), pod.images()))).await
    }

    /// The pods that wait for an image. Of pods that are Pending all are looked at; of the others only
    /// the pages in which a row isn't Running with all of its containers ready.
    async fn pods(&self, heal: Heal, namespace: Option<&str>) -> Read<(String, plan::Pod)> {
        if heal == Heal::Off {
            return Ok(Vec::new());
        }
        let keep = |mut pod: wire::Pod| {
            let namespace = std::mem::take(&mut pod.metadata.namespace);
            pod.observe().map(|pod| (namespace, pod))
        };
        let pending = List::new("pods", namespace).fields("status.phase=Pending");
        let others = "status.phase!=Pending,status.phase!=Succeeded,status.phase!=Failed";
        let others = List::new("pods", namespace).fields(others);
        let (pending, others) =
            join(self.list(&pending, keep), self.list_suspicious(&others, is_suspicious, keep)).await;
        let mut pods = pending?;
        let seen: BTreeSet<_> = pods.iter().map(|(_, pod)| pod.uid.clone()).collect();
        // A pod may change its phase between the two lists.
        pods.extend(others?.into_iter().filter(|(_, pod)| !seen.contains(&pod.uid)));
        Ok(pods)
    }
}

/// Could a pod with this row wait for an image? Cells are for people, so what isn't understood is suspicious.
fn is_suspicious(cells: &Cells<'_>) -> bool {
    let ready = cells.text("Ready").and_then(|ready| ready.split_once('/'));
    let all_ready = ready.is_some_and(|(ready, total)| ready == total);
    !(all_ready && cells.text("Status") == Some("Running"))
}

/// Has no namespace been heard of at all?
fn nothing_seen(snapshot: &Snapshot) -> bool {
    snapshot.namespaces.is_empty() && snapshot.findings.is_empty()
}
