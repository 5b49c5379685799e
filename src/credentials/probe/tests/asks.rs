//! How these tests ask, and what is said.

use crate::credentials::asking::stand_in::server::{Reply, Server, reply};
use crate::credentials::asking::stand_in::wants;
use crate::credentials::asking::stand_in::world::{PLAIN, World};
use crate::credentials::probe::probe_by;
use crate::credentials::{Patience, Refusals};
use crate::plan::{Probe, Probed};
use crate::registry::{Host, Image};

/// The digest of the manifest of these tests.
pub(super) fn digest() -> String {
    format!("sha256:{}", "0a".repeat(32))
}

/// A manifest, as HEAD shows it.
pub(super) fn manifest() -> Reply {
    let kind = "Content-Type: application/vnd.oci.image.index.v1+json";
    reply(200).with(kind).with(format!("Docker-Content-Digest: {}", digest()))
}

/// What a token server gives.
pub(super) fn token(text: &str) -> Reply {
    reply(200).saying(&format!(r#"{{"token":"{text}"}}"#))
}

/// A 401 that names a token server, and a scope if there is one.
pub(super) fn bearer(tokens: &Server, scope: &str) -> Reply {
    let realm = format!("http://{}/token?a=b", tokens.address);
    wants(&format!(r#"Bearer realm="{realm}",service="s",scope="{scope}""#))
}

/// The probe of an image of a server, with the login of these tests, by plain http.
pub(super) fn probe_of(server: &Server, path: &str) -> Probe {
    probe_at(&server.address.to_string(), path)
}

pub(super) fn probe_at(host: &str, path: &str) -> Probe {
    Probe {
        image: Image::parse(&format!("{host}/{path}")).unwrap(),
        host: Host::parse(host).unwrap(),
        login: Some(World::entry()),
        reach: PLAIN,
    }
}

/// The answer to one probe, of a network without others.
pub(super) async fn one(probe: &Probe) -> Probed {
    one_in(&World::new(), probe).await
}

pub(super) async fn one_in(world: &World, probe: &Probe) -> Probed {
    probe_in(world, std::slice::from_ref(probe)).await.remove(0)
}

pub(super) async fn probe_in(world: &World, probes: &[Probe]) -> Vec<Probed> {
    probe_after(world, probes, &Refusals::default()).await
}

/// Probes, and sees that no text gives anything away.
pub(super) async fn probe_after(world: &World, probes: &[Probe], refusals: &Refusals) -> Vec<Probed> {
    let answers = probe_by(&world.network, probes, refusals, Patience::new()).await;
    for answer in &answers {
        if let Probed::Missing(text) | Probed::Refused(text) | Probed::Untold(text) = answer {
            World::assert_discreet(text);
        }
    }
    answers
}

pub(super) fn readable(anonymously: bool) -> Probed {
    Probed::Readable { digest: Some(digest()), anonymously }
}

pub(super) fn missing(text: &str) -> Probed {
    Probed::Missing(text.to_owned())
}

pub(super) fn refused(text: &str) -> Probed {
    Probed::Refused(text.to_owned())
}

pub(super) fn untold(text: &str) -> Probed {
    Probed::Untold(text.to_owned())
}
