//! The program as its users meet it: arguments, files, variables, exit statuses, and what it prints and
//! never prints.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod bad_configuration;
mod cluster_choice;
mod configuration;
mod docker_run;
mod endings;
mod flags;
mod image;
mod leaks;
mod logging;
mod oldest_tool;
mod output;
mod passwords;
#[path = "../program/mod.rs"]
mod program;
mod rbac;
#[path = "../scripted/mod.rs"]
mod scripted;
mod sidecar;
#[path = "../testbed/mod.rs"]
mod testbed;

use program::ConfigFile;

/// A registry in one namespace.
const PLAIN: &str = "\
namespaces: [team-a]
registries:
- {host: harbor.example.com, username: robot, password: hunter2}
";

fn plain() -> ConfigFile {
    ConfigFile::new(PLAIN)
}
