//! What this program believes of registries and of the kubelet, asked of a real registry and of the
//! kubelet's own keyring.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../testbed/mod.rs"]
mod testbed;

mod keyring;
mod logins;
mod references;
