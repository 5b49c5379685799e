//! The files of `manifests/` as documents, and the API server that judges them.

use std::path::Path;
use std::time::Duration;

use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use serde_json::Value;

use crate::read;
use crate::testbed::kustomize::render;

/// Creates what a folder is for, as `kubectl apply -k` does.
pub(crate) async fn apply(client: &Client, folder: &Path) -> Vec<Value> {
    let mut made = Vec::new();
    for document in rendered(folder) {
        made.push(create(client, &document).await);
    }
    made
}

/// What a folder is for, with all that it rests on.
pub(crate) fn rendered(folder: &Path) -> Vec<Document> {
    split(&render(folder))
}

/// A document of a manifest.
pub(crate) struct Document {
    /// As written, for the server to judge.
    pub(crate) text: String,
    pub(crate) value: Value,
}

pub(crate) fn documents(path: &Path) -> Vec<Document> {
    split(&read(path))
}

fn split(text: &str) -> Vec<Document> {
    let documents: Vec<_> =
        text.split("\n---\n").map(|text| Document { text: text.to_owned(), value: parse(text) }).collect();
    assert!(documents.iter().all(|document| document.value["kind"].is_string()), "{text}");
    documents
}

pub(crate) fn parse(yaml: &str) -> Value {
    serde_saphyr::from_str(yaml).unwrap_or_else(|e| panic!("{e}:\n{yaml}"))
}

/// Creates an object; unknown and repeated fields are errors. Returns it as the server understood it.
pub(crate) async fn create(client: &Client, document: &Document) -> Value {
    let path = format!("{}?fieldValidation=Strict", collection(&document.value));
    let (status, answer) = send(client, Method::POST, &path, &document.text).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}\n{}", document.text);
    answer
}

/// The path of the objects of a document's kind.
pub(crate) fn collection(document: &Value) -> String {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let version = text(&document["apiVersion"]).unwrap();
    let root = if version.contains('/') { "/apis" } else { "/api" };
    let plural = format!("{}s", text(&document["kind"]).unwrap().to_lowercase());
    match text(&document["metadata"]["namespace"]) {
        Some(namespace) => format!("{root}/{version}/namespaces/{namespace}/{plural}"),
        None => format!("{root}/{version}/{plural}"),
    }
}

/// One request; JSON is YAML too. Returns the status and the answer, whatever they are.
pub(crate) async fn send(client: &Client, method: Method, path: &str, body: &str) -> (StatusCode, Value) {
    send_as(client, method, path, "application/yaml", body).await
}

/// Sends a body of this type.
pub(crate) async fn send_as(
    client: &Client,
    method: Method,
    path: &str,
    content: &str,
    body: &str,
) -> (StatusCode, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("Content-Type", content)
        .header("Accept", "application/json")
        .body(Body::from(body.as_bytes().to_vec()))
        .unwrap();
    let answer = client.send(request).await.unwrap();
    let status = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

/// Waits until the authorizer, which learns of new roles by a watch, allows a request.
pub(crate) async fn honoured(user: &Client, path: &str) {
    for _ in 0..500 {
        if send(user, Method::GET, path, "").await.0 == StatusCode::OK {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("still refused: GET {path}");
}
