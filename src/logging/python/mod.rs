//! The log as `k8s-ecrupdater`'s users set it: `LOG_CONFIG`, else ./logging.json, else `LOG_LEVEL`.
//!
//! That tool is written in Python, so levels have Python's names and the file is a `dictConfig`
//! (docs.python.org/3/library/logging.config.html). What can't be used is a warning and never the
//! end of the program: a credential is worth more than the form of the log.

mod dict_config;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use dict_config::DictConfig;
use log::LevelFilter;

/// The file that the older tool looks for where none is named.
const USUAL_FILE: &str = "./logging.json";

/// How the log is to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wishes {
    /// The level, where RUST_LOG says none.
    pub(super) level: LevelFilter,
    /// As JSON lines.
    pub(super) json: bool,
    /// What could not be used; one line each.
    pub(super) warnings: Vec<String>,
}

impl Default for Wishes {
    fn default() -> Self {
        Self { level: LevelFilter::Info, json: false, warnings: Vec::new() }
    }
}

/// Reads the older tool's variables and file.
pub(super) fn read(env: &BTreeMap<String, String>) -> Wishes {
    read_beside(env, Path::new(USUAL_FILE))
}

fn read_beside(env: &BTreeMap<String, String>, usual: &Path) -> Wishes {
    let given = |name: &str| env.get(name).filter(|value| !value.is_empty());
    let mut wishes = Wishes::default();
    let named = given("LOG_CONFIG").map(Path::new);
    match read_file(named, usual) {
        Ok(Some(config)) => {
            wishes.json = config.is_json();
            wishes.level = config.level().unwrap_or_else(|bad| {
                let file = named.unwrap_or(usual).display();
                wishes.warnings.push(format!("the log configuration {file}: {}", unknown_level(&bad)));
                LevelFilter::Info
            });
            return wishes;
        }
        Ok(None) => {}
        Err(warning) => wishes.warnings.push(warning),
    }
    if let Some(text) = given("LOG_LEVEL") {
        wishes.level = level(text).unwrap_or_else(|| {
            wishes.warnings.push(format!("LOG_LEVEL: {}", unknown_level(text)));
            LevelFilter::Info
        });
    }
    wishes
}

/// The configuration in the file, or a warning; `None` where none was named and the usual one isn't there.
fn read_file(named: Option<&Path>, usual: &Path) -> Result<Option<DictConfig>, String> {
    let file = named.unwrap_or(usual);
    let unused = |cause: String, remedy: &str| {
        let from = named.map_or("", |_| " (LOG_CONFIG)");
        format!("the log configuration {}{from} is not used: {cause}; {remedy}", file.display())
    };
    let text = match std::fs::read(file) {
        Ok(text) => text,
        Err(error) if named.is_none() && is_absent(error.kind()) => return Ok(None),
        Err(error) => {
            let remedy = "mount it there, or take LOG_CONFIG away";
            return Err(unused(error.to_string(), remedy));
        }
    };
    let config = serde_json::from_slice(&text).map_err(|error| {
        // serde_json quotes values of the wrong type, and a handler's may be secret.
        let place = format!("line {} column {}", error.line(), error.column());
        let cause = format!("{:?} error in {place}", error.classify());
        unused(cause, "write the JSON of Python's logging.config.dictConfig")
    })?;
    Ok(Some(config))
}

fn is_absent(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn unknown_level(text: &str) -> String {
    let shown: String = text.escape_debug().take(40).collect();
    format!("'{shown}' is no level; write CRITICAL, ERROR, WARNING, INFO or DEBUG (INFO is taken)")
}

/// The level that Python calls so, by name or by number; ours has none above `error`, and what
/// Python calls NOTSET leaves nothing out.
fn level(text: &str) -> Option<LevelFilter> {
    Some(match text.trim().to_ascii_uppercase().as_str() {
        "CRITICAL" | "FATAL" | "ERROR" => LevelFilter::Error,
        "WARNING" | "WARN" => LevelFilter::Warn,
        "INFO" => LevelFilter::Info,
        "DEBUG" | "NOTSET" => LevelFilter::Debug,
        number => match number.parse::<u8>().ok()? {
            0..=10 => LevelFilter::Debug,
            11..=20 => LevelFilter::Info,
            21..=30 => LevelFilter::Warn,
            31..=50 => LevelFilter::Error,
            _ => return None,
        },
    })
}

#[cfg(test)]
mod tests;
