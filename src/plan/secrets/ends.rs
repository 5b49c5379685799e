//! When the credentials in Secrets end, by registry, as their notes tell: for who must be warned in time.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::state::State;
use crate::registry::Host;

/// The earliest end of a credential for each registry. One that never ends, as far as is known, is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ends(BTreeMap<Host, Timestamp>);

/// When the entries of one Secret end.
#[derive(Debug, Clone, Default)]
pub struct EndsOf {
    /// As it was seen.
    pub before: Ends,
    /// Once what was decided is written.
    pub after: Ends,
}

impl Ends {
    /// Adds those of another Secret.
    pub fn add(&mut self, others: &Self) {
        for (host, end) in &others.0 {
            self.0.entry(host.clone()).and_modify(|own| *own = (*own).min(*end)).or_insert(*end);
        }
    }

    /// Each registry, and the end.
    pub fn iter(&self) -> impl Iterator<Item = (&Host, Timestamp)> {
        self.0.iter().map(|(host, end)| (host, *end))
    }

    fn noted(hosts: &[Host], notes: &State) -> Self {
        let end = |host: &Host| Some((host.clone(), notes.get(host.as_str())?.expires?));
        Self(hosts.iter().filter_map(end).collect())
    }
}

impl EndsOf {
    pub(super) fn of(hosts: &[Host], before: &State, after: &State) -> Self {
        Self { before: Ends::noted(hosts, before), after: Ends::noted(hosts, after) }
    }
}

impl FromIterator<(Host, Timestamp)> for Ends {
    fn from_iter<T: IntoIterator<Item = (Host, Timestamp)>>(ends: T) -> Self {
        Self(ends.into_iter().collect())
    }
}
