//! What is said when a server can't be reached or answers otherwise than hoped. Nothing of a body, of a
//! query or of a login but its user name is ever quoted.

use std::error::Error;
use std::fmt;
use std::io;
use std::iter::successors;

use reqwest::header::LOCATION;
use reqwest::{Response, StatusCode, Url};
use rustls::{CertificateError, InvalidMessage};

use super::CONNECT_SECONDS;
use crate::registry::Entry;

/// Whom a sentence is about. The reader knows the registry's host already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Server {
    /// The registry, by the host it was given.
    Registry,
    /// The registry of an image that was named.
    RegistryOfImage,
    /// The registry, at another name than it was given.
    RegistryAt(&'static str),
    /// The token server that the registry named.
    Token(String),
    /// What the registry points to in its place.
    Elsewhere(String),
}

impl Server {
    /// The token server at `url`.
    pub(crate) fn token(url: &Url) -> Self {
        Self::Token(shorten(url.authority()))
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry => f.write_str("it"),
            Self::RegistryOfImage => f.write_str("its registry"),
            Self::RegistryAt(name) => f.write_str(name),
            Self::Token(name) => write!(f, "its token server {name}"),
            Self::Elsewhere(name) => write!(f, "{name}, to which its registry points,"),
        }
    }
}

/// An explicit refusal.
pub(crate) fn refused(server: &Server, entry: &Entry, status: StatusCode) -> String {
    let remedy = "write the right password, or ask who runs the registry for a new one";
    format!("{server} refuses {} ({}); {remedy}", user(entry), code(status))
}

/// A refusal that tells why.
pub(crate) fn expired(server: &Server, entry: &Entry, status: StatusCode) -> String {
    let (who, code) = (user(entry), code(status));
    format!("{server} says that the token of {who} has expired ({code}); fetch a new one")
}

/// A 403 for the login itself: rather a policy than the password, such as a VPC endpoint's.
pub(crate) fn forbidden(server: &Server, entry: &Entry, status: StatusCode) -> String {
    let (who, code) = (user(entry), code(status));
    let remedy = "see whether a policy or a list of addresses keeps this machine out";
    format!("{server} answers {code} to {who}, which says nothing of the password; {remedy}")
}

/// Any other answer to a login.
pub(crate) fn unexpected(server: &Server, entry: &Entry, status: StatusCode) -> String {
    format!("{server} answers {} to {}; {}", code(status), user(entry), later(status))
}

/// An answer to `/v2/` that no registry gives, or none that works.
pub(crate) fn no_registry(server: &Server, url: &Url, answer: &Response) -> String {
    let status = answer.status();
    let location = answer.headers().get(LOCATION).and_then(|to| to.to_str().ok());
    let remedy = match location.and_then(|to| url.join(to).ok()) {
        Some(to) if status.is_redirection() => {
            format!("it points to {}; write the host of the registry itself", origin(&to))
        }
        _ if status == StatusCode::BAD_REQUEST && url.scheme() == "http" => NOT_PLAIN.to_owned(),
        _ => later(status).to_owned(),
    };
    format!("{server} answers {} to /v2/; {remedy}", code(status))
}

/// A 401 that can't be met.
pub(crate) fn unknown_challenge(server: &Server, none: bool) -> String {
    let how = if none { "without a word on how" } else { "in a way that is neither Basic nor Bearer" };
    format!("{server} wants a login (401 Unauthorized) {how}; {NOT_THERE}")
}

const NOT_THERE: &str = "see that the host is right and that a registry runs there";
const NOT_PLAIN: &str = "if it speaks https, take insecure out";

/// What to do about an answer that says nothing of the password.
pub(crate) fn later(status: StatusCode) -> &'static str {
    let passes = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
    if passes { "a later pass asks again" } else { NOT_THERE }
}

/// The account, as far as it may be shown.
pub(crate) fn user(entry: &Entry) -> String {
    if entry.username.is_empty() { "the login".to_owned() } else { shorten(&entry.username) }
}

/// A status with its usual name, never the server's own words for it.
pub(crate) fn code(status: StatusCode) -> String {
    let name = status.canonical_reason().unwrap_or("a code of its own");
    format!("{} {name}", status.as_u16())
}

/// A name that has no address.
pub(crate) fn unresolved(server: &Server, cause: &str) -> String {
    format!("{server} can't be found: {cause}; see that the name is right and that DNS knows it here")
}

/// No answer of HTTP. `via` is the proxy, if one stands between.
pub(crate) fn unreachable(server: &Server, url: &Url, via: Option<&str>, error: &reqwest::Error) -> String {
    let via = via.map(|proxy| format!(" through the proxy {proxy}")).unwrap_or_default();
    let (cause, remedy) = tls_trouble(server, error).unwrap_or_else(|| plain_trouble(url, error));
    format!("{server} can't be reached{via}: {cause}; {remedy}")
}

fn tls_trouble(server: &Server, error: &reqwest::Error) -> Option<(String, &'static str)> {
    let trouble = causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>())?;
    Some(match trouble {
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            let remedy = match server {
                Server::Token(_) | Server::Elsewhere(_) => {
                    "ask who runs the registry to name it by its right URL"
                }
                _ => "write insecure: true if that is how it is meant to be",
            };
            ("it speaks plain http, not https".to_owned(), remedy)
        }
        rustls::Error::InvalidCertificate(why) => certificate_trouble(why),
        other => (format!("no TLS with it ({other})"), "see that the host and its port are right"),
    })
}

fn certificate_trouble(why: &CertificateError) -> (String, &'static str) {
    let cause = match why {
        // A bad signature: an authority that was made anew under its old name.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            let cause = "its certificate was signed by nobody who is trusted here";
            return (cause.to_owned(), "write to ca the path of the certificate of who signed it");
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "has expired".to_owned(),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "is for another name".to_owned()
        }
        // What `openssl req -x509` makes unless told otherwise; Go's clients put up with it.
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            "is an authority's own (CA:TRUE), which no server may show".to_owned()
        }
        other => format!("is not good ({other})"),
    };
    (format!("its certificate {cause}"), "ask who runs it for one that is good")
}

fn plain_trouble(url: &Url, error: &reqwest::Error) -> (String, &'static str) {
    if error.is_timeout() {
        let cause = format!("no connection within {CONNECT_SECONDS} s");
        return (cause, "see that the host is right and that no firewall stands between");
    }
    let garbage = causes(error).any(|cause| cause.to_string().contains("HTTP"));
    let remedy = if url.scheme() == "http" && garbage {
        NOT_PLAIN
    } else {
        "see that the host is right, that it runs, and that it can be reached from here"
    };
    (last(error), remedy)
}

/// The innermost cause: the outer ones only say that a request failed.
fn last(error: &reqwest::Error) -> String {
    let Some(cause) = causes(error).last() else { return String::new() };
    match cause.downcast_ref::<io::Error>() {
        Some(io) if io.raw_os_error().is_some() => io.kind().to_string(),
        _ => shorten(&cause.to_string()),
    }
}

/// The causes of an error beneath it, which itself quotes its URL. What an [`io::Error`] was made of is not
/// among its sources, and looked at too.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    successors(error.source(), |cause| beneath(*cause))
}

fn beneath<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

/// Scheme, host and port of a URL.
pub(crate) fn origin(url: &Url) -> String {
    shorten(&url.origin().ascii_serialization())
}

/// What somebody else wrote, fit for one line.
fn shorten(text: &str) -> String {
    const MOST: usize = 100;
    let shown: String = text.chars().take(MOST).flat_map(char::escape_debug).collect();
    if text.chars().nth(MOST).is_some() { shown + "…" } else { shown }
}
