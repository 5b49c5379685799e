//! The log, on stderr. What may be written at all is capped, whatever RUST_LOG says: see [`caps`].

mod caps;

use env_logger::Env;
use indicatif::MultiProgress;
use log::{Log, Metadata, Record};

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
