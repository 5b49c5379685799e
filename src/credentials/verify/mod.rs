//! What a registry says of a credential, before it takes the place of one that works.
//!
//! The way of docker and containerd: `GET /v2/`, then what the challenge asks for (distribution's HTTP API
//! and token authentication specifications). No scope is asked for: this proves the password, not what
//! it may read. Only an explicit refusal is [`Trust::Refused`]; whatever can't be told is
//! [`Trust::Unverified`], with words that go after the registry's name.

mod address;
mod challenge;
mod network;
mod peer;
mod realm;
mod tls;
mod words;

#[cfg(test)]
mod tests;

use std::time::Duration;

use reqwest::{Response, StatusCode, Url};

pub(super) use network::Network;
use peer::Peer;
use words::Server;

use crate::config::Reach;
use crate::plan::Trust;
use crate::registry::{Entry, Host};

/// Where Docker Hub's registry is; its images go by `docker.io`, where none answers.
const HUB: &str = "registry-1.docker.io";

/// One verification takes no longer, all of its requests together.
const DEADLINE: Duration = Duration::from_secs(10);

/// A connection that isn't there by then will hardly come.
const CONNECT_SECONDS: u64 = 3;

/// No more of a body is read.
const BODY_LIMIT: usize = 4096;

/// What the registry of `host` says of `entry`. A host with a glob names no one registry: there is nobody to
/// ask, and nothing against the credential.
pub(super) async fn verify(network: &Network, host: &Host, entry: &Entry, reach: &Reach) -> Trust {
    let authority = host.authority();
    if authority.contains('*') {
        return Trust::Accepted;
    }
    let (name, server) = match authority {
        "docker.io" => (HUB, Server::RegistryAt(HUB)),
        other => (other, Server::Registry),
    };
    let scheme = if reach.insecure { "http" } else { "https" };
    let Ok(url) = Url::parse(&format!("{scheme}://{name}/v2/")) else {
        return Trust::Unverified(
            "it can't be asked: its host makes no URL; see that it is right".to_owned(),
        );
    };
    let asking = ask(network, server, url, entry, reach);
    let asked = tokio::time::timeout(network.deadline, asking).await;
    let late = || Err(format!("no answer within {:?}; the next pass asks again", network.deadline));
    asked.unwrap_or_else(|_| late()).unwrap_or_else(Trust::Unverified)
}

/// Asks the registry what it wants, and gives it that. An error is why nothing can be told.
async fn ask(
    network: &Network,
    server: Server,
    url: Url,
    entry: &Entry,
    reach: &Reach,
) -> Result<Trust, String> {
    let tls = tls::config(&network.roots, reach.ca.as_deref())?;
    let route = network.route(&url).await.map_err(|cause| words::unresolved(&server, &cause))?;
    let registry = Peer::new(server, url, &route, tls.clone())?;
    let answer = registry.get(None).await?;
    match answer.status() {
        StatusCode::OK => return Ok(Trust::Accepted),
        StatusCode::UNAUTHORIZED => {}
        _ => return Err(words::no_registry(&registry.server, &registry.url, &answer)),
    }
    let challenges = peer::challenges(&answer);
    let of = |scheme| challenges.iter().find(|challenge| challenge.scheme == scheme);
    // Where both are offered the node's own client decides: containerd prefers Bearer
    // (core/remotes/docker/auth/parse.go).
    match (of("bearer"), of("basic")) {
        (Some(bearer), _) => {
            let url = realm::token_url(bearer, &registry.url)?;
            let server = Server::token(&url);
            let realm = network.route(&url).await.map_err(|cause| words::unresolved(&server, &cause))?;
            realm::check(&realm.addresses(&url), &route.addresses(&registry.url))
                .map_err(|why| format!("{server} {why}; not asked"))?;
            log_in_for_token(&Peer::new(server, url, &realm, tls)?, entry).await
        }
        (None, Some(_)) => log_in(&registry, entry).await,
        (None, None) => Err(words::unknown_challenge(challenges.is_empty())),
    }
}

/// The Basic way: the same question with the login.
async fn log_in(registry: &Peer, entry: &Entry) -> Result<Trust, String> {
    let mut answer = registry.get(Some(entry)).await?;
    let (server, status) = (&registry.server, answer.status());
    match status {
        StatusCode::OK => Ok(Trust::Accepted),
        StatusCode::UNAUTHORIZED => Ok(Trust::Refused(words::refused(server, entry, status))),
        StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST if says_expired(&mut answer).await => {
            Ok(Trust::Refused(words::expired(server, entry, status)))
        }
        StatusCode::FORBIDDEN => Err(words::forbidden(server, entry, status)),
        _ => Err(words::unexpected(server, entry, status)),
    }
}

/// The Bearer way: the token server is asked for a token of no scope. The token isn't read.
async fn log_in_for_token(realm: &Peer, entry: &Entry) -> Result<Trust, String> {
    let status = realm.get(Some(entry)).await?.status();
    match status {
        _ if status.is_success() => Ok(Trust::Accepted),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Ok(Trust::Refused(words::refused(&realm.server, entry, status)))
        }
        _ => Err(words::unexpected(&realm.server, entry, status)),
    }
}

/// ECR's words for a token after its twelve hours, with a status that would else say nothing.
async fn says_expired(answer: &mut Response) -> bool {
    peer::beginning(answer).await.to_ascii_lowercase().contains("authorization token has expired")
}
