//! Where a password is, and keys of Secrets.

use std::path::PathBuf;

use crate::config::error::{KeyPath, Problem};
use crate::config::names::secret_name;
use crate::config::raw::{RawPassword, RawSecretKey, RawSecretName};
use crate::config::selector::is_dns_label;
use crate::config::types::{Password, SecretKey};

pub(super) fn password(raw: RawPassword, path: &KeyPath) -> Result<Password, Problem> {
    let filled = |text: String, key: &str| match &*text {
        "" => Err(Problem::new(&path.key(key), "is empty; write where the password is")),
        _ => Ok(text),
    };
    Ok(match raw {
        RawPassword::Text(text) => Password::Text(text),
        RawPassword::File(file) => Password::File(PathBuf::from(filled(file, "file")?)),
        RawPassword::Env(name) => Password::Env(filled(name, "env")?),
        RawPassword::Secret(key) => Password::Secret(secret_key(key, "password", &path.key("secret"))?),
    })
}

/// A key of a Secret; `default` where none is written.
pub(super) fn secret_key(raw: RawSecretKey, default: &str, path: &KeyPath) -> Result<SecretKey, Problem> {
    let (namespace, name) = secret(RawSecretName { name: raw.name, namespace: raw.namespace }, path)?;
    let key = raw.key.unwrap_or_else(|| default.to_owned());
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if !(1..=253).contains(&key.len()) || !key.chars().all(allowed) {
        return Err(Problem::new(
            &path.key("key"),
            "is no key of a Secret; write letters, digits, '-', '_' and '.'",
        ));
    }
    Ok(SecretKey { namespace, name, key })
}

/// A Secret's namespace and name.
pub(super) fn secret(raw: RawSecretName, path: &KeyPath) -> Result<(String, String), Problem> {
    let missing = |key: &str| Problem::new(&path.key(key), format!("is missing; write the Secret's {key}"));
    let namespace = raw.namespace.ok_or_else(|| missing("namespace"))?;
    if !is_dns_label(&namespace) {
        let what = "is no namespace's name; write up to 63 of a-z, 0-9 and '-'";
        return Err(Problem::new(&path.key("namespace"), what));
    }
    let name = secret_name(raw.name.ok_or_else(|| missing("name"))?, &path.key("name"))?;
    Ok((namespace, name))
}
