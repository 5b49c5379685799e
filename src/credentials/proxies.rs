//! Do the registries serve at all to which rules lead images? Each is asked as nobody at `/v2/`, and no login is shown.
//!
//! Where it sends to a token server, that is asked for a token for nobody: many a proxy serves everybody with one,
//! though `/v2/` wants a login.

use std::time::Duration;

use futures::{StreamExt, stream};
use reqwest::{Response, StatusCode};
use tokio::time::Instant;

use super::asking::{Auth, Challenge, Network, Registry, Server, Way, words};
use super::{Memory, probe};
use crate::config::Reach;
use crate::plan::{Probe, Probed, Proxy, ProxySaid};
use crate::remembered::Remembered;

/// The most that are asked at a time.
const AT_ONCE: usize = 8;
/// How long an answer is kept: as long as those about images.
const KEPT: Duration = Duration::from_mins(5);

/// What each of them says, in their order, or has said not long ago.
pub async fn proxies(proxies: &[Proxy], memory: &Memory) -> Vec<(Proxy, ProxySaid)> {
    if proxies.is_empty() {
        return Vec::new();
    }
    // The system's roots and proxies are read once for all of them.
    let network = Network::system();
    let asked = proxies.iter().map(async |proxy| {
        if let Some(said) = memory.proxies.recall(proxy, Instant::now()) {
            return (proxy.clone(), said);
        }
        let said = match ask(&network, proxy).await {
            Greeting::Said(said) => said,
            Greeting::TokenForNobody => shown(proxy, memory).await,
        };
        memory.proxies.keep(proxy, &said, Instant::now());
        (proxy.clone(), said)
    });
    stream::iter(asked).buffered(AT_ONCE).collect().await
}

/// What proxies said, for as long as a loop runs.
pub(super) struct Greetings(Remembered<(String, Reach), ProxySaid>);

impl Default for Greetings {
    fn default() -> Self {
        Self(Remembered::so_long(KEPT))
    }
}

impl Greetings {
    fn recall(&self, proxy: &Proxy, now: Instant) -> Option<ProxySaid> {
        self.0.recall(&of(proxy), now)
    }

    /// Keeps it as long from when it was heard first, not from when it was recalled.
    fn keep(&self, proxy: &Proxy, said: &ProxySaid, now: Instant) {
        if self.recall(proxy, now).is_none() {
            self.0.keep(of(proxy), said.clone(), now);
        }
    }

    /// Forgets all of it.
    pub(super) fn forget(&self) {
        self.0.forget_all();
    }
}

fn of(proxy: &Proxy) -> (String, Reach) {
    (proxy.authority.clone(), proxy.reach.clone())
}

/// What its first words tell.
#[derive(Debug, PartialEq)]
enum Greeting {
    Said(ProxySaid),
    /// A token server gives one to anybody, be it good for images or not: Harbor's does so for private projects, too.
    TokenForNobody,
}

async fn ask(network: &Network, proxy: &Proxy) -> Greeting {
    let asked = tokio::time::timeout(network.deadline, greet(network, proxy)).await;
    let late = |_| Err(format!("it gave no answer within {:?}; see that it runs", network.deadline));
    asked.unwrap_or_else(late).unwrap_or_else(|why| Greeting::Said(ProxySaid::Away(why)))
}

/// Does it show an image to nobody that it must have?
async fn shown(proxy: &Proxy, memory: &Memory) -> ProxySaid {
    let host = proxy.targets.first().map(|to| to.as_host().clone());
    let Some((image, host)) = proxy.shows.clone().zip(host) else { return ProxySaid::Open };
    let probe = Probe { image, host, login: None, reach: proxy.reach.clone() };
    match probe::probe(&[probe], &memory.refusals).await.first() {
        Some(Probed::Refused(_)) => ProxySaid::WantsLogin,
        _ => ProxySaid::Open,
    }
}

/// An error is why it serves nobody.
async fn greet(network: &Network, proxy: &Proxy) -> Result<Greeting, String> {
    let registry = Registry::at(network, &proxy.authority, Server::Registry, &proxy.reach).await?;
    let answer = registry.peer.get(Auth::Nobody).await?;
    match answer.status() {
        StatusCode::UNAUTHORIZED => login_at(&registry, &answer, proxy).await,
        status if status.is_server_error() => {
            Err(words::no_registry(&registry.peer.server, &registry.peer.url, &answer))
        }
        _ => Ok(Greeting::Said(ProxySaid::Open)),
    }
}

async fn login_at(registry: &Registry<'_>, answer: &Response, proxy: &Proxy) -> Result<Greeting, String> {
    match registry.way(answer) {
        Ok(Way::Bearer(challenge)) => token_for_nobody(registry, &challenge, proxy).await,
        Ok(Way::Basic) | Err(_) => Ok(Greeting::Said(ProxySaid::WantsLogin)),
    }
}

async fn token_for_nobody(
    registry: &Registry<'_>,
    challenge: &Challenge,
    proxy: &Proxy,
) -> Result<Greeting, String> {
    let scope = |path: &str| match path {
        "" => "repository:library/any:pull".to_owned(),
        path => format!("repository:{path}/library/any:pull"),
    };
    let scopes: Vec<_> = proxy.targets.iter().map(|to| scope(to.path())).collect();
    let scopes: Vec<_> = scopes.iter().map(String::as_str).collect();
    let tokens = registry.token_server(challenge, &scopes).await?;
    let status = tokens.get(Auth::Nobody).await?.status();
    let refused = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    Ok(if refused { Greeting::Said(ProxySaid::WantsLogin) } else { Greeting::TokenForNobody })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::asking::stand_in::basic;
    use crate::credentials::asking::stand_in::server::{Server as StandIn, reply};
    use crate::credentials::asking::stand_in::wants;
    use crate::credentials::asking::stand_in::world::{PLAIN, World};
    use crate::registry::Prefix;

    fn proxy(authority: &str) -> Proxy {
        let targets = vec![Prefix::parse(&format!("{authority}/hub")).unwrap()];
        Proxy { authority: authority.to_owned(), reach: PLAIN, targets, shows: None }
    }

    fn wants_login() -> Greeting {
        Greeting::Said(ProxySaid::WantsLogin)
    }

    #[tokio::test]
    async fn each_answer_to_nobody_says_whether_it_serves() {
        let remedy = "a later pass asks again";
        let away = ProxySaid::Away(format!("it answers 503 Service Unavailable to /v2/; {remedy}"));
        let table = [
            (reply(200), ProxySaid::Open),
            (reply(404), ProxySaid::Open),
            (reply(429), ProxySaid::Open),
            (basic(), ProxySaid::WantsLogin),
            (reply(401), ProxySaid::WantsLogin),
            (reply(503), away),
        ];
        for (answer, said) in table {
            let status = answer.0;
            let registry = StandIn::new([answer]).await;
            let asked = ask(&World::new().network, &proxy(&registry.address.to_string())).await;
            assert_eq!(asked, Greeting::Said(said), "{status}");
            assert_eq!((registry.lines(), registry.logins()), (vec!["GET /v2/".to_owned()], vec![None]));
        }
    }

    #[tokio::test]
    async fn who_gives_a_token_to_nobody_may_serve_everybody() {
        for (status, said) in [(200, Greeting::TokenForNobody), (401, wants_login()), (403, wants_login())] {
            let tokens = StandIn::new([reply(status)]).await;
            let realm = format!("http://{}/token", tokens.address);
            let registry = StandIn::new([wants(&format!(r#"Bearer realm="{realm}",service="s""#))]).await;
            let asked = ask(&World::new().network, &proxy(&registry.address.to_string())).await;
            assert_eq!(asked, said, "{status}");
            assert_eq!(
                tokens.lines(),
                ["GET /token?service=s&scope=repository%3Ahub%2Flibrary%2Fany%3Apull"]
            );
            assert_eq!(tokens.logins(), [None]);
        }
    }

    #[tokio::test]
    async fn nobody_there_is_told_with_the_next_step() {
        let asked = ask(&World::new().network, &proxy("127.0.0.1:1")).await;
        let Greeting::Said(ProxySaid::Away(why)) = asked else { panic!() };
        assert!(why.starts_with("it can't be reached: "), "{why}");
    }

    #[test]
    fn an_answer_rests_for_a_while_and_is_of_one_registry() {
        let (greetings, now) = (Greetings::default(), Instant::now());
        greetings.keep(&proxy("a.io"), &ProxySaid::Open, now);
        let half = now + KEPT / 2;
        greetings.keep(&proxy("a.io"), &ProxySaid::WantsLogin, half);
        assert_eq!(greetings.recall(&proxy("a.io"), half), Some(ProxySaid::Open));
        assert_eq!(greetings.recall(&proxy("b.io"), half), None);
        assert_eq!(greetings.recall(&proxy("a.io"), now + KEPT), None, "from when it was heard");
    }
}
