//! The configuration that has the API server call our webhook, for those that know no policies.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::policy::{GROUP, PolicyError, metadata, named_otherwise, namespaces, on, requirements};
use super::step::Object;
use crate::config::Config;

/// How long a pod's creation waits for us at most, in seconds.
const PATIENCE: u32 = 3;

/// The `MutatingWebhookConfiguration`, by which a pod is made as it is where nobody answers. `bundle` are the CAs, as
/// PEM, where they are ours to write; its name is the policy's.
pub fn webhook(config: &Config, bundle: Option<&str>) -> Result<Value, PolicyError> {
    if !config.images.admits() {
        return Err(PolicyError::NoRule);
    }
    let own = &config.images.webhook;
    let mut objects = requirements(config.images.pod_selector.as_ref());
    // It starts without itself.
    objects.push(json!({"key": "app.kubernetes.io/name", "operator": "NotIn", "values": ["pullkeeper"]}));
    let mut client = match &own.url {
        Some(url) => json!({"url": url}),
        None => {
            json!({"service": {"namespace": own.namespace, "name": own.service, "path": "/mutate", "port": 443}})
        }
    };
    if let (Some(client), Some(bundle)) = (client.as_object_mut(), bundle) {
        client.insert("caBundle".to_owned(), BASE64_STANDARD.encode(bundle).into());
    }
    Ok(json!({
        "apiVersion": GROUP,
        "kind": Object::Webhook.kind(),
        "metadata": metadata(config),
        "webhooks": [{
            "name": "images.pullkeeper.io",
            "admissionReviewVersions": ["v1"],
            "clientConfig": client,
            "failurePolicy": "Ignore",
            "matchPolicy": "Equivalent",
            "reinvocationPolicy": "IfNeeded",
            "sideEffects": "None",
            "timeoutSeconds": PATIENCE,
            "namespaceSelector": {"matchExpressions": with_own(namespaces(config)?, config)},
            "objectSelector": {"matchExpressions": objects},
            "rules": [on("CREATE", "pods"), on("UPDATE", "pods/ephemeralcontainers")],
        }],
    }))
}

/// Where the CAs aren't ours to write, those that are there stay.
pub(super) fn keeping_bundle(mut wanted: Value, seen: &Value) -> Value {
    const BUNDLE: &str = "/webhooks/0/clientConfig/caBundle";
    let theirs = seen.pointer(BUNDLE).filter(|_| wanted.pointer(BUNDLE).is_none());
    let client = wanted.pointer_mut("/webhooks/0/clientConfig").and_then(Value::as_object_mut);
    if let (Some(client), Some(bundle)) = (client, theirs) {
        client.insert("caBundle".to_owned(), bundle.clone());
    }
    wanted
}

/// Its own namespace is left out whatever is configured.
fn with_own(mut selectors: Vec<Value>, config: &Config) -> Vec<Value> {
    let own = &config.images.webhook.namespace;
    if !config.images.exclude.contains(own) {
        selectors.push(named_otherwise(&[own]));
    }
    selectors
}
