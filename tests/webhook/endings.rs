//! Told to end under a stream of requests.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use tokio::time::sleep;

use crate::client::{get, post};
use crate::process::{HUB, Webhook, pod, review};

/// Asks until nobody lets it in; who was let in is answered.
async fn ask_until_refused(webhook: &Webhook, keeps: bool, answered: &AtomicUsize) {
    let request = post(&review(&pod(&["nginx"])));
    while let Ok(mut connection) = webhook.client.connect().await {
        loop {
            let answer = connection.ask(&request).await.expect("who is let in is answered");
            assert_eq!(answer.status, 200);
            answered.fetch_add(1, Ordering::Relaxed);
            if answer.is_last() || !keeps {
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_that_was_let_in_is_lost() {
    let webhook = Webhook::with(HUB, &["--drain", "1s"]);
    let answered = AtomicUsize::new(0);
    let until_refused = |keeps| ask_until_refused(&webhook, keeps, &answered);
    let late = async {
        sleep(Duration::from_millis(500)).await;
        webhook.terminate();
        sleep(Duration::from_millis(300)).await;
        let ready = webhook.client.ask(&get("/readyz")).await.unwrap();
        assert_eq!((ready.status, ready.text().as_str()), (503, "it was told to end\n"));
        // One that began before the end, and goes on after it.
        let request = post(&review(&pod(&["nginx"])));
        let mut connection = webhook.client.connect().await.unwrap();
        connection.0.write_all(&request[..50]).await.unwrap();
        connection.0.flush().await.unwrap();
        sleep(Duration::from_millis(1500)).await;
        assert!(webhook.client.connect().await.is_err(), "it still takes connections");
        let answer = connection.ask(&request[50..]).await.unwrap();
        assert!(answer.status == 200 && answer.is_last());
    };
    tokio::join!(until_refused(true), until_refused(false), until_refused(true), until_refused(false), late);
    assert!(answered.load(Ordering::Relaxed) > 50, "{answered:?}");
    let ran = webhook.end();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.errors().is_empty(), "{}", ran.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_ask_nothing_do_not_delay_the_end() {
    let webhook = Webhook::with(HUB, &["--drain", "0s"]);
    let mut kept = webhook.client.connect().await.unwrap();
    kept.ask(&get("/healthz")).await.unwrap();
    let begun = Instant::now();
    webhook.terminate();
    assert_eq!(webhook.end().code, Some(0));
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}
