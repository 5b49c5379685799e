//! What registries refused, for as long as a loop runs.
//!
//! A login that is wrong is wrong again ten seconds later; but many a directory locks an account after a few
//! tries, and with it the good password that the Secrets still hold. So what was refused rests for a while.

use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::time::Instant;

use super::answers::Answers;
use crate::config::Source;
use crate::plan::Credential;
use crate::registry::{Entry, sha256};
use crate::remembered::Remembered;

/// How long the same credential isn't shown again to the registry that refused it. Directories lock accounts
/// after three to ten tries within half an hour.
const REST: Duration = Duration::from_mins(20);

/// The refusals that passes of one process remember.
pub struct Refusals {
    known: Remembered<What, String>,
    /// What was said of images.
    pub(super) images: Answers,
}

impl Default for Refusals {
    fn default() -> Self {
        Self { known: Remembered::so_long(REST), images: Answers::default() }
    }
}

/// What was refused, or not.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum What {
    /// This login, when it was verified.
    Login(Login),
    /// This login, when it was asked about an image. A verification doesn't mind: there are registries that
    /// say the same of a good login that may not read the image.
    Probed(Login),
    /// Nothing: this login was verified, and is good.
    Accepted(Login),
    /// All that the source with this fingerprint gave: its next token would be another, and refused again.
    Source(String),
}

/// An account of a registry, and a password: what a directory counts the tries of. The password is hashed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Login {
    authority: String,
    hash: String,
}

impl Login {
    /// At the registry with this authority: the path of a host is nothing to a directory.
    pub(super) fn new(authority: &str, entry: &Entry) -> Self {
        let (username, password) = (&entry.username, entry.password.expose_secret());
        let hash = sha256(&format!("{} {username} {password}", username.len()));
        Self { authority: authority.to_owned(), hash }
    }

    fn of(credential: &Credential) -> Self {
        Self::new(credential.host.authority(), &credential.entry)
    }
}

impl Refusals {
    /// The words with which this credential was refused not long ago.
    pub(super) fn recall(&self, credential: &Credential) -> Option<String> {
        self.words(&What::Login(Login::of(credential)))
    }

    /// The words with which this login was refused not long ago, be it for an image.
    pub(super) fn recall_login(&self, login: &Login) -> Option<String> {
        let words = self.words(&What::Login(login.clone()));
        words.or_else(|| self.words(&What::Probed(login.clone())))
    }

    /// Was this login good not long ago?
    pub(super) fn is_accepted(&self, login: &Login) -> bool {
        self.words(&What::Accepted(login.clone())).is_some()
    }

    /// The words with which all that a source gave was refused not long ago.
    pub(super) fn of_source(&self, source: &Source) -> Option<String> {
        self.words(&What::Source(source.fingerprint()))
    }

    fn words(&self, what: &What) -> Option<String> {
        self.known.recall(what, Instant::now())
    }

    /// Notes that it was refused.
    pub(super) fn note(&self, credential: &Credential, words: &str) {
        self.forget(&What::Accepted(Login::of(credential)));
        self.keep(What::Login(Login::of(credential)), words);
    }

    /// Notes that it was shown, and is good.
    pub(super) fn note_accepted(&self, credential: &Credential) {
        self.forget(&What::Probed(Login::of(credential)));
        self.keep(What::Accepted(Login::of(credential)), "");
    }

    /// Notes that this login was shown by itself, when an image had been refused to it, and is good.
    pub(super) fn note_good(&self, login: &Login) {
        self.keep(What::Accepted(login.clone()), "");
    }

    /// Notes that it was refused when an image was asked for.
    pub(super) fn note_probed(&self, login: &Login, words: &str) {
        self.keep(What::Probed(login.clone()), words);
    }

    /// Notes that all that a source gave was refused.
    pub(super) fn note_source(&self, source: &Source, words: &str) {
        self.keep(What::Source(source.fingerprint()), words);
    }

    fn keep(&self, what: What, words: &str) {
        self.known.keep(what, words.to_owned(), Instant::now());
    }

    fn forget(&self, what: &What) {
        self.known.forget(what);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Trust;
    use crate::registry::{Entry, Host};

    fn credential(host: &str, password: &str) -> Credential {
        let entry = Entry { username: "u".into(), password: password.into(), email: None };
        Credential { host: Host::parse(host).unwrap(), entry, life: None, trust: Trust::Accepted }
    }

    #[test]
    fn only_the_very_credential_rests() {
        let refusals = Refusals::default();
        refusals.note(&credential("a.io", "wrong"), "refused");
        let recalled = |host: &str, password: &str| refusals.recall(&credential(host, password));
        assert_eq!(recalled("a.io", "wrong").as_deref(), Some("refused"));
        assert_eq!(recalled("a.io/team", "wrong").as_deref(), Some("refused"), "an account has no path");
        assert_eq!(recalled("a.io", "right"), None);
        assert_eq!(recalled("b.io", "wrong"), None);
    }

    #[test]
    fn a_refusal_about_an_image_blocks_no_credential() {
        let (refusals, credential) = (Refusals::default(), credential("a.io/team", "p"));
        let login = Login::new("a.io", &credential.entry);
        refusals.note_probed(&login, "refused");
        assert_eq!(refusals.recall(&credential), None);
        assert_eq!(refusals.recall_login(&login).as_deref(), Some("refused"));
        refusals.note_accepted(&credential);
        assert!(refusals.is_accepted(&login) && refusals.recall_login(&login).is_none());
        refusals.note(&credential, "wrong");
        assert!(!refusals.is_accepted(&login));
        assert_eq!(refusals.recall_login(&login).as_deref(), Some("wrong"));
    }
}
