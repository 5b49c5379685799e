//! A source of credentials, as one Secret sees it: what is known of it before it is asked, and what it gave.

use jiff::SignedDuration;

use super::Wanted;
use super::state::{Noted, State};
use crate::config::{Registry, Source};
use crate::plan::{Credential, ECR_TOKEN, Evidence};
use crate::registry::Host;

/// A source of credentials for the Secret, with what it gave.
pub(super) struct WantedSource {
    /// Its place in the configuration.
    pub(super) index: usize,
    pub(super) fingerprint: String,
    pub(super) hosts: Vec<Host>,
    pub(super) open_ended: bool,
    pub(super) minted: bool,
    /// It is asked about some of its hosts at a time, so what it gives is never all of them.
    pub(super) in_part: bool,
    /// What it gives lasts no longer, whatever is noted.
    pub(super) lasts: Option<SignedDuration>,
    pub(super) answer: Answer,
}

/// What a source gave.
pub(super) enum Answer {
    /// It was not asked, for nothing of it is due.
    NotAsked,
    /// Nothing, though it was asked: what is there stays.
    Failed,
    Given {
        credentials: Vec<Credential>,
        /// Hosts of which it knows, but has no credential.
        failed: Vec<Host>,
        /// These are all of its hosts.
        complete: bool,
    },
}

impl WantedSource {
    /// The one of `registry`, whose place in the configuration is `index`.
    pub(super) fn of(index: usize, registry: &Registry, evidence: &Evidence) -> Self {
        Self {
            index,
            fingerprint: registry.source.fingerprint(),
            hosts: registry.hosts.clone(),
            open_ended: registry.source.is_open_ended(),
            minted: registry.source.is_minted(),
            in_part: registry.source.is_asked_in_part(),
            lasts: matches!(registry.source, Source::Ecr { .. } | Source::EcrPublic { .. })
                .then_some(ECR_TOKEN * 2),
            answer: Answer::of(evidence, index),
        }
    }

    /// Is it one that is asked only when due, and that nobody asked?
    pub(super) fn was_not_asked(&self) -> bool {
        self.minted && matches!(self.answer, Answer::NotAsked)
    }

    /// The hosts that this source gave before, as far as that is known: one that another entry names may have been
    /// written for that entry, though from the same token.
    pub(super) fn noted_hosts(&self, wanted: &Wanted, noted: &State) -> Vec<Host> {
        let parsed = noted.iter().filter_map(|(host, note)| Some((Host::parse(host).ok()?, note)));
        let own = parsed.filter(|(host, note)| {
            let named = |other: &Self| other.index != self.index && other.hosts.contains(host);
            let from_here = note.source == self.fingerprint && !wanted.sources.iter().any(named);
            from_here || note.also.contains(&self.fingerprint)
        });
        own.map(|(host, _)| host).collect()
    }

    /// Does it give a credential for `host` too, though another one claims that?
    pub(super) fn also_gives(&self, host: &Host, noted: Option<&Noted>) -> bool {
        match &self.answer {
            Answer::Given { credentials, .. } if credentials.iter().any(|given| given.host == *host) => true,
            Answer::Given { complete: true, .. } => false,
            _ => noted.is_some_and(|note| note.also.contains(&self.fingerprint)),
        }
    }

    /// Is nothing known of its hosts? Then any entry may be one of its.
    pub(super) fn is_unknown(&self, wanted: &Wanted, noted: &State) -> bool {
        self.open_ended && !self.has_told_all() && self.noted_hosts(wanted, noted).is_empty()
    }

    /// Was it asked, and gave less than all?
    pub(super) fn has_failed(&self) -> bool {
        matches!(self.answer, Answer::Failed | Answer::Given { complete: false, .. })
    }

    pub(super) fn has_told_all(&self) -> bool {
        matches!(self.answer, Answer::Given { complete: true, .. })
    }
}

impl Answer {
    fn of(evidence: &Evidence, index: usize) -> Self {
        match evidence.answers.get(index) {
            None | Some(None) => Self::NotAsked,
            Some(Some(Err(_))) => Self::Failed,
            Some(Some(Ok(given))) => Self::Given {
                credentials: given.credentials.clone(),
                failed: given.failures.iter().filter_map(|(host, _)| host.clone()).collect(),
                complete: given.failures.iter().all(|(host, _)| host.is_some()),
            },
        }
    }
}
