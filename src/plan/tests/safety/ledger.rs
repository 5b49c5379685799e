//! What was done so far, and the bounds that it must keep.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::plan::Pod;

/// The most spellings that an image has beside the author's: a short name's full one, tag with digest, digest.
const SPELLINGS: usize = 3;

#[derive(Default)]
pub(super) struct Ledger {
    /// By uid and container: in all, and since the Secret changed or somebody edited our note.
    nudges: BTreeMap<(String, String), (usize, usize)>,
    evicted: BTreeSet<String>,
    /// By workload.
    evictions: BTreeMap<usize, usize>,
    allowed: BTreeMap<usize, usize>,
    /// When we put our name into the `ServiceAccount` last.
    added: Option<Timestamp>,
    pub(super) additions: usize,
}

impl Ledger {
    /// A pod made in the very second in which we added our name may lack it, too.
    pub(super) fn born(&mut self, pod: &Pod, workload: usize) {
        if pod.created <= self.added {
            *self.allowed.entry(workload).or_default() += 1;
        }
    }

    /// Our name is new in the `ServiceAccount`: each of these pods may lack it.
    pub(super) fn added(&mut self, at: Timestamp, workloads: impl Iterator<Item = usize>) {
        self.added = Some(at);
        self.additions += 1;
        for workload in workloads {
            *self.allowed.entry(workload).or_default() += 1;
        }
    }

    pub(super) fn secret_changed(&mut self) {
        self.nudges.values_mut().for_each(|(_, since)| *since = 0);
    }

    pub(super) fn note_edited(&mut self, uid: &str) {
        for ((own, _), (_, since)) in &mut self.nudges {
            if own == uid {
                *since = 0;
            }
        }
    }

    pub(super) fn nudged(&mut self, uid: &str, container: &str) {
        let (in_all, since) = self.nudges.entry((uid.to_owned(), container.to_owned())).or_default();
        (*in_all, *since) = (*in_all + 1, *since + 1);
        assert!(*in_all <= SPELLINGS, "{uid} {container}: nudged {in_all} times");
        assert!(*since <= 1, "{uid} {container}: nudged again, and nothing changed");
    }

    pub(super) fn evicted(&mut self, pod: &Pod, workload: usize) {
        assert!(self.evicted.insert(pod.uid.clone()), "{} was evicted twice", pod.uid);
        assert!(pod.created <= self.added, "{} was made with our name in its ServiceAccount", pod.uid);
        let count = self.evictions.entry(workload).or_default();
        *count += 1;
        let allowed = self.allowed.get(&workload).copied().unwrap_or_default();
        assert!(*count <= allowed, "workload {workload} lost {count} pods; {allowed} could be helped");
    }

    pub(super) fn evictions(&self) -> usize {
        self.evictions.values().sum()
    }

    pub(super) fn nudges(&self) -> usize {
        self.nudges.values().map(|(in_all, _)| in_all).sum()
    }
}
