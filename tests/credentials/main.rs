//! Credentials from end to end: passes over a real API server, with real registries that judge what they
//! are shown, and the kubelet's own keyring that reads what was written. What is asserted is what a user
//! sees: the Secrets' bytes, the report, and what the registries were asked.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../program/mod.rs"]
mod program;
// The pass as the tests of the cluster make it.
#[allow(dead_code)]
#[path = "../cluster/setup.rs"]
mod setup;
#[path = "../testbed/mod.rs"]
mod testbed;

mod adopted;
mod desk;
mod docker_configs;
mod kubelet;
mod last_good;
mod pods;
mod probed;
mod programs;
mod unverified;
mod verified;
