//! What a webhook answers: bytes of an `AdmissionReview` in, bytes of one out. Pure.
//!
//! It comes to the same as the [`Policy`](super::Policy) for the same pod, and never refuses one. What selectors of
//! labels choose is for the configuration of the webhook; names of namespaces are looked at here, too, for that one
//! knows no globs.

mod patch;
mod pod;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::config::Config;
use patch::Change;
use pod::Pod;

/// The version of the API that both sides speak.
const API: &str = "admission.k8s.io/v1";
const KIND: &str = "AdmissionReview";

/// An answer, and what it comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reviewed {
    /// The answer as JSON. It allows the pod, whatever it is.
    pub answer: Vec<u8>,
    /// What it comes to.
    pub outcome: Outcome,
}

/// What an answer comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It has a patch.
    Rewritten,
    /// There is nothing to change.
    Unchanged,
    /// The pod can't be read, for this reason, which says nothing of the pod; it is allowed as it is.
    Failed(String),
}

/// Why there is no answer, for the request is none; says nothing of what is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// It is no JSON, or of another form.
    #[error("no AdmissionReview: {0}")]
    Form(String),
    /// It is something else, or of another version.
    #[error("no AdmissionReview of {API}")]
    Kind,
}

/// Answers a request by a configuration.
pub fn review(request: &[u8], config: &Config) -> Result<Reviewed, Malformed> {
    let review: Review<'_> =
        serde_json::from_slice(request).map_err(|error| Malformed::Form(place(&error)))?;
    if review.api_version != API || review.kind != KIND {
        return Err(Malformed::Kind);
    }
    let request = review.request;
    let (patch, outcome) = match patch(&request, config) {
        Ok(None) => (None, Outcome::Unchanged),
        Ok(Some(patch)) => (Some(patch), Outcome::Rewritten),
        Err(error) => (None, Outcome::Failed(place(&error))),
    };
    let answer = answer(&request.uid, patch.as_deref()).map_err(|error| Malformed::Form(place(&error)))?;
    Ok(Reviewed { answer, outcome })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Review<'a> {
    #[serde(borrow)]
    api_version: Cow<'a, str>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    request: Request<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    #[serde(borrow)]
    uid: Cow<'a, str>,
    resource: Resource<'a>,
    #[serde(borrow, default)]
    sub_resource: Cow<'a, str>,
    #[serde(borrow, default)]
    namespace: Cow<'a, str>,
    #[serde(borrow)]
    operation: Cow<'a, str>,
    #[serde(borrow)]
    object: Option<&'a RawValue>,
    #[serde(borrow)]
    old_object: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Resource<'a> {
    #[serde(borrow)]
    group: Cow<'a, str>,
    #[serde(borrow)]
    resource: Cow<'a, str>,
}

/// The patch as JSON; `None` where nothing changes. The error is of a pod that can't be read.
fn patch<'a>(request: &Request<'a>, config: &Config) -> serde_json::Result<Option<Vec<u8>>> {
    if !is_chosen(config, &request.namespace)
        || !request.resource.group.is_empty()
        || request.resource.resource != "pods"
    {
        return Ok(None);
    }
    let read =
        |object: Option<&'a RawValue>| serde_json::from_str::<Pod<'a>>(object.map_or("null", RawValue::get));
    match (&*request.operation, &*request.sub_resource) {
        ("CREATE", "") => {
            let pod = read(request.object)?;
            written(&patch::of_new(&pod, &request.namespace, config))
        }
        ("UPDATE", "ephemeralcontainers") => {
            let (pod, old) = (read(request.object)?, read(request.old_object)?);
            written(&patch::of_changed(&pod, &old, &config.images))
        }
        _ => Ok(None),
    }
}

fn written(changes: &[Change<'_>]) -> serde_json::Result<Option<Vec<u8>>> {
    if changes.is_empty() { Ok(None) } else { serde_json::to_vec(changes).map(Some) }
}

/// Is it a namespace in which pods are rewritten, by its name?
fn is_chosen(config: &Config, namespace: &str) -> bool {
    let excluded = config.images.exclude.iter().any(|own| own == namespace);
    !excluded && config.namespaces.names.contains(namespace)
}

fn answer(uid: &str, patch: Option<&[u8]>) -> serde_json::Result<Vec<u8>> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer<'a> {
        api_version: &'a str,
        kind: &'a str,
        response: Response<'a>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Response<'a> {
        uid: &'a str,
        allowed: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        patch_type: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        patch: Option<String>,
    }
    let response = Response {
        uid,
        allowed: true,
        patch_type: patch.map(|_| "JSONPatch"),
        patch: patch.map(|patch| BASE64_STANDARD.encode(patch)),
    };
    serde_json::to_vec(&Answer { api_version: API, kind: KIND, response })
}

/// Where it is that something can't be read. An error's own words may be those of the pod.
fn place(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Data => "another form than expected",
        serde_json::error::Category::Eof => "it ends too early",
        _ => "no JSON",
    };
    format!("{what} at line {}, column {}", error.line(), error.column())
}
