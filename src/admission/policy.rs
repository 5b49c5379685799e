//! The policy and its binding, as the API server is given them.

use serde_json::{Value, json};

use super::Object;
use super::cel::{self, text};
use super::pull_secrets;
use crate::config::{Config, DEFAULT_INSTANCE, LabelSelector};
use crate::plan::ORIGINAL;
use crate::plan::secrets::{INSTANCE_LABEL, MANAGED_BY, MANAGER_LABEL};

/// The API that has policies: Kubernetes 1.36 and later.
pub(super) const GROUP: &str = "admissionregistration.k8s.io/v1";
/// More annotations than this would take the place of somebody's own.
pub(super) const MOST_NOTES: usize = 100;
/// The most bytes of annotations that a pod may have to get ours: so many of ours fit beside them into the 256 KiB that
/// the API server allows.
pub(super) const MOST_ANNOTATIONS: usize = 100_000;

/// What a policy consists of.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// The `MutatingAdmissionPolicy`: what is done to pods.
    pub policy: Value,
    /// Its `MutatingAdmissionPolicyBinding`, without which it does nothing.
    pub binding: Value,
}

/// Why there is no policy for a configuration; says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// There is nothing to rewrite.
    #[error("images.rewrite names no rule; write one such as {{from: docker.io, to: proxy.example.com/hub}}")]
    NoRule,
    /// The API server's selectors for objects know less than those for lists.
    #[error("namespaces.selector compares numbers, which a policy can't; choose by = != in notin and !")]
    Selector,
}

impl Policy {
    /// The name of both objects of an installation.
    #[must_use]
    pub fn name(instance: &str) -> String {
        match instance {
            DEFAULT_INSTANCE => "pullkeeper-images".to_owned(),
            other => format!("pullkeeper-images-{}", other.to_ascii_lowercase().replace('_', "-")),
        }
    }

    /// The objects for a configuration.
    pub fn of(config: &Config) -> Result<Self, PolicyError> {
        if !config.images.admits() {
            return Err(PolicyError::NoRule);
        }
        let (name, metadata) = (Self::name(&config.instance), metadata(config));
        let secrets = pull_secrets::expression(config);
        let policy = json!({
            "apiVersion": GROUP,
            "kind": Object::Policy.kind(),
            "metadata": metadata,
            "spec": {
                "matchConstraints": {
                    "matchPolicy": "Equivalent",
                    "namespaceSelector": {"matchExpressions": namespaces(config)?},
                    "objectSelector": {"matchExpressions": requirements(config.images.pod_selector.as_ref())},
                    "resourceRules": [on("CREATE", "pods"), on("UPDATE", "pods/ephemeralcontainers")],
                },
                "matchConditions": conditions(config),
                "variables": variables(config, secrets.as_ref()),
                "mutations": mutations(config, secrets.is_some()),
                // A pod that can't be rewritten is made as it is.
                "failurePolicy": "Ignore",
                // What a webhook adds later is rewritten, too.
                "reinvocationPolicy": "IfNeeded",
            },
        });
        let binding = json!({
            "apiVersion": GROUP,
            "kind": Object::Binding.kind(),
            "metadata": metadata,
            "spec": {"policyName": name},
        });
        Ok(Self { policy, binding })
    }
}

/// The name and the labels of an object of ours.
pub(super) fn metadata(config: &Config) -> Value {
    let labels = json!({MANAGER_LABEL: MANAGED_BY, INSTANCE_LABEL: config.instance});
    json!({"name": Policy::name(&config.instance), "labels": labels})
}

pub(super) fn on(operation: &str, resource: &str) -> Value {
    json!({
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": [operation],
        "resources": [resource],
        "scope": "Namespaced",
    })
}

pub(super) fn namespaces(config: &Config) -> Result<Vec<Value>, PolicyError> {
    let selector = config.namespaces.selector.as_deref();
    let chosen = selector.map(|text| LabelSelector::parse(text).ok_or(PolicyError::Selector)).transpose()?;
    let excluded = &config.images.exclude;
    let mut all = Vec::new();
    if !excluded.is_empty() {
        all.push(named_otherwise(excluded));
    }
    all.extend(requirements(chosen.as_ref()));
    all.extend(requirements(config.images.namespace_selector.as_ref()));
    Ok(all)
}

/// Namespaces with other names than these.
pub(super) fn named_otherwise<S: AsRef<str>>(names: &[S]) -> Value {
    let names: Vec<_> = names.iter().map(AsRef::as_ref).collect();
    json!({"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": names})
}

pub(super) fn requirements(selector: Option<&LabelSelector>) -> Vec<Value> {
    let requirement = |own: &crate::config::Requirement| {
        let mut value = json!({"key": own.key, "operator": own.operator.as_str()});
        if let Some(object) = value.as_object_mut().filter(|_| !own.values.is_empty()) {
            object.insert("values".to_owned(), json!(own.values));
        }
        value
    };
    selector.into_iter().flat_map(LabelSelector::requirements).map(requirement).collect()
}

fn conditions(config: &Config) -> Vec<Value> {
    let condition = |name: &str, expression: String| json!({"name": name, "expression": expression});
    vec![
        condition("chosen-namespace", cel::is_among("request.namespace", &config.namespaces.names)),
        condition(
            "no-static-pod",
            "!('kubernetes.io/config.mirror' in object.metadata.?annotations.orValue({}))".to_owned(),
        ),
    ]
}

/// What there is in a pod, what is rewritten of it, and what is noted.
fn variables(config: &Config, secrets: Option<&String>) -> Vec<Value> {
    let mut all = vec![("images", images())];
    all.extend(cel::variables(&config.images.rewrites));
    all.push(("notes", notes()));
    if let Some(secrets) = secrets {
        all.extend([("places", cel::places()), ("secrets", secrets.clone())]);
    }
    all.into_iter().map(|(name, expression)| json!({"name": name, "expression": expression})).collect()
}

/// Every image of a pod that is made; of one that is changed, those of its new ephemeral containers.
fn images() -> String {
    let tuples = |list: &str, image: &str| {
        format!("map(c, ['{list}', string(c.?name.orValue('')), string(c.?{image}.orValue(''))])")
    };
    let of = |list: &str, image: &str| format!("object.spec.?{list}.orValue([]).{}", tuples(list, image));
    let is_new = "filter(c, !oldObject.spec.?ephemeralContainers.orValue([]).exists(o, o.?name.orValue('') == c.?name.orValue('')))";
    format!(
        "{PAUSED} ? [] : {ON_SUBRESOURCE} ? object.spec.?ephemeralContainers.orValue([]).{is_new}.{} : {} + {} + {}",
        tuples("ephemeralContainers", "image"),
        of("containers", "image"),
        of("initContainers", "image"),
        of("volumes", "image.?reference"),
    )
}

/// The namespace stops all writes.
const PAUSED: &str = "namespaceObject.metadata.?annotations[?'pullkeeper.io/pause'].orValue('') == 'true'";
/// Only ephemeral containers are changed, of a pod that is there.
const ON_SUBRESOURCE: &str = "request.?subResource.orValue('') == 'ephemeralcontainers'";

/// The annotations that tell the images of before, as pairs. Too many would have the pod refused.
fn notes() -> String {
    format!(
        "size(variables.rewritten) > {MOST_NOTES} || object.metadata.?annotations.orValue({{}}).map(k, size(bytes(k)) + size(bytes(string(object.metadata.annotations[k])))).sum() > {MOST_ANNOTATIONS} ? [] : variables.rewritten.map(t, [(t[0] == 'volumes' ? {} : {}) + t[1], t[2]])",
        text(ORIGINAL_OF_VOLUME),
        text(ORIGINAL),
    )
}

/// As [`ORIGINAL`], of the volumes that are images.
pub(super) const ORIGINAL_OF_VOLUME: &str = "original-volume.pullkeeper.io/";

fn mutations(config: &Config, gives_secrets: bool) -> Vec<Value> {
    let mut all = vec![json!({
        "patchType": "ApplyConfiguration",
        "applyConfiguration": {"expression": mutation(config)},
    })];
    if gives_secrets {
        all.push(json!({"patchType": "JSONPatch", "jsonPatch": {"expression": pull_secret_patch()}}));
    }
    all
}

/// Pull secrets are added by steps of their own: no configuration can be applied to that list.
fn pull_secret_patch() -> String {
    let reference = "{'name': s}";
    format!(
        "{ON_SUBRESOURCE} || size(variables.secrets) == 0 ? [] : has(object.spec.imagePullSecrets) ? variables.secrets.map(s, JSONPatch{{op: 'add', path: '/spec/imagePullSecrets/-', value: {reference}}}) : [JSONPatch{{op: 'add', path: '/spec/imagePullSecrets', value: variables.secrets.map(s, {reference})}}]"
    )
}

fn mutation(config: &Config) -> String {
    let rewritten = |list: &str, object: &str| {
        format!(
            "{list}: variables.rewritten.filter(t, t[0] == '{list}').map(t, Object.spec.{list}{{name: t[1], {object}}})"
        )
    };
    let image = |list: &str| rewritten(list, "image: t[3]");
    let label = config.images.label.as_ref();
    let label = label.map(|label| format!("{}: {}", text(&label.key), text(&label.value)));
    format!(
        "size(variables.rewritten) == 0 ? Object{{}} : {ON_SUBRESOURCE} ? Object{{spec: Object.spec{{{}}}}} : Object{{metadata: Object.metadata{{labels: {{{}}}, annotations: variables.notes.transformMapEntry(i, t, {{t[0]: t[1]}})}}, spec: Object.spec{{{}, {}, {}}}}}",
        image("ephemeralContainers"),
        label.unwrap_or_default(),
        image("containers"),
        image("initContainers"),
        rewritten("volumes", "image: Object.spec.volumes.image{reference: t[3]}"),
    )
}
