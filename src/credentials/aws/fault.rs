//! What lies at the bottom of an error of the SDK: a refusal with its code, or a connection that failed.
//!
//! The SDK nests errors up to eight deep and shows only the outermost. The whole chain is not for people, and
//! may quote what was signed; so it is walked, and only what is known to be harmless is taken.

use std::error::Error;
use std::io;

use aws_sdk_ecr::config::http::HttpResponse;
use aws_sdk_ecr::error::{ConnectorError, ProvideErrorMetadata, SdkError};
use aws_sdk_ecr::operation::RequestId;
use aws_sdk_ecr::operation::get_authorization_token::GetAuthorizationTokenError as EcrError;
use aws_sdk_ecrpublic::operation::get_authorization_token::GetAuthorizationTokenError as PublicError;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;

/// What went wrong in a call.
pub(super) enum Fault {
    /// AWS said no.
    Said(Refusal),
    /// Something answered that is not AWS, or AWS without a code: the status.
    Answered(u16),
    /// It answered, and not in words that can be read.
    Unreadable,
    /// No answer in time.
    Late,
    /// The host has no address.
    NoSuchHost,
    /// The other side can't prove who it is, or speaks no TLS; the reason.
    Tls(String),
    /// The connection failed; the reason.
    Unreachable(String),
    /// None of these; the innermost error's words.
    Other(String),
}

/// AWS' refusal.
pub(super) struct Refusal {
    /// What was refused, if it was not the call for the token: an action of STS.
    pub(super) action: Option<&'static str>,
    /// Such as `AccessDeniedException`.
    pub(super) code: String,
    /// AWS' words. They name who asked; for signatures they may quote headers, so they must not be shown for those.
    pub(super) message: String,
    /// For AWS' support.
    pub(super) request: Option<String>,
}

impl Fault {
    /// What `error` comes down to.
    pub(super) fn of(error: &(dyn Error + 'static)) -> Self {
        let links = chain(error);
        let words = links.last().map(ToString::to_string).unwrap_or_default();
        if let Some(fault) = links.iter().copied().find_map(answered) {
            return fault;
        }
        if links.iter().any(|link| is_tls(*link)) {
            return Self::Tls(words);
        }
        if links.iter().any(|link| link.to_string() == "dns error") {
            return Self::NoSuchHost;
        }
        if links.iter().any(|link| is_late(*link)) {
            return Self::Late;
        }
        if links.iter().any(|link| link.is::<ConnectorError>()) {
            return Self::Unreachable(words);
        }
        Self::Other(words)
    }
}

/// What a server said, in whichever call this link of the chain is of.
fn answered(link: &(dyn Error + 'static)) -> Option<Fault> {
    said::<EcrError>(link, None)
        .or_else(|| said::<PublicError>(link, None))
        .or_else(|| said::<AssumeRoleError>(link, Some("sts:AssumeRole")))
        .or_else(|| said::<AssumeRoleWithWebIdentityError>(link, Some("sts:AssumeRoleWithWebIdentity")))
}

fn said<E>(link: &(dyn Error + 'static), action: Option<&'static str>) -> Option<Fault>
where
    E: Error + ProvideErrorMetadata + 'static,
{
    let error = link.downcast_ref::<SdkError<E, HttpResponse>>()?;
    let status = error.raw_response()?.status();
    let Some(code) = error.code() else {
        return Some(if status.is_success() { Fault::Unreadable } else { Fault::Answered(status.as_u16()) });
    };
    Some(Fault::Said(Refusal {
        action,
        code: code.to_owned(),
        message: error.message().unwrap_or_default().to_owned(),
        request: error.meta().request_id().map(str::to_owned),
    }))
}

fn is_late(link: &(dyn Error + 'static)) -> bool {
    // The SDK's own words for its deadlines, whatever the call.
    link.to_string() == "request has timed out"
        || link.downcast_ref::<ConnectorError>().is_some_and(ConnectorError::is_timeout)
        || link.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
}

/// Is TLS what failed? An [`io::Error`] skips what it carries in its `source`, and one may carry another.
fn is_tls(link: &(dyn Error + 'static)) -> bool {
    let Some(error) = link.downcast_ref::<io::Error>() else { return link.is::<rustls::Error>() };
    let handshake_cut = error.kind() == io::ErrorKind::UnexpectedEof && error.to_string().contains("tls");
    handshake_cut || error.get_ref().is_some_and(|carried| is_tls(carried))
}

/// From the outermost to the innermost.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> Vec<&'a (dyn Error + 'static)> {
    let mut links = vec![error];
    let mut link = error;
    while let Some(source) = link.source() {
        links.push(source);
        link = source;
    }
    links
}
