//! Plain http before the API server: adds a token to what it forwards, and has somebody else write to each object just
//! before its first write of ours arrives.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use kube::Client;
use serde_json::json;
use tokio::net::TcpListener;

use crate::rights::send;
use crate::site::Site;

struct Shared {
    site: Arc<Site>,
    authorization: HeaderValue,
    touched: Mutex<HashSet<String>>,
}

/// Where it listens, for who has the token; it lives as long as the tests.
pub(crate) async fn forwarder(site: &Arc<Site>, token: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let authorization = format!("Bearer {token}").parse().unwrap();
    let shared = Shared { site: Arc::clone(site), authorization, touched: Mutex::default() };
    let router = Router::new().fallback(forward).with_state(Arc::new(shared));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn forward(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    if let Some(path) = written(request.method(), request.uri().path())
        && shared.touched.lock().unwrap().insert(path.clone())
    {
        touch(&shared.site.admin, &path).await;
    }
    let (mut head, body) = request.into_parts();
    // Those of the connection that ends here.
    for name in ["host", "connection", "content-length"] {
        head.headers.remove(name);
    }
    head.headers.insert(AUTHORIZATION, shared.authorization.clone());
    let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    let answer = shared
        .site
        .nobody
        .send(Request::from_parts(head, body.into()))
        .await
        .expect("the API server answers");
    let (mut head, body) = answer.into_parts();
    without_framing(&mut head.headers);
    // A watch goes on.
    Response::from_parts(head, Body::new(body))
}

fn without_framing(headers: &mut HeaderMap) {
    for name in ["connection", "transfer-encoding", "content-length"] {
        headers.remove(name);
    }
}

/// The object that a request writes to, if it may meet a conflict.
fn written(method: &Method, path: &str) -> Option<String> {
    let parts: Vec<_> = path.trim_matches('/').split('/').collect();
    let [
        "api",
        "v1",
        "namespaces",
        namespace,
        kind @ ("pods" | "secrets" | "serviceaccounts"),
        name,
        rest @ ..,
    ] = parts.as_slice()
    else {
        return None;
    };
    // What is taken away is left to the next pass, if somebody wrote to it.
    if *kind == "secrets" && namespace.starts_with("left-") {
        return None;
    }
    let evicts = *rest == ["eviction"];
    let writes = *method == Method::PATCH || *method == Method::DELETE || evicts;
    writes.then(|| format!("/api/v1/namespaces/{namespace}/{kind}/{name}"))
}

async fn touch(admin: &Client, path: &str) {
    let body = json!({"metadata": {"annotations": {"touched": "just before"}}});
    let (status, answer) = send(admin, Method::PATCH, path, "application/merge-patch+json", &body).await;
    let gone = status == StatusCode::NOT_FOUND;
    assert!(status.is_success() || gone, "{path}: {status} {}", answer["message"]);
}
