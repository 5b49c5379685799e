//! One server, and the way to it: a request that follows no redirect and goes nowhere else.

use std::time::Duration;

use hyper_util::client::proxy::matcher::Intercept;
use reqwest::header::{ACCEPT, WWW_AUTHENTICATE};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Proxy, Response, Url};
use rustls::ClientConfig;
use secrecy::{ExposeSecret, SecretString};

use super::CONNECT_SECONDS;
use super::challenge::{self, Challenge};
use super::network::{Pinned, Route};
use super::words::{self, Server};
use crate::registry::Entry;

/// No more is read of a body that is only looked into.
const BEGINNING: usize = 4096;

/// Who asks.
#[derive(Clone, Copy)]
pub(crate) enum Auth<'a> {
    /// Nobody.
    Nobody,
    /// A user, by name and password.
    Login(&'a Entry),
    /// Whom this token was given to.
    Token(&'a SecretString),
}

/// A server that may be asked.
pub(crate) struct Peer {
    pub(crate) server: Server,
    pub(crate) url: Url,
    via: Option<String>,
    client: Client,
}

impl Peer {
    /// A client for `url` alone, which takes `route` and no other.
    pub(crate) fn new(server: Server, url: Url, route: &Route, tls: ClientConfig) -> Result<Self, String> {
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

    /// The same server, at another of its URLs.
    pub(super) fn at(&self, url: Url) -> Self {
        Self { server: self.server.clone(), url, via: self.via.clone(), client: self.client.clone() }
    }

    /// Asks with GET.
    pub(crate) async fn get(&self, auth: Auth<'_>) -> Result<Response, String> {
        self.send(Method::GET, "*/*", auth).await
    }

    /// Asks for one of the media types of `accept`.
    pub(crate) async fn send(
        &self,
        method: Method,
        accept: &'static str,
        auth: Auth<'_>,
    ) -> Result<Response, String> {
        let request = self.client.request(method, self.url.clone()).header(ACCEPT, accept);
        let request = match auth {
            Auth::Nobody => request,
            Auth::Login(entry) => request.basic_auth(&entry.username, Some(entry.password.expose_secret())),
            Auth::Token(token) => request.bearer_auth(token.expose_secret()),
        };
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
pub(crate) fn challenges(response: &Response) -> Vec<Challenge> {
    let values = response.headers().get_all(WWW_AUTHENTICATE).iter();
    let texts: Vec<_> = values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    challenge::parse(texts.iter().map(AsRef::as_ref))
}

/// The beginning of a body, as far as it comes; for looking into, never for showing.
pub(crate) async fn beginning(response: &mut Response) -> String {
    let (bytes, _) = body(response, BEGINNING).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A body as far as it comes, and up to this many bytes; and whether that is all of it.
pub(crate) async fn body(response: &mut Response, limit: usize) -> (Vec<u8>, bool) {
    let mut bytes = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if bytes.len() + chunk.len() <= limit => bytes.extend(chunk),
            Ok(Some(chunk)) => {
                bytes.extend(chunk.iter().take(limit.saturating_sub(bytes.len())));
                return (bytes, false);
            }
            Ok(None) => return (bytes, true),
            Err(_) => return (bytes, false),
        }
    }
}
