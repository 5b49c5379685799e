//! How far a connection is, and how long it may take for that.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// For TLS, and again for the first request after it.
const BEGINNING: Duration = Duration::from_secs(5);
/// From the first byte of a request to the last of its answer.
const REQUEST: Duration = Duration::from_secs(5);
/// Longer than an API server keeps a connection that it has no use for, so that it is the one who closes.
const IDLE: Duration = Duration::from_mins(2);

/// How far it is, in the order in which connections give way to new ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// It has asked nothing yet.
    Beginning,
    /// It had its answer, and may ask again.
    Idle,
    /// It is asking, or being answered.
    Busy,
    /// Its answer is made, and on its way.
    Answered,
}

/// The pace of one connection.
pub(super) struct Pace(Mutex<(Phase, Instant)>);

impl Pace {
    pub(super) fn new() -> Self {
        Self(Mutex::new((Phase::Beginning, Instant::now() + BEGINNING)))
    }

    pub(super) fn phase(&self) -> Phase {
        self.own().0
    }

    /// TLS is agreed on.
    pub(super) fn is_greeted(&self) {
        *self.own() = (Phase::Beginning, Instant::now() + BEGINNING);
    }

    /// A request begins, if it hasn't.
    pub(super) fn asks(&self) {
        let mut own = self.own();
        if own.0 < Phase::Busy {
            *own = (Phase::Busy, Instant::now() + REQUEST);
        }
    }

    /// Its answer is made.
    pub(super) fn is_answered(&self) {
        self.own().0 = Phase::Answered;
    }

    /// What was written is sent.
    fn is_sent(&self) {
        let mut own = self.own();
        if own.0 == Phase::Answered {
            *own = (Phase::Idle, Instant::now() + IDLE);
        }
    }

    /// Waits until it took too long; once the process ends, until it has nothing to wait for.
    pub(super) async fn is_over(&self, ended: &CancellationToken) {
        loop {
            let (phase, until) = *self.own();
            if until <= Instant::now() || (phase == Phase::Idle && ended.is_cancelled()) {
                return;
            }
            tokio::select! {
                () = sleep_until(until) => {}
                () = ended.cancelled(), if !ended.is_cancelled() => {}
            }
        }
    }

    fn own(&self) -> MutexGuard<'_, (Phase, Instant)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection whose bytes tell its pace.
pub(super) struct Paced<S> {
    stream: S,
    pace: Arc<Pace>,
}

impl<S> Paced<S> {
    pub(super) fn new(stream: S, pace: Arc<Pace>) -> Self {
        Self { stream, pace }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, into));
        if into.filled().len() > before {
            self.pace.asks();
        }
        Poll::Ready(read)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = ready!(Pin::new(&mut self.stream).poll_flush(cx));
        self.pace.is_sent();
        Poll::Ready(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
