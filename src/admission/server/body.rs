//! The body of a request: how much of it, and how many at a time.

use std::sync::Arc;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::StatusCode;
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The API server sends no more: its own requests have that limit (`MaxRequestBodyBytes` of k8s.io/apiserver).
const MOST: usize = 3 * 1024 * 1024;
/// What is too large is read to its end, so that its sender gets to know; but not for ever.
const MOST_UNREAD: usize = 4 * MOST;
/// More than nearly all pods. Only some that are larger are read at a time.
const LARGE: usize = 64 * 1024;

/// A body that is all there, and if it is large, its turn.
pub(super) type Whole = (Vec<u8>, Option<OwnedSemaphorePermit>);
type Refusal = (StatusCode, &'static str);

const TOO_LARGE: Refusal = (StatusCode::PAYLOAD_TOO_LARGE, "more than 3 MiB\n");
const BROKEN: Refusal = (StatusCode::BAD_REQUEST, "the request breaks off\n");

/// Reads a body. A large one waits for its turn.
pub(super) async fn whole(mut body: Body, turns: &Arc<Semaphore>) -> Result<Whole, Refusal> {
    let told = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if told > MOST {
        return Err(unread(body).await);
    }
    let (mut read, mut turn) = (Vec::with_capacity(told.min(LARGE)), None);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BROKEN)?.into_data() else { continue };
        let length = read.len() + data.len();
        if length > MOST {
            drop(read);
            return Err(unread(body).await);
        }
        if length > LARGE && turn.is_none() {
            // It is never closed.
            turn = Arc::clone(turns).acquire_owned().await.ok();
        }
        read.extend_from_slice(&data);
    }
    Ok((read, turn))
}

/// Lets a body pass that is too large.
async fn unread(mut body: Body) -> Refusal {
    let mut passed = 0;
    while let Some(Ok(frame)) = body.frame().await {
        passed += frame.data_ref().map_or(0, Bytes::len);
        if passed > MOST_UNREAD {
            break;
        }
    }
    TOO_LARGE
}
