//! What registries refused, for as long as a loop runs.
//!
//! A login that is wrong is wrong again ten seconds later; but many a directory locks an account after a few
//! tries, and with it the good password that the Secrets still hold. So what was refused rests for a while.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::config::Source;
use crate::plan::Credential;
use crate::registry::Host;

/// How long the same credential isn't shown again to the registry that refused it. Directories lock accounts
/// after three to ten tries within half an hour.
const REST: Duration = Duration::from_mins(20);

/// The refusals that passes of one process remember.
#[derive(Default)]
pub struct Refusals(Mutex<BTreeMap<What, (Instant, String)>>);

/// What was refused.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum What {
    /// The credential with this hash, by this registry.
    Credential(Host, String),
    /// All that the source with this fingerprint gave: its next token would be another, and refused again.
    Source(String),
}

impl Refusals {
    /// The words with which this credential was refused not long ago.
    pub(super) fn recall(&self, credential: &Credential) -> Option<String> {
        self.words(&shown(credential))
    }

    /// The words with which all that a source gave was refused not long ago.
    pub(super) fn of_source(&self, source: &Source) -> Option<String> {
        self.words(&What::Source(source.fingerprint()))
    }

    fn words(&self, what: &What) -> Option<String> {
        let mut refusals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        refusals.retain(|_, (at, _)| at.elapsed() < REST);
        refusals.get(what).map(|(_, words)| words.clone())
    }

    /// Notes that it was refused.
    pub(super) fn note(&self, credential: &Credential, words: &str) {
        self.keep(shown(credential), words);
    }

    /// Notes that all that a source gave was refused.
    pub(super) fn note_source(&self, source: &Source, words: &str) {
        self.keep(What::Source(source.fingerprint()), words);
    }

    fn keep(&self, what: What, words: &str) {
        let mut refusals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        refusals.insert(what, (Instant::now(), words.to_owned()));
    }
}

fn shown(credential: &Credential) -> What {
    What::Credential(credential.host.clone(), credential.entry.sha256())
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
