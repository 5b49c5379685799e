//! Which sources must be asked for a Secret: those whose credentials end, where they are missing, drifted or
//! due. Where all are in place no cloud is called.
//!
//! It is found out by a rehearsal: the Secret is judged as if each of them gave something, by the same rules
//! that will decide; what would then be written is what is lacking.

use std::collections::BTreeMap;

use super::source::{Answer, WantedSource};
use super::state::{State, state};
use super::{Wanted, judge};
use crate::plan::{Credential, Life, Secret, Sought, Trust};
use crate::registry::{Entry, Host, key_matches};

/// The sources that must be asked, by their places in the configuration, and the hosts that each is expected to
/// give a credential for. `sought` tells what else a source should answer for that tells its hosts itself.
#[must_use]
pub fn lacking(
    wanted: &Wanted,
    seen: Option<&Secret>,
    sought: &dyn Fn(usize) -> Vec<Sought>,
) -> BTreeMap<usize, Vec<Host>> {
    if !wanted.sources.iter().any(|source| source.minted) {
        return BTreeMap::new();
    }
    let noted = seen.map(state).unwrap_or_default();
    let rehearsed = |source: &WantedSource| source.rehearsed(wanted, &noted, &sought(source.index));
    let rehearsal = Wanted {
        name: wanted.name.clone(),
        instance: wanted.instance.clone(),
        sources: wanted.sources.iter().map(rehearsed).collect(),
        ..*wanted
    };
    let judgement = judge(&rehearsal, "", seen);
    if judgement.action.is_none() {
        return BTreeMap::new();
    }
    let mut lacking = BTreeMap::<usize, Vec<Host>>::new();
    for (index, host) in judgement.sources.sets {
        let untold = wanted.sources.iter().filter_map(WantedSource::some_host).any(|other| other == host);
        let hosts = lacking.entry(index).or_default();
        hosts.extend((!untold).then_some(host));
    }
    lacking
}

impl WantedSource {
    /// As if it had been asked, and had given something for each host that is known of it.
    fn rehearsed(&self, wanted: &Wanted, noted: &State, sought: &[Sought]) -> Self {
        let answer = if self.minted {
            let hosts = self.hosts_to_expect(wanted, noted, sought);
            let credential = |host| Credential {
                host,
                entry: Entry { username: String::new(), password: "".into(), email: None },
                life: Some(Life { issued: wanted.now, expires: None, until: None }),
                trust: Trust::Accepted,
            };
            Answer::Given {
                credentials: hosts.into_iter().map(credential).collect(),
                failed: Vec::new(),
                complete: true,
            }
        } else {
            Answer::NotAsked
        };
        Self { fingerprint: self.fingerprint.clone(), hosts: self.hosts.clone(), answer, ..*self }
    }

    fn hosts_to_expect(&self, wanted: &Wanted, noted: &State, sought: &[Sought]) -> Vec<Host> {
        let mut hosts = self.hosts.clone();
        if self.open_ended {
            hosts.extend(self.noted_hosts(wanted, noted));
        }
        for Sought { host, image } in sought {
            let known = |host: &Host| host.keys().into_iter().any(|key| key_matches(key, image));
            if !hosts.iter().any(known) {
                hosts.push(host.clone());
            }
        }
        if hosts.is_empty() {
            hosts.extend(self.some_host());
        }
        hosts
    }

    /// Stands for a host that only the source itself can tell; another for each, or one would stand for all of them.
    fn some_host(&self) -> Option<Host> {
        Host::parse(&format!("source-{}.invalid", self.index)).ok()
    }
}
