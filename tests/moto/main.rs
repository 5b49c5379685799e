//! Against moto, an AWS that nobody here wrote (<https://docs.getmoto.org>). It needs Python, so `cargo test` leaves
//! it out, and the gate runs it by name: `MOTO_SERVER=… cargo test --test moto`.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod calls;
mod eatr;
mod last_good;
mod login;
mod moving;
mod older_tool;
mod place;
#[path = "../program/mod.rs"]
mod program;
#[path = "../published/mod.rs"]
mod published;
mod regions;
mod rights;
mod secrets;
mod server;
#[path = "../testbed/mod.rs"]
mod testbed;
mod their_manifests;
mod unverified;

use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;
use server::Moto;

/// What every test here builds on: the token names the account, and ended long ago.
#[test]
fn gives_a_token_that_ended_in_2015() {
    let moto = Moto::start();
    let answer = moto.post(
        "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken",
        "eu-west-1",
        "ecr",
        &json!({}),
    );
    let data = &answer["authorizationData"][0];
    let token = BASE64_STANDARD.decode(data["authorizationToken"].as_str().unwrap()).unwrap();
    assert_eq!(token, b"AWS:123456789012-auth-token");
    assert_eq!(data["proxyEndpoint"], "https://123456789012.dkr.ecr.eu-west-1.amazonaws.com");
    let expires = data["expiresAt"].as_f64().unwrap();
    // The first second of 2015, and of 2016.
    assert!((1_420_070_400.0..1_451_606_400.0).contains(&expires), "{expires}");
}

#[test]
fn ends_with_its_test() {
    let moto = Moto::start();
    let address = moto.address.clone();
    drop(moto);
    let until = Instant::now() + Duration::from_secs(30);
    while TcpStream::connect(&address).is_ok() {
        assert!(Instant::now() < until, "{address} still answers");
        thread::sleep(Duration::from_millis(10));
    }
}
