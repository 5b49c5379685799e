//! The answers to what is not a test's case: every namespace exists, every list is empty, ServiceAccounts keep our
//! Secret's name, and that may be noted.

use serde_json::json;

use super::expect::Reply;
use super::http::Request;
use super::objects::{list, namespace, ok, service_account, table};

pub(super) fn answer(request: &Request) -> Option<Reply> {
    let is_note = || String::from_utf8_lossy(&request.body).contains("pullkeeper.io/added");
    if request.method == "PATCH" && request.path.ends_with("/secrets/pullkeeper") && is_note() {
        return Some(ok(&json!({})));
    }
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
        ["namespaces", namespace, "serviceaccounts", name] => {
            Some(ok(&service_account(namespace, name, &["pullkeeper"])))
        }
        _ => None,
    }
}
