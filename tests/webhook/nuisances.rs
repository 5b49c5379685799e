//! Peers that are silent, slow, or speak something else: they cost their own connection.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::client::post;
use crate::process::{HUB, Webhook, pod, review};

/// Far more than anything here takes.
const GENEROUS: Duration = Duration::from_secs(30);

async fn answers_soon(webhook: &Webhook) {
    let begun = Instant::now();
    webhook.made(&pod(&["nginx"])).await;
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

async fn is_dropped(connection: &mut (impl AsyncReadExt + Unpin)) {
    let mut rest = Vec::new();
    _ = timeout(GENEROUS, connection.read_to_end(&mut rest)).await.expect("the connection stays open");
    assert!(!rest.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&rest));
}

#[tokio::test(flavor = "multi_thread")]
async fn six_hundred_silent_connections_hold_nobody_up() {
    let webhook = Webhook::start(HUB);
    let mut kept = webhook.client.connect().await.unwrap();
    let good = post(&review(&pod(&["nginx"])));
    kept.ask(&good).await.unwrap();
    let mut silent = Vec::new();
    for _ in 0..600 {
        silent.push(TcpStream::connect(webhook.client.address()).await.unwrap());
    }
    answers_soon(&webhook).await;
    // Who was served before is not who gives way.
    assert_eq!(kept.ask(&good).await.unwrap().status, 200);
    for mut stream in silent {
        is_dropped(&mut stream).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_tls_is_dropped() {
    let webhook = Webhook::start(HUB);
    for bytes in [b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n".as_slice(), &[0; 4096], b"\x16\x03\x01\xff\xff"]
    {
        let mut stream = TcpStream::connect(webhook.client.address()).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        is_dropped(&mut stream).await;
    }
    answers_soon(&webhook).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_slow_is_dropped_though_each_byte_is_progress() {
    let webhook = Webhook::start(HUB);
    let good = post(&review(&pod(&["nginx"])));
    let body = good.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    let slow = async |at_once: usize, again: bool| {
        let mut connection = webhook.client.connect().await.unwrap();
        if again {
            connection.ask(&good).await.unwrap();
        }
        let begun = Instant::now();
        connection.0.write_all(&good[..at_once]).await.unwrap();
        for byte in &good[at_once..] {
            let sent = async {
                connection.0.write_all(&[*byte]).await?;
                connection.0.flush().await
            };
            if sent.await.is_err() || timeout(Duration::from_secs(1), connection.0.read_u8()).await.is_ok() {
                break;
            }
        }
        assert!((3..10).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    };
    // In its head, in its body, and after a good one.
    tokio::join!(slow(1, false), slow(body + 10, false), slow(1, true), slow(good.len() - 30, true), async {
        sleep(Duration::from_secs(3)).await;
        answers_soon(&webhook).await;
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_nothing_after_its_greeting_or_stops_midway_is_dropped() {
    let webhook = Webhook::start(HUB);
    let good = post(&review(&pod(&["nginx"])));
    let stops_after = async |sent: usize| {
        let mut connection = webhook.client.connect().await.unwrap();
        connection.0.write_all(&good[..sent]).await.unwrap();
        connection.0.flush().await.unwrap();
        is_dropped(&mut connection.0).await;
    };
    tokio::join!(stops_after(0), stops_after(10), stops_after(good.len() - 1));
    answers_soon(&webhook).await;
}

/// Of those that are large, only some are read at a time.
#[tokio::test(flavor = "multi_thread")]
async fn many_large_requests_are_answered_one_after_the_other() {
    let webhook = Webhook::start(HUB);
    let large = post(&review(&pod(&vec!["docker.io/team/application:1.2.3"; 5000])));
    let asks = (0..40).map(|_| webhook.client.ask(&large));
    for answer in futures::future::join_all(asks).await {
        assert_eq!(answer.unwrap().status, 200);
    }
}
