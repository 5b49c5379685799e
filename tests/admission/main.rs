//! Images that are rewritten when pods are made, by the policy that `pullkeeper images install` makes: on a real API
//! server, which evaluates it. What it does is held to the engine that the pass uses.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../program/mod.rs"]
mod program;
#[path = "../cluster/setup.rs"]
#[allow(dead_code)]
mod setup;
#[path = "../testbed/mod.rs"]
mod testbed;

mod agreement;
mod installed;
mod pods;
mod references;
mod step;
