//! The log, on stderr. What other crates trace may hold tokens, so nothing of theirs below `info` is
//! ever written, whatever RUST_LOG says. And what kube's client says of each attempt that failed is left
//! out: whether that is an error is known only to who asked, and told there.

use env_logger::Env;
use indicatif::MultiProgress;
use log::{Level, Log, Metadata, Record};

/// Starts the log: `info`, or what RUST_LOG says. Lines are written above `bars`.
pub fn start(bars: MultiProgress) {
    let env = Env::default().default_filter_or("info");
    let inner = env_logger::Builder::from_env(env).format_target(false).build();
    let level = inner.filter();
    if log::set_boxed_logger(Box::new(Capped { inner, bars })).is_ok() {
        log::set_max_level(level);
    }
}

struct Capped {
    inner: env_logger::Logger,
    bars: MultiProgress,
}

impl Log for Capped {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let own = metadata.target().split("::").next() == Some(env!("CARGO_CRATE_NAME"));
        let said_by_us = metadata.target().starts_with("kube_client::client::builder");
        (own || metadata.level() <= Level::Info) && !said_by_us && self.inner.enabled(metadata)
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
