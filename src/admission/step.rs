//! Keeping what was installed in step with the configuration.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Policy;
use super::webhook::keeping_bundle;
use crate::config::Config;
use crate::plan::secrets::{INSTANCE_LABEL, MANAGED_BY, MANAGER_LABEL};

/// One of the objects of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Object {
    /// What is done to pods.
    Policy,
    /// Without it the policy does nothing.
    Binding,
    /// What has the API server call the webhook.
    Webhook,
}

impl Object {
    /// Those of a policy.
    pub const OF_POLICY: [Self; 2] = [Self::Policy, Self::Binding];

    /// Its kind.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Policy => "MutatingAdmissionPolicy",
            Self::Binding => "MutatingAdmissionPolicyBinding",
            Self::Webhook => "MutatingWebhookConfiguration",
        }
    }

    /// Its resource.
    #[must_use]
    pub const fn resource(self) -> &'static str {
        match self {
            Self::Policy => "mutatingadmissionpolicies",
            Self::Binding => "mutatingadmissionpolicybindings",
            Self::Webhook => "mutatingwebhookconfigurations",
        }
    }
}

/// What there is in the cluster.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Installed {
    /// The policy.
    pub policy: Option<Value>,
    /// Its binding.
    pub binding: Option<Value>,
}

/// What is to be done about an object of a policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Which.
    pub object: Object,
    /// As it is to be, with the `resourceVersion` of what it takes the place of.
    pub value: Value,
}

impl Step {
    /// Makes an object that isn't there.
    #[must_use]
    pub fn new(object: Object, wanted: &Value) -> Self {
        Self { object, value: wanted.clone() }
    }

    /// Replaces what is there; `None` where that is as it should be. The webhook's CAs stay where it is wanted without.
    #[must_use]
    pub fn over(object: Object, wanted: &Value, seen: &Value) -> Option<Self> {
        let wanted = &keeping_bundle(wanted.clone(), seen);
        (!covers(&own_part(seen), wanted)).then(|| Self { object, value: in_place_of(wanted, seen) })
    }

    /// The object's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.value.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default()
    }
}

/// What keeps the policy in step: nothing where it or its binding is gone, for whoever took that away to unblock a
/// cluster is not overruled; nor where it is somebody else's. The binding is only looked for: it holds nothing of the
/// rules, and may be narrowed by whom it pleases.
#[must_use]
pub fn step(config: &Config, policy: &Policy, installed: &Installed) -> Option<Step> {
    let (own, _) = installed.policy.as_ref().zip(installed.binding.as_ref())?;
    is_ours(own, &config.instance).then(|| Step::over(Object::Policy, &policy.policy, own))?
}

/// Does it carry our labels?
#[must_use]
pub fn is_ours(object: &Value, instance: &str) -> bool {
    let label = |key: &str| object.pointer("/metadata/labels")?.get(key)?.as_str();
    label(MANAGER_LABEL) == Some(MANAGED_BY) && label(INSTANCE_LABEL) == Some(instance)
}

/// The object with the metadata of what is there: somebody else's labels and annotations stay.
fn in_place_of(wanted: &Value, seen: &Value) -> Value {
    let part = |value: &Value, path: &str| {
        value.pointer(path).and_then(Value::as_object).cloned().unwrap_or_default()
    };
    let (mut metadata, mut labels) = (part(seen, "/metadata"), part(seen, "/metadata/labels"));
    labels.extend(part(wanted, "/metadata/labels"));
    metadata.remove("managedFields");
    metadata.insert("labels".to_owned(), labels.into());
    let mut own = part(wanted, "");
    own.insert("metadata".to_owned(), metadata.into());
    own.into()
}

/// Is all of it there, and no more than what an API server adds by itself? Another version of it may add more settings
/// with their defaults, which are words and numbers; a selector or a condition is somebody's edit.
fn covers(seen: &Value, wanted: &Value) -> bool {
    match (seen, wanted) {
        (Value::Object(seen), Value::Object(wanted)) => {
            let there = wanted.iter().all(|(key, value)| match seen.get(key) {
                Some(seen) => covers(seen, value),
                None => is_empty(value),
            });
            let added = || seen.iter().filter(|(key, _)| !wanted.contains_key(*key));
            there && added().all(|(_, value)| is_empty(value) || !(value.is_object() || value.is_array()))
        }
        (Value::Array(seen), Value::Array(wanted)) => {
            seen.len() == wanted.len() && seen.iter().zip(wanted).all(|(seen, wanted)| covers(seen, wanted))
        }
        (seen, wanted) => seen == wanted,
    }
}

/// A list or map without anything in it may as well be left out.
fn is_empty(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(serde_json::Map::is_empty)
}

/// AKS adds these to each webhook, and again whenever they are taken away.
const OF_ENFORCERS: [&str; 2] = ["control-plane", "kubernetes.azure.com/managedby"];

fn without_enforcers(mut webhooks: Value) -> Value {
    for own in webhooks.as_array_mut().into_iter().flatten() {
        let chosen = own.pointer_mut("/namespaceSelector/matchExpressions").and_then(Value::as_array_mut);
        let is_theirs = |own: &Value| {
            own.get("key").and_then(Value::as_str).is_some_and(|key| OF_ENFORCERS.contains(&key))
        };
        if let Some(all) = chosen {
            all.retain(|own| !is_theirs(own));
        }
    }
    webhooks
}

/// What is there, as far as it is ours to write: other labels, and annotations, are somebody else's.
fn own_part(seen: &Value) -> Value {
    let part = |path: &str| seen.pointer(path).cloned().unwrap_or_default();
    let labels = [MANAGER_LABEL, INSTANCE_LABEL].map(|key| {
        let label = seen.pointer("/metadata/labels").and_then(|labels| labels.get(key));
        (key, label.cloned().unwrap_or_default())
    });
    json!({
        "apiVersion": part("/apiVersion"),
        "kind": part("/kind"),
        "metadata": {"name": part("/metadata/name"), "labels": BTreeMap::from(labels)},
        "spec": part("/spec"),
        "webhooks": without_enforcers(part("/webhooks")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_api_server_adds_is_no_difference() {
        let wanted = json!({"a": [{"b": 1, "c": []}], "d": "e"});
        let table = [
            (json!({"a": [{"b": 1, "c": []}], "d": "e"}), true),
            (json!({"a": [{"b": 1, "new": 2}], "d": "e", "new": {}}), true),
            (json!({"a": [{"b": 1}], "d": "e", "new": {"x": 1}}), false),
            (json!({"a": [{"b": 1, "c": [], "new": [1]}], "d": "e"}), false),
            (json!({"a": [{"b": 2, "c": []}], "d": "e"}), false),
            (json!({"a": [{"b": 1}, {}], "d": "e"}), false),
            (json!({"a": [], "d": "e"}), false),
            (json!({"a": [{"b": 1, "c": [1]}], "d": "e"}), false),
            (json!({"d": "e"}), false),
        ];
        for (seen, same) in table {
            assert_eq!(covers(&seen, &wanted), same, "{seen}");
        }
    }
}
