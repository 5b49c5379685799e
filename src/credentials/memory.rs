//! What a loop remembers of its sources from one pass to the next: what was refused, what was minted and is not
//! due yet, and who failed a moment ago. A single pass begins with nothing and takes nothing along.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::Refusals;
use crate::config::{Config, Refresh, Registry};
use crate::plan::{Credential, Given, SourceFailure, Trust};

/// The pause after a source's first failure; each further one doubles it.
const FIRST_REST: Duration = Duration::from_secs(5);
/// The longest: whoever mends a key waits no longer for it.
const LONGEST_REST: Duration = Duration::from_mins(1);

/// What passes of one process remember.
#[derive(Default)]
pub struct Memory {
    /// What registries refused.
    pub refusals: Refusals,
    sources: Mutex<BTreeMap<What, Known>>,
}

/// A source, and what it is asked for: hosts, and the path of the registry's certificate.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct What {
    fingerprint: String,
    hosts: Vec<String>,
}

/// What is known of it.
enum Known {
    Gave(Given),
    Failed { words: String, again: Instant, rest: Duration },
}

impl What {
    fn of(registry: &Registry) -> Self {
        let hosts = registry.hosts.iter().map(ToString::to_string).collect();
        Self { fingerprint: registry.source.fingerprint(), hosts }
    }
}

impl Memory {
    /// What there is to say without asking the source: what it gave, while that isn't due, or how it failed a
    /// moment ago. Sources that cost nothing are always asked.
    pub(super) fn recall(
        &self,
        registry: &Registry,
        refresh: Refresh,
        now: Timestamp,
    ) -> Option<Result<Given, SourceFailure>> {
        if !registry.source.is_minted() {
            return None;
        }
        let sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        match sources.get(&What::of(registry))? {
            Known::Gave(given) => is_good(given, refresh, now).then(|| Ok(given.clone())),
            Known::Failed { words, again, .. } => {
                (Instant::now() < *again).then(|| Err(SourceFailure(words.clone())))
            }
        }
    }

    /// Notes what each source that was asked had to say, once its registries had their word.
    pub(super) fn note(&self, config: &Config, answers: &[Option<Result<Given, SourceFailure>>]) {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let own: Vec<_> = config.registries.iter().map(What::of).collect();
        sources.retain(|what, _| own.contains(what));
        for ((registry, what), answer) in config.registries.iter().zip(own).zip(answers) {
            let known = match answer {
                Some(Ok(given)) if registry.source.is_minted() && is_whole(given) => {
                    Known::Gave(given.clone())
                }
                Some(Err(failure)) if registry.source.is_minted() => failed(failure, sources.get(&what)),
                Some(_) => {
                    sources.remove(&what);
                    continue;
                }
                None => continue,
            };
            sources.insert(what, known);
        }
    }

    /// Forgets who failed: what was wrong may have been mended.
    pub fn forgive(&self) {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        sources.retain(|_, known| matches!(known, Known::Gave(_)));
    }
}

/// The next rest is twice as long, up to a bound; one that was only recalled doesn't count.
fn failed(failure: &SourceFailure, before: Option<&Known>) -> Known {
    let rest = match before {
        Some(Known::Failed { words, again, rest }) if Instant::now() < *again => {
            return Known::Failed { words: words.clone(), again: *again, rest: *rest };
        }
        Some(Known::Failed { rest, .. }) => (*rest * 2).min(LONGEST_REST),
        _ => FIRST_REST,
    };
    Known::Failed { words: failure.0.clone(), again: Instant::now() + rest, rest }
}

/// Did it give all that it was asked for, and is none of it refused?
fn is_whole(given: &Given) -> bool {
    let good = |credential: &Credential| !matches!(credential.trust, Trust::Refused(_));
    given.failures.is_empty() && !given.credentials.is_empty() && given.credentials.iter().all(good)
}

/// May it be handed out again? What may end at any time must be asked for.
fn is_good(given: &Given, refresh: Refresh, now: Timestamp) -> bool {
    given.credentials.iter().all(|credential| {
        credential.life.is_some_and(|life| {
            (life.expires.is_some() || life.until.is_some()) && !life.is_due(refresh, now)
        })
    })
}
