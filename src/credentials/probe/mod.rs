//! What a registry says of an image, asked with the login that the pods will present.
//!
//! The way of the node's own client: HEAD of the manifest without a login, then as the challenge says
//! (distribution's HTTP API and token authentication specifications; containerd's
//! core/remotes/docker/resolver.go). Where pods present no login it ends there. What anybody reads shows that access isn't what is wrong, so the
//! login is shown only where it matters, and never a second time once it was refused.

mod gate;
mod manifest;
mod talk;
mod token;
mod words;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use futures::future::join_all;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::asking::Network;
use super::refusals::Login;
use super::{Patience, Refusals};
use crate::plan::{Probe, Probed};
use gate::Gate;

/// The most images that are asked about at a time.
const AT_ONCE: usize = 8;

/// Asks about each image; one answer for each probe, in their order. A login that was refused, in this pass or
/// not long ago, is not shown again; nor is asked again for a while what was not readable.
pub async fn probe(probes: &[Probe], refusals: &Refusals) -> Vec<Probed> {
    if probes.is_empty() {
        return Vec::new();
    }
    // The system's roots and proxies are read once for all of them.
    probe_by(&Network::system(), probes, refusals, Patience::new()).await
}

async fn probe_by(
    network: &Network,
    probes: &[Probe],
    refusals: &Refusals,
    patience: Patience,
) -> Vec<Probed> {
    let mut questions: Vec<Question<'_>> = Vec::new();
    let mut places = Vec::new();
    for probe in probes {
        let login = probe.login.as_ref().map(|login| Login::new(&probe.image.host, login));
        let question = Question { probe, login };
        let known = questions.iter().position(|known| known.is(&question));
        places.push(known.unwrap_or(questions.len()));
        if known.is_none() {
            questions.push(question);
        }
    }
    let logins = questions.iter().filter_map(|question| question.login.as_ref());
    let gates: BTreeMap<_, _> = logins.map(|login| (login, Gate::of(login, refusals))).collect();
    let turns = Semaphore::new(AT_ONCE);
    let asked = questions.iter().map(async |question| {
        let key = question.probe.key();
        if let Some(answer) = refusals.images.recall(&key, Instant::now()) {
            return answer;
        }
        let _turn = turns.acquire().await;
        if let Err(late) = patience.check() {
            return Probed::Untold(format!("its registry {late}"));
        }
        let gate = question.login.as_ref().and_then(|login| gates.get(login));
        let answer = talk::talk(network, question.probe, gate).await;
        // Who was not asked, for the sake of others, is the first in the next pass.
        if answer != Probed::Untold(words::unheard()) {
            refusals.images.keep(key, &answer, Instant::now());
        }
        answer
    });
    let answers = join_all(asked).await;
    places.into_iter().filter_map(|place| answers.get(place).cloned()).collect()
}

/// Probes to which a registry would say the same.
struct Question<'a> {
    probe: &'a Probe,
    login: Option<Login>,
}

impl Question<'_> {
    fn is(&self, other: &Self) -> bool {
        self.login == other.login
            && self.probe.image == other.probe.image
            && self.probe.host == other.probe.host
            && self.probe.reach == other.probe.reach
    }
}
