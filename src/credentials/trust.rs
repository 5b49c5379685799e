//! Every credential is shown to its registry once a pass, before it can take the place of another.

use futures::StreamExt;
use futures::stream;
use secrecy::ExposeSecret;

use super::asking::Network;
use super::verify::{Verdict, verify};
use super::{Patience, Refusals};
use crate::config::{Config, Registry};
use crate::plan::{Credential, Given, SourceFailure, Trust};

/// The most registries that are asked at a time.
const AT_ONCE: usize = 8;

/// Asks the registries of all credentials that were given.
pub(super) async fn ask(
    config: &Config,
    refusals: &Refusals,
    answers: &mut [Option<Result<Given, SourceFailure>>],
) {
    let given =
        config.registries.iter().zip(answers.iter_mut()).filter_map(|(registry, answer)| match answer {
            Some(Ok(given)) => Some((registry, given)),
            _ => None,
        });
    let credentials = given.flat_map(|(registry, given)| {
        given.credentials.iter_mut().map(move |credential| (registry, credential))
    });
    let mut questions: Vec<Question<'_>> = Vec::new();
    for asked in credentials {
        match questions.iter_mut().find(|question| question.is_of(&asked)) {
            Some(question) => question.0.push(asked),
            None => questions.push(Question(vec![asked])),
        }
    }
    let patience = Patience::new();
    if !questions.is_empty() {
        // The system's roots and proxies are read once for all of them.
        let network = Network::system();
        let judged = questions.into_iter().map(|question| question.ask(&network, refusals, patience));
        stream::iter(judged).buffer_unordered(AT_ONCE).collect::<()>().await;
    }
    for (registry, answer) in config.registries.iter().zip(answers) {
        let Some(Ok(given)) = answer else { continue };
        if let Some(words) = refused_wholly(given).filter(|_| registry.source.is_minted()) {
            refusals.note_source(&registry.source, words);
        }
    }
}

/// The words, if all that a source gave was refused.
fn refused_wholly(given: &Given) -> Option<&str> {
    let refused = |credential: &Credential| matches!(credential.trust, Trust::Refused(_));
    given.credentials.iter().all(refused).then(|| match &given.credentials.first()?.trust {
        Trust::Refused(words) => Some(words.as_str()),
        _ => None,
    })?
}

type Asked<'a> = (&'a Registry, &'a mut Credential);

/// Credentials of which a registry would say the same: one login there, whatever the paths and the Secrets that
/// it is for. It is shown once, for many a directory locks an account after a few tries.
struct Question<'a>(Vec<Asked<'a>>);

impl Question<'_> {
    fn is_of(&self, (registry, credential): &Asked<'_>) -> bool {
        self.0.first().is_some_and(|(known, first)| {
            known.reach == registry.reach
                && first.host.authority() == credential.host.authority()
                && first.entry.username == credential.entry.username
                && first.entry.password.expose_secret() == credential.entry.password.expose_secret()
        })
    }

    async fn ask(self, network: &Network, refusals: &Refusals, patience: Patience) {
        let Some((registry, credential)) = self.0.first() else { return };
        let trust = match patience.check() {
            Ok(()) => look(network, registry, credential, refusals).await,
            Err(late) => Trust::Unverified(format!("it {late}")),
        };
        for (registry, credential) in self.0 {
            let trust = trust.clone();
            credential.trust = if registry.source.is_minted() { of_a_source(trust) } else { trust };
        }
    }
}

/// What the registry says of one of them, or said not long ago.
async fn look(network: &Network, registry: &Registry, credential: &Credential, refusals: &Refusals) -> Trust {
    if let Some(words) = refusals.recall(credential) {
        return Trust::Refused(words);
    }
    let verdict = verify(network, &credential.host, &credential.entry, &registry.reach).await;
    match &verdict {
        Verdict::Refused(words) => refusals.note(credential, words),
        Verdict::Accepted => refusals.note_accepted(credential),
        Verdict::Unasked | Verdict::Unverified(_) => {}
    }
    verdict.into()
}

/// Nobody wrote the password of what a source gave, so nobody can write the right one.
fn of_a_source(trust: Trust) -> Trust {
    match trust {
        Trust::Refused(words) => {
            let refusal = words.split(';').next().unwrap_or_default();
            Trust::Refused(format!(
                "{refusal}; its source gave that credential: see who it asks as, and for which registry"
            ))
        }
        other => other,
    }
}
