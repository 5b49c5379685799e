//! The loop's door to the outside: `/metrics` for Prometheus, `/healthz` and `/readyz` for the kubelet.
//!
//! It is a courtesy: that it can't be opened is a warning, and nobody who knocks holds up the loop. A connection
//! is for one answer, has a deadline, and gives way to newer ones where there are too many.

mod state;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract;
use axum::http::StatusCode;
use axum::http::header::HeaderMap;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::report::Format;
pub use state::State;

/// The most connections at a time. The oldest is dropped for another, for those that are served are short.
const CONNECTIONS: usize = 64;
/// No request of ours takes longer to be told.
const HEAD: Duration = Duration::from_secs(5);
/// From the connection to the end of the answer.
const WHOLE: Duration = Duration::from_secs(10);
/// More than any request of a scraper or a kubelet.
const BUFFER: usize = 16 * 1024;

/// An endpoint that is open as long as this is held, or until it is told to end.
pub struct Endpoint {
    address: SocketAddr,
    _server: AbortOnDropHandle<()>,
}

impl Endpoint {
    /// Opens it at `address`: `HOST:PORT`, or `:PORT` for all addresses of this machine. Where that can't be, warns
    /// and returns `None`: metrics are no reason to stop. It closes once `stop` is cancelled.
    pub async fn start(address: &str, state: Arc<State>, stop: CancellationToken) -> Option<Self> {
        match open(address).await {
            Ok((listener, address)) => {
                log::info!("metrics are on http://{address}/metrics");
                let server = tokio::spawn(serve(listener, router(state), stop));
                Some(Self { address, _server: AbortOnDropHandle::new(server) })
            }
            Err(error) => {
                log::warn!(
                    "there are no metrics on {address}: {error}; the rest works. Set metrics.listen to an address that is free"
                );
                None
            }
        }
    }

    /// Where it is, with the port that the system chose if that was left to it.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Opens an address: `HOST:PORT`, or `:PORT` for all of this machine.
pub(crate) async fn open(address: &str) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = match address.strip_prefix(':') {
        // Where IPv6 is off there is no such address.
        Some(_) => match TcpListener::bind(format!("[::]{address}")).await {
            Err(error) if error.kind() != io::ErrorKind::AddrInUse => {
                TcpListener::bind(format!("0.0.0.0{address}")).await?
            }
            bound => bound?,
        },
        None => TcpListener::bind(address).await?,
    };
    let address = listener.local_addr()?;
    Ok((listener, address))
}

fn router(state: Arc<State>) -> Router {
    let nowhere = async || (StatusCode::NOT_FOUND, "there are /metrics, /healthz and /readyz\n");
    Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(health))
        .route("/readyz", get(readiness))
        .fallback(nowhere)
        .with_state(state)
}

type Asked = extract::State<Arc<State>>;

async fn metrics(extract::State(state): Asked, headers: HeaderMap) -> impl IntoResponse {
    Format::answer(&headers, |format| state.metrics.text(format))
}

async fn health(extract::State(state): Asked) -> (StatusCode, String) {
    answer(state.health())
}

async fn readiness(extract::State(state): Asked) -> (StatusCode, String) {
    answer(state.readiness())
}

fn answer(good: Result<(), String>) -> (StatusCode, String) {
    match good {
        Ok(()) => (StatusCode::OK, "ok\n".to_owned()),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
    }
}

/// Takes connections until it is told to end, and then drops those that are open.
async fn serve(mut listener: TcpListener, router: Router, stop: CancellationToken) {
    let mut connections: VecDeque<AbortOnDropHandle<()>> = VecDeque::new();
    loop {
        let stream = tokio::select! {
            // That of axum waits a second where the system has no room for another.
            (stream, _) = Listener::accept(&mut listener) => stream,
            () = stop.cancelled() => return,
        };
        connections.retain(|connection| !connection.is_finished());
        if connections.len() == CONNECTIONS {
            connections.pop_front();
        }
        connections.push_back(AbortOnDropHandle::new(tokio::spawn(talk(stream, router.clone()))));
    }
}

/// One request, and its answer. What becomes of them is the other side's business.
async fn talk(stream: TcpStream, router: Router) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(BUFFER)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    _ = timeout(WHOLE, connection).await;
}
