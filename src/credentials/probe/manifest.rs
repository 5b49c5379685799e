//! An image's manifest at its registry, and the questions after it.

use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::{Method, Response, StatusCode, Url};

use super::words;
use crate::credentials::asking::{Auth, Peer, Registry, Server};
use crate::plan::Probe;
use crate::registry::{Host, Image};

/// Every kind of manifest and of their indexes: what isn't asked for may be said not to be there.
const KINDS: &str = "application/vnd.oci.image.index.v1+json, \
                     application/vnd.docker.distribution.manifest.list.v2+json, \
                     application/vnd.oci.image.manifest.v1+json, \
                     application/vnd.docker.distribution.manifest.v2+json";

/// Some registries send on to another for all that they hold (registry.k8s.io does); one that sends on for
/// ever holds nothing.
const REDIRECTS: usize = 3;

/// A manifest, and the registry that may have it.
pub(super) struct Manifest<'n> {
    pub(super) registry: Registry<'n>,
    url: Url,
}

/// What was said to a question after it.
pub(super) struct Answer {
    pub(super) response: Response,
    /// Who said it, if it came by way of another server than the registry. That was asked as nobody.
    pub(super) elsewhere: Option<Server>,
}

impl<'n> Manifest<'n> {
    /// The manifest of an image, by its digest where it has one.
    pub(super) fn of(registry: Registry<'n>, image: &Image) -> Result<Self, String> {
        let reference = image.digest.as_ref().or(image.tag.as_ref()).map_or("latest", String::as_str);
        let mut url = registry.peer.url.clone();
        match url.path_segments_mut() {
            Ok(mut path) => {
                path.pop_if_empty().extend(image.repository.split('/')).push("manifests").push(reference);
            }
            Err(()) => return Err(words::no_url()),
        }
        Ok(Self { registry, url })
    }

    /// Asks for it, and goes where the registry points to. What names who asks goes to the registry alone.
    pub(super) async fn ask(&self, auth: Auth<'_>) -> Result<Answer, String> {
        let (mut url, mut auth, mut away) = (self.url.clone(), auth, false);
        for _ in 0..=REDIRECTS {
            let peer = self.registry.pointed_to(url).await?;
            let response = head(&peer, auth).await?;
            let Some(to) = pointed_to(&peer.url, &response) else {
                return Ok(Answer { response, elsewhere: away.then_some(peer.server) });
            };
            if !self.registry.is_at(&to) {
                (auth, away) = (Auth::Nobody, true);
            }
            url = to;
        }
        Err(words::sent_round(&self.registry.peer.server))
    }
}

/// HEAD; or GET where a registry knows no other question, and then its body isn't read.
async fn head(peer: &Peer, auth: Auth<'_>) -> Result<Response, String> {
    let response = peer.send(Method::HEAD, KINDS, auth).await?;
    match response.status() {
        StatusCode::METHOD_NOT_ALLOWED => peer.send(Method::GET, KINDS, auth).await,
        _ => Ok(response),
    }
}

/// Where a redirect points to, fragment and login left out: neither is the registry's to give.
fn pointed_to(from: &Url, response: &Response) -> Option<Url> {
    if !response.status().is_redirection() {
        return None;
    }
    let mut to = from.join(response.headers().get(LOCATION)?.to_str().ok()?).ok()?;
    to.set_fragment(None);
    to.set_username("").ok()?;
    to.set_password(None).ok()?;
    Some(to)
}

impl Answer {
    pub(super) fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// Is it the manifest? What answers everything with a page says nothing of an image.
    pub(super) fn is_manifest(&self) -> bool {
        let kind = self.response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        self.status() == StatusCode::OK
            && !kind.is_some_and(|kind| kind.trim_start().starts_with("text/html"))
    }

    /// The digest that it tells, if that is one and the image's own.
    pub(super) fn digest(&self, image: &Image) -> Option<String> {
        let mut told = self.response.headers().get_all("docker-content-digest").iter();
        let (Some(digest), None) = (told.next().and_then(|digest| digest.to_str().ok()), told.next()) else {
            return None;
        };
        let fits = is_digest(digest) && image.digest.as_ref().is_none_or(|own| own == digest);
        fits.then(|| digest.to_owned())
    }
}

/// The two algorithms that the OCI image specification registers for all (descriptor.md).
fn is_digest(text: &str) -> bool {
    let length = match text.split_once(':') {
        Some(("sha256", hex)) => hex.len() == 64,
        Some(("sha512", hex)) => hex.len() == 128,
        _ => false,
    };
    let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    length && text.bytes().skip("sha256:".len()).all(hex)
}

/// The registry of a probe's image, as an authority. An image reference may hold there what no host may, and a
/// login is only ever for the registry that its key matches.
pub(super) fn authority(probe: &Probe) -> Result<&str, String> {
    let host = probe.image.host.as_str();
    let is_host = Host::parse(host).is_ok_and(|parsed| parsed.as_str() == host && !host.contains(['*', '/']));
    let keys = probe.host.keys();
    let fits = keys.iter().any(|key| crate::registry::key_matches(key, &probe.image));
    match (fits, is_host) {
        (true, true) => Ok(host),
        (true, false) => Err(words::no_url()),
        (false, _) => Err(words::other_registry()),
    }
}
