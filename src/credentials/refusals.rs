//! What registries refused, for as long as a loop runs.
//!
//! A login that is wrong is wrong again ten seconds later; but many a directory locks an account after a few
//! tries, and with it the good password that the Secrets still hold. So what was refused rests for a while.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::plan::Credential;
use crate::registry::Host;

/// How long the same credential isn't shown again to the registry that refused it. Directories lock accounts
/// after three to ten tries within half an hour.
const REST: Duration = Duration::from_mins(20);

/// The refusals that passes of one process remember.
#[derive(Default)]
pub struct Refusals(Mutex<BTreeMap<Shown, (Instant, String)>>);

/// A registry, and the hash of what it was shown.
type Shown = (Host, String);

impl Refusals {
    /// The words with which this credential was refused not long ago.
    pub(super) fn recall(&self, credential: &Credential) -> Option<String> {
        let mut refusals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        refusals.retain(|_, (at, _)| at.elapsed() < REST);
        refusals.get(&shown(credential)).map(|(_, words)| words.clone())
    }

    /// Notes that it was refused.
    pub(super) fn note(&self, credential: &Credential, words: &str) {
        let mut refusals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        refusals.insert(shown(credential), (Instant::now(), words.to_owned()));
    }
}

fn shown(credential: &Credential) -> Shown {
    (credential.host.clone(), credential.entry.sha256())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Trust;
    use crate::registry::Entry;

    fn credential(host: &str, password: &str) -> Credential {
        let entry = Entry { username: "u".into(), password: password.into(), email: None };
        Credential { host: Host::parse(host).unwrap(), entry, life: None, trust: Trust::Accepted }
    }

    #[test]
    fn only_the_very_credential_rests() {
        let refusals = Refusals::default();
        refusals.note(&credential("a.io", "wrong"), "refused");
        assert_eq!(refusals.recall(&credential("a.io", "wrong")).as_deref(), Some("refused"));
        assert_eq!(refusals.recall(&credential("a.io", "right")), None);
        assert_eq!(refusals.recall(&credential("b.io", "wrong")), None);
    }
}
