//! The configuration as it was written: every key optional, nothing checked but its shape.
//!
//! The layers hold every scalar as text, so `Parsed` reads words, numbers and durations from that
//! text, and a password stays what was typed. Settings with more than one shape
//! have visitors of their own: an untagged enum would forget which key was wrong.

mod registries;

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

pub(super) use self::registries::{
    RawAws, RawDockerConfig, RawEcr, RawHelper, RawOnlyRegistry, RawPassword, RawProvider, RawRegistry,
    RawSecretKey, RawSecretName,
};
use super::images::{Admission, Labelling, Library};
use super::running::{Listening, Pushgateway, Until};
use super::text::{Before, Parsed};
use super::types::{Adopt, Heal};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::config) struct RawConfig {
    pub(in crate::config) namespaces: Option<RawNamespaces>,
    pub(in crate::config) registries: Option<Vec<Block<RawRegistry>>>,
    pub(in crate::config) registry: Option<Block<RawOnlyRegistry>>,
    pub(in crate::config) instance: Option<String>,
    pub(in crate::config) secret: Option<Block<RawSecret>>,
    pub(in crate::config) service_accounts: Option<RawServiceAccounts>,
    pub(in crate::config) pods: Option<Block<RawPods>>,
    pub(in crate::config) images: Option<Block<RawImages>>,
    pub(in crate::config) time: Option<Block<RawTime>>,
    pub(in crate::config) metrics: Option<Block<RawMetrics>>,
    pub(in crate::config) refresh: Option<Block<RawRefresh>>,
    pub(in crate::config) verify: Option<Parsed<bool>>,
    pub(in crate::config) programs: Option<String>,
}

pub(in crate::config) enum RawNamespaces {
    List(Vec<String>),
    Selection(RawSelection),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::config) struct RawSelection {
    pub(in crate::config) include: Option<Vec<String>>,
    pub(in crate::config) exclude: Option<Vec<String>>,
    pub(in crate::config) selector: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::config) struct RawSecret {
    pub(in crate::config) name: Option<String>,
    pub(in crate::config) create: Option<Parsed<bool>>,
    pub(in crate::config) adopt: Option<Parsed<Adopt>>,
    pub(in crate::config) prune: Option<Parsed<bool>>,
}

pub(in crate::config) enum RawServiceAccounts {
    Word(String),
    List(Vec<String>),
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::config) struct RawPods {
    pub(in crate::config) heal: Option<Parsed<Heal>>,
    pub(in crate::config) nudge: Option<Parsed<bool>>,
    pub(in crate::config) max_evictions: Option<Parsed<usize>>,
    pub(in crate::config) evict_running: Option<Parsed<bool>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::config) struct RawImages {
    pub(in crate::config) rewrite: Option<Vec<Block<RawRule>>>,
    pub(in crate::config) ignore: Option<Vec<String>>,
    pub(in crate::config) inject_pull_secret: Option<Parsed<bool>>,
    pub(in crate::config) label: Option<Parsed<Labelling>>,
    pub(in crate::config) admission: Option<Parsed<Admission>>,
    pub(in crate::config) exclude: Option<Vec<String>>,
    pub(in crate::config) namespace_selector: Option<String>,
    pub(in crate::config) pod_selector: Option<String>,
    pub(in crate::config) webhook: Option<Block<RawWebhook>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::config) struct RawWebhook {
    pub(in crate::config) namespace: Option<String>,
    pub(in crate::config) service: Option<String>,
    pub(in crate::config) url: Option<String>,
    pub(in crate::config) secret: Option<String>,
    pub(in crate::config) issue: Option<Parsed<bool>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::config) struct RawRule {
    pub(in crate::config) from: Option<String>,
    pub(in crate::config) to: Option<String>,
    pub(in crate::config) library: Option<Parsed<Library>>,
    pub(in crate::config) ca: Option<String>,
    pub(in crate::config) insecure: Option<Parsed<bool>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::config) struct RawTime {
    pub(in crate::config) interval: Option<Parsed<Duration>>,
    pub(in crate::config) runtime: Option<Parsed<Duration>>,
    pub(in crate::config) resync: Option<Parsed<Duration>>,
    pub(in crate::config) until: Option<Parsed<Until>>,
    pub(in crate::config) pods: Option<Parsed<usize>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::config) struct RawMetrics {
    pub(in crate::config) listen: Option<Parsed<Listening>>,
    pub(in crate::config) pushgateway: Option<Parsed<Pushgateway>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::config) struct RawRefresh {
    pub(in crate::config) before: Option<Parsed<Before>>,
    pub(in crate::config) every: Option<Parsed<Duration>>,
}

/// A mapping. serde's own structs take a list of their fields' values as well; nobody means that.
pub(in crate::config) struct Block<T>(pub(in crate::config) T);

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
