//! The pods that wait for an image, counted by why they wait and what is done about them.

use std::collections::BTreeMap;

use super::ours::concerns_us;
use super::{Surroundings, Verdict};
use crate::plan::cause::{Cause, cause};
use crate::plan::snapshot::{Pod, Waiting};

/// How many pods wait for a cause and have a verdict. A pod counts once, however many of its containers wait.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stuck(BTreeMap<(Cause, &'static str), usize>);

impl Stuck {
    /// Adds a pod that was judged.
    pub(in crate::plan) fn count(&mut self, pod: &Pod, around: &Surroundings<'_>, verdict: &Verdict) {
        if let Some(waiting) = telling(pod, around) {
            *self.0.entry((cause(waiting), verdict.word())).or_default() += 1;
        }
    }

    /// Each cause and verdict, and how many pods there are of both.
    pub fn iter(&self) -> impl Iterator<Item = (Cause, &'static str, usize)> {
        self.0.iter().map(|((cause, verdict), count)| (*cause, *verdict, *count))
    }
}

impl FromIterator<(Cause, &'static str, usize)> for Stuck {
    fn from_iter<T: IntoIterator<Item = (Cause, &'static str, usize)>>(counts: T) -> Self {
        Self(counts.into_iter().map(|(cause, verdict, count)| ((cause, verdict), count)).collect())
    }
}

/// The container that stands for the pod: the first that is ours to care for, for its verdict rests on that one.
fn telling<'a>(pod: &'a Pod, around: &Surroundings<'_>) -> Option<&'a Waiting> {
    let ours = |waiting: &&Waiting| concerns_us(pod, waiting, around);
    pod.waiting.iter().find(ours).or_else(|| pod.waiting.first())
}
