//! Keeping what was installed in step with the configuration.

use serde_json::Value;

use super::Policy;
use crate::config::Config;
use crate::plan::secrets::MANAGED_BY;

pub(super) const MANAGER_LABEL: &str = "app.kubernetes.io/managed-by";
pub(super) const INSTANCE_LABEL: &str = "app.kubernetes.io/instance";

/// One of the objects of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Object {
    /// What is done to pods.
    Policy,
    /// Without it the policy does nothing.
    Binding,
}

impl Object {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Policy, Self::Binding];

    /// Its kind.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Policy => "MutatingAdmissionPolicy",
            Self::Binding => "MutatingAdmissionPolicyBinding",
        }
    }

    /// Its resource.
    #[must_use]
    pub const fn resource(self) -> &'static str {
        match self {
            Self::Policy => "mutatingadmissionpolicies",
            Self::Binding => "mutatingadmissionpolicybindings",
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

    /// Replaces what is there; `None` where that is as it should be.
    #[must_use]
    pub fn over(object: Object, wanted: &Value, seen: &Value) -> Option<Self> {
        (!covers(seen, wanted)).then(|| Self { object, value: in_place_of(wanted, seen) })
    }

    /// The object's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.value.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default()
    }
}

/// What keeps the policy in step: nothing where one of its objects is gone, for whoever took it away to unblock a
/// cluster is not overruled; nor where one is somebody else's.
#[must_use]
pub fn steps(config: &Config, policy: &Policy, installed: &Installed) -> Vec<Step> {
    let (Some(own), Some(binding)) = (&installed.policy, &installed.binding) else { return Vec::new() };
    if ![own, binding].iter().all(|object| is_ours(object, &config.instance)) {
        return Vec::new();
    }
    let pairs = [(Object::Policy, &policy.policy, own), (Object::Binding, &policy.binding, binding)];
    pairs.into_iter().filter_map(|(object, wanted, seen)| Step::over(object, wanted, seen)).collect()
}

/// Does it carry our labels?
#[must_use]
pub fn is_ours(object: &Value, instance: &str) -> bool {
    let label = |key: &str| object.pointer("/metadata/labels")?.get(key)?.as_str();
    label(MANAGER_LABEL) == Some(MANAGED_BY) && label(INSTANCE_LABEL) == Some(instance)
}

/// The object with the version of what is there.
fn in_place_of(wanted: &Value, seen: &Value) -> Value {
    let mut wanted = wanted.clone();
    if let (Some(metadata), Some(version)) =
        (wanted.get_mut("metadata"), seen.pointer("/metadata/resourceVersion"))
    {
        metadata["resourceVersion"] = version.clone();
    }
    wanted
}

/// Is all of it there? What the API server adds doesn't matter: another version of it may add more.
fn covers(seen: &Value, wanted: &Value) -> bool {
    match (seen, wanted) {
        (Value::Object(seen), Value::Object(wanted)) => {
            wanted.iter().all(|(key, value)| match seen.get(key) {
                Some(seen) => covers(seen, value),
                // An empty list may be left out.
                None => value.as_array().is_some_and(Vec::is_empty),
            })
        }
        (Value::Array(seen), Value::Array(wanted)) => {
            seen.len() == wanted.len() && seen.iter().zip(wanted).all(|(seen, wanted)| covers(seen, wanted))
        }
        (seen, wanted) => seen == wanted,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_api_server_adds_is_no_difference() {
        let wanted = json!({"a": [{"b": 1, "c": []}], "d": "e"});
        let table = [
            (json!({"a": [{"b": 1, "c": []}], "d": "e"}), true),
            (json!({"a": [{"b": 1, "new": 2}], "d": "e", "status": {}}), true),
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
