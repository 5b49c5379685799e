//! The answers to what is not a test's case: every namespace exists, and every list is empty.

use serde_json::json;

use super::expect::Reply;
use super::http::Request;
use super::objects::{list, namespace, ok, table};

pub(super) fn answer(request: &Request) -> Option<Reply> {
    if request.method != "GET" {
        return None;
    }
    let steps: Vec<_> = request.path.trim_start_matches("/api/v1/").split('/').collect();
    match steps.as_slice() {
        ["namespaces", name] => Some(ok(&namespace(name))),
        ["namespaces" | "secrets" | "serviceaccounts" | "pods"]
        | ["namespaces", _, "secrets" | "serviceaccounts" | "pods"] => {
            let tables = request.headers.get("accept").is_some_and(|accept| accept.contains("as=Table"));
            Some(ok(&if tables { table(&[], "") } else { list(json!([]), "") }))
        }
        _ => None,
    }
}
