//! Whether what was added to ServiceAccounts stays there: looked at before pods are recreated for it, and noted on our
//! Secrets, for who takes the names out may drop what the ServiceAccount itself tells.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Missing, Writer};
use crate::cluster::error::{ApiError, Meaning};
use crate::cluster::{requests, wire};
use crate::plan::{Applied, PodChange, ServiceAccountChange, Subject};

/// The pull secrets of ServiceAccounts that this pass patched, as they were read after a while.
pub(super) type Reread = BTreeMap<String, Vec<String>>;

impl Writer<'_> {
    /// Notes on our Secrets that their names were added to these ServiceAccounts, `since` this moment. What couldn't be noted counts for
    /// nothing: pods would be recreated for it at each pass.
    pub(super) async fn note_additions(
        &self,
        applied: &mut Applied,
        missing: &mut Missing,
        patched: &[&ServiceAccountChange],
        since: Timestamp,
    ) {
        for (secret, note) in self.own.notes(patched, since) {
            let sent = match (note.text(), self.turn().await) {
                (Some(note), Some(_turn)) => {
                    self.cluster.send(&requests::note_added(&self.own.name, secret, &note)).await.map(Some)
                }
                _ => Ok(None),
            };
            if let Ok(Some(_)) = sent {
                continue;
            }
            missing.accounts.extend(patched.iter().map(|change| change.name.clone()));
            if let Err(error) = sent {
                self.not_sure(applied, missing, self.subject("Secret", secret), &error, "patch on secrets");
            }
        }
    }

    /// Does the ServiceAccount still name the Secrets that the pod's successor is to get? One that this pass didn't
    /// patch was seen to do so.
    pub(super) async fn stays_named(
        &self,
        applied: &mut Applied,
        missing: &mut Missing,
        reread: &mut Reread,
        change: &PodChange,
    ) -> bool {
        let Some(account) = &change.act.service_account else { return true };
        if !self.own.service_accounts.iter().any(|own| own.name == *account) {
            return true;
        }
        if !reread.contains_key(account) {
            let list = self.read_again(applied, missing, account).await;
            if let Some(name) =
                change.act.secrets.iter().find(|name| list.as_ref().is_some_and(|list| !list.contains(name)))
            {
                let message = format!(
                    "somebody took Secret {name} out of it at once; its pods are not evicted, for new ones would lack it, too. Add it where that ServiceAccount is kept"
                );
                applied.findings.push(self.subject("ServiceAccount", account).finding("TakenOut", message));
            }
            reread.insert(account.clone(), list.unwrap_or_default());
        }
        reread.get(account).is_some_and(|list| change.act.secrets.iter().all(|name| list.contains(name)))
    }

    /// Says why no pods are recreated there. A right that is missing turns that off for all; once a pass is enough.
    fn not_sure(
        &self,
        applied: &mut Applied,
        missing: &mut Missing,
        subject: Subject,
        error: &ApiError,
        right: &'static str,
    ) {
        if error.meaning() != Meaning::Forbidden {
            self.failed(applied, missing, subject, error, right);
        } else if self.first_to_tell(right) {
            let message =
                format!("{error}; pods that got no pull secret there are not evicted. Grant {right}");
            applied.findings.push(subject.finding("Forbidden", message));
        }
    }

    async fn read_again(
        &self,
        applied: &mut Applied,
        missing: &mut Missing,
        account: &str,
    ) -> Option<Vec<String>> {
        let get = requests::get("serviceaccounts", &self.own.name, account);
        match self.cluster.object::<wire::ServiceAccount>(&get).await {
            Ok(seen) => return Some(seen.observe().pull_secrets),
            Err(error) if error.meaning() == Meaning::Gone => {
                let subject = self.subject("ServiceAccount", account);
                applied.findings.push(subject.finding("Gone", "vanished while the pass was under way"));
            }
            Err(error) => {
                let subject = self.subject("ServiceAccount", account);
                self.not_sure(applied, missing, subject, &error, "get on serviceaccounts");
            }
        }
        None
    }
}
