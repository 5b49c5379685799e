//! What is done to pods, and the Events that say so.

use std::collections::BTreeMap;

use http::{Method, Request};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{JSON, delete_options, path, request, write};
use crate::config::Label;
use crate::plan::{Containers, Pod, Spelling};

/// As whom we write Events.
const REPORTER: &str = "pullkeeper";

/// Evicts a pod, if it is still the one that was judged.
pub(in crate::cluster) fn evict(namespace: &str, name: &str, uid: &str, version: &str) -> Request<Vec<u8>> {
    let body = json!({
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": name, "namespace": namespace},
        "deleteOptions": delete_options(uid, version),
    });
    let path = format!("{}/eviction", path("pods", Some(namespace), Some(name)));
    request(Method::POST, &path, JSON, JSON, body.to_string().into())
}

/// What a pod bears whose images were written.
pub(in crate::cluster) struct Marks {
    pub(in crate::cluster) annotations: BTreeMap<String, String>,
    pub(in crate::cluster) label: Option<Label>,
}

/// Writes images of containers that wait, and the marks of that, if the pod has the version that was seen, and each
/// container its name and image. `None` where one of them waits no more.
///
/// All of it is tested, for a container that runs by now would be restarted.
pub(in crate::cluster) fn write_images(
    namespace: &str,
    pod: &Pod,
    spellings: &[Spelling],
    marks: &Marks,
) -> Option<Request<Vec<u8>>> {
    let test = |path: String, value: &str| json!({"op": "test", "path": path, "value": value});
    let mut patch = vec![test("/metadata/resourceVersion".to_owned(), &pod.resource_version)];
    for Spelling { container, from, to } in spellings {
        let waiting = pod.unstarted(container, from)?;
        let list = match waiting.list {
            Containers::Init => "initContainers",
            Containers::Regular => "containers",
            Containers::Ephemeral => return None,
        };
        let place = format!("/spec/{list}/{}", waiting.index);
        patch.push(test(format!("{place}/name"), container));
        patch.push(test(format!("{place}/image"), from));
        patch.push(json!({"op": "replace", "path": format!("{place}/image"), "value": to}));
    }
    patch.extend(add_all("annotations", pod.annotated, &marks.annotations));
    let labels = marks.label.iter().map(|label| (label.key.clone(), label.value.clone())).collect();
    patch.extend(add_all("labels", !pod.labels.is_empty(), &labels));
    let target = path("pods", Some(namespace), Some(&pod.name));
    Some(write(Method::PATCH, &target, "application/json-patch+json", &Value::from(patch)))
}

/// Adds them to a map of the metadata. One that is empty is absent, and has no place for a single key.
fn add_all(map: &str, is_there: bool, added: &BTreeMap<String, String>) -> Vec<Value> {
    let map = format!("/metadata/{map}");
    let add = |(key, value): (&String, &String)| {
        let key = key.replace('~', "~0").replace('/', "~1");
        json!({"op": "add", "path": format!("{map}/{key}"), "value": value})
    };
    match (is_there, added.is_empty()) {
        (_, true) => Vec::new(),
        (true, false) => added.iter().map(add).collect(),
        (false, false) => vec![json!({"op": "add", "path": map, "value": added})],
    }
}

/// An Event on a pod, which `kubectl describe pod` shows. Its name tells one action on one pod from all others: an
/// answer that was lost and a second attempt make one Event.
pub(in crate::cluster) fn event(
    namespace: &str,
    pod: &Pod,
    reason: &str,
    message: &str,
    now: Timestamp,
) -> Request<Vec<u8>> {
    let time = now.strftime("%FT%TZ").to_string();
    let name: String = pod.name.chars().take(200).collect();
    let name = name.trim_end_matches(['.', '-']);
    let body = json!({
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": format!("{name}.{:x}", now.as_nanosecond()), "namespace": namespace},
        "involvedObject": {
            "apiVersion": "v1", "kind": "Pod", "namespace": namespace, "name": pod.name, "uid": pod.uid,
        },
        "type": "Normal",
        "reason": reason,
        "message": shortened(message),
        "source": {"component": REPORTER},
        "reportingComponent": REPORTER,
        "reportingInstance": "",
        "firstTimestamp": time,
        "lastTimestamp": time,
        "count": 1,
    });
    write(Method::POST, &path("events", Some(namespace), None), JSON, &body)
}

/// An Event's message has at most 1024 bytes (`pkg/apis/core/validation/events.go`).
fn shortened(message: &str) -> &str {
    let end = (0..=1024.min(message.len())).rev().find(|end| message.is_char_boundary(*end));
    message.get(..end.unwrap_or_default()).unwrap_or_default()
}
