//! A server that takes requests and never answers. There is no network here and the clock is paused:
//! tokio moves it on to the next deadline whenever nothing else is to be done.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{Request, Response};
use kube::client::Body;
use pullkeeper::cluster::{ApiError, Cluster};
use pullkeeper::pass::{Options, pass};
use pullkeeper::progress::Progress;
use pullkeeper::report::Report;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{EVERY, ONE, configuration};

/// One pass over a cluster that is silent, and how many requests it took.
async fn silent_pass(settings: &str, stop: CancellationToken) -> (Result<Report, ApiError>, usize) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let service = tower::service_fn(move |_: Request<Body>| {
        counted.fetch_add(1, Ordering::Relaxed);
        pending::<Result<Response<Body>, Infallible>>()
    });
    let cluster = Cluster::new(kube::Client::new(service, "default"), "http://silent", stop);
    let result = pass(&cluster, &configuration(settings), &Options::default(), &Progress::default()).await;
    (result, count.load(Ordering::Relaxed))
}

#[tokio::test(start_paused = true)]
async fn is_given_up_after_two_tries() {
    for settings in [ONE, EVERY] {
        let started = Instant::now();
        let (result, _) = silent_pass(settings, CancellationToken::new()).await;
        let error = result.unwrap_err().to_string();
        assert!(error.starts_with("no answer from http://silent after 2 attempts in 30"), "{error}");
        assert!(error.ends_with("no answer within 15s"), "{error}");
        assert!(started.elapsed() < Duration::from_secs(35), "{:?}", started.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn is_given_up_at_once_when_told_to_end() {
    let stop = CancellationToken::new();
    let soon = stop.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        soon.cancel();
    });
    let started = Instant::now();
    let (result, requests) = silent_pass(ONE, stop).await;
    assert!(result.unwrap().was_interrupted());
    assert_eq!((started.elapsed(), requests), (Duration::from_secs(1), 1));
}
