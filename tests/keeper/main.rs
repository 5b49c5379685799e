//! The loop on a real API server, as its users run it: the program itself, with the rights that are shipped. What it
//! read and wrote is told by the API server's audit log.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../program/mod.rs"]
mod program;
#[path = "../cluster/setup.rs"]
#[allow(dead_code)]
mod setup;
#[path = "../testbed/mod.rs"]
mod testbed;

mod endings;
mod keeping;
mod metrics;
mod network;
mod triggers;
mod trouble;
