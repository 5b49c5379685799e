//! What AWS answers, read with care: a token that isn't one must not get into a Secret.

use aws_sdk_ecr::operation::get_authorization_token::GetAuthorizationTokenOutput as EcrAnswer;
use aws_sdk_ecr::primitives::DateTime;
use aws_sdk_ecrpublic::operation::get_authorization_token::GetAuthorizationTokenOutput as PublicAnswer;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::Token;
use crate::registry::{Entry, Host};

/// The token of ECR: one for everything the principal may read, so the first is the only one that counts.
pub(super) fn ecr(answer: &EcrAnswer) -> Result<Token, String> {
    let data = answer.authorization_data().first().ok_or_else(|| odd("ECR", "holds no token"))?;
    let entry = entry("ECR", data.authorization_token())?;
    let own_host = data.proxy_endpoint().and_then(own_host);
    Ok(Token { entry, own_host, expires: data.expires_at().and_then(timestamp) })
}

/// The token of ECR Public, which stands alone.
pub(super) fn ecr_public(answer: &PublicAnswer) -> Result<Token, String> {
    let data = answer.authorization_data().ok_or_else(|| odd("ECR Public", "holds no token"))?;
    let entry = entry("ECR Public", data.authorization_token())?;
    Ok(Token { entry, own_host: None, expires: data.expires_at().and_then(timestamp) })
}

fn entry(service: &str, token: Option<&str>) -> Result<Entry, String> {
    let token = token.ok_or_else(|| odd(service, "holds an empty place for the token"))?;
    let bytes = BASE64_STANDARD.decode(token).map_err(|_| odd(service, "holds a token that is no base64"))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| odd(service, "holds a token that is no text"))?;
    match text.split_once(':') {
        None => Err(odd(service, "holds a token without a colon between user and password")),
        Some((_, "")) => Err(odd(service, "holds a token with an empty password")),
        Some(("", _)) => Err(odd(service, "holds a token without a user")),
        Some((username, password)) => {
            Ok(Entry { username: username.to_owned(), password: password.into(), email: None })
        }
    }
}

fn odd(service: &str, what: &str) -> String {
    format!("{service}: the answer {what}; see that nothing between here and AWS changes answers")
}

/// `https://ID.dkr.ecr.REGION.amazonaws.com` as a host.
fn own_host(endpoint: &str) -> Option<Host> {
    let host = endpoint.strip_prefix("https://").or_else(|| endpoint.strip_prefix("http://"))?;
    let host = host.strip_suffix('/').unwrap_or(host);
    if host.contains('/') { None } else { Host::parse(host).ok() }
}

/// `None` where no calendar reaches.
fn timestamp(time: &DateTime) -> Option<jiff::Timestamp> {
    jiff::Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok()
}
