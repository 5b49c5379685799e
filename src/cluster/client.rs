//! One request to the API server: deadlines, retries, and a count.
//!
//! The retry sits here and not in a layer of the client, because here it covers the body too, knows
//! how often it tried (a create that was retried may meet its own success), and stops when the
//! program is told to.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use kube::client::Body;
use kube::core::Status;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tower::BoxError;

use super::apply::Rests;
use super::error::{ApiError, chain, has_cause, has_several_budgets};
use super::tally::Tally;
use super::wire::{Kind, Object};
use super::written::Written;

/// Requests that may be under way at once.
const CONCURRENCY: usize = 16;
/// From the request to the answer's headers.
const HEADERS: Duration = Duration::from_secs(15);
/// From the headers to the end of the body.
const BODY: Duration = Duration::from_mins(1);
/// What fails later than this after the first attempt is not tried again.
const PATIENCE: Duration = Duration::from_secs(20);
/// The longest Retry-After that is waited for; a server that wants more has the next pass.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(30);

/// A cluster's API server, and how much was asked of it.
pub struct Cluster {
    client: kube::Client,
    url: String,
    permits: Semaphore,
    stop: CancellationToken,
    reads: AtomicUsize,
    writes: AtomicUsize,
    tally: Arc<Tally>,
    clock: Mutex<Option<(Timestamp, Instant)>>,
    /// What was refused not long ago.
    pub(super) rests: Rests,
    written: Written,
}

/// What one attempt met.
enum Attempt {
    /// A refusal. It may pass after this long, if the server said so.
    Refused(Box<Status>, Option<Duration>),
    /// No answer, or not all of it.
    Lost(String),
    /// The request can't even be made.
    Unsendable(String),
}

impl Cluster {
    /// A cluster behind `client`; `url` is for messages. Once `stop` is cancelled nothing is tried again.
    #[must_use]
    pub fn new(client: kube::Client, url: impl Into<String>, stop: CancellationToken) -> Self {
        Self {
            client,
            url: url.into(),
            permits: Semaphore::new(CONCURRENCY),
            stop,
            reads: AtomicUsize::new(0),
            writes: AtomicUsize::new(0),
            tally: Arc::default(),
            clock: Mutex::new(None),
            rests: Rests::default(),
            written: Written::default(),
        }
    }

    /// The requests sent so far, retries included: those that read, and those that write.
    pub fn requests(&self) -> (usize, usize) {
        (self.reads.load(Ordering::Relaxed), self.writes.load(Ordering::Relaxed))
    }

    /// For watches, whose answers don't end: each request is counted, and must be answered in time, too.
    pub(super) fn watching(&self) -> kube::Client {
        let (client, tally) = (self.client.clone(), Arc::clone(&self.tally));
        let send = move |request: Request<Body>| {
            let (client, tally) = (client.clone(), Arc::clone(&tally));
            async move {
                let (head, body) = request.into_parts();
                let asked = Request::from_parts(head.clone(), ());
                let answer = timeout(HEADERS, client.send(Request::from_parts(head, body))).await;
                tally.count(&asked, code(&answer));
                answer
                    .map_err(|_| BoxError::from(format!("no answer within {HEADERS:?}")))?
                    .map_err(BoxError::from)
            }
        };
        kube::Client::new(tower::service_fn(send), self.client.default_namespace())
    }

    /// The versions that our own writes made, for who watches.
    pub fn written(&self) -> &Written {
        &self.written
    }

    /// The requests answered so far, and those that were not, by verb and status code.
    #[must_use]
    pub fn tally(&self) -> &Arc<Tally> {
        &self.tally
    }

    /// The time by the API server's clock, at most a second or so ahead of it; by ours, before its first
    /// answer. Times of objects are the server's, and the two clocks may differ by hours.
    pub fn now(&self) -> Timestamp {
        let clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        let heard = clock.and_then(|(date, heard)| date.checked_add(heard.elapsed()).ok());
        heard.unwrap_or_else(Timestamp::now)
    }

    /// Sets the clock by an answer's `Date`, which leaves out parts of a second.
    fn hear(&self, headers: &HeaderMap) {
        let date = headers.get(header::DATE).and_then(|date| date.to_str().ok());
        let date = date.and_then(|date| DateTimeParser::new().parse_timestamp(date).ok());
        if let Some(date) = date.and_then(|date| date.checked_add(Duration::from_secs(1)).ok()) {
            *self.clock.lock().unwrap_or_else(PoisonError::into_inner) = Some((date, Instant::now()));
        }
    }

    /// Cancelled when the program is told to end.
    #[must_use]
    pub fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Sends a request and reads its answer as JSON.
    pub(super) async fn json<T: DeserializeOwned>(&self, request: &Request<Vec<u8>>) -> Result<T, ApiError> {
        let body = self.send(request).await?;
        self.parse(&body)
    }

    /// Asks for one object.
    pub(super) async fn object<T: Object>(&self, request: &Request<Vec<u8>>) -> Result<T, ApiError> {
        let body = self.send(request).await?;
        if !T::KINDS.contains(&self.parse::<Kind>(&body)?.kind.as_str()) {
            return Err(self.garbled("it is of another kind".to_owned()));
        }
        self.parse(&body)
    }

    fn parse<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, ApiError> {
        serde_json::from_slice(body).map_err(|error| {
            // serde_json quotes values of the wrong type, and those may be secret.
            let (line, column) = (error.line(), error.column());
            self.garbled(format!("{:?} error in line {line} column {column}", error.classify()))
        })
    }

    fn garbled(&self, cause: String) -> ApiError {
        ApiError::Garbled { url: self.url.clone(), cause }
    }

    /// Sends a request: again, with growing and jittered pauses, while what it meets may pass.
    pub(super) async fn send(&self, request: &Request<Vec<u8>>) -> Result<Vec<u8>, ApiError> {
        let started = Instant::now();
        let mut pauses = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(100))
            .with_max_delay(Duration::from_secs(2))
            .with_max_times(4)
            .with_jitter()
            .build();
        let mut attempts = 0;
        loop {
            attempts += 1;
            let met = match self.attempt(request).await {
                Ok(body) => {
                    if request.method() != Method::GET {
                        self.written.note(&body);
                    }
                    return Ok(body);
                }
                Err(met) => met,
            };
            let may_pass = met.may_pass() && started.elapsed() < PATIENCE;
            let pause = pauses.next().filter(|_| may_pass).and_then(|pause| met.pause(pause));
            if let Some(pause) = pause {
                log::debug!("{} {}: {met}; again in {pause:.1?}", request.method(), request.uri().path());
            }
            let goes_on = match pause {
                Some(pause) => timeout(pause, self.stop.cancelled()).await.is_err(),
                None => false,
            };
            if !goes_on {
                return Err(self.failure(met, attempts, started.elapsed()));
            }
        }
    }

    /// Sends a request once, and waits no longer than `limit` for its answer: for what isn't worth more.
    pub(super) async fn send_once(
        &self,
        request: &Request<Vec<u8>>,
        limit: Duration,
    ) -> Result<Vec<u8>, ApiError> {
        let started = Instant::now();
        let late = |_| Err(Attempt::Lost(format!("no answer within {limit:?}")));
        let met = timeout(limit, self.attempt(request)).await.unwrap_or_else(late);
        met.map_err(|met| self.failure(met, 1, started.elapsed()))
    }

    fn failure(&self, met: Attempt, attempts: u32, elapsed: Duration) -> ApiError {
        match met {
            Attempt::Refused(status, _) => ApiError::Refused { status, attempts },
            Attempt::Lost(cause) => ApiError::Unreachable { url: self.url.clone(), attempts, elapsed, cause },
            Attempt::Unsendable(cause) => ApiError::Unsendable(cause),
        }
    }

    async fn attempt(&self, request: &Request<Vec<u8>>) -> Result<Vec<u8>, Attempt> {
        let lost = Attempt::Lost;
        let _permit = self.permits.acquire().await.map_err(|closed| lost(closed.to_string()))?;
        let counter = if request.method() == Method::GET { &self.reads } else { &self.writes };
        counter.fetch_add(1, Ordering::Relaxed);
        let answer = timeout(HEADERS, self.client.send(request.clone().map(Body::from))).await;
        self.tally.count(request, code(&answer));
        let answer = match answer {
            Err(_) => return Err(lost(format!("no answer within {HEADERS:?}"))),
            Ok(Err(error @ (kube::Error::Auth(_) | kube::Error::BuildRequest(_)))) => {
                return Err(Attempt::Unsendable(chain(&error)));
            }
            Ok(Err(kube::Error::Service(error))) => return Err(lost(chain(&*error))),
            Ok(Err(error)) => return Err(lost(chain(&error))),
            Ok(Ok(answer)) => answer,
        };
        let (head, body) = answer.into_parts();
        self.hear(&head.headers);
        let body = match timeout(BODY, body.collect()).await {
            Err(_) => return Err(lost(format!("the answer did not end within {BODY:?}"))),
            Ok(Err(error)) => return Err(lost(chain(&error))),
            Ok(Ok(body)) => body.to_bytes(),
        };
        if head.status.is_success() {
            return Ok(body.into());
        }
        let wait = head.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        Err(Attempt::Refused(Box::new(status(head.status, &body)), wait.map(Duration::from_secs)))
    }
}

impl Attempt {
    fn may_pass(&self) -> bool {
        match self {
            // An eviction that a disruption budget forbids is answered with 429 too: that is for the next pass.
            Self::Refused(status, _) => {
                matches!(status.code, 429 | 500 | 502 | 503 | 504)
                    && !has_cause(status, "DisruptionBudget")
                    && !has_several_budgets(status)
            }
            Self::Lost(_) => true,
            Self::Unsendable(_) => false,
        }
    }

    /// How long to wait before the next attempt, where `own` would be our way; `None` is too long.
    fn pause(&self, own: Duration) -> Option<Duration> {
        match self {
            Self::Refused(_, Some(asked)) => (*asked <= LONGEST_RETRY_AFTER).then(|| own.max(*asked)),
            _ => Some(own),
        }
    }
}

fn code<T>(answer: &Result<kube::Result<Response<T>>, Elapsed>) -> Option<StatusCode> {
    Some(answer.as_ref().ok()?.as_ref().ok()?.status())
}

/// The Status in the body of a refusal; where there is none (a proxy's page), the code alone.
pub(super) fn status(code: StatusCode, body: &[u8]) -> Status {
    let mut status = serde_json::from_slice::<Status>(body)
        .ok()
        .filter(|status| !(status.message.is_empty() && status.reason.is_empty()))
        .unwrap_or_else(|| Status::failure("", code.canonical_reason().unwrap_or_default()));
    status.code = code.as_u16();
    status
}

impl std::fmt::Display for Attempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(status, _) => write!(f, "{} {}", status.code, status.reason),
            Self::Lost(cause) | Self::Unsendable(cause) => f.write_str(cause),
        }
    }
}
