//! The pass on a real API server, as a user bound to the shipped ClusterRole. Each test has namespaces of
//! its own prefix; what isn't real is only what a kubelet or a controller would write.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../testbed/mod.rs"]
mod testbed;

mod concurrency;
mod jobs;
mod moving;
mod nudges;
mod nudging;
mod own_lists;
mod pods;
mod refused;
mod requests;
mod rewrites;
mod rights;
mod secrets;
mod service_accounts;
mod setup;
mod trouble;
