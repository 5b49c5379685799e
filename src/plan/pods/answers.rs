//! What verdicts ask beside the snapshot, and how it is found what they will ask.
//!
//! The verdicts themselves tell: they are given once as if every answer were good, and what they asked for
//! then is asked for. So there is no second table of rules, and a pod that is left alone costs nothing. Where a rule
//! leads an image to a registry that can't serve it, the pod may be helped in another way: then there is more to ask,
//! which the same rehearsal tells once the first answers are there.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::judge;
use crate::config::{Config, Heal};
use crate::plan::evidence::Evidence;
use crate::plan::job::Job;
use crate::plan::namespace::{Planned, SoFar};
use crate::plan::probe::{Probe, ProbeKey, Probed};
use crate::plan::turn::take_turns;
use crate::plan::{Snapshot, WantedByRegistries};

/// The most images that registries are asked about in a pass.
const MAX_PROBES: usize = 64;
/// The most Jobs that are looked at in a pass.
const MAX_JOBS: usize = 50;

/// Who answers a verdict's questions.
pub trait Answers {
    /// What the registry says of an image.
    fn probed(&self, probe: &Probe) -> Probed;
    /// The Job of this namespace and name, or why it isn't known: after that goes what to do.
    fn job(&self, namespace: &str, name: &str) -> Result<Job, String>;
}

/// What must be asked before pods can be judged.
#[derive(Default)]
pub struct Questions {
    /// Images, each once for a login.
    pub probes: Vec<Probe>,
    /// Jobs, by namespace and name.
    pub jobs: Vec<(String, String)>,
}

/// What this pass must still ask, given what its sources gave and what was answered. Where it is too much, what is left out differs from
/// one pass to the next: those that can't be helped don't stand in the way of the others for ever.
#[must_use]
pub fn questions(config: &Config, snapshot: &Snapshot, evidence: &Evidence, now: Timestamp) -> Questions {
    let asks = match config.pods.heal {
        Heal::Auto => true,
        Heal::All => !config.images.rewrites.is_empty(),
        Heal::Off => false,
    };
    if !asks {
        return Questions::default();
    }
    let (recorder, mut wanted) = (Recorder::of(evidence), WantedByRegistries::default());
    let mut nobody_hears = SoFar::default();
    let waits = |seen: &&crate::plan::Namespace| !(seen.pods.is_empty() || seen.paused || seen.terminating);
    for (name, seen) in snapshot.namespaces.iter().filter(|(_, seen)| waits(seen)) {
        let wanted = wanted.of(config, evidence, now, name);
        let planned = Planned::of(config, name, seen, &wanted, &mut nobody_hears);
        for pod in &seen.pods {
            let _ = judge(pod, &planned.around, &config.pods, &recorder, now);
        }
    }
    let probes = recorder.probes.into_inner().into_values().collect();
    let jobs = recorder.jobs.into_inner().into_iter().collect();
    let max_probes = MAX_PROBES.saturating_sub(evidence.probed.len());
    Questions {
        probes: if config.verify { some_of(probes, max_probes, now) } else { Vec::new() },
        jobs: some_of(jobs, MAX_JOBS.saturating_sub(evidence.jobs.len()), now),
    }
}

/// At most `limit` of them, others at another time.
fn some_of<T>(mut all: Vec<T>, limit: usize, now: Timestamp) -> Vec<T> {
    if all.len() > limit {
        take_turns(&mut all, now);
        all.truncate(limit);
    }
    all
}

/// Notes what is asked and not answered yet, and answers as a verdict would like it best.
struct Recorder<'a> {
    known: &'a Evidence,
    probes: RefCell<BTreeMap<ProbeKey, Probe>>,
    jobs: RefCell<BTreeSet<(String, String)>>,
}

impl<'a> Recorder<'a> {
    fn of(known: &'a Evidence) -> Self {
        Self { known, probes: RefCell::default(), jobs: RefCell::default() }
    }
}

impl Answers for Recorder<'_> {
    fn probed(&self, probe: &Probe) -> Probed {
        if let Some(known) = self.known.probed.get(&probe.key()) {
            return known.clone();
        }
        self.probes.borrow_mut().entry(probe.key()).or_insert_with(|| probe.clone());
        Probed::Readable { digest: None, anonymously: false }
    }

    fn job(&self, namespace: &str, name: &str) -> Result<Job, String> {
        let key = (namespace.to_owned(), name.to_owned());
        if let Some(known) = self.known.jobs.get(&key) {
            return known.clone();
        }
        self.jobs.borrow_mut().insert(key);
        Ok(Job { backoff_limit: 1, ..Job::default() })
    }
}

impl Answers for Evidence {
    fn probed(&self, probe: &Probe) -> Probed {
        let none = || {
            Probed::Untold(
                "it wasn't asked: verify is false, or there are too many images for one pass".to_owned(),
            )
        };
        self.probed.get(&probe.key()).cloned().unwrap_or_else(none)
    }

    fn job(&self, namespace: &str, name: &str) -> Result<Job, String> {
        let none = || {
            Err("its Job wasn't looked at, for a pass looks at some only; the next looks at others"
                .to_owned())
        };
        self.jobs.get(&(namespace.to_owned(), name.to_owned())).cloned().unwrap_or_else(none)
    }
}

impl Questions {
    /// Is there nothing to ask?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.probes.is_empty() && self.jobs.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_has_its_turn() {
        let now = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(some_of(vec![1, 2, 3], 3, now(1)), [1, 2, 3]);
        let some: BTreeSet<_> = (0..20).map(|second| some_of(vec![1, 2, 3], 2, now(second))).collect();
        assert_eq!(some, BTreeSet::from([vec![1, 2], vec![2, 3], vec![3, 1]]));
        assert!(some_of(Vec::<u8>::new(), 2, now(5)).is_empty());
    }
}
