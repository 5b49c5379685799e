//! Where credentials come from, one file a source, and what their registries say of them.
//!
//! All sources are asked at once, each with a deadline of its own. One that fails takes only its own
//! registries down: its failure is evidence too, and the plan keeps what was good.

mod answers;
mod asking;
mod aws;
mod copied;
mod docker_config;
mod ecr;
mod fixed;
mod helped;
mod helper;
mod identity;
mod memory;
mod plugged;
mod plugin;
mod probe;
mod program;
mod proxies;
mod refusals;
#[cfg(test)]
mod scripts;
mod trust;
mod verify;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

pub(crate) use asking::system_tls;
pub use memory::Memory;
pub use probe::probe;
pub use proxies::proxies;
pub use refusals::Refusals;

use futures::future::join_all;
use jiff::Timestamp;
use secrecy::SecretString;
use tokio::time::timeout;

use crate::config::{Config, Registry, SecretKey, Source};
use crate::plan::{Credential, Evidence, Given, Life, Needs, SourceFailure, Trust};
use crate::registry::{Entry, Host};
use ecr::Mints;

/// One source takes no longer, all that it asks together; the pass has ten minutes in all.
const DEADLINE: Duration = Duration::from_mins(4);
/// After this no other program is started, and no other registry asked, for what one entry is for.
const PATIENCE: Duration = Duration::from_mins(2);

/// The texts of the Secret keys that were asked for, or why there is none.
pub type SecretTexts = BTreeMap<SecretKey, Result<SecretString, String>>;

/// Fetches what the pass needs; `secrets` are the Secret keys among it, read from the cluster. What is fetched
/// counts as issued at `now`. What was refused not long ago is not shown again, and what was minted is not asked for
/// again before it is due.
pub async fn gather(
    config: &Config,
    needs: &Needs,
    secrets: &SecretTexts,
    memory: &Memory,
    now: Timestamp,
) -> Evidence {
    let nothing = BTreeSet::new();
    let recall = |(index, registry)| {
        let expected = needs.expected.get(&index).unwrap_or(&nothing);
        let needed = needs.registries.contains(&index);
        needed.then(|| memory.recall(registry, expected, config.refresh, now)).flatten()
    };
    let mut recalled: Vec<_> = config.registries.iter().enumerate().map(recall).collect();
    let needs = &needs.without(&recalled);
    let mints = Mints::of(config, needs, secrets, now);
    let refusals = &memory.refusals;
    let asking = |index, registry| Asking {
        registry,
        mints: &mints,
        secrets,
        expected: needs.expected.get(&index).unwrap_or(&nothing),
        refusals,
        lives: Lives { now },
    };
    let registries = config.registries.iter().enumerate();
    let asked = registries.map(|(index, registry)| {
        let asking = needs.registries.contains(&index).then(|| asking(index, registry));
        async { Some(asking?.in_time().await.map_err(SourceFailure)) }
    });
    let mut answers = join_all(asked).await;
    for (answer, known) in answers.iter_mut().zip(&mut recalled) {
        *answer = answer.take().or_else(|| known.take());
    }
    if config.verify {
        trust::ask(config, refusals, &mut answers).await;
    }
    memory.note(config, &answers);
    Evidence::of(answers)
}

/// One source that is asked, and what it needs for that.
struct Asking<'a, 'm> {
    registry: &'a Registry,
    mints: &'a Mints<'m>,
    secrets: &'a SecretTexts,
    /// The hosts that a source is expected to know, though only it can tell.
    expected: &'a BTreeSet<Host>,
    refusals: &'a Refusals,
    lives: Lives,
}

impl Asking<'_, '_> {
    /// However many programs a source starts, the others don't wait for it for ever.
    async fn in_time(self) -> Result<Given, String> {
        let late = |_| {
            let limit = humantime::format_duration(DEADLINE);
            Err(format!("gave nothing within {limit}; see what hangs"))
        };
        timeout(DEADLINE, self.ask()).await.unwrap_or_else(late)
    }

    async fn ask(self) -> Result<Given, String> {
        let minted = self.registry.source.is_minted();
        if let Some(words) = self.refusals.of_source(&self.registry.source).filter(|_| minted) {
            return Err(words);
        }
        let hosts = &self.registry.hosts;
        match &self.registry.source {
            Source::Static { username, password, email } => {
                let entry = fixed::entry(username, password, email.as_deref(), self.secrets)?;
                Ok(Given { credentials: for_each(hosts, &entry, None), ..Given::default() })
            }
            Source::Ecr { .. } | Source::EcrPublic { .. } => self.mints.given(self.registry).await,
            Source::DockerConfig { from, programs } => {
                copied::given(from, programs, self.secrets, self.lives).await
            }
            Source::CredentialHelper { program, programs } => {
                Ok(helped::given(program, programs, hosts, self.lives.untold()).await)
            }
            Source::CredentialProvider { command, args, programs, .. } => {
                let plugin = plugged::Plugin { command, args, programs };
                Ok(plugin.given(self.expected, self.lives).await)
            }
        }
    }
}

/// What is there, but is no regular file, may never end or never begin, and would hold everybody else up.
fn is_irregular(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file())
}

/// How long may still be begun with something.
#[derive(Clone, Copy)]
struct Patience(Instant);

impl Patience {
    fn new() -> Self {
        Self(Instant::now() + PATIENCE)
    }

    /// Why nothing is begun any more.
    fn check(self) -> Result<(), String> {
        if Instant::now() < self.0 {
            return Ok(());
        }
        let patience = humantime::format_duration(PATIENCE);
        Err(format!("was not asked, for others took {patience}; see what hangs. The next pass asks again"))
    }
}

/// One entry for each of the hosts.
fn for_each(hosts: &[Host], entry: &Entry, life: Option<Life>) -> Vec<Credential> {
    let credential = |host: &Host| credential(host.clone(), entry.clone(), life);
    hosts.iter().map(credential).collect()
}

/// A credential against which nothing is known yet.
fn credential(host: Host, entry: Entry, life: Option<Life>) -> Credential {
    Credential { host, entry, life, trust: Trust::Accepted }
}

/// The lives of credentials that are fetched now.
#[derive(Clone, Copy)]
struct Lives {
    now: Timestamp,
}

impl Lives {
    /// Of one of which nothing is told.
    fn untold(self) -> Life {
        Life { issued: self.now, expires: None, until: None }
    }

    /// Of one that is good so long at least.
    fn at_least(self, lasts: Duration) -> Life {
        let until = self.now.checked_add(lasts).unwrap_or(Timestamp::MAX);
        Life { until: (until > self.now).then_some(until), ..self.untold() }
    }
}
