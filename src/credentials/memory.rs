//! What a loop remembers of its sources from one pass to the next: what was refused, what was minted and is not
//! due yet, and who failed a moment ago. A single pass begins with nothing and takes nothing along.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::Refusals;
use super::proxies::Greetings;
use crate::config::{Config, Refresh, Registry};
use crate::plan::{Credential, Given, SourceFailure, Trust};
use crate::registry::Host;

/// The pause after a source's first failure; each further one doubles it.
const FIRST_REST: Duration = Duration::from_secs(5);
/// The longest: whoever mends a key waits no longer for it.
const LONGEST_REST: Duration = Duration::from_mins(1);

/// What passes of one process remember.
#[derive(Default)]
pub struct Memory {
    /// What registries refused.
    pub refusals: Refusals,
    /// What was said by whom rules lead images to.
    pub(super) proxies: Greetings,
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
    /// What there is to say without asking the source: what it gave, while that isn't due and is for all hosts that are
    /// `expected`, or how it failed a moment ago. Sources that cost nothing are always asked.
    pub(super) fn recall(
        &self,
        registry: &Registry,
        expected: &BTreeSet<Host>,
        refresh: Refresh,
        now: Timestamp,
    ) -> Option<Result<Given, SourceFailure>> {
        if !registry.source.is_minted() {
            return None;
        }
        let sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        match sources.get(&What::of(registry))? {
            Known::Gave(given) => {
                let knows = |host: &Host| given.credentials.iter().any(|own| own.host == *host);
                let good = expected.iter().all(knows) && is_good(given, refresh, now);
                good.then(|| Ok(given.clone()))
            }
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
        self.proxies.forget();
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

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::config::{Inputs, load};
    use crate::plan::Life;
    use crate::registry::Entry;

    const HOST: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";

    fn config() -> Config {
        let variables = [
            ("PULLKEEPER_NAMESPACES", "[team-a]"),
            ("PULLKEEPER_REGISTRIES", r#"[{ecr: {region: eu-west-1, account: "123456789012"}}]"#),
        ];
        let env = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        load(&Inputs { env, ..Inputs::default() }).unwrap().config
    }

    fn now() -> Timestamp {
        "2026-11-21T00:00:00Z".parse().unwrap()
    }

    fn at(hours: i64) -> Timestamp {
        now() + SignedDuration::from_hours(hours)
    }

    fn gave(trust: Trust, life: Option<Life>) -> Given {
        let entry = Entry { username: "AWS".into(), password: "token".into(), email: None };
        let host = Host::parse(HOST).unwrap();
        Given { credentials: vec![Credential { host, entry, life, trust }], ..Given::default() }
    }

    fn half_a_day() -> Life {
        Life { issued: now(), expires: Some(at(12)), until: None }
    }

    /// Is it handed out again?
    fn recalls(memory: &Memory, config: &Config, expected: &[&str], at: Timestamp) -> bool {
        let expected = expected.iter().map(|host| Host::parse(host).unwrap()).collect();
        matches!(memory.recall(&config.registries[0], &expected, Refresh::Half, at), Some(Ok(_)))
    }

    #[test]
    fn what_was_minted_is_handed_out_until_it_is_due() {
        let (config, memory) = (config(), Memory::default());
        assert!(!recalls(&memory, &config, &[], now()));
        memory.note(&config, &[Some(Ok(gave(Trust::Accepted, Some(half_a_day()))))]);
        assert!(recalls(&memory, &config, &[], at(1)) && recalls(&memory, &config, &[HOST], at(5)));
        assert!(!recalls(&memory, &config, &[], at(6)), "half of its life is over");
        assert!(!recalls(&memory, &config, &["other.example.com"], at(1)), "it is for another host");
        // A pass that didn't need it changes nothing.
        memory.note(&config, &[None]);
        assert!(recalls(&memory, &config, &[], at(1)));
    }

    #[test]
    fn what_may_not_be_good_is_asked_for() {
        let (config, refused) = (config(), Trust::Refused("no".into()));
        let ends_unknown = Some(Life { issued: now(), expires: None, until: None });
        let table = [
            gave(refused, Some(half_a_day())),
            gave(Trust::Accepted, None),
            gave(Trust::Accepted, ends_unknown),
            Given::default(),
            Given {
                failures: vec![(None, SourceFailure("some".into()))],
                ..gave(Trust::Accepted, Some(half_a_day()))
            },
        ];
        for given in table {
            let memory = Memory::default();
            memory.note(&config, &[Some(Ok(given))]);
            assert!(!recalls(&memory, &config, &[], now()));
        }
    }

    #[test]
    fn a_source_that_fails_rests_longer_and_longer() {
        let (config, memory) = (config(), Memory::default());
        let fails = |words: &str| memory.note(&config, &[Some(Err(SourceFailure(words.into())))]);
        let told = || memory.recall(&config.registries[0], &BTreeSet::new(), Refresh::Half, now());
        fails("first");
        assert_eq!(told().and_then(Result::err), Some(SourceFailure("first".into())));
        // What was only told again is no further failure.
        let rest = || {
            let sources = memory.sources.lock().unwrap();
            sources.values().find_map(|known| match known {
                Known::Failed { rest, .. } => Some(*rest),
                Known::Gave(_) => None,
            })
        };
        fails("first");
        assert_eq!(rest(), Some(FIRST_REST));
        for _ in 0..8 {
            for known in memory.sources.lock().unwrap().values_mut() {
                if let Known::Failed { again, .. } = known {
                    *again = Instant::now();
                }
            }
            fails("again");
        }
        assert_eq!(rest(), Some(LONGEST_REST));
        memory.forgive();
        assert!(told().is_none());
    }
}
