//! The entries of `registries` as they were written: the keys of every source, and whatever goes with it.

use std::fmt;

use secrecy::SecretString;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Block;
use crate::config::text::Parsed;

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::config) struct RawRegistry {
    pub(in crate::config) host: Option<String>,
    pub(in crate::config) username: Option<String>,
    pub(in crate::config) password: Option<RawPassword>,
    pub(in crate::config) email: Option<String>,
    pub(in crate::config) ecr: Option<Block<RawEcr>>,
    pub(in crate::config) ecr_public: Option<Block<RawAws>>,
    pub(in crate::config) docker_config: Option<Block<RawDockerConfig>>,
    pub(in crate::config) credential_helper: Option<Block<RawHelper>>,
    pub(in crate::config) credential_provider: Option<Block<RawProvider>>,
    pub(in crate::config) namespaces: Option<Vec<String>>,
    pub(in crate::config) secret_name: Option<String>,
    pub(in crate::config) ca: Option<String>,
    pub(in crate::config) insecure: Option<Parsed<bool>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::config) struct RawEcr {
    pub(in crate::config) region: Option<String>,
    pub(in crate::config) account: Option<String>,
    pub(in crate::config) hosts: Option<Vec<String>>,
    pub(in crate::config) role_arn: Option<String>,
    pub(in crate::config) external_id: Option<String>,
    pub(in crate::config) credentials_secret: Option<Block<RawSecretName>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::config) struct RawAws {
    pub(in crate::config) role_arn: Option<String>,
    pub(in crate::config) external_id: Option<String>,
    pub(in crate::config) credentials_secret: Option<Block<RawSecretName>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::config) struct RawDockerConfig {
    pub(in crate::config) file: Option<String>,
    pub(in crate::config) secret: Option<Block<RawSecretKey>>,
    pub(in crate::config) env: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::config) struct RawHelper {
    pub(in crate::config) name: Option<String>,
    pub(in crate::config) hosts: Option<Vec<String>>,
    pub(in crate::config) env: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::config) struct RawProvider {
    pub(in crate::config) command: Option<String>,
    pub(in crate::config) args: Option<Vec<String>>,
    pub(in crate::config) images: Option<Vec<String>>,
    pub(in crate::config) env: Option<Vec<String>>,
}

/// The `registry` block of the oldest tool's file.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::config) struct RawOnlyRegistry {
    pub(in crate::config) host: Option<String>,
    pub(in crate::config) username: Option<String>,
    pub(in crate::config) password: Option<RawPassword>,
    pub(in crate::config) email: Option<String>,
    pub(in crate::config) pull_secret_name: Option<String>,
}

pub(in crate::config) enum RawPassword {
    Text(SecretString),
    File(String),
    Env(String),
    Secret(RawSecretKey),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::config) struct RawSecretKey {
    pub(in crate::config) name: Option<String>,
    pub(in crate::config) namespace: Option<String>,
    pub(in crate::config) key: Option<String>,
}

/// A Secret whose keys have names of their own.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::config) struct RawSecretName {
    pub(in crate::config) name: Option<String>,
    pub(in crate::config) namespace: Option<String>,
}

impl<'de> Deserialize<'de> for RawPassword {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PasswordVisitor)
    }
}

struct PasswordVisitor;

impl<'de> Visitor<'de> for PasswordVisitor {
    type Value = RawPassword;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "one of {file: PATH}, {env: NAME}, {secret: {namespace, name, key}}, or the password in quotes",
        )
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(RawPassword::Text(SecretString::from(text)))
    }

    /// The keys are not named in an error: `{hunter2}` is a password that lacks its quotes.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut sources = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            sources.push(match &*key {
                "file" => map.next_value::<Option<String>>()?.map(RawPassword::File),
                "env" => map.next_value::<Option<String>>()?.map(RawPassword::Env),
                "secret" => map.next_value::<Option<Block<_>>>()?.map(|Block(key)| RawPassword::Secret(key)),
                _ => return Err(wrong_source("has a key that is not file, env or secret")),
            });
        }
        let mut given = sources.into_iter().flatten();
        match (given.next(), given.next()) {
            (Some(source), None) => Ok(source),
            (None, _) => Err(wrong_source("names no source")),
            _ => Err(wrong_source("names more than one source")),
        }
    }
}

fn wrong_source<E: Error>(what: &str) -> E {
    E::custom(format!("{what}; write {}", &PasswordVisitor as &dyn serde::de::Expected))
}
