//! What a registry says of a credential, before it takes the place of one that works.
//!
//! The way of docker and containerd: `GET /v2/`, then what the challenge asks for (distribution's HTTP API
//! and token authentication specifications). No scope is asked for: this proves the password, not what
//! it may read. Only an explicit refusal is [`Verdict::Refused`]; whatever can't be told is
//! [`Verdict::Unverified`], with words that go after the registry's name.

#[cfg(test)]
mod tests;

use reqwest::{Response, StatusCode};

use super::asking::{Auth, Network, Peer, Registry, Server, Way, beginning, words};
use crate::config::Reach;
use crate::plan::Trust;
use crate::registry::{Entry, Host};

/// What a registry says of a credential.
pub(super) enum Verdict {
    /// Nobody wanted to see it.
    Unasked,
    /// It was shown, and accepted.
    Accepted,
    /// It could not be asked, for this reason.
    Unverified(String),
    /// It was refused, in these words.
    Refused(String),
}

/// What the registry of `host` says of `entry`. A host with a glob names no one registry: there is nobody to
/// ask, and nothing against the credential.
pub(super) async fn verify(network: &Network, host: &Host, entry: &Entry, reach: &Reach) -> Verdict {
    if host.authority().contains('*') {
        return Verdict::Unasked;
    }
    let asking = ask(network, host.authority(), entry, reach);
    let asked = tokio::time::timeout(network.deadline, asking).await;
    let late = || Err(format!("no answer within {:?}; a later pass asks again", network.deadline));
    asked.unwrap_or_else(|_| late()).unwrap_or_else(Verdict::Unverified)
}

/// Does the registry at `authority` accept `entry`, as far as it can be told?
pub(super) async fn accepts(network: &Network, authority: &str, entry: &Entry, reach: &Reach) -> bool {
    matches!(ask(network, authority, entry, reach).await, Ok(Verdict::Accepted))
}

impl From<Verdict> for Trust {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Unasked | Verdict::Accepted => Self::Accepted,
            Verdict::Unverified(words) => Self::Unverified(words),
            Verdict::Refused(words) => Self::Refused(words),
        }
    }
}

/// Asks the registry what it wants, and gives it that. An error is why nothing can be told.
async fn ask(network: &Network, authority: &str, entry: &Entry, reach: &Reach) -> Result<Verdict, String> {
    let registry = Registry::at(network, authority, Server::Registry, reach).await?;
    let answer = registry.peer.get(Auth::Nobody).await?;
    match answer.status() {
        StatusCode::OK => return Ok(Verdict::Unasked),
        StatusCode::UNAUTHORIZED => {}
        _ => return Err(words::no_registry(&registry.peer.server, &registry.peer.url, &answer)),
    }
    match registry.way(&answer)? {
        Way::Bearer(bearer) => log_in_for_token(&registry.token_server(&bearer, &[]).await?, entry).await,
        Way::Basic => log_in(&registry.peer, entry).await,
    }
}

/// The Basic way: the same question with the login.
async fn log_in(registry: &Peer, entry: &Entry) -> Result<Verdict, String> {
    let mut answer = registry.get(Auth::Login(entry)).await?;
    let (server, status) = (&registry.server, answer.status());
    match status {
        StatusCode::OK => Ok(Verdict::Accepted),
        StatusCode::UNAUTHORIZED => Ok(Verdict::Refused(words::refused(server, entry, status))),
        StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST if says_expired(&mut answer).await => {
            Ok(Verdict::Refused(words::expired(server, entry, status)))
        }
        StatusCode::FORBIDDEN => Err(words::forbidden(server, entry, status)),
        _ => Err(words::unexpected(server, entry, status)),
    }
}

/// The Bearer way: the token server is asked for a token of no scope. The token isn't read.
async fn log_in_for_token(realm: &Peer, entry: &Entry) -> Result<Verdict, String> {
    let status = realm.get(Auth::Login(entry)).await?.status();
    match status {
        _ if status.is_success() => Ok(Verdict::Accepted),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Ok(Verdict::Refused(words::refused(&realm.server, entry, status)))
        }
        _ => Err(words::unexpected(&realm.server, entry, status)),
    }
}

/// ECR's words for a token after its twelve hours, with a status that would else say nothing.
async fn says_expired(answer: &mut Response) -> bool {
    beginning(answer).await.to_ascii_lowercase().contains("authorization token has expired")
}
