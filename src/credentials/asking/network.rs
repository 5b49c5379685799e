//! The way to a server: a proxy, or addresses that are looked up once.
//!
//! A name is resolved here and not by the HTTP client, so that the addresses that were judged are those
//! that are asked: a second lookup could give others (DNS rebinding).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use rustls::RootCertStore;

use super::DEADLINE;
use super::tls::system_roots;

/// How this machine reaches others.
pub(crate) struct Network {
    /// The same rules that reqwest follows, of `HTTPS_PROXY` and its relatives.
    pub(crate) proxies: Matcher,
    /// The roots that the system trusts.
    pub(crate) roots: RootCertStore,
    /// Where names are looked up.
    pub(crate) names: Arc<dyn Resolve>,
    /// One registry is asked no longer about one thing.
    pub(crate) deadline: Duration,
}

/// The way to one server.
pub(crate) enum Route {
    /// At one of these addresses.
    Direct(Vec<IpAddr>),
    /// By this proxy, which looks the name up itself.
    Proxied(Intercept),
}

impl Network {
    /// As the environment and the system have it.
    pub(crate) fn system() -> Self {
        Self {
            proxies: Matcher::from_env(),
            roots: system_roots(),
            names: Arc::new(SystemNames),
            deadline: DEADLINE,
        }
    }

    /// The way to the host of `url`, or why its name has no address.
    pub(crate) async fn route(&self, url: &Url) -> Result<Route, String> {
        let proxy = url.as_str().parse().ok().and_then(|uri| self.proxies.intercept(&uri));
        match (proxy, literal(url)) {
            (Some(proxy), _) => Ok(Route::Proxied(proxy)),
            (None, Some(address)) => Ok(Route::Direct(vec![address])),
            (None, None) => self.look_up(url.host_str().unwrap_or_default()).await.map(Route::Direct),
        }
    }

    async fn look_up(&self, name: &str) -> Result<Vec<IpAddr>, String> {
        let name: Name = name.parse().map_err(|_| "is no name".to_owned())?;
        let found: Addrs = self.names.resolve(name).await.map_err(|error| error.to_string())?;
        let addresses: Vec<_> = found.map(|address| address.ip()).collect();
        if addresses.is_empty() { Err("the name has no address".to_owned()) } else { Ok(addresses) }
    }
}

impl Route {
    /// The addresses that will be asked for `url`, as far as they are known here: a proxy's are not,
    /// but for one that is written in the URL.
    pub(crate) fn addresses(&self, url: &Url) -> Vec<IpAddr> {
        match self {
            Self::Direct(addresses) => addresses.clone(),
            Self::Proxied(_) => literal(url).into_iter().collect(),
        }
    }
}

/// The address that a URL holds in place of a name, however it was spelled.
fn literal(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).parse().ok()
}

struct SystemNames;

impl Resolve for SystemNames {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<_> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Answers with addresses that were looked up before, whatever the name.
pub(crate) struct Pinned(pub(super) Vec<IpAddr>);

impl Resolve for Pinned {
    fn resolve(&self, _: Name) -> Resolving {
        // Port 0 stands for the URL's own.
        let addresses: Vec<_> = self.0.iter().map(|address| SocketAddr::new(*address, 0)).collect();
        Box::pin(std::future::ready(Ok(Box::new(addresses.into_iter()) as Addrs)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_system_is_asked_for_names() {
        // A literal address needs no DNS.
        let found = Network::system().look_up("127.0.0.1").await;
        assert_eq!(found, Ok(vec![IpAddr::from([127, 0, 0, 1])]));
    }
}
