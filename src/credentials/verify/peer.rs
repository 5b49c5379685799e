//! One server, and the way to it: a GET that follows no redirect and goes nowhere else.

use std::time::Duration;

use hyper_util::client::proxy::matcher::Intercept;
use reqwest::header::WWW_AUTHENTICATE;
use reqwest::redirect::Policy;
use reqwest::{Client, Proxy, Response, Url};
use rustls::ClientConfig;
use secrecy::ExposeSecret;

use super::challenge::{self, Challenge};
use super::network::{Pinned, Route};
use super::words::{self, Server};
use super::{BODY_LIMIT, CONNECT_SECONDS};
use crate::registry::Entry;

/// A server that may be asked.
pub(super) struct Peer {
    pub(super) server: Server,
    pub(super) url: Url,
    via: Option<String>,
    client: Client,
}

impl Peer {
    /// A client for `url` alone, which takes `route` and no other.
    pub(super) fn new(server: Server, url: Url, route: &Route, tls: ClientConfig) -> Result<Self, String> {
        let builder = Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(concat!("pullkeeper/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(CONNECT_SECONDS))
            .redirect(Policy::none())
            .referer(false);
        let (builder, via) = match route {
            Route::Direct(addresses) => (builder.no_proxy().dns_resolver(Pinned(addresses.clone())), None),
            Route::Proxied(intercept) => (builder.no_proxy().proxy(proxy(intercept)?), Some(name(intercept))),
        };
        let client =
            builder.build().map_err(|error| words::unreachable(&server, &url, via.as_deref(), &error))?;
        Ok(Self { server, url, via, client })
    }

    /// Asks, with a login or without.
    pub(super) async fn get(&self, login: Option<&Entry>) -> Result<Response, String> {
        let mut request = self.client.get(self.url.clone());
        if let Some(entry) = login {
            request = request.basic_auth(&entry.username, Some(entry.password.expose_secret()));
        }
        let unreachable = |error| words::unreachable(&self.server, &self.url, self.via.as_deref(), &error);
        request.send().await.map_err(unreachable)
    }
}

/// What was found for one URL, for all that this client asks.
fn proxy(intercept: &Intercept) -> Result<Proxy, String> {
    let scheme = intercept.uri().scheme_str().unwrap_or_default();
    let proxy = match scheme {
        "http" | "https" => Proxy::all(intercept.uri().to_string()).ok(),
        _ => None,
    };
    let proxy = proxy.ok_or_else(|| {
        let name = name(intercept);
        format!("the proxy {name} can't be used: {scheme} is not spoken here; name one of http or https")
    })?;
    Ok(match intercept.basic_auth() {
        Some(login) => proxy.custom_http_auth(login.clone()),
        None => proxy,
    })
}

/// A proxy's host and port. Its login is kept elsewhere, but for the rest of a password that holds an '@'.
fn name(intercept: &Intercept) -> String {
    let authority = intercept.uri().authority().map(ToString::to_string).unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default().to_owned()
}

/// The challenges of an answer.
pub(super) fn challenges(response: &Response) -> Vec<Challenge> {
    let values = response.headers().get_all(WWW_AUTHENTICATE).iter();
    let texts: Vec<_> = values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    challenge::parse(texts.iter().map(AsRef::as_ref))
}

/// The beginning of a body, as far as it comes; for looking into, never for showing.
pub(super) async fn beginning(response: &mut Response) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < BODY_LIMIT {
        let Ok(Some(chunk)) = response.chunk().await else { break };
        bytes.extend(chunk.iter().take(BODY_LIMIT - bytes.len()));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
