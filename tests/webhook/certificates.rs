//! Certificates that change while it serves.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::sleep;

use crate::client::{Client, get, post};
use crate::process::{Authority, HUB, Webhook, pod, review};

fn expiry(year: i32) -> String {
    let end: jiff::Timestamp = format!("{year}-12-31T00:00:00Z").parse().unwrap();
    format!("pullkeeper_certificate_expiry_timestamp_seconds {}", end.as_second())
}

/// What is shown to who connects now.
async fn shown(client: &Client) -> Vec<u8> {
    let connection = client.connect().await.unwrap();
    connection.0.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn another_certificate_is_shown_and_no_request_of_a_stream_fails() {
    let mut webhook = Webhook::start(HUB);
    assert!(webhook.metric(&expiry(2040)).await);
    let (request, client) = (post(&review(&pod(&["nginx"]))), webhook.client.clone());
    let (over, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    let stream = async |keeps: bool| {
        let mut kept = client.connect().await.unwrap();
        while !over.load(Ordering::Relaxed) {
            if !keeps {
                kept = client.connect().await.unwrap();
            }
            let answer = kept.ask(&request).await.unwrap();
            assert!(answer.status == 200 && !answer.is_last());
            asked.fetch_add(1, Ordering::Relaxed);
        }
    };
    let exchange = async {
        let mut seen = shown(&client).await;
        for year in [2041, 2042, 2043] {
            webhook.put(&webhook.authority.issue(year));
            while !webhook.metric(&expiry(year)).await {
                sleep(Duration::from_millis(50)).await;
            }
            let now = shown(&client).await;
            assert_ne!(now, seen);
            seen = now;
        }
        over.store(true, Ordering::Relaxed);
    };
    tokio::join!(stream(true), stream(false), stream(true), stream(false), exchange);
    assert!(asked.load(Ordering::Relaxed) > 50, "{asked:?}");
    webhook.says("the certificate was read anew");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_certificate_leaves_the_last_good_one() {
    let mut webhook = Webhook::start(HUB);
    let before = shown(&webhook.client).await;
    let (one, other) = (webhook.authority.issue(2041), webhook.authority.issue(2042));
    let bad = [
        (String::new(), String::new()),
        ("garbage".to_owned(), one.1.clone()),
        (one.0.clone(), other.1.clone()),
        (one.0.clone(), "-----BEGIN PRIVATE KEY-----\nc2VzYW1l\n-----END PRIVATE KEY-----\n".to_owned()),
        (one.0.replacen("MII", "AII", 1), one.1.clone()),
    ];
    for pair in bad {
        webhook.put(&pair);
        let said = webhook.says("the last good certificate goes on");
        assert!(!said.contains("sesame") && !said.contains("c2VzYW1l"), "{said}");
        assert_eq!(shown(&webhook.client).await, before);
        assert!(webhook.metric("pullkeeper_certificate_good 0").await);
        assert!(webhook.metric(&expiry(2040)).await);
        let ready = webhook.client.ask(&get("/readyz")).await.unwrap();
        let told = "ok\nthe certificate is bad, and the last good one is in use: ";
        assert!(ready.status == 200 && ready.text().starts_with(told), "{}", ready.text());
    }
    webhook.put(&other);
    webhook.says("the certificate was read anew");
    assert_ne!(shown(&webhook.client).await, before);
    assert!(webhook.metric("pullkeeper_certificate_good 1").await);
    assert_eq!(webhook.client.ask(&get("/readyz")).await.unwrap().text(), "ok\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_written_one_by_one_are_taken_once_both_are_there() {
    let mut webhook = Webhook::start(HUB);
    let (certificate, key) = webhook.authority.issue(2041);
    let folder = webhook.config.folder().to_owned();
    let write = |name: &str, text: &str| {
        std::fs::remove_file(folder.join(name)).unwrap();
        std::fs::write(folder.join(name), text).unwrap();
    };
    write("tls.crt", &certificate);
    webhook.says("the last good certificate goes on");
    write("tls.key", &key);
    webhook.says("the certificate was read anew");
    assert!(webhook.metric(&expiry(2041)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_has_ended_is_told_and_another_takes_its_place() {
    let mut webhook = Webhook::start(HUB);
    webhook.put(&webhook.authority.issue(2001));
    webhook.says("the certificate ended at 2001-12-31T00:00:00Z; API servers will refuse it");
    assert!(webhook.client.connect().await.is_err());
    let other = Authority::new();
    webhook.put(&other.issue(2041));
    webhook.says("the certificate was read anew");
    // Who trusts only the one before is told by TLS.
    assert!(webhook.client.connect().await.is_err());
    let trusting = Client::new(webhook.client.address(), &other.certificate);
    assert_eq!(trusting.ask(&get("/healthz")).await.unwrap().text(), "ok\n");
}
