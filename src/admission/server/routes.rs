//! What there is to ask: `/mutate` for API servers, `/healthz` and `/readyz` for the kubelet, `/metrics`.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract;
use axum::http::StatusCode;
use axum::http::header::{CONNECTION, CONTENT_TYPE, HeaderMap, HeaderValue};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::sync::OwnedSemaphorePermit;

use super::body::whole;
use super::state::State;
use crate::admission::{Malformed, Outcome, Reviewed, review};
use crate::report::Format;

pub(super) fn router(state: Arc<State>) -> Router {
    let nowhere = async || (StatusCode::NOT_FOUND, "there are /mutate, /metrics, /healthz and /readyz\n");
    Router::new()
        .route("/mutate", post(mutate))
        .route("/metrics", get(metrics))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readiness))
        .fallback(nowhere)
        .layer(from_fn_with_state(Arc::clone(&state), last))
        .with_state(state)
}

type Asked = extract::State<Arc<State>>;

async fn mutate(extract::State(state): Asked, headers: HeaderMap, body: Body) -> Response {
    if !is_json(&headers) {
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, "write application/json\n").into_response();
    }
    let (request, turn) = match whole(body, &state.large).await {
        Ok(read) => read,
        Err(refusal) => return refusal.into_response(),
    };
    let begun = Instant::now();
    let reviewed = reviewed(request, turn, &state).await;
    state.metrics.admitted(result(reviewed.as_ref()), begun.elapsed());
    match reviewed {
        Ok(Reviewed { answer, outcome }) => {
            if let Outcome::Failed(why) = outcome {
                log::warn!("a pod can't be read, and stays as it is: {why}");
            }
            ([(CONTENT_TYPE, "application/json")], answer).into_response()
        }
        Err(why) => (StatusCode::BAD_REQUEST, format!("{why}\n")).into_response(),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// What a request comes to. That of a large one, which keeps its turn until then, holds up no other.
async fn reviewed(
    request: Vec<u8>,
    turn: Option<OwnedSemaphorePermit>,
    state: &State,
) -> Result<Reviewed, Malformed> {
    let config = state.config();
    let Some(turn) = turn else { return review(&request, &config) };
    let beside = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        review(&request, &config)
    });
    beside.await.unwrap_or_else(|error| Err(Malformed::Form(error.to_string())))
}

fn result(reviewed: Result<&Reviewed, &Malformed>) -> &'static str {
    match reviewed.map(|reviewed| &reviewed.outcome) {
        Ok(Outcome::Rewritten) => "rewritten",
        Ok(Outcome::Unchanged) => "unchanged",
        Ok(Outcome::Failed(_)) | Err(_) => "failed",
    }
}

async fn metrics(extract::State(state): Asked, headers: HeaderMap) -> impl IntoResponse {
    Format::answer(&headers, |format| state.metrics.text(format))
}

async fn readiness(extract::State(state): Asked) -> (StatusCode, String) {
    match state.readiness() {
        Ok(text) => (StatusCode::OK, text),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
    }
}

/// Each answer is the last of its connection once the process is told to end: the peer finds another replica.
async fn last(extract::State(state): Asked, request: extract::Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if state.ends() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
