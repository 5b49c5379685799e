//! What the tests of those who ask registries stand on: servers on this machine, and a network without others.

pub(crate) mod server;
pub(crate) mod world;

use server::{Reply, reply};

/// A 401 with this challenge.
pub(crate) fn wants(challenge: &str) -> Reply {
    let body = r#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}"#;
    reply(401).with(format!("WWW-Authenticate: {challenge}")).saying(body)
}

pub(crate) fn basic() -> Reply {
    wants(r#"Basic realm="Registry Realm""#)
}

pub(crate) fn bearer(realm: &str) -> Reply {
    wants(&format!(r#"Bearer realm="{realm}",service="registry.example",scope="catalog:*""#))
}
