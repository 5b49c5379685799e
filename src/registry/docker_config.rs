//! The `.dockerconfigjson` of a Secret, edited without touching what isn't ours.
//!
//! Entries of other hosts are kept as the bytes they were: somebody wrote them for a reason that this
//! program doesn't know. No type here has a `Debug`, for each of them holds passwords.

use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine, alphabet, prelude::BASE64_STANDARD};
use secrecy::{ExposeSecret, SecretString};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::members::{Members, write_member};

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

    /// The keys of `auths`, in their order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.auths.0.iter().map(|(key, _)| key.as_str())
    }

    /// Does `key` hold a credential that the kubelet can decode?
    #[must_use]
    pub fn is_usable(&self, key: &str) -> bool {
        self.auths.get(key).is_some_and(is_usable)
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
        let value = |raw: &RawValue| serde_json::from_str::<Value>(raw.get()).ok();
        self.auths.get(key).and_then(value) == Some(entry.to_value())
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
        let digest = Sha256::digest(self.to_value().to_string().as_bytes());
        digest.iter().fold(String::with_capacity(64), |text, byte| text + &format!("{byte:02x}"))
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

fn is_usable(raw: &RawValue) -> bool {
    matches!(login(raw), Ok(Some(())))
}

/// What the kubelet makes of an entry: `auth` wins, and must be base64 of `user:password`, padded or not.
/// `Ok(None)` is an entry without a login, which does no harm.
fn login(raw: &RawValue) -> Result<Option<()>, Malformed> {
    let Ok(fields) = serde_json::from_str::<Option<Members>>(raw.get()) else { return Err(Malformed) };
    let fields = fields.unwrap_or_default();
    let text = |name: &str| fields.text(name).ok_or(Malformed);
    let _ = text("email")?;
    let (username, password, auth) = (text("username")?, text("password")?, text("auth")?);
    if auth.is_empty() {
        return Ok((!username.is_empty() && !password.is_empty()).then_some(()));
    }
    let padded = if auth.trim().ends_with('=') { &PADDED } else { &UNPADDED };
    let auth: String = auth.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let plain = padded.decode(auth).map_err(|_| Malformed)?;
    let colon = plain.iter().position(|byte| *byte == b':').ok_or(Malformed)?;
    Ok((colon > 0).then_some(()))
}

/// The kubelet can't decode it.
struct Malformed;

/// Go's base64 minds the padding, and not what the last bits are.
const PADDED: GeneralPurpose = go_base64(DecodePaddingMode::RequireCanonical);
const UNPADDED: GeneralPurpose = go_base64(DecodePaddingMode::RequireNone);

const fn go_base64(padding: DecodePaddingMode) -> GeneralPurpose {
    let config = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(&alphabet::STANDARD, config.with_decode_padding_mode(padding))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(password: &str) -> Entry {
        Entry { username: "admin".into(), password: password.into(), email: Some("a@example.com".into()) }
    }

    #[test]
    fn keeps_other_entries_to_the_byte() {
        let theirs = r#"{ "auth" : "eDp5", "weird": [1, 2.50] }"#;
        let text = format!(
            r#"{{"credsStore": "x", "auths": {{"other.io": {theirs}, "ours.io": {{}}}}, "n": 1.0e1}}"#
        );
        let mut config = DockerConfig::parse(&text).unwrap();
        config.set("ours.io", &entry("secret"));
        config.set("new.io", &entry("secret"));
        let ours = entry("secret").to_value().to_string();
        assert_eq!(
            config.to_json().expose_secret(),
            format!(
                r#"{{"auths":{{"other.io":{theirs},"ours.io":{ours},"new.io":{ours}}},"credsStore":"x","n":1.0e1}}"#
            )
        );
    }

    #[test]
    fn an_entry_reads_back_as_itself() {
        for password in ["plain", "with:colon", "quote\"s", "$dollar", "pässwörd", "\u{1F511}", "line\nbreak"]
        {
            let mut config = DockerConfig::default();
            config.set("h.io", &entry(password));
            let read = DockerConfig::parse(config.to_json().expose_secret()).unwrap();
            assert!(read.holds("h.io", &entry(password)), "{password}");
            assert!(!read.holds("h.io", &entry("other")), "{password}");
            assert!(read.is_usable("h.io"), "{password}");
        }
    }

    #[test]
    fn tells_a_usable_entry_from_a_broken_one() {
        let table = [
            (r#"{"auth": "eDp5"}"#, true),
            (r#"{"auth": "eDp5eg"}"#, true),
            (r#"{"auth": "eDp5eg=="}"#, true),
            (r#"{"auth": "eDp5\n"}"#, true),
            (r#"{"Auth": "eDp5"}"#, true),
            (r#"{"auth": "eDp5eh=="}"#, true),
            (r#"{"auth": "eDp5eg="}"#, false),
            (r#"{"username": "x", "password": "y"}"#, true),
            (r#"{"auth": "!", "username": "x", "password": "y"}"#, false),
            (r#"{"auth": "eA=="}"#, false),
            (r#"{"identitytoken": "t"}"#, false),
            (r"[]", false),
            (r"{}", false),
        ];
        for (raw, usable) in table {
            let config = DockerConfig::parse(&format!(r#"{{"auths":{{"h":{raw}}}}}"#)).unwrap();
            assert_eq!(config.is_usable("h"), usable, "{raw}");
        }
    }

    #[test]
    fn finds_what_fails_every_pull() {
        let table = [
            (r#"{"auth": "!"}"#, true),
            (r#"{"auth": "eA"}"#, true),
            (r#"{"auth": "eDp5eg="}"#, true),
            (r#"{"Auth": "!"}"#, true),
            (r#"{"email": 1}"#, true),
            ("[]", true),
            ("{}", false),
            ("null", false),
            (r#"{"auth": ""}"#, false),
        ];
        for (raw, malformed) in table {
            let config =
                DockerConfig::parse(&format!(r#"{{"auths":{{"a":{{"auth":"eDp5"}},"h":{raw}}}}}"#)).unwrap();
            assert_eq!(config.malformed(), malformed.then_some("h"), "{raw}");
        }
    }

    #[test]
    fn finds_auths_however_they_are_spelled() {
        for (text, keys) in [
            (r#"{"Auths": {"a": {}}}"#, &["a"][..]),
            (r#"{"auths": {"a": {}}, "AUTHS": {"b": {}}}"#, &["a", "b"]),
            (r#"{"auths": null}"#, &[]),
        ] {
            let config = DockerConfig::parse(text).unwrap();
            assert_eq!(config.keys().collect::<Vec<_>>(), keys, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_docker_config() {
        for text in ["", "[]", "nonsense", r#"{"auths": []}"#, r#"{"auths": 1}"#] {
            assert!(DockerConfig::parse(text).is_none(), "{text}");
        }
    }
}
