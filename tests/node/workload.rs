//! Workloads as their manifests.

use serde_json::{Value, json};

/// A container that runs an image's program.
pub(crate) fn container(name: &str, image: &str) -> Value {
    json!({"name": name, "image": image})
}

/// A pod's spec. Nobody wants to wait for the end of its pods.
pub(crate) fn spec(containers: &[Value]) -> Value {
    json!({"terminationGracePeriodSeconds": 1, "containers": containers})
}

/// A bare pod.
pub(crate) fn pod(app: &str, spec: &Value) -> Value {
    json!({"metadata": {"name": app, "labels": {"app": app}}, "spec": spec})
}

/// A Job that may lose so many pods.
pub(crate) fn job(app: &str, retries: usize, spec: &Value) -> Value {
    let mut spec = spec.clone();
    spec["restartPolicy"] = "Never".into();
    json!({"metadata": {"name": app}, "spec": {"backoffLimit": retries, "template": template(app, &spec)}})
}

pub(crate) fn deployment(app: &str, replicas: usize, spec: &Value) -> Value {
    owner(app, json!({"replicas": replicas}), spec)
}

pub(crate) fn stateful_set(app: &str, replicas: usize, spec: &Value) -> Value {
    owner(app, json!({"replicas": replicas, "serviceName": app, "podManagementPolicy": "Parallel"}), spec)
}

pub(crate) fn daemon_set(app: &str, spec: &Value) -> Value {
    owner(app, json!({}), spec)
}

fn owner(app: &str, mut own: Value, spec: &Value) -> Value {
    own["selector"] = json!({"matchLabels": {"app": app}});
    own["template"] = template(app, spec);
    json!({"metadata": {"name": app}, "spec": own})
}

fn template(app: &str, spec: &Value) -> Value {
    json!({"metadata": {"labels": {"app": app}}, "spec": spec})
}
