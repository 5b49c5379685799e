//! The look at the cluster: a handful of paged lists, whatever the number of namespaces.
//!
//! The configuration alone chooses the way. Namespaces that are all written out by name are read by
//! requests within them, for which Roles there suffice; a glob or a label selector takes lists of the
//! whole cluster. A refusal never changes the way: it is reported with what to grant. Only the list of
//! namespaces itself can be done without, where nothing is to be made (`holders`).

mod holders;

use std::collections::{BTreeMap, BTreeSet};

use futures::future::{join, join_all};
use futures::{StreamExt, stream};

use super::client::Cluster;
use super::error::{ApiError, Meaning};
use super::pages::Cells;
use super::requests::{self, List};
use super::wire;
use crate::config::{Config, Heal, NameSet, ServiceAccounts};
use crate::plan::{self, Finding, Snapshot, Subject, service_accounts::is_chosen};

/// Namespaces that are looked at side by side, where each takes requests of its own.
const NAMESPACES: usize = 8;

impl Cluster {
    /// Looks at everything that the configuration chooses. An error is a cluster that doesn't answer;
    /// what it refuses to show is in the snapshot.
    pub async fn snapshot(&self, config: &Config) -> Result<Snapshot, ApiError> {
        match config.namespaces.listed() {
            Some(names) => self.listed(config, names).await,
            None => self.selected(config).await,
        }
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
            Ok(namespaces) => snapshot.namespaces = namespaces.into_iter().collect(),
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
        let accounts = self.service_accounts(&config.service_accounts, namespace);
        let pods = self.pods(config.pods.heal, namespace);
        let (secrets, (service_accounts, pods)) = join(secrets, join(accounts, pods)).await;
        // What a new pod would get isn't known then.
        let blind = service_accounts.is_err();
        let pods = pods.map(|pods| if blind { Vec::new() } else { pods });
        Contents { secrets, service_accounts, pods }
    }

    async fn service_accounts(
        &self,
        chosen: &ServiceAccounts,
        namespace: Option<&str>,
    ) -> Read<(String, String, plan::ServiceAccount)> {
        let one = match chosen {
            ServiceAccounts::None => return Ok(Vec::new()),
            ServiceAccounts::All => None,
            ServiceAccounts::Default => Some("default".to_owned()),
            ServiceAccounts::Named(names) => only(names),
        };
        let mut list = List::new("serviceaccounts", namespace);
        if let Some(name) = one {
            list = list.fields(format!("metadata.name={name}"));
        }
        self.list(&list, |mut account: wire::ServiceAccount| {
            let name = std::mem::take(&mut account.metadata.name);
            let namespace = std::mem::take(&mut account.metadata.namespace);
            is_chosen(chosen, &name).then(|| (namespace, name, account.observe()))
        })
        .await
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

/// The single name in the set, if it is one.
fn only(names: &NameSet) -> Option<String> {
    match names.names()?.as_slice() {
        [name] => Some(name.clone()),
        _ => None,
    }
}

/// Could a pod with this row wait for an image? Cells are for people, so what isn't understood is suspicious.
fn is_suspicious(cells: &Cells<'_>) -> bool {
    let ready = cells.text("Ready").and_then(|ready| ready.split_once('/'));
    let all_ready = ready.is_some_and(|(ready, total)| ready == total);
    !(all_ready && cells.text("Status") == Some("Running"))
}

/// The items of a list, each with its namespace.
type Read<T> = Result<Vec<T>, ApiError>;

/// What was read of one namespace, or of all.
struct Contents {
    secrets: Vec<(String, Read<(String, plan::Secret)>)>,
    service_accounts: Read<(String, String, plan::ServiceAccount)>,
    pods: Read<(String, plan::Pod)>,
}

impl Contents {
    /// Sorts what was read into its namespaces; `within` tells where the requests were made, for
    /// messages.
    fn put_into(self, snapshot: &mut Snapshot, within: Option<&str>) {
        let subject = |resource: &str| Subject {
            kind: "Resource",
            namespace: within.map(str::to_owned),
            name: resource.to_owned(),
        };
        let namespaces = &mut snapshot.namespaces;
        for (name, secrets) in self.secrets {
            match secrets {
                Ok(secrets) => secrets.into_iter().for_each(|(namespace, secret)| {
                    if let Some(own) = namespaces.get_mut(&namespace) {
                        own.secrets.insert(name.clone(), secret);
                    }
                }),
                Err(error) => {
                    for namespace in inside(namespaces, within) {
                        namespace.unread_secrets.insert(name.clone());
                    }
                    let what = format!("Secret {name} can't be looked for");
                    let remedy = format!("grant list on it (resourceNames: [{name}])");
                    snapshot.errors.push(unread(subject("secrets"), &what, &error, &remedy));
                }
            }
        }
        match self.service_accounts {
            Ok(accounts) => accounts.into_iter().for_each(|(namespace, name, account)| {
                if let Some(own) = namespaces.get_mut(&namespace) {
                    own.service_accounts.insert(name, account);
                }
            }),
            Err(error) => {
                let what = "can't be listed, so none is patched and no pod is healed";
                let remedy = "grant list on serviceaccounts, or set serviceAccounts: none";
                snapshot.errors.push(unread(subject("serviceaccounts"), what, &error, remedy));
            }
        }
        match self.pods {
            Ok(pods) => pods.into_iter().for_each(|(namespace, pod)| {
                if let Some(own) = namespaces.get_mut(&namespace) {
                    own.pods.push(pod);
                }
            }),
            Err(error) => {
                let remedy = "grant list on pods, or set pods.heal: off";
                let finding = unread(subject("pods"), "can't be listed, so none is healed", &error, remedy);
                let forbidden = error.meaning() == Meaning::Forbidden;
                let list = if forbidden { &mut snapshot.findings } else { &mut snapshot.errors };
                list.push(finding);
            }
        }
    }
}

/// Has no namespace been heard of at all?
fn nothing_seen(snapshot: &Snapshot) -> bool {
    snapshot.namespaces.is_empty() && snapshot.findings.is_empty()
}

/// A list that failed; what to grant helps only against a refusal.
fn unread(subject: Subject, what: &str, error: &ApiError, remedy: &str) -> Finding {
    let remedy = if error.meaning() == Meaning::Forbidden { remedy } else { "the next pass tries again" };
    subject.finding("ListFailed", format!("{what}: {error}; {remedy}"))
}

fn inside<'a>(
    namespaces: &'a mut BTreeMap<String, plan::Namespace>,
    within: Option<&str>,
) -> impl Iterator<Item = &'a mut plan::Namespace> {
    let within = within.map(str::to_owned);
    namespaces
        .iter_mut()
        .filter(move |(name, _)| within.as_ref().is_none_or(|within| within == *name))
        .map(|(_, namespace)| namespace)
}
