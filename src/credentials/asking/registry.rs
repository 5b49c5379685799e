//! A registry that may be asked, and the servers that it points to.

use reqwest::{Response, Url};
use rustls::ClientConfig;

use super::challenge::Challenge;
use super::network::{Network, Route};
use super::peer::{self, Peer};
use super::words::{self, Server};
use super::{realm, tls};
use crate::config::Reach;

/// Where Docker Hub's registry is; its images go by `docker.io`, where none answers.
const HUB: &str = "registry-1.docker.io";

/// A registry, and what it takes to go where it points.
pub(crate) struct Registry<'n> {
    /// Its `/v2/`.
    pub(crate) peer: Peer,
    network: &'n Network,
    route: Route,
    tls: ClientConfig,
}

/// The way in which a registry wants a login.
pub(crate) enum Way {
    /// With a token, from whom this names.
    Bearer(Challenge),
    /// With the login itself.
    Basic,
}

impl<'n> Registry<'n> {
    /// The registry at `authority`, of which is spoken as `server`; or why it can't be asked.
    pub(crate) async fn at(
        network: &'n Network,
        authority: &str,
        server: Server,
        reach: &Reach,
    ) -> Result<Self, String> {
        let (name, server) = match authority {
            "docker.io" => (HUB, Server::RegistryAt(HUB)),
            other => (other, server),
        };
        let scheme = if reach.insecure { "http" } else { "https" };
        let url = Url::parse(&format!("{scheme}://{name}/v2/"))
            .map_err(|_| format!("{server} can't be asked: its host makes no URL; see that it is right"))?;
        let tls = tls::config(&network.roots, reach.ca.as_deref())?;
        let route = network.route(&url).await.map_err(|cause| words::unresolved(&server, &cause))?;
        Ok(Self { peer: Peer::new(server, url, &route, tls.clone())?, network, route, tls })
    }

    /// How it wants the login, by its 401.
    pub(crate) fn way(&self, answer: &Response) -> Result<Way, String> {
        let challenges = peer::challenges(answer);
        let none = challenges.is_empty();
        let (mut bearer, mut basic) = (None, None);
        for challenge in challenges {
            match challenge.scheme.as_str() {
                "bearer" => bearer = bearer.or(Some(challenge)),
                "basic" => basic = Some(Way::Basic),
                _ => {}
            }
        }
        // Where both are offered the node's own client decides: containerd prefers Bearer
        // (core/remotes/docker/auth/parse.go).
        let way = bearer.map(Way::Bearer).or(basic);
        way.ok_or_else(|| words::unknown_challenge(&self.peer.server, none))
    }

    /// The token server that it names, to be asked for a token of these scopes; or why it must not be asked.
    pub(crate) async fn token_server(&self, challenge: &Challenge, scopes: &[&str]) -> Result<Peer, String> {
        let url = realm::token_url(challenge, &self.peer, scopes)?;
        let server = Server::token(&url);
        self.other(server, url).await
    }

    /// Where it points to with a redirect, under its own name; or why that must not be asked.
    pub(crate) async fn pointed_to(&self, url: Url) -> Result<Peer, String> {
        let server = self.peer.server.clone();
        if self.is_at(&url) {
            return Peer::new(server, url, &self.route, self.tls.clone());
        }
        let elsewhere = Server::Elsewhere(words::origin(&url));
        match url.scheme() {
            "https" => self.other(elsewhere, url).await,
            "http" if self.peer.url.scheme() == "http" => self.other(elsewhere, url).await,
            _ => Err(format!("{server} points to {}, which is no https URL; not asked", words::origin(&url))),
        }
    }

    /// Is this URL at the registry itself, by its scheme, host and port?
    pub(crate) fn is_at(&self, url: &Url) -> bool {
        url.origin() == self.peer.url.origin()
    }

    async fn other(&self, server: Server, url: Url) -> Result<Peer, String> {
        let route = self.network.route(&url).await.map_err(|cause| words::unresolved(&server, &cause))?;
        realm::check(&route.addresses(&url), &self.route.addresses(&self.peer.url))
            .map_err(|why| format!("{server} {why}; not asked"))?;
        Peer::new(server, url, &route, self.tls.clone())
    }
}
