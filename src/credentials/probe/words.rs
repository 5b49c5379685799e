//! What is said of an image's registry. All of it goes after the image's name, and ends in the next step.

use std::time::Duration;

use reqwest::StatusCode;

use crate::credentials::asking::Server;
use crate::credentials::asking::words::{code, later, user};
use crate::registry::Entry;

/// The login itself, whatever the image.
pub(super) fn refused(server: &Server, login: &Entry, status: StatusCode) -> String {
    let (who, code) = (user(login), code(status));
    format!("{server} refuses {who} ({code}); see that its password or token is right and not too old")
}

/// A 404, to nobody or to this login. Many registries hide so what a login may not read.
pub(super) fn missing(server: &Server, login: Option<&Entry>) -> String {
    let code = code(StatusCode::NOT_FOUND);
    let remedy = "see that its name and its tag or digest are right";
    match login.map(user) {
        Some(who) => {
            let or = format!("{remedy}, or give {who} the right to pull it");
            format!("{server} has no such image, or hides it from {who} ({code}); {or}")
        }
        None => format!("{server} has no such image for whoever asks ({code}); {remedy}"),
    }
}

/// A registry that shows the image to nobody without a login, where there is none.
pub(super) fn closed(server: &Server) -> String {
    let remedy = "write an entry for it into registries, and name the Secret in the pod's template";
    format!("{server} shows it to nobody without a login, and the pod presents none; {remedy}")
}

/// The image is there, as far as can be told, but not for this login.
pub(super) fn unreadable(server: &Server, login: &Entry, status: StatusCode) -> String {
    let (who, code) = (user(login), code(status));
    format!("{server} doesn't let {who} read it ({code}); give {who} the right to pull it")
}

/// No token for the image.
pub(super) fn ungiven(server: &Server, login: &Entry, status: StatusCode) -> String {
    let (who, code) = (user(login), code(status));
    let remedy = format!("give {who} the right to pull it, or see that the password is right");
    format!("{server} gives {who} no token to read it with ({code}); {remedy}")
}

/// A login that was refused before.
pub(super) fn recalled(words: &str) -> String {
    format!("the login was not shown again, for it was refused not long ago: {words}")
}

/// A login of which nothing was heard.
pub(super) fn unheard() -> String {
    "its registry was not asked, for it said nothing to the same login about other images; the next pass asks \
     again"
        .to_owned()
}

/// A rate limit.
pub(super) fn limited(server: &Server, login: Option<&Entry>) -> String {
    let (whom, remedy) = match login.map(user) {
        Some(who) => (who, "a later pass asks again"),
        None => ("whoever has no login".to_owned(), "see that the image's pods present one"),
    };
    format!("{server} has a rate limit, which {whom} has reached; {remedy}")
}

/// Any other answer.
pub(super) fn unexpected(server: &Server, login: Option<&Entry>, status: StatusCode) -> String {
    let whom = login.map_or_else(|| "whoever asks without a login".to_owned(), user);
    format!("{server} answers {} to {whom}; {}", code(status), later(status))
}

/// A page for people.
pub(super) fn page(server: &Server) -> String {
    format!(
        "{server} answers with a page, not a manifest; see that the host is right and that a registry runs there"
    )
}

/// A token server without a token.
pub(super) fn tokenless(server: &Server) -> String {
    format!("{server} gives no token that can be sent; ask who runs the registry")
}

/// A circle of redirects.
pub(super) fn sent_round(server: &Server) -> String {
    format!("{server} points on and on to other places; ask who runs it")
}

/// No answer in time.
pub(super) fn late(limit: Duration) -> String {
    format!("its registry gave no answer within {limit:?}; a later pass asks again")
}

/// An image reference of which nobody can be asked.
pub(super) fn no_url() -> String {
    "its registry was not asked, for its name makes no URL; write the name of the registry alone".to_owned()
}

/// A login for another registry than the image's.
pub(super) fn other_registry() -> String {
    "its registry was not asked, for the login is for another; write an entry for this one".to_owned()
}
