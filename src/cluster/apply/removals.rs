//! Taking away what is ours in namespaces that are no longer chosen: the names first, for a name without its Secret
//! is an error to every pod that starts there.

use super::{Missing, Writer};
use crate::cluster::error::{ApiError, Meaning};
use crate::cluster::{requests, wire};
use crate::plan::{Applied, NOT_CHOSEN, Unnamed, Verb};

/// How often a list is read again before the next pass has to try.
const ROUNDS: usize = 5;

impl Writer<'_> {
    pub(super) async fn write_removal(&self, applied: &mut Applied, missing: &mut Missing) {
        let removal = &self.own.removal;
        for account in &removal.service_accounts {
            let Some(_turn) = self.turn().await else {
                applied.undone += 1;
                missing.accounts.insert(account.name.clone());
                continue;
            };
            let subject = self.subject("ServiceAccount", &account.name);
            match self.take_out(account).await {
                Ok(true) => self.made(applied, Verb::Patch, subject, account.why()),
                Ok(false) => (self.writing.progress)(),
                Err(error) => {
                    missing.accounts.insert(account.name.clone());
                    self.failed(applied, missing, subject, &error, "grant patch on serviceaccounts");
                }
            }
        }
        for secret in &removal.secrets {
            let named = removal.service_accounts.iter().any(|account| {
                account.ours.contains(&secret.name) && missing.accounts.contains(&account.name)
            });
            if named || missing.namespace {
                applied.undone += usize::from(self.writing.until.is_cancelled());
                continue;
            }
            let Some(_turn) = self.turn().await else {
                applied.undone += 1;
                continue;
            };
            let subject = self.subject("Secret", &secret.name);
            let delete = requests::delete(
                "secrets",
                &self.own.name,
                &secret.name,
                &secret.uid,
                &secret.resource_version,
            );
            match self.cluster.send(&delete).await {
                Ok(_) => self.made(applied, Verb::Delete, subject, NOT_CHOSEN),
                Err(error) if error.meaning() == Meaning::Gone && error.was_retried() => {
                    self.made(applied, Verb::Delete, subject, NOT_CHOSEN);
                }
                // Somebody else deleted it, or wrote to it: the next pass looks again.
                Err(error) if matches!(error.meaning(), Meaning::Gone | Meaning::Conflict) => {
                    (self.writing.progress)();
                }
                Err(error) => {
                    self.failed(applied, missing, subject, &error, "grant delete on secrets");
                }
            }
        }
    }

    /// Patches until the list lacks our names; did we?
    async fn take_out(&self, account: &Unnamed) -> Result<bool, ApiError> {
        let (mut seen, mut retried) = (account.seen.clone(), false);
        for round in 1.. {
            let Some(list) = account.list(&seen) else { return Ok(retried) };
            let (namespace, name, version) = (&self.own.name, &account.name, &seen.resource_version);
            let patch = requests::patch_pull_secrets(
                namespace,
                name,
                version,
                &list,
                &seen.added.without(&account.ours),
            );
            let Err(error) = self.cluster.send(&patch).await else { return Ok(true) };
            retried = error.was_retried();
            match error.meaning() {
                Meaning::Gone => return Ok(false),
                Meaning::Conflict if round < ROUNDS => {}
                _ => return Err(error),
            }
            let get = requests::get("serviceaccounts", namespace, name);
            seen = match self.cluster.object::<wire::ServiceAccount>(&get).await {
                Ok(account) => account.observe(),
                Err(error) if error.meaning() == Meaning::Gone => return Ok(false),
                Err(error) => return Err(error),
            };
        }
        Ok(false)
    }
}
