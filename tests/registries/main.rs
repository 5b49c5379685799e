//! What this program believes of registries, asked of a real one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../testbed/mod.rs"]
mod testbed;

mod logins;
