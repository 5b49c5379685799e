//! Patching ServiceAccounts. Every patch carries the version that was seen, so that no entry somebody
//! else added meanwhile is ever lost; a conflict reads the list again.

use std::time::Duration;

use futures::future::join_all;
use tokio::time::Instant;

use super::{Missing, Writer};
use crate::cluster::error::{ApiError, Meaning};
use crate::cluster::{requests, wire};
use crate::plan::service_accounts::judge;
use crate::plan::{Added, Applied, ServiceAccountChange, Verb};

/// How often a list is read again before the next pass has to try.
const ROUNDS: u32 = 12;

/// How the patching of one ServiceAccount ended.
enum End {
    /// Patched by us.
    Made,
    /// Somebody else put our names there meanwhile.
    Settled,
    /// It is no more.
    Gone,
}

impl Writer<'_> {
    pub(super) async fn write_service_accounts(&self, applied: &mut Applied, missing: &mut Missing) {
        let (mut writes, since) = (Vec::new(), self.cluster.now());
        for change in &self.own.service_accounts {
            let ours: Vec<_> =
                change.ours.iter().filter(|name| !missing.absent.contains(*name)).cloned().collect();
            if ours.is_empty() {
                missing.accounts.insert(change.name.clone());
            } else {
                writes.push(async move {
                    let written = match self.turn().await {
                        Some(_turn) => Some(self.patch(change, &ours).await),
                        None => None,
                    };
                    (change, written, ours)
                });
            }
        }
        let (mut refused, mut patched) = (false, Vec::new());
        for (change, written, ours) in join_all(writes).await {
            let Some(written) = written else {
                applied.undone += 1;
                missing.accounts.insert(change.name.clone());
                continue;
            };
            let subject = self.subject("ServiceAccount", &change.name);
            match written {
                Ok(End::Made) => {
                    missing.patched = Some(Instant::now());
                    patched.push(change);
                    self.made(applied, Verb::Patch, subject, change.why(&ours));
                }
                Ok(End::Settled) => (self.writing.progress)(),
                Ok(End::Gone) => {
                    (self.writing.progress)();
                    missing.accounts.insert(change.name.clone());
                    applied.findings.push(subject.finding("Gone", "vanished while the pass was under way"));
                }
                Err(error) => {
                    missing.accounts.insert(change.name.clone());
                    // Once for the namespace: what holds for one holds for its neighbours.
                    let forbidden = error.meaning() == Meaning::Forbidden;
                    if !(missing.namespace || (forbidden && refused)) {
                        self.failed(applied, missing, subject, &error, "grant patch on serviceaccounts");
                    }
                    refused |= forbidden;
                }
            }
        }
        if !missing.namespace {
            self.note_additions(applied, missing, &patched, since).await;
        }
    }

    /// Patches until the list has our names.
    async fn patch(&self, change: &ServiceAccountChange, ours: &[String]) -> Result<End, ApiError> {
        let mut seen = change.seen.clone();
        let mut round = 0;
        let mut retried = false;
        loop {
            let Some(list) = judge(&seen, ours) else {
                // The answer to our own patch may have been lost.
                return Ok(if retried { End::Made } else { End::Settled });
            };
            let (namespace, version) = (&self.own.name, &seen.resource_version);
            let added = Added::to_account(&seen, ours, self.cluster.now());
            let request = requests::patch_pull_secrets(namespace, &change.name, version, &list, &added);
            let Err(error) = self.cluster.send(&request).await else { return Ok(End::Made) };
            round += 1;
            retried = error.was_retried();
            match error.meaning() {
                Meaning::Gone => return Ok(End::Gone),
                Meaning::Conflict if round < ROUNDS => {
                    tokio::time::sleep(Duration::from_millis(5) * round).await;
                }
                _ => return Err(error),
            }
            let get = requests::get("serviceaccounts", &self.own.name, &change.name);
            seen = match self.cluster.object::<wire::ServiceAccount>(&get).await {
                Ok(account) => account.observe(),
                Err(error) if error.meaning() == Meaning::Gone => return Ok(End::Gone),
                Err(error) => return Err(error),
            };
        }
    }
}
