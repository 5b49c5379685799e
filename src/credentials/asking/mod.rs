//! How registries are asked, for whoever wants to know something of them.
//!
//! A registry says where it wants to be logged in to, and may point elsewhere; none of that is believed
//! without a look: what gets a login, and what this program connects to, is decided here for all.

mod address;
mod challenge;
mod network;
mod peer;
mod realm;
mod registry;
#[cfg(test)]
pub(crate) mod stand_in;
mod tls;
pub(crate) mod words;

use std::time::Duration;

pub(crate) use challenge::Challenge;
pub(crate) use network::Network;
pub(crate) use peer::{Auth, Peer, beginning, body};
pub(crate) use registry::{Registry, Way};
pub(crate) use tls::system_tls;
pub(crate) use words::Server;

/// One registry is asked no longer about one thing, with all the requests that this takes.
const DEADLINE: Duration = Duration::from_secs(10);

/// A connection that isn't there by then will hardly come.
const CONNECT_SECONDS: u64 = 3;
