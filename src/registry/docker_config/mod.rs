//! The `.dockerconfigjson` of a Secret, edited without touching what isn't ours.
//!
//! Entries of other hosts are kept as the bytes they were: somebody wrote them for a reason that this
//! program doesn't know. No type here has a `Debug`, for each of them holds passwords.

mod login;
mod members;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use secrecy::{ExposeSecret, SecretString};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::digest::sha256;
use login::{is_usable, login};
use members::{Members, write_member};

/// The form that a Secret of its type holds a docker config in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// `kubernetes.io/dockerconfigjson`: a docker config as it is.
    #[default]
    ConfigJson,
    /// `kubernetes.io/dockercfg`: its `auths` alone, the form before docker 1.7.
    Cfg,
}

impl Form {
    /// The form of a Secret's type, if the kubelet takes pull secrets from that.
    #[must_use]
    pub fn of_type(type_: &str) -> Option<Self> {
        [Self::ConfigJson, Self::Cfg].into_iter().find(|form| form.type_() == type_)
    }

    /// The Secret's type.
    #[must_use]
    pub fn type_(self) -> &'static str {
        match self {
            Self::ConfigJson => "kubernetes.io/dockerconfigjson",
            Self::Cfg => "kubernetes.io/dockercfg",
        }
    }

    /// The key in the Secret's data.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::ConfigJson => ".dockerconfigjson",
            Self::Cfg => ".dockercfg",
        }
    }
}

/// A docker config: `auths`, and whatever else stands beside it.
#[derive(Clone, Default)]
pub struct DockerConfig {
    auths: Members,
    beside: Members,
}

/// A credential as a docker config holds it.
#[derive(Clone)]
pub struct Entry {
    /// The account.
    pub username: String,
    /// Its password or token.
    pub password: SecretString,
    /// Kept for older tools; nothing reads it.
    pub email: Option<String>,
}

impl DockerConfig {
    /// Reads a docker config; `None` where it is not a JSON object, or its `auths` are none.
    /// Nothing of the text is quoted: it holds passwords.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut beside: Members = serde_json::from_str(text).ok()?;
        let mut auths = Members::default();
        while let Some(raw) = beside.remove("auths") {
            let found: Option<Members> = serde_json::from_str(raw.get()).ok()?;
            found.unwrap_or_default().0.into_iter().for_each(|(key, entry)| auths.set(&key, entry));
        }
        Some(Self { auths, beside })
    }

    /// Reads a text of this form.
    #[must_use]
    pub fn parse_as(form: Form, text: &str) -> Option<Self> {
        match form {
            Form::ConfigJson => Self::parse(text),
            Form::Cfg => Some(Self { auths: serde_json::from_str(text).ok()?, beside: Members::default() }),
        }
    }

    /// The keys of `auths`, in their order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.auths.0.iter().map(|(key, _)| key.as_str())
    }

    /// Does `key` hold a credential that the kubelet can decode?
    #[must_use]
    pub fn is_usable(&self, key: &str) -> bool {
        self.auths.get(key).is_some_and(is_usable)
    }

    /// The login that the kubelet takes from `key`, if it is text.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<Entry> {
        let (username, password) = login(self.auths.get(key)?).ok()??;
        let username = String::from_utf8(username).ok()?;
        Some(Entry { username, password: String::from_utf8(password).ok()?.into(), email: None })
    }

    /// The first key whose entry the kubelet can't decode: it fails every pull of a pod that names the
    /// Secret, whatever the registry.
    #[must_use]
    pub fn malformed(&self) -> Option<&str> {
        self.auths.0.iter().find(|(_, raw)| login(raw).is_err()).map(|(key, _)| key.as_str())
    }

    /// Does `key` hold exactly `entry`, however it is spaced or ordered?
    #[must_use]
    pub fn holds(&self, key: &str, entry: &Entry) -> bool {
        self.value(key) == Some(entry.to_value())
    }

    /// Has `key` the entry with this [fingerprint](Entry::sha256), however it is spaced or ordered?
    #[must_use]
    pub fn has_sha256(&self, key: &str, fingerprint: &str) -> bool {
        self.value(key).is_some_and(|value| self::fingerprint(&value) == fingerprint)
    }

    /// Have both the same keys, and under each the same entry, however they are spaced or ordered?
    #[must_use]
    pub fn has_same_auths(&self, other: &Self) -> bool {
        self.auths.0.len() == other.auths.0.len()
            && self.keys().all(|key| self.value(key).is_some_and(|value| other.value(key) == Some(value)))
    }

    fn value(&self, key: &str) -> Option<Value> {
        serde_json::from_str(self.auths.get(key)?.get()).ok()
    }

    /// Takes `key` out.
    pub fn remove(&mut self, key: &str) {
        self.auths.0.retain(|(own, _)| own != key);
    }

    /// Puts `entry` under `key`: in its old place, or at the end.
    pub fn set(&mut self, key: &str, entry: &Entry) {
        self.auths.set(key, entry.to_raw());
    }

    /// Copies the entry of `key` from another config; `false` where that has none.
    pub fn keep(&mut self, key: &str, from: &Self) -> bool {
        let Some(raw) = from.auths.get(key) else { return false };
        self.auths.set(key, raw.to_owned());
        true
    }

    /// Has it no credential at all?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.auths.0.is_empty()
    }

    /// The config as a text of this form.
    #[must_use]
    pub fn to_text(&self, form: Form) -> SecretString {
        match form {
            Form::ConfigJson => self.to_json(),
            Form::Cfg => {
                let mut text = String::new();
                self.auths.write(&mut text);
                text.into()
            }
        }
    }

    /// The config as JSON.
    #[must_use]
    pub fn to_json(&self) -> SecretString {
        let mut text = String::from("{\"auths\":");
        self.auths.write(&mut text);
        for (key, raw) in &self.beside.0 {
            text.push(',');
            write_member(&mut text, key, raw);
        }
        text.push('}');
        text.into()
    }
}

impl Entry {
    /// A fingerprint of the entry, for the state annotation: it tells that an entry changed, not what
    /// it holds.
    #[must_use]
    pub fn sha256(&self) -> String {
        fingerprint(&self.to_value())
    }

    fn to_value(&self) -> Value {
        let password = self.password.expose_secret();
        let auth = BASE64_STANDARD.encode(format!("{}:{password}", self.username));
        let mut value = json!({"username": self.username, "password": password, "auth": auth});
        if let (Some(email), Some(map)) = (&self.email, value.as_object_mut()) {
            map.insert("email".to_owned(), Value::from(email.as_str()));
        }
        value
    }

    fn to_raw(&self) -> Box<RawValue> {
        serde_json::value::to_raw_value(&self.to_value()).unwrap_or_default()
    }
}

/// Of the entry's members in the order of their names, whatever order the parser was built to keep.
fn fingerprint(entry: &Value) -> String {
    let sorted: Option<BTreeMap<_, _>> = entry.as_object().map(|members| members.iter().collect());
    let text = sorted.and_then(|sorted| serde_json::to_string(&sorted).ok()).unwrap_or_default();
    sha256(&text)
}
