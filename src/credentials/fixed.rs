//! The plainest source: a user name and a password that the user wrote or pointed at.

use secrecy::ExposeSecret;

use super::SecretTexts;
use crate::config::{Password, without_line_breaks};
use crate::registry::Entry;

/// The credential of a static registry. The password is read anew on every pass, so that a mounted
/// file or a Secret that changes is followed.
pub(super) fn entry(
    username: &str,
    password: &Password,
    email: Option<&str>,
    secrets: &SecretTexts,
) -> Result<Entry, String> {
    let password = match password {
        Password::Secret(key) => {
            let text = secrets.get(key).ok_or_else(|| format!("{key} was not read"))?.clone()?;
            match without_line_breaks(text.expose_secret()) {
                "" => return Err(format!("{key} is empty; write the password there")),
                trimmed => trimmed.into(),
            }
        }
        local => {
            let read = local.read_local(&|name| std::env::var(name).ok());
            read.map_err(|error| error.to_string())?.ok_or("no password")?
        }
    };
    Ok(Entry { username: username.to_owned(), password, email: email.map(str::to_owned) })
}
