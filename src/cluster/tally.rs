//! How often the API server was asked for what, and what it answered.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use http::{Method, Request, StatusCode};

/// A count of requests by verb and status code. Lives as long as the process, and only grows.
#[derive(Debug, Default)]
pub struct Tally(Mutex<BTreeMap<(&'static str, Option<u16>), u64>>);

impl Tally {
    /// Adds a request, with the status code of its answer; `None` where there was no answer.
    pub fn count<B>(&self, request: &Request<B>, code: Option<StatusCode>) {
        let key = (verb(request), code.map(|code| code.as_u16()));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default() += 1;
    }

    /// Each verb and status code so far, with the number of requests.
    #[must_use]
    pub fn counts(&self) -> Vec<(&'static str, Option<u16>, u64)> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.iter().map(|((verb, code), count)| (*verb, *code, *count)).collect()
    }
}

/// The verb as the API server's own metrics and RBAC have it (`NewRequestInfo` of k8s.io/apiserver,
/// `pkg/endpoints/request/requestinfo.go`).
fn verb<B>(request: &Request<B>) -> &'static str {
    match *request.method() {
        Method::GET | Method::HEAD => read(request.uri().path(), request.uri().query().unwrap_or_default()),
        Method::POST => "create",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE => "delete",
        _ => "other",
    }
}

fn read(path: &str, query: &str) -> &'static str {
    if !names_a_collection(path) {
        return "get";
    }
    let watches = query.split('&').any(|pair| matches!(pair, "watch" | "watch=true" | "watch=1"));
    if watches { "watch" } else { "list" }
}

/// `/api/v1/pods` and `/apis/batch/v1/namespaces/a/jobs` do; `/version` is no resource at all.
fn names_a_collection(path: &str) -> bool {
    let steps: Vec<_> = path.split('/').filter(|step| !step.is_empty()).collect();
    match steps.as_slice() {
        ["api", _version, resource @ ..] | ["apis", _, _version, resource @ ..] => {
            matches!(resource, [_] | ["namespaces", _, _])
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_are_kubernetes_own() {
        let table = [
            ("GET", "/api/v1/namespaces", "list"),
            ("GET", "/api/v1/namespaces/a", "get"),
            ("GET", "/api/v1/pods?limit=500&continue=abc", "list"),
            ("GET", "/api/v1/namespaces/a/pods?limit=500", "list"),
            ("GET", "/api/v1/namespaces/a/pods/web", "get"),
            ("GET", "/api/v1/secrets?fieldSelector=metadata.name%3Dpullkeeper", "list"),
            ("GET", "/api/v1/secrets?fieldSelector=metadata.name%3Dpullkeeper&watch=true", "watch"),
            ("GET", "/api/v1/namespaces?watch=1&allowWatchBookmarks=true", "watch"),
            ("GET", "/api/v1/namespaces?watch=false", "list"),
            ("GET", "/apis/batch/v1/namespaces/a/jobs/import", "get"),
            ("GET", "/apis/batch/v1/jobs", "list"),
            ("GET", "/version", "get"),
            ("POST", "/api/v1/namespaces/a/pods/web/eviction", "create"),
            ("PUT", "/api/v1/namespaces/a/secrets/b", "update"),
            ("PATCH", "/api/v1/namespaces/a/serviceaccounts/default", "patch"),
            ("DELETE", "/api/v1/namespaces/a/pods/web", "delete"),
        ];
        for (method, uri, expected) in table {
            let request = Request::builder().method(method).uri(uri).body(()).unwrap();
            assert_eq!(verb(&request), expected, "{method} {uri}");
        }
    }

    #[test]
    fn each_code_is_counted_by_itself() {
        let (tally, request) = (Tally::default(), Request::new(()));
        for code in [Some(StatusCode::OK), None, Some(StatusCode::OK), Some(StatusCode::CONFLICT)] {
            tally.count(&request, code);
        }
        assert_eq!(tally.counts(), [("get", None, 1), ("get", Some(200), 2), ("get", Some(409), 1)]);
    }
}
