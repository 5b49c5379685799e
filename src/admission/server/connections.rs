//! Connections: how many, how long, and how they end.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::serve::Listener;
use futures::FutureExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tower::ServiceExt;

use super::pace::{Pace, Paced};

/// The most at a time. For another one, the oldest gives way that asks nothing.
const CONNECTIONS: usize = 512;
/// The head of a request; more than any of an API server.
const HEAD: usize = 16 * 1024;

/// Takes connections until `ended`, and then finishes what is in flight: nobody that was let in is sent away unheard.
pub(super) async fn serve(
    mut listener: TcpListener,
    acceptor: TlsAcceptor,
    router: Router,
    ended: CancellationToken,
) {
    let mut connections = Connections { acceptor, router, ended: ended.clone(), open: Vec::new() };
    loop {
        tokio::select! {
            // That of axum waits a second where the system has no room for another.
            (stream, _) = Listener::accept(&mut listener) => connections.take(stream),
            () = ended.cancelled() => break,
        }
    }
    // Those whom the system let in already.
    while let Some(Ok((stream, _))) = listener.accept().now_or_never() {
        connections.take(stream);
    }
    drop(listener);
    // Each has its own deadline.
    for (_, connection) in connections.open {
        _ = connection.await;
    }
}

struct Connections {
    acceptor: TlsAcceptor,
    router: Router,
    ended: CancellationToken,
    /// From the oldest to the newest.
    open: Vec<(Arc<Pace>, AbortOnDropHandle<()>)>,
}

impl Connections {
    fn take(&mut self, stream: TcpStream) {
        if self.open.len() == CONNECTIONS {
            self.open.retain(|(_, connection)| !connection.is_finished());
        }
        if self.open.len() == CONNECTIONS {
            let all = self.open.iter().enumerate();
            let first = all.min_by_key(|(index, (pace, _))| (pace.phase(), *index)).map(|(index, _)| index);
            first.map(|index| self.open.remove(index));
        }
        let pace = Arc::new(Pace::new());
        let (acceptor, router, ended) = (self.acceptor.clone(), self.router.clone(), self.ended.clone());
        let talk = talk(stream, acceptor, router, Arc::clone(&pace), ended);
        self.open.push((pace, AbortOnDropHandle::new(tokio::spawn(talk))));
    }
}

/// One connection. What becomes of it is the other side's business.
async fn talk(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    router: Router,
    pace: Arc<Pace>,
    ended: CancellationToken,
) {
    // An answer is one small write.
    _ = stream.set_nodelay(true);
    let conversation = async {
        let stream = match acceptor.accept(stream).await {
            Ok(stream) => stream,
            Err(error) => return log::debug!("a connection ends before a request: {error}"),
        };
        pace.is_greeted();
        let answer = |request: hyper::Request<Incoming>| {
            pace.asks();
            let (router, pace) = (router.clone(), Arc::clone(&pace));
            async move {
                let response = router.oneshot(request).await;
                pace.is_answered();
                response.map_err(|never: Infallible| never)
            }
        };
        let io = TokioIo::new(Paced::new(stream, Arc::clone(&pace)));
        _ = http1::Builder::new().max_buf_size(HEAD).serve_connection(io, service_fn(answer)).await;
    };
    tokio::select! {
        () = conversation => {}
        () = pace.is_over(&ended) => {}
    }
}
