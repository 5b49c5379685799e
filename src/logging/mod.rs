//! The log, on stderr: as text, or as JSON lines where an older tool's settings ask for them.
//!
//! What may be written at all is capped here, over whatever RUST_LOG or the older tool's settings say:
//! see `caps`.

mod caps;
mod json;
mod python;

use std::collections::BTreeMap;
use std::io::Write;

use env_logger::{Builder, Env};
use indicatif::MultiProgress;
use jiff::Timestamp;
use log::{LevelFilter, Log, Metadata, Record};
use python::Wishes;

use crate::config::is_ecr_updater;

/// Starts the log: what RUST_LOG says, else what the command line does, else `info`. Lines are written above `bars`.
///
/// Where `env` is that of `k8s-ecrupdater`, its `LOG_LEVEL` and `LOG_CONFIG` count too.
pub fn start(bars: MultiProgress, env: &BTreeMap<String, String>, asked: Option<LevelFilter>) {
    let wishes = if is_ecr_updater(env) { python::read(env) } else { Wishes::default() };
    let level = asked.unwrap_or(wishes.level);
    let mut builder = Builder::from_env(Env::default().default_filter_or(level.as_str()));
    if env.get("RUST_LOG").is_some_and(|level| level.trim().is_empty()) {
        // Set to nothing it would say nothing, not even what is wrong.
        builder.parse_filters(level.as_str());
    }
    builder.format_target(false);
    if wishes.json {
        builder.format(|line, record| writeln!(line, "{}", json::line(Timestamp::now(), record)));
    }
    let inner = builder.build();
    let level = inner.filter();
    if log::set_boxed_logger(Box::new(Capped { inner, bars })).is_ok() {
        log::set_max_level(level);
    }
    wishes.warnings.iter().for_each(|warning| log::warn!("{warning}"));
}

struct Capped {
    inner: env_logger::Logger,
    bars: MultiProgress,
}

impl Log for Capped {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        caps::allow(metadata) && self.inner.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            self.bars.suspend(|| self.inner.log(record));
        }
    }

    fn flush(&self) {
        self.inner.flush();
    }
}
