//! The text of a docker config, read as docker and the kubelet read it, without asking anybody. Each entry
//! is read for itself, so that a broken one costs only its own host. Nothing of the text is quoted but
//! keys: the rest may be passwords.

use std::fmt;

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::shown;
use crate::credentials::identity;
use crate::registry::Entry;

/// A docker config, its members in the file's order.
pub(super) struct File {
    pub(super) auths: Vec<(String, Found)>,
    pub(super) helpers: Vec<(String, String)>,
    pub(super) store: Option<String>,
}

/// What stands under a key of `auths`.
pub(super) enum Found {
    Auth(Box<Auth>),
    /// Not what docker writes; why, and what to do.
    Broken(String),
}

/// A login as it stands in the file, decoded; any part of it may be missing.
#[derive(Default)]
pub(super) struct Auth {
    username: String,
    password: SecretString,
    token: SecretString,
    email: Option<String>,
}

/// Reads a docker config, or a legacy dockercfg, which is its `auths` alone.
pub(super) fn read(text: &str) -> Result<File, String> {
    let none = |what: &str| format!("is no docker config: {what}; write what `docker login` writes");
    let members: Members = serde_json::from_str(text).map_err(|error| {
        none(&format!("line {}, column {} is no JSON object", error.line(), error.column()))
    })?;
    let member = |key: &str| members.0.iter().rev().find(|(own, _)| own == key).map(|(_, raw)| *raw);
    let (auths, helpers, store) = (member("auths"), member("credHelpers"), member("credsStore"));
    if auths.or(helpers).or(store).is_none() {
        return Ok(legacy(members));
    }
    let auths: Members = parsed(auths).ok_or_else(|| none("its auths are no object"))?;
    let helpers: Strings = parsed(helpers).ok_or_else(|| none("its credHelpers are no object of texts"))?;
    let store: Option<String> = parsed(store).ok_or_else(|| none("its credsStore is no text"))?;
    let auths = auths.0.into_iter().map(|(key, raw)| {
        let found = found(&key, raw);
        (key, found)
    });
    Ok(File { auths: auths.collect(), helpers: helpers.0, store: store.filter(|store| !store.is_empty()) })
}

impl Auth {
    /// Has it neither password nor token?
    pub(super) fn is_empty(&self) -> bool {
        self.password.expose_secret().is_empty() && self.token.expose_secret().is_empty()
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        let same = |one: &SecretString, other: &SecretString| one.expose_secret() == other.expose_secret();
        self.username == other.username
            && same(&self.password, &other.password)
            && same(&self.token, &other.token)
    }

    /// The entry, and what to remark on it. A password is what a pull secret holds, so it goes before a
    /// token.
    pub(super) fn into_entry(self, key: &str) -> Result<(Entry, Option<String>), String> {
        let Self { username, password, token, email } = self;
        if username.contains(':') {
            return Err("its user name holds a ':', which no pull secret can hold; correct it".to_owned());
        }
        if password.expose_secret().is_empty() {
            return Ok(identity::as_entry(key, Some(username), token, email));
        }
        if username.is_empty() {
            return Err("it has a password and no user name; log in again with docker".to_owned());
        }
        Ok((Entry { username, password, email }, None))
    }
}

impl Found {
    /// The user name and the email that stand beside a credential that a helper has.
    pub(super) fn into_names(self) -> (Option<String>, Option<String>) {
        match self {
            Self::Auth(auth) => (Some(auth.username).filter(|name| !name.is_empty()), auth.email),
            Self::Broken(_) => (None, None),
        }
    }
}

/// A text of other settings alone, which are texts and objects without logins, is no mistake.
fn legacy(members: Members<'_>) -> File {
    let auths = members.0.into_iter().filter_map(|(key, raw)| match found(&key, raw) {
        Found::Auth(auth) if auth.is_empty() => None,
        Found::Broken(_) if !raw.get().starts_with('{') => None,
        found => Some((key, found)),
    });
    File { auths: auths.collect(), helpers: Vec::new(), store: None }
}

/// The fields that docker writes into an entry.
#[derive(Deserialize)]
struct Fields {
    auth: Option<SecretString>,
    username: Option<String>,
    password: Option<SecretString>,
    identitytoken: Option<SecretString>,
    email: Option<String>,
}

fn found(key: &str, raw: &RawValue) -> Found {
    let fields: Result<Option<Fields>, _> = serde_json::from_str(raw.get());
    let Ok(fields) = fields else {
        return Found::Broken(format!(
            "its entry '{}' is no object of texts; log in again with docker",
            shown(key)
        ));
    };
    let Some(fields) = fields else { return Found::Auth(Box::default()) };
    let (mut username, mut password) =
        (fields.username.unwrap_or_default(), fields.password.unwrap_or_default());
    if let Some(auth) = fields.auth.filter(|auth| !auth.expose_secret().is_empty()) {
        let Some(decoded) = decode(auth.expose_secret()) else {
            let key = shown(key);
            return Found::Broken(format!(
                "the auth of '{key}' is no base64 of user:password; log in again with docker"
            ));
        };
        (username, password) = decoded;
    }
    let token = fields.identitytoken.unwrap_or_default();
    Found::Auth(Box::new(Auth { username, password, token, email: fields.email }))
}

/// Splits an `auth` at its first colon. The NULs at the ends of the password are padding of docker's
/// first releases (docker/cli `configfile/file.go`); the line breaks, of hand-made files, which Go passes
/// over.
fn decode(auth: &str) -> Option<(String, SecretString)> {
    let auth = SecretString::from(auth.replace(['\r', '\n'], ""));
    let plain = SecretSlice::from(ANY_PADDING.decode(auth.expose_secret()).ok()?);
    let (username, password) = std::str::from_utf8(plain.expose_secret()).ok()?.split_once(':')?;
    (!username.is_empty()).then(|| (username.to_owned(), password.trim_matches('\0').into()))
}

const ANY_PADDING: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A member of the file; one that is absent or null is an empty one, as Go has it.
fn parsed<'a, T: Deserialize<'a> + Default>(raw: Option<&'a RawValue>) -> Option<T> {
    raw.map_or(Some(None), |raw| serde_json::from_str::<Option<T>>(raw.get()).ok())
        .map(Option::unwrap_or_default)
}

/// A JSON object whose members keep their order.
struct Object<T>(Vec<(String, T)>);
type Members<'a> = Object<&'a RawValue>;
type Strings = Object<String>;

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for InOrder<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<T>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(InOrder(std::marker::PhantomData))
    }
}
