//! The shapes of requests, without a server.

mod pods;

use serde_json::{Value, json};

use super::*;

fn told(request: &Request<Vec<u8>>) -> (String, Value) {
    let body = serde_json::from_slice(request.body()).unwrap_or(Value::Null);
    (format!("{} {}", request.method(), request.uri()), body)
}

fn header(request: &Request<Vec<u8>>, name: header::HeaderName) -> &str {
    request.headers()[name].to_str().unwrap()
}

fn content(docker_config: Option<&str>) -> Content {
    Content {
        form: crate::registry::Form::ConfigJson,
        docker_config: docker_config.map(SecretString::from),
        state: "{}".into(),
    }
}

#[test]
fn lists_select_on_the_server_and_page() {
    let table = [
        (
            List::new("secrets", None).fields("metadata.name=pulls"),
            "/api/v1/secrets?limit=500&fieldSelector=metadata.name%3Dpulls",
        ),
        (
            List::new("secrets", Some("a")).fields("metadata.name=pulls"),
            "/api/v1/namespaces/a/secrets?limit=500&fieldSelector=metadata.name%3Dpulls",
        ),
        (
            List::new("namespaces", None).labels(Some("a in (b,c)")).metadata(),
            "/api/v1/namespaces?limit=500&labelSelector=a+in+%28b%2Cc%29",
        ),
        (List::new("pods", None).table(), "/api/v1/pods?limit=500&includeObject=None"),
    ];
    for (list, uri) in table {
        assert_eq!(list.page(None).uri(), uri);
        assert_eq!(
            list.page(Some("a+b=")).uri().to_string(),
            uri.replace("limit=500", "limit=500&continue=a%2Bb%3D")
        );
    }
    let page = List::new("pods", None).table().page(None);
    assert!(header(&page, header::ACCEPT).starts_with("application/json;as=Table"));
}

#[test]
fn a_secret_is_made_with_type_labels_and_state() {
    let request = create_secret("a", "pulls", "default", &content(Some("{\"auths\":{}}")));
    let labels =
        json!({"app.kubernetes.io/managed-by": "pullkeeper", "app.kubernetes.io/instance": "default"});
    let body = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/dockerconfigjson",
        "metadata": {"name": "pulls", "namespace": "a", "labels": labels, "annotations": {"pullkeeper.io/state": "{}"}},
        "data": {".dockerconfigjson": "eyJhdXRocyI6e319"},
    });
    assert_eq!(told(&request), ("POST /api/v1/namespaces/a/secrets?fieldManager=pullkeeper".into(), body));
}

#[test]
fn an_update_carries_the_version_and_only_what_differs() {
    let request = update_secret("a", "pulls", "7", &content(None));
    let body = json!({"metadata": {"resourceVersion": "7", "annotations": {"pullkeeper.io/state": "{}"}}});
    assert_eq!(
        told(&request),
        ("PATCH /api/v1/namespaces/a/secrets/pulls?fieldManager=pullkeeper".into(), body)
    );
    assert_eq!(header(&request, header::CONTENT_TYPE), "application/merge-patch+json");
    let (_, body) = told(&update_secret("a", "pulls", "7", &content(Some("{}"))));
    assert_eq!(body["data"], json!({".dockerconfigjson": "e30="}));
}

#[test]
fn deletes_and_evictions_name_the_very_object() {
    let preconditions = json!({"uid": "u", "resourceVersion": "7"});
    let (uri, body) = told(&delete("pods", "a", "web", "u", "7"));
    assert_eq!(
        (uri.as_str(), &body["preconditions"]),
        ("DELETE /api/v1/namespaces/a/pods/web", &preconditions)
    );
    let (uri, body) = told(&super::pods::evict("a", "web", "u", "7"));
    assert_eq!(uri, "POST /api/v1/namespaces/a/pods/web/eviction");
    assert_eq!(body["deleteOptions"]["preconditions"], preconditions);
}

#[test]
fn pull_secrets_are_replaced_whole_with_the_version_seen() {
    let list = ["theirs".to_owned(), String::new(), "pulls".to_owned()];
    let added = Added::parse(r#"{"pulls":"2026-11-21T03:00:00.9Z"}"#);
    let (uri, body) = told(&patch_pull_secrets("a", "default", "7", &list, &added));
    assert_eq!(uri, "PATCH /api/v1/namespaces/a/serviceaccounts/default?fieldManager=pullkeeper");
    let expected = json!({
        "metadata": {"resourceVersion": "7", "annotations": {"pullkeeper.io/added": r#"{"pulls":"2026-11-21T03:00:00Z"}"#}},
        "imagePullSecrets": [{"name": "theirs"}, {}, {"name": "pulls"}],
    });
    assert_eq!(body, expected);
}
