//! One image, asked about from beginning to end: first as nobody, then with the login, if there is one.

use std::cell::Cell;
use std::future::Future;
use std::time::{Duration, Instant};

use reqwest::{Response, StatusCode};
use secrecy::SecretString;

use super::gate::Gate;
use super::manifest::{self, Answer, Manifest};
use super::{token, words};
use crate::credentials::asking::{Auth, Network, Peer, Registry, Server, Way, beginning};
use crate::credentials::verify;
use crate::plan::{Probe, Probed};
use crate::registry::Entry;

/// What the image's registry says of it.
pub(super) async fn talk(network: &Network, probe: &Probe, gate: Option<&Gate<'_>>) -> Probed {
    let time = Time { whole: network.deadline, left: Cell::new(network.deadline) };
    let asking = match time.of(as_nobody(network, probe)).await {
        Ok(Said::Told(probed)) => return probed,
        Ok(Said::WantsLogin(asking)) => asking,
        Err(untold) => return Probed::Untold(untold),
    };
    match (&probe.login, gate) {
        (Some(login), Some(gate)) => {
            asking.with_login(login, &time, gate).await.unwrap_or_else(|instead| instead)
        }
        _ => Probed::Refused(words::closed(&asking.manifest.registry.peer.server)),
    }
}

/// What is heard without a login.
enum Said<'a> {
    Told(Probed),
    WantsLogin(Box<Asking<'a>>),
}

/// An image whose registry wants a login.
struct Asking<'a> {
    network: &'a Network,
    probe: &'a Probe,
    manifest: Manifest<'a>,
    /// The token server; none where the registry takes the login itself.
    tokens: Option<Peer>,
}

async fn as_nobody<'a>(network: &'a Network, probe: &'a Probe) -> Result<Said<'a>, String> {
    let authority = manifest::authority(probe)?;
    let registry = Registry::at(network, authority, Server::RegistryOfImage, &probe.reach).await?;
    let manifest = Manifest::of(registry, &probe.image)?;
    let answer = manifest.ask(Auth::Nobody).await?;
    let Some(way) = way(&manifest.registry, &answer).await? else {
        return Ok(Said::Told(judge(&manifest, probe, answer, None).await));
    };
    let tokens = match way {
        Way::Basic => None,
        Way::Bearer(challenge) => {
            let scopes = token::scopes(&challenge, &probe.image);
            let scopes: Vec<_> = scopes.iter().map(String::as_str).collect();
            let tokens = manifest.registry.token_server(&challenge, &scopes).await?;
            // Whatever else is said to nobody in particular, the login may be told more.
            if let Some(token) = token::read(tokens.get(Auth::Nobody).await?).await {
                let answer = manifest.ask(Auth::Token(&token)).await?;
                if answer.is_manifest() || probe.login.is_none() {
                    return Ok(Said::Told(judge(&manifest, probe, answer, None).await));
                }
            }
            Some(tokens)
        }
    };
    Ok(Said::WantsLogin(Box::new(Asking { network, probe, manifest, tokens })))
}

/// How the registry wants a login, if it does. To whoever has none it may say that there is no such image, and
/// ask for the login at `/v2/` only, where docker and CRI-O begin.
async fn way(registry: &Registry<'_>, answer: &Answer) -> Result<Option<Way>, String> {
    match answer.status() {
        _ if answer.elsewhere.is_some() => Ok(None),
        StatusCode::UNAUTHORIZED => registry.way(&answer.response).map(Some),
        StatusCode::NOT_FOUND => {
            let base = registry.peer.get(Auth::Nobody).await?;
            let asks = base.status() == StatusCode::UNAUTHORIZED;
            asks.then(|| registry.way(&base)).transpose()
        }
        _ => Ok(None),
    }
}

impl Asking<'_> {
    /// An error is an answer too: why it was not asked to the end.
    async fn with_login(&self, login: &Entry, time: &Time, gate: &Gate<'_>) -> Result<Probed, Probed> {
        let answer = if let Some(tokens) = &self.tokens {
            let token = self.token(tokens, login, time, gate).await?;
            time.of(self.manifest.ask(Auth::Token(&token))).await.map_err(Probed::Untold)?
        } else {
            let asking = time.of(self.manifest.ask(Auth::Login(login)));
            let refused = |status| words::refused(&self.manifest.registry.peer.server, login, status);
            gate.show(asking, judged_status, refused, self.is_good(login, time)).await?
        };
        let judging = async { Ok(judge(&self.manifest, self.probe, answer, Some(login)).await) };
        time.of(judging).await.map_err(Probed::Untold)
    }

    /// Is the login good, whatever it may read? Asked once of a login whose first answer was a refusal.
    async fn is_good(&self, login: &Entry, time: &Time) -> bool {
        let Probe { image, reach, .. } = self.probe;
        let asking = async { Ok(verify::accepts(self.network, &image.host, login, reach).await) };
        time.of(asking).await.unwrap_or(false)
    }

    async fn token(
        &self,
        tokens: &Peer,
        login: &Entry,
        time: &Time,
        gate: &Gate<'_>,
    ) -> Result<SecretString, Probed> {
        let asking = time.of(tokens.get(Auth::Login(login)));
        let refused = |status| words::refused(&tokens.server, login, status);
        let answer = gate.show(asking, Response::status, refused, self.is_good(login, time)).await?;
        let reading = async {
            if !answer.status().is_success() {
                return Ok(Err(no_token(&tokens.server, login, answer).await));
            }
            Ok(token::read(answer).await.ok_or_else(|| Probed::Untold(words::tokenless(&tokens.server))))
        };
        time.of(reading).await.map_err(Probed::Untold)?
    }
}

/// The status that says something of a login: not that of whom the registry points to, who never saw it.
fn judged_status(answer: &Answer) -> StatusCode {
    if answer.elsewhere.is_some() { StatusCode::OK } else { answer.status() }
}

/// What an answer says of the image, to nobody or to the login that asked.
async fn judge(manifest: &Manifest<'_>, probe: &Probe, mut answer: Answer, login: Option<&Entry>) -> Probed {
    let server = answer.elsewhere.as_ref().unwrap_or(&manifest.registry.peer.server);
    if answer.is_manifest() {
        return Probed::Readable { digest: answer.digest(&probe.image), anonymously: login.is_none() };
    }
    let status = answer.status();
    match (status, login.filter(|_| answer.elsewhere.is_none())) {
        (StatusCode::OK, _) => Probed::Untold(words::page(server)),
        (StatusCode::NOT_FOUND, login) => Probed::Missing(words::missing(server, login)),
        _ if is_limited(&mut answer.response).await => Probed::Untold(words::limited(server, login)),
        (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, Some(login)) => {
            Probed::Refused(words::unreadable(server, login, status))
        }
        (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, None) if probe.login.is_none() => {
            Probed::Refused(words::closed(server))
        }
        (_, login) => Probed::Untold(words::unexpected(server, login, status)),
    }
}

/// What it says of the image that a token server gives no token.
async fn no_token(server: &Server, login: &Entry, mut answer: Response) -> Probed {
    match answer.status() {
        _ if is_limited(&mut answer).await => Probed::Untold(words::limited(server, Some(login))),
        status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
            Probed::Refused(words::ungiven(server, login, status))
        }
        status => Probed::Untold(words::unexpected(server, Some(login), status)),
    }
}

/// A rate limit, by its status or by the code that distribution's API gives it.
async fn is_limited(answer: &mut Response) -> bool {
    answer.status() == StatusCode::TOO_MANY_REQUESTS
        || beginning(answer).await.to_ascii_lowercase().contains("toomanyrequests")
}

/// What is left of the time for one image. To wait for others who show the same login costs none.
struct Time {
    whole: Duration,
    left: Cell<Duration>,
}

impl Time {
    async fn of<T>(&self, asking: impl Future<Output = Result<T, String>>) -> Result<T, String> {
        let begun = Instant::now();
        let said = tokio::time::timeout(self.left.get(), asking).await;
        self.left.set(self.left.get().saturating_sub(begun.elapsed()));
        said.unwrap_or_else(|_| Err(words::late(self.whole)))
    }
}
