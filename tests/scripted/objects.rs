//! Kubernetes' objects and refusals, as an API server would send them.

use serde_json::{Value, json};

use super::expect::Reply;

/// 200 with this object.
pub fn ok(object: &Value) -> Reply {
    Reply::json(200, object)
}

/// A refusal with a Status.
pub fn refusal(code: u16, reason: &str, message: &str) -> Reply {
    Reply::json(code, &status(code, reason, message))
}

/// A refusal whose Status has a cause and the kind of what it is about: `NamespaceTerminating`.
pub fn refusal_with(code: u16, reason: &str, kind: &str, cause: &str) -> Reply {
    let mut status = status(code, reason, &format!("{reason}: {cause}"));
    status["details"] = json!({"kind": kind, "causes": [{"reason": cause, "message": "as the test says"}]});
    Reply::json(code, &status)
}

pub fn status(code: u16, reason: &str, message: &str) -> Value {
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code,
    })
}

pub fn conflict() -> Reply {
    refusal(409, "Conflict", "the object has been modified")
}

pub fn already_exists() -> Reply {
    refusal(409, "AlreadyExists", "secrets \"pullkeeper\" already exists")
}

pub fn invalid() -> Reply {
    refusal(422, "Invalid", "the server rejected our request due to an error in our request")
}

pub fn not_found() -> Reply {
    refusal(404, "NotFound", "not found")
}

pub fn forbidden() -> Reply {
    refusal(
        403,
        "Forbidden",
        "forbidden: User \"nobody\" cannot do this to resource \"secrets\" in API group \"\"",
    )
}

/// A refusal that no right would change.
pub fn over_quota() -> Reply {
    refusal(403, "Forbidden", "secrets \"pullkeeper\" is forbidden: exceeded quota: few")
}

pub fn expired() -> Reply {
    refusal(410, "Expired", "The provided continue parameter is too old")
}

/// A page of a list; `next` is the continue token, empty on the last.
#[allow(clippy::needless_pass_by_value)] // reads better with json!
pub fn list(items: Value, next: &str) -> Value {
    json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "100", "continue": next}, "items": items})
}

/// A page of pods as rows: name, ready, status.
pub fn table(rows: &[(&str, &str, &str)], next: &str) -> Value {
    let rows: Value =
        rows.iter().map(|(name, ready, status)| json!({"cells": [name, ready, status, 0]})).collect();
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": "100", "continue": next},
        "columnDefinitions": [{"name": "Name"}, {"name": "Ready"}, {"name": "Status"}, {"name": "Restarts"}],
        "rows": rows,
    })
}

pub fn namespace(name: &str) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": {"name": name, "uid": name}})
}

pub fn service_account(namespace: &str, name: &str, pull_secrets: &[&str]) -> Value {
    let names: Vec<_> = pull_secrets.iter().map(|name| json!({"name": name})).collect();
    json!({
        "kind": "ServiceAccount", "apiVersion": "v1",
        "metadata": {"name": name, "namespace": namespace, "uid": name, "resourceVersion": "7"},
        "imagePullSecrets": names,
    })
}

/// A pod of a ReplicaSet that never got a pull secret: one that a new pull secret helps.
pub fn stuck_pod(namespace: &str, name: &str, version: &str) -> Value {
    json!({
        "kind": "Pod", "apiVersion": "v1",
        "metadata": {
            "name": name, "namespace": namespace, "uid": format!("uid-of-{name}"), "resourceVersion": version,
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "1", "controller": true}],
        },
        "spec": {
            "serviceAccountName": "default",
            "containers": [{"name": "app", "image": "harbor.example.com/app:1"}],
        },
        "status": {
            "phase": "Pending",
            "containerStatuses": [{"name": "app", "ready": false, "state": {"waiting": {
                "reason": "ImagePullBackOff",
                "message": "Back-off pulling image \"harbor.example.com/app:1\": ErrImagePull: 401 Unauthorized",
            }}}],
        },
    })
}
