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

    /// Where it points to with a redirect, be it to itself; or why that must not be asked.
    pub(crate) async fn pointed_to(&self, url: Url) -> Result<Peer, String> {
        if self.is_at(&url) {
            return Ok(self.peer.at(url));
        }
        let elsewhere = Server::Elsewhere(words::origin(&url));
        match url.scheme() {
            "https" => self.other(elsewhere, url).await,
            "http" if self.peer.url.scheme() == "http" => self.other(elsewhere, url).await,
            _ => Err(format!(
                "{} points to {}, which is no https URL; not asked",
                self.peer.server,
                words::origin(&url)
            )),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::asking::stand_in::world::World;

    #[tokio::test]
    async fn a_registry_points_not_just_anywhere() {
        let at = "to which its registry points,";
        let table = [
            ("https", "https://public.example/x", None),
            ("https", "https://registry.example/x", None),
            (
                "https",
                "http://public.example/x?y",
                Some("its registry points to http://public.example, which is no https URL; not asked".into()),
            ),
            ("http", "http://public.example/x", None),
            ("http", "https://public.example/x", None),
            (
                "http",
                "https://private.example/x",
                Some(format!(
                    "https://private.example, {at} points at the private address 10.0.0.1; not asked"
                )),
            ),
            (
                "http",
                "http://10.0.0.1:8/x",
                Some(format!("http://10.0.0.1:8, {at} points at the private address 10.0.0.1; not asked")),
            ),
        ];
        for (scheme, to, refused) in table {
            let world = World::new().knowing("registry.example", "8.8.8.8");
            let world = world.knowing("public.example", "1.1.1.1").knowing("private.example", "10.0.0.1");
            let reach = Reach { ca: None, insecure: scheme == "http" };
            let server = Server::RegistryOfImage;
            let registry = Registry::at(&world.network, "registry.example", server, &reach).await.unwrap();
            let pointed = registry.pointed_to(Url::parse(to).unwrap()).await;
            assert_eq!(pointed.err(), refused, "{scheme}: {to}");
        }
    }
}
