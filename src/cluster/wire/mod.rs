//! The parts of Kubernetes' objects that a pass reads. Everything else in an answer is skipped while it
//! is parsed, so that a page of pods costs the memory of its bytes and little more.

mod jobs;
mod pods;

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Error, IgnoredAny};

pub(super) use self::jobs::Job;
pub(super) use self::pods::Pod;
use super::requests::STATE;
use crate::plan::secrets::{INSTANCE_LABEL, MANAGED_BY, MANAGER_LABEL};
use crate::plan::{self, ADDED, Added};
use crate::registry::Form;

/// An object that is asked for by its name.
pub(super) trait Object: DeserializeOwned {
    /// What its `kind` may be: anything else that comes with 200 is not the object, however many of its
    /// fields may be absent.
    const KINDS: &[&str];
}

impl Object for Namespace {
    const KINDS: &[&str] = &["PartialObjectMetadata", "Namespace"];
}

impl Object for Secret {
    const KINDS: &[&str] = &["Secret"];
}

impl Object for ServiceAccount {
    const KINDS: &[&str] = &["ServiceAccount"];
}

/// What an answer says that it is.
#[derive(Deserialize)]
pub(super) struct Kind {
    pub(super) kind: String,
}

/// A list, or a page of one.
#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
pub(super) struct Page<T> {
    #[serde(rename = "kind", deserialize_with = "kind_of_list")]
    _kind: (),
    #[serde(default)]
    pub(super) metadata: PageMeta,
    #[serde(default = "Vec::new", deserialize_with = "nullable")]
    pub(super) items: Vec<T>,
}

#[derive(Deserialize, Default)]
pub(super) struct PageMeta {
    #[serde(default, rename = "continue")]
    pub(super) next: String,
}

/// What `kubectl get` would print.
#[derive(Deserialize)]
pub(super) struct Table {
    pub(super) kind: String,
    #[serde(default)]
    pub(super) metadata: PageMeta,
    #[serde(default, rename = "columnDefinitions")]
    pub(super) columns: Vec<Column>,
    #[serde(default = "Vec::new", deserialize_with = "nullable")]
    pub(super) rows: Vec<Row>,
}

#[derive(Deserialize)]
pub(super) struct Column {
    pub(super) name: String,
}

#[derive(Deserialize)]
pub(super) struct Row {
    pub(super) cells: Vec<Cell>,
}

/// A cell, of which only texts matter.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Cell {
    Text(String),
    Other(IgnoredAny),
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Meta {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) namespace: String,
    #[serde(default)]
    uid: String,
    #[serde(default)]
    pub(super) resource_version: String,
    creation_timestamp: Option<Timestamp>,
    deletion_timestamp: Option<Timestamp>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    #[serde(default)]
    owner_references: Vec<OwnerReference>,
    #[serde(default)]
    managed_fields: Vec<ManagedFields>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OwnerReference {
    #[serde(default)]
    api_version: String,
    kind: String,
    name: String,
    #[serde(default)]
    controller: bool,
}

#[derive(Deserialize)]
struct ManagedFields {
    time: Option<Timestamp>,
    #[serde(rename = "fieldsV1")]
    fields: Option<Fields>,
}

#[derive(Deserialize)]
struct Fields {
    #[serde(rename = "f:data")]
    data: Option<IgnoredAny>,
    #[serde(rename = "f:spec")]
    spec: Option<SpecFields>,
}

#[derive(Deserialize)]
struct SpecFields {
    #[serde(rename = "f:imagePullSecrets")]
    pull_secrets: Option<IgnoredAny>,
}

/// An object of which only the metadata was asked for.
#[derive(Deserialize)]
pub(super) struct Namespace {
    pub(super) metadata: Meta,
}

#[derive(Deserialize)]
pub(super) struct Secret {
    pub(super) metadata: Meta,
    #[serde(default, rename = "type")]
    type_: String,
    #[serde(default)]
    immutable: bool,
    #[serde(default)]
    data: BTreeMap<String, SecretString>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ServiceAccount {
    pub(super) metadata: Meta,
    #[serde(default)]
    image_pull_secrets: Vec<Reference>,
}

#[derive(Deserialize)]
struct Reference {
    #[serde(default)]
    name: String,
}

impl Meta {
    /// Does it carry our labels, and those of this instance?
    pub(super) fn is_ours(&self, instance: &str) -> bool {
        let label = |key: &str| self.labels.get(key).map(String::as_str);
        label(MANAGER_LABEL) == Some(MANAGED_BY) && label(INSTANCE_LABEL) == Some(instance)
    }
}

impl Namespace {
    pub(super) fn observe(&self) -> plan::Namespace {
        plan::Namespace {
            paused: self.metadata.annotations.get(plan::PAUSE).is_some_and(|value| value == "true"),
            terminating: self.metadata.deletion_timestamp.is_some(),
            labels: Some(self.metadata.labels.clone()),
            ..plan::Namespace::default()
        }
    }
}

impl Secret {
    pub(super) fn observe(mut self) -> plan::Secret {
        let changed = self.metadata.changed(|fields| fields.data.is_some());
        let key = Form::of_type(&self.type_).unwrap_or_default().key();
        let docker_config = self.text(key);
        let meta = &mut self.metadata;
        plan::Secret {
            changed,
            uid: std::mem::take(&mut meta.uid),
            resource_version: std::mem::take(&mut meta.resource_version),
            type_: self.type_,
            immutable: self.immutable,
            terminating: meta.deletion_timestamp.is_some(),
            managed_by: meta.labels.remove(MANAGER_LABEL),
            instance: meta.labels.remove(INSTANCE_LABEL),
            state: meta.annotations.remove(STATE),
            added: meta.added(),
            docker_config,
        }
    }

    /// The text under `key`, if it is there and is text.
    pub(super) fn text(&self, key: &str) -> Option<SecretString> {
        self.data.get(key).and_then(decode)
    }
}

impl ServiceAccount {
    pub(super) fn observe(&self) -> plan::ServiceAccount {
        plan::ServiceAccount {
            pull_secrets: self.image_pull_secrets.iter().map(|reference| reference.name.clone()).collect(),
            resource_version: self.metadata.resource_version.clone(),
            added: self.metadata.added(),
        }
    }
}

impl Meta {
    /// What we noted of names that we added to pull secrets.
    fn added(&self) -> Added {
        self.annotations.get(ADDED).map(|text| Added::parse(text)).unwrap_or_default()
    }

    /// When a field was last written, by whomever.
    fn changed(&self, is_it: impl Fn(&Fields) -> bool) -> Option<Timestamp> {
        let writes = self.managed_fields.iter().filter(|entry| entry.fields.as_ref().is_some_and(&is_it));
        writes.filter_map(|entry| entry.time).max()
    }

    /// Did anybody write pull secrets into the spec of this pod? `None` where nothing is noted of its spec.
    fn lists_pull_secrets(&self) -> Option<bool> {
        let fields = self.managed_fields.iter().filter_map(|entry| entry.fields.as_ref()?.spec.as_ref());
        fields.map(|spec| spec.pull_secrets.is_some()).reduce(|one, other| one || other)
    }
}

fn decode(base64: &SecretString) -> Option<SecretString> {
    use secrecy::ExposeSecret;
    let bytes = BASE64_STANDARD.decode(base64.expose_secret()).ok()?;
    String::from_utf8(bytes).ok().map(SecretString::from)
}

/// Go writes an absent list as null where it isn't left out.
fn nullable<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Anything but a list would pass for an empty one: its `items` may be absent.
fn kind_of_list<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    let kind = String::deserialize(deserializer)?;
    if kind.ends_with("List") { Ok(()) } else { Err(D::Error::custom("no list")) }
}
