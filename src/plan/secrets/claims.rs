//! Which source is responsible for which host of a Secret, and what it has for it.

use super::Wanted;
use super::source::{Answer, WantedSource};
use super::state::{Noted, State};
use crate::plan::{Credential, Trust};
use crate::registry::{DockerConfig, Entry, Host};

/// A host, and the source that is responsible for it.
pub(super) struct Claim<'a> {
    pub(super) source: &'a WantedSource,
    pub(super) host: Host,
    pub(super) fate: Fate<'a>,
}

/// What is to become of a host's entry.
#[derive(Clone, Copy)]
pub(super) enum Fate<'a> {
    /// It is to be this.
    Set(&'a Credential),
    /// It stays as it is.
    Keep {
        /// Because there is no credential, or it was refused; not because none is due.
        failed: bool,
        /// What the registry refused.
        refused: Option<&'a Entry>,
    },
}

/// All of them. A host that an entry of the configuration names is that entry's; only what is left falls to
/// the sources that tell their hosts when they are asked.
pub(super) fn claims<'a>(wanted: &'a Wanted, noted: &State) -> Vec<Claim<'a>> {
    let mut claims: Vec<Claim<'a>> = Vec::new();
    let mut claim = |source: &'a WantedSource, host: &Host| {
        if !claims.iter().any(|claim| claim.host == *host) {
            claims.push(Claim { source, host: host.clone(), fate: source.fate(host) });
        }
    };
    for source in &wanted.sources {
        source.hosts.iter().for_each(|host| claim(source, host));
    }
    for source in wanted.sources.iter().filter(|source| source.open_ended) {
        if let Answer::Given { credentials, failed, .. } = &source.answer {
            for host in credentials.iter().map(|credential| &credential.host).chain(failed) {
                claim(source, host);
            }
        }
        if !source.has_told_all() || source.in_part {
            source.noted_hosts(wanted, noted).iter().for_each(|host| claim(source, host));
        }
    }
    claims
}

impl Claim<'_> {
    /// The host, with its source's place in the configuration: that says how the registry is reached.
    pub(super) fn place(&self) -> (usize, Host) {
        (self.source.index, self.host.clone())
    }

    /// Is it of a source that was not asked, though this Secret lacks a fresh entry?
    pub(super) fn is_waiting(&self, wanted: &Wanted, there: &DockerConfig, noted: &State) -> bool {
        let fresh = |note: &Noted| note.is_fresh(wanted, self.source, there, &self.host);
        self.source.was_not_asked() && !noted.get(self.host.as_str()).is_some_and(fresh)
    }

    /// Does `config` hold exactly this credential?
    pub(super) fn is_held_in(&self, config: &DockerConfig, credential: &Credential) -> bool {
        self.host.keys().iter().all(|key| config.holds(key, &credential.entry))
    }

    /// Does `config` hold the very entry that its registry refused?
    pub(super) fn is_refused_in(&self, config: &DockerConfig) -> bool {
        let Fate::Keep { refused: Some(entry), .. } = self.fate else { return false };
        self.host.keys().iter().any(|key| config.holds(key, entry))
    }
}

impl WantedSource {
    fn fate(&self, host: &Host) -> Fate<'_> {
        let credentials = match &self.answer {
            Answer::NotAsked => return Fate::Keep { failed: false, refused: None },
            Answer::Failed => return Fate::Keep { failed: true, refused: None },
            Answer::Given { credentials, .. } => credentials,
        };
        match credentials.iter().find(|credential| credential.host == *host) {
            // It was asked about others.
            None if self.in_part && self.has_told_all() => Fate::Keep { failed: false, refused: None },
            None => Fate::Keep { failed: true, refused: None },
            Some(Credential { trust: Trust::Refused(_), entry, .. }) => {
                Fate::Keep { failed: true, refused: Some(entry) }
            }
            Some(credential) => Fate::Set(credential),
        }
    }
}
