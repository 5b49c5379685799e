//! `pullkeeper webhook` as its users start it: a process with a configuration and a folder with a certificate. What an
//! API server sends, and what a nuisance sends; and the program's other parts, which have API servers call it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../program/mod.rs"]
mod program;
#[path = "../admission/references.rs"]
mod references;
#[path = "../cluster/setup.rs"]
#[allow(dead_code)]
mod setup;
#[path = "../testbed/mod.rs"]
mod testbed;

mod agreement;
mod answers;
mod api_server;
mod certificates;
mod client;
mod commands;
mod endings;
mod nuisances;
mod process;
mod rotation;
mod site;
mod step;
