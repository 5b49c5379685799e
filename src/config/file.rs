//! The configuration file: which one, and its text.
//!
//! A file that somebody named must be there and readable; one that nobody named is looked for in
//! the usual places, and need not be there, for variables alone can be enough.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::error::ConfigError;
use super::tree::Node;
use super::{Inputs, yaml};

/// The variable that names the file.
pub(super) const CONFIG_VARIABLE: &str = "PULLKEEPER_CONFIG";
/// The oldest tool's variable that names the file.
const OLD_CONFIG_VARIABLE: &str = "CONF_FILE";
/// No configuration is near this size; `/dev/zero` is beyond it.
const MAX_BYTES: u64 = 1 << 20;

/// The file to read, and what named it.
pub(super) fn choose(inputs: &Inputs, usual: &[&Path]) -> Option<(PathBuf, Option<&'static str>)> {
    let variable = |name: &'static str| {
        let value = inputs.env.get(name).filter(|value| !value.is_empty())?;
        Some((PathBuf::from(value), Some(name)))
    };
    let there = |path: &&&Path| !matches!(path.try_exists(), Ok(false));
    let flag = inputs.file.clone().map(|path| (path, Some("--config")));
    flag.or_else(|| variable(CONFIG_VARIABLE))
        .or_else(|| variable(OLD_CONFIG_VARIABLE))
        .or_else(|| usual.iter().find(there).map(|path| (path.to_path_buf(), None)))
}

/// Reads the file into a tree.
pub(super) fn read(path: &Path, named_by: Option<&str>) -> Result<Node, ConfigError> {
    let named_by = named_by.map_or_else(String::new, |name| format!(", but {name} names it"));
    let cannot = |e: std::io::Error| match e.kind() {
        ErrorKind::NotFound => {
            format!("does not exist{named_by}; write the path of a configuration file")
        }
        ErrorKind::IsADirectory => {
            format!("is a directory{named_by}; write the path of a file in it")
        }
        _ => format!("can't be read: {e}; make it readable for this program's user"),
    };
    let here = |what: String| ConfigError::new(path.display(), "", what);
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|e| here(cannot(e)))?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|e| here(cannot(e)))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(here("is larger than 1 MiB; write the path of a configuration file".into()));
    }
    let on_line =
        |line: usize, what: &str| ConfigError::new(format_args!("{}:{line}", path.display()), "", what);
    let text = std::str::from_utf8(&bytes).map_err(|e| {
        let before = bytes.iter().take(e.valid_up_to());
        on_line(1 + before.filter(|b| **b == b'\n').count(), "is not UTF-8; save the file as UTF-8")
    })?;
    yaml::read(text).map_err(|e| on_line(e.line, &e.what))
}
