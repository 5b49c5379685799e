//! What was read, sorted into its namespaces.

use std::collections::BTreeMap;

use crate::cluster::error::{ApiError, Meaning};
use crate::plan::{self, Finding, Snapshot, Subject};

/// The items of a list, each with its namespace.
pub(super) type Read<T> = Result<Vec<T>, ApiError>;

/// What was read of one namespace, or of all.
pub(super) struct Contents {
    pub(super) secrets: Vec<(String, Read<(String, plan::Secret)>)>,
    pub(super) service_accounts: Read<(String, String, plan::ServiceAccount)>,
    pub(super) pods: Read<(String, plan::Pod)>,
    pub(super) images: Read<(String, Vec<String>)>,
}

impl Contents {
    /// Sorts what was read into its namespaces; `within` tells where the requests were made, for
    /// messages.
    pub(super) fn put_into(self, snapshot: &mut Snapshot, within: Option<&str>) {
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
        for (namespace, images) in self.images.unwrap_or_default() {
            if let Some(own) = namespaces.get_mut(&namespace) {
                own.images.push(images);
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

/// A list that failed; what to grant helps only against a refusal.
pub(super) fn unread(subject: Subject, what: &str, error: &ApiError, remedy: &str) -> Finding {
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
