//! The files that are shipped beside the program do what they say: the example configuration loads and is
//! complete, and a real API server takes the manifests and grants what a pass needs, no more.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod alerts;
mod api;
mod example;
mod healing_off;
mod manifests;
mod rbac;
mod readme;
#[path = "../testbed/mod.rs"]
mod testbed;
mod webhook;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use pullkeeper::config::{Flags, Inputs, Loaded, load};

/// A file of the repository.
fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Loads a configuration file with no variable set.
fn load_file(path: &Path) -> Result<Loaded, String> {
    load_file_with(path, Flags::default())
}

fn load_file_with(path: &Path, flags: Flags) -> Result<Loaded, String> {
    let inputs = Inputs { file: Some(path.to_owned()), flags, ..Inputs::default() };
    load(&inputs).map_err(|error| error.to_string())
}

/// Loads a configuration from its text.
fn load_text(yaml: &str) -> Result<Loaded, String> {
    load_text_with(yaml, Flags::default())
}

fn load_text_with(yaml: &str, flags: Flags) -> Result<Loaded, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.yaml");
    std::fs::write(&path, yaml).unwrap();
    load_file_with(&path, flags)
}

/// Runs the program, with no variable set, to its end.
fn run(how: &str, config: &Path, kubeconfig: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pullkeeper"))
        .env_clear()
        .args(how.split(' '))
        .args([Path::new("--config"), config, Path::new("--kubeconfig"), kubeconfig])
        .output()
        .unwrap()
}
