//! Every credential is shown to its registry once a pass, before it can take the place of another.

use futures::StreamExt;
use futures::stream;

use super::Refusals;
use super::verify::verify;
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
    let given = config.registries.iter().zip(answers).filter_map(|(registry, answer)| match answer {
        Some(Ok(given)) => Some((registry, given)),
        _ => None,
    });
    let credentials = given.flat_map(|(registry, given)| {
        given.credentials.iter_mut().map(move |credential| (registry, credential))
    });
    let judged = credentials.map(async |(registry, credential): (&Registry, &mut Credential)| {
        let trust = look(registry, credential, refusals).await;
        credential.trust = if registry.source.is_minted() { of_a_source(trust) } else { trust };
    });
    stream::iter(judged).buffer_unordered(AT_ONCE).collect::<()>().await;
}

/// What the registry says of one of them, or said not long ago.
async fn look(registry: &Registry, credential: &Credential, refusals: &Refusals) -> Trust {
    if let Some(words) = refusals.recall(credential) {
        return Trust::Refused(words);
    }
    let trust = verify(&credential.host, &credential.entry, &registry.reach).await;
    if let Trust::Refused(words) = &trust {
        refusals.note(credential, words);
    }
    trust
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
