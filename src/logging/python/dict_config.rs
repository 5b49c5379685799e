//! As much of Python's `dictConfig` as decides over our log: the root logger's level, and whether its
//! lines are JSON. Where a Python handler writes to is not ours to follow: the log is on stderr.

use std::collections::BTreeMap;

use log::LevelFilter;
use serde::Deserialize;

/// A logging configuration.
#[derive(Debug, Deserialize)]
pub(super) struct DictConfig {
    /// Python refuses a configuration without it.
    #[serde(rename = "version")]
    _version: u64,
    #[serde(default)]
    formatters: BTreeMap<String, Formatter>,
    #[serde(default)]
    handlers: BTreeMap<String, Handler>,
    #[serde(default)]
    loggers: BTreeMap<String, Logger>,
    #[serde(default)]
    root: Option<Logger>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Formatter {
    class: Option<String>,
    #[serde(rename = "()")]
    factory: Option<String>,
    format: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Handler {
    formatter: Option<String>,
    level: Option<Level>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Logger {
    handlers: Option<Vec<String>>,
    level: Option<Level>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Level {
    Number(u64),
    Name(String),
}

impl DictConfig {
    /// The lowest level that is written: the root logger must let it through, and a handler of its.
    /// An error is a level that Python doesn't know.
    pub(super) fn level(&self) -> Result<LevelFilter, String> {
        // Python's own for a root logger of which nothing is said.
        let level = self.root().find_map(|logger| logger.level.as_ref());
        let level = level.map_or(Ok(LevelFilter::Warn), Level::parse)?;
        let let_through =
            |handler: &Handler| handler.level.as_ref().map_or(Ok(LevelFilter::Trace), Level::parse);
        let handlers = self.handlers().map(let_through).collect::<Result<Vec<_>, _>>()?;
        Ok(handlers.into_iter().max().map_or(level, |most| level.min(most)))
    }

    /// Does a handler of the root logger write JSON?
    pub(super) fn is_json(&self) -> bool {
        let mut names = self.handlers().filter_map(|handler| handler.formatter.as_ref());
        names.any(|name| self.formatters.get(name).is_some_and(Formatter::is_json))
    }

    /// What is said of the root logger; the first counts. `root` and the empty name are its names
    /// among the others (since Python 3.9).
    fn root(&self) -> impl Iterator<Item = &Logger> {
        self.root.iter().chain(["", "root"].into_iter().filter_map(|name| self.loggers.get(name)))
    }

    fn handlers(&self) -> impl Iterator<Item = &Handler> {
        let names = self.root().find_map(|logger| logger.handlers.as_deref()).unwrap_or_default();
        names.iter().filter_map(|name| self.handlers.get(name))
    }
}

impl Formatter {
    /// By its class or factory, such as `pythonjsonlogger.jsonlogger.JsonFormatter`, or by a format that is
    /// an object itself.
    fn is_json(&self) -> bool {
        let by_class =
            self.class.iter().chain(&self.factory).any(|name| name.to_lowercase().contains("json"));
        let format = self.format.as_deref().unwrap_or_default().trim();
        by_class || (format.starts_with('{') && format.ends_with('}') && format.contains('"'))
    }
}

impl Level {
    fn parse(&self) -> Result<LevelFilter, String> {
        let text = match self {
            Self::Number(number) => number.to_string(),
            Self::Name(name) => name.clone(),
        };
        super::level(&text).ok_or(text)
    }
}
