//! What became of the sources' entries in one Secret, by their places in the configuration.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::registry::Host;

/// What a judgement means for the sources.
#[derive(Debug, Default)]
pub struct BySource {
    /// Of these an entry is written that wasn't there.
    pub sets: BTreeSet<(usize, Host)>,
    /// Of these nothing good was given, and what was there is kept.
    pub keeps: Vec<Kept>,
    /// Of these nothing good was given, and nothing was there.
    pub lacks: BTreeSet<(usize, Option<Host>)>,
    /// The hosts whose entries ended, can't be renewed and would block public pulls: they are taken out.
    pub expired: Vec<Host>,
}

/// An entry that stays as it is.
#[derive(Debug)]
pub struct Kept {
    /// Its source.
    pub index: usize,
    /// The registry it is for, if its source told its hosts.
    pub host: Option<Host>,
    /// When it ends, if that is known.
    pub ends: Option<Timestamp>,
    /// It is itself what the registry refused: pulls fail, and nothing better is known.
    pub refused: bool,
}

impl BySource {
    /// Is an entry of this source written?
    #[must_use]
    pub fn sets_of(&self, index: usize) -> bool {
        self.sets.iter().any(|(own, _)| *own == index)
    }
}
