//! The configuration as it was written: every key optional, nothing checked but its shape.
//!
//! The layers hold every scalar as text, so `Parsed` reads words, numbers and durations from that
//! text, and a password stays what was typed. Settings with more than one shape
//! have visitors of their own: an untagged enum would forget which key was wrong.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use secrecy::SecretString;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::text::Parsed;
use super::types::{Adopt, Heal};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RawConfig {
    pub(super) namespaces: Option<RawNamespaces>,
    pub(super) registries: Option<Vec<Block<RawRegistry>>>,
    pub(super) registry: Option<Block<RawOnlyRegistry>>,
    pub(super) instance: Option<String>,
    pub(super) secret: Option<Block<RawSecret>>,
    pub(super) service_accounts: Option<RawServiceAccounts>,
    pub(super) pods: Option<Block<RawPods>>,
    pub(super) time: Option<Block<RawTime>>,
}

pub(super) enum RawNamespaces {
    List(Vec<String>),
    Selection(RawSelection),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RawSelection {
    pub(super) include: Option<Vec<String>>,
    pub(super) exclude: Option<Vec<String>>,
    pub(super) selector: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RawRegistry {
    pub(super) host: Option<String>,
    pub(super) username: Option<String>,
    pub(super) password: Option<RawPassword>,
    pub(super) email: Option<String>,
    pub(super) namespaces: Option<Vec<String>>,
    pub(super) secret_name: Option<String>,
}

/// The `registry` block of the oldest tool's file.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RawOnlyRegistry {
    pub(super) host: Option<String>,
    pub(super) username: Option<String>,
    pub(super) password: Option<RawPassword>,
    pub(super) email: Option<String>,
    pub(super) pull_secret_name: Option<String>,
}

pub(super) enum RawPassword {
    Text(SecretString),
    File(String),
    Env(String),
    Secret(RawSecretKey),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RawSecretKey {
    pub(super) name: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) key: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RawSecret {
    pub(super) name: Option<String>,
    pub(super) create: Option<Parsed<bool>>,
    pub(super) adopt: Option<Parsed<Adopt>>,
}

pub(super) enum RawServiceAccounts {
    Word(String),
    List(Vec<String>),
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RawPods {
    pub(super) heal: Option<Parsed<Heal>>,
    pub(super) max_evictions: Option<Parsed<usize>>,
    pub(super) evict_running: Option<Parsed<bool>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RawTime {
    pub(super) interval: Option<Parsed<Duration>>,
    pub(super) runtime: Option<Parsed<Duration>>,
}

/// A mapping. serde's own structs take a list of their fields' values as well; nobody means that.
pub(super) struct Block<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Block<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BlockVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for BlockVisitor<T> {
            type Value = Block<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Block)
            }
        }

        deserializer.deserialize_map(BlockVisitor(PhantomData))
    }
}

impl<'de> Deserialize<'de> for RawNamespaces {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NamespacesVisitor;

        impl<'de> Visitor<'de> for NamespacesVisitor {
            type Value = RawNamespaces;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of names and globs, or {include: [...], exclude: [...], selector: ...}")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                Deserialize::deserialize(SeqAccessDeserializer::new(seq)).map(RawNamespaces::List)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                Deserialize::deserialize(MapAccessDeserializer::new(map)).map(RawNamespaces::Selection)
            }
        }

        deserializer.deserialize_any(NamespacesVisitor)
    }
}

impl<'de> Deserialize<'de> for RawServiceAccounts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ServiceAccountsVisitor;

        impl<'de> Visitor<'de> for ServiceAccountsVisitor {
            type Value = RawServiceAccounts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("all, default, none, or a list of names and globs")
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<Self::Value, E> {
                Ok(RawServiceAccounts::Word(word.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                Deserialize::deserialize(SeqAccessDeserializer::new(seq)).map(RawServiceAccounts::List)
            }
        }

        deserializer.deserialize_any(ServiceAccountsVisitor)
    }
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
