//! The token in a token server's answer (distribution's token authentication specification).

use reqwest::{Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::credentials::asking::{Challenge, body};
use crate::registry::Image;

/// Real ones have 4 KiB, and no header holds a longer one than this.
const LIMIT: usize = 64 * 1024;

/// A token by either of its names; that of OAuth is the younger one.
#[derive(Deserialize)]
struct Answer {
    token: Option<SecretString>,
    access_token: Option<SecretString>,
}

/// The token of an answer, if it has one that can be sent.
pub(super) async fn read(mut response: Response) -> Option<SecretString> {
    if response.status() != StatusCode::OK {
        return None;
    }
    let (bytes, true) = body(&mut response, LIMIT).await else { return None };
    let text = SecretString::from(String::from_utf8(bytes).ok()?);
    let answer: Answer = serde_json::from_str(text.expose_secret()).ok()?;
    let fit = |token: &SecretString| {
        let text = token.expose_secret();
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    [answer.token, answer.access_token].into_iter().flatten().find(fit)
}

/// The scopes to ask for: what the challenge wants, where that is no more than to read; else to pull the image.
/// A registry has no business with a token that may push.
pub(super) fn scopes(challenge: &Challenge, image: &Image) -> Vec<String> {
    let wanted = challenge.param("scope").unwrap_or_default().split_ascii_whitespace();
    let modest: Vec<_> =
        wanted.filter(|scope| !scope.contains(':') || scope.ends_with(":pull")).map(str::to_owned).collect();
    if modest.is_empty() { vec![format!("repository:{}:pull", image.repository)] } else { modest }
}
