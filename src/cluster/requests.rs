//! The requests of a pass as values: paths, selectors and bodies, tested without a server.

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{Method, Request, header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::plan::secrets::{Content, INSTANCE_LABEL, MANAGED_BY, MANAGER_LABEL};
use crate::plan::{ADDED, Added};

pub(super) mod pods;
#[cfg(test)]
mod tests;

/// Objects a page.
pub(super) const PAGE: usize = 500;
/// The name under which the API server notes our writes in managed fields.
const FIELD_MANAGER: &str = "pullkeeper";

const JSON: &str = "application/json";
const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
const METADATA_LIST: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

/// A list of one resource, in one namespace or in all.
#[derive(Debug, Clone, Default)]
pub(super) struct List {
    resource: &'static str,
    namespace: Option<String>,
    field_selector: Option<String>,
    label_selector: Option<String>,
    form: Form,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Form {
    #[default]
    Full,
    Metadata,
    Table,
}

impl List {
    pub(super) fn new(resource: &'static str, namespace: Option<&str>) -> Self {
        Self { resource, namespace: namespace.map(str::to_owned), ..Self::default() }
    }

    /// Only those whose fields match.
    pub(super) fn fields(mut self, selector: impl Into<String>) -> Self {
        self.field_selector = Some(selector.into());
        self
    }

    /// Only those whose labels match.
    pub(super) fn labels(mut self, selector: Option<&str>) -> Self {
        self.label_selector = selector.map(str::to_owned);
        self
    }

    /// Their metadata only.
    pub(super) fn metadata(mut self) -> Self {
        self.form = Form::Metadata;
        self
    }

    /// As the rows that `kubectl get` prints, without the objects.
    pub(super) fn table(mut self) -> Self {
        self.form = Form::Table;
        self
    }

    /// The objects themselves.
    pub(super) fn full(mut self) -> Self {
        self.form = Form::Full;
        self
    }

    /// The page that `token` continues, or the first one.
    pub(super) fn page(&self, token: Option<&str>) -> Request<Vec<u8>> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("limit", &PAGE.to_string());
        query.extend_pairs(token.map(|token| ("continue", token)));
        query.extend_pairs(self.field_selector.as_ref().map(|selector| ("fieldSelector", selector)));
        query.extend_pairs(self.label_selector.as_ref().map(|selector| ("labelSelector", selector)));
        query.extend_pairs((self.form == Form::Table).then_some(("includeObject", "None")));
        let accept = match self.form {
            Form::Full => JSON,
            Form::Metadata => METADATA_LIST,
            Form::Table => TABLE,
        };
        let uri = format!("{}?{}", path(self.resource, self.namespace.as_deref(), None), query.finish());
        request(Method::GET, &uri, accept, JSON, Vec::new())
    }

    /// The resource, for messages.
    pub(super) fn resource(&self) -> &'static str {
        self.resource
    }
}

/// A namespace's metadata.
pub(super) fn namespace(name: &str) -> Request<Vec<u8>> {
    request(Method::GET, &path("namespaces", None, Some(name)), METADATA, JSON, Vec::new())
}

/// What is at a path.
pub(super) fn read(path: &str) -> Request<Vec<u8>> {
    request(Method::GET, path, JSON, JSON, Vec::new())
}

/// Makes or replaces an object; or asks whether that could be done, and does nothing.
pub(super) fn write_object(method: Method, path: &str, object: &Value, rehearse: bool) -> Request<Vec<u8>> {
    let mut request = write(method, path, JSON, object);
    if rehearse {
        *request.uri_mut() = format!("{}&dryRun=All", request.uri()).parse().unwrap_or_default();
    }
    request
}

/// Deletes what is at a path.
pub(super) fn delete_named(path: &str) -> Request<Vec<u8>> {
    request(Method::DELETE, path, JSON, JSON, Vec::new())
}

/// One object.
pub(super) fn get(resource: &str, namespace: &str, name: &str) -> Request<Vec<u8>> {
    request(Method::GET, &path(resource, Some(namespace), Some(name)), JSON, JSON, Vec::new())
}

/// A Job.
pub(super) fn job(namespace: &str, name: &str) -> Request<Vec<u8>> {
    let path = format!("/apis/batch/v1/namespaces/{namespace}/jobs/{name}");
    request(Method::GET, &path, JSON, JSON, Vec::new())
}

/// Makes a Secret of ours.
pub(super) fn create_secret(
    namespace: &str,
    name: &str,
    instance: &str,
    content: &Content,
) -> Request<Vec<u8>> {
    let body = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "type": content.form.type_(),
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {MANAGER_LABEL: MANAGED_BY, INSTANCE_LABEL: instance},
            "annotations": {STATE: content.state},
        },
        "data": data(content),
    });
    write(Method::POST, &path("secrets", Some(namespace), None), JSON, &body)
}

/// Asks whether a Secret of ours could be made, and makes none.
pub(super) fn rehearse_create_secret(
    namespace: &str,
    name: &str,
    instance: &str,
    content: &Content,
) -> Request<Vec<u8>> {
    let mut request = create_secret(namespace, name, instance, content);
    *request.uri_mut() = format!("{}&dryRun=All", request.uri()).parse().unwrap_or_default();
    request
}

/// Writes a Secret's data and state, if it still has the version that was judged.
pub(super) fn update_secret(
    namespace: &str,
    name: &str,
    version: &str,
    content: &Content,
) -> Request<Vec<u8>> {
    let path = path("secrets", Some(namespace), Some(name));
    write(Method::PATCH, &path, "application/merge-patch+json", &written(version, content))
}

/// The same as a replacement of the whole Secret, of which `whole` is all that the API server told: for who may update
/// and not patch.
pub(super) fn replace_secret(
    namespace: &str,
    name: &str,
    version: &str,
    content: &Content,
    mut whole: Value,
) -> Request<Vec<u8>> {
    merge(&mut whole, written(version, content));
    write(Method::PUT, &path("secrets", Some(namespace), Some(name)), JSON, &whole)
}

fn written(version: &str, content: &Content) -> Value {
    let mut body = json!({"metadata": {"resourceVersion": version, "annotations": {STATE: content.state}}});
    if let (Some(_), Some(map)) = (&content.docker_config, body.as_object_mut()) {
        map.insert("data".to_owned(), data(content));
    }
    body
}

/// Applies a merge patch (RFC 7386) that takes nothing away.
fn merge(whole: &mut Value, patch: Value) {
    match (whole, patch) {
        (Value::Object(whole), Value::Object(patch)) => {
            for (key, value) in patch {
                merge(whole.entry(key).or_insert(Value::Null), value);
            }
        }
        (whole, value) => *whole = value,
    }
}

/// Notes on a Secret of ours to which ServiceAccounts its name was added: as another manager than its data's, for it is
/// from managed fields that we know when that changed.
pub(super) fn note_added(namespace: &str, name: &str, note: &str) -> Request<Vec<u8>> {
    let body = json!({"metadata": {"annotations": {ADDED: note}}});
    let uri = format!("{}?fieldManager={FIELD_MANAGER}-notes", path("secrets", Some(namespace), Some(name)));
    request(Method::PATCH, &uri, JSON, "application/merge-patch+json", body.to_string().into())
}

/// Deletes an object, if it is still the one that was judged.
pub(super) fn delete(
    resource: &str,
    namespace: &str,
    name: &str,
    uid: &str,
    version: &str,
) -> Request<Vec<u8>> {
    let body = delete_options(uid, version);
    request(Method::DELETE, &path(resource, Some(namespace), Some(name)), JSON, JSON, body.to_string().into())
}

/// Replaces a ServiceAccount's pull secrets, if it still has the version that was judged, and notes when those of our
/// names that are among them were added.
///
/// Testing the list alone, by a JSON patch, would meet fewer conflicts, but the note needs the
/// annotations, and those may be absent.
pub(super) fn patch_pull_secrets(
    namespace: &str,
    name: &str,
    version: &str,
    list: &[String],
    added: &Added,
) -> Request<Vec<u8>> {
    let body = json!({
        "metadata": {"resourceVersion": version, "annotations": {ADDED: added.text()}},
        "imagePullSecrets": references(list),
    });
    let path = path("serviceaccounts", Some(namespace), Some(name));
    write(Method::PATCH, &path, "application/merge-patch+json", &body)
}

fn references(list: &[String]) -> Value {
    list.iter().map(|name| if name.is_empty() { json!({}) } else { json!({"name": name}) }).collect()
}

/// The annotation in which we note what we wrote.
pub(super) const STATE: &str = "pullkeeper.io/state";

/// The docker config under its key; null where what is there is right.
fn data(content: &Content) -> Value {
    let encode = |text: &SecretString| BASE64_STANDARD.encode(text.expose_secret());
    content.docker_config.as_ref().map_or(Value::Null, |text| json!({content.form.key(): encode(text)}))
}

fn delete_options(uid: &str, version: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "preconditions": {"uid": uid, "resourceVersion": version},
    })
}

pub(super) fn path(resource: &str, namespace: Option<&str>, name: Option<&str>) -> String {
    let namespace = namespace.map(|namespace| format!("/namespaces/{namespace}")).unwrap_or_default();
    let name = name.map(|name| format!("/{name}")).unwrap_or_default();
    format!("/api/v1{namespace}/{resource}{name}")
}

fn write(method: Method, path: &str, content: &str, body: &Value) -> Request<Vec<u8>> {
    request(method, &format!("{path}?fieldManager={FIELD_MANAGER}"), JSON, content, body.to_string().into())
}

fn request(method: Method, uri: &str, accept: &str, content: &str, body: Vec<u8>) -> Request<Vec<u8>> {
    let mut request = Request::new(body);
    *request.method_mut() = method;
    // Names and selectors were checked or encoded: the URI is valid. Were it not, the server says so.
    *request.uri_mut() = uri.parse().unwrap_or_default();
    let headers = request.headers_mut();
    headers.extend(accept.parse().map(|value| (header::ACCEPT, value)).ok());
    headers.extend(content.parse().map(|value| (header::CONTENT_TYPE, value)).ok());
    request
}
