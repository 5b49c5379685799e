//! What a terminal shows while a pass is under way. In a pod or a pipe: nothing.

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// A line at the bottom of the terminal; log lines go above it.
#[derive(Debug, Clone)]
pub struct Progress {
    bars: MultiProgress,
    bar: ProgressBar,
}

impl Default for Progress {
    /// On stderr, if that is a terminal.
    fn default() -> Self {
        let bars = MultiProgress::new();
        let bar = ProgressBar::hidden();
        Self { bars, bar }
    }
}

impl Progress {
    /// Where log lines must be written around.
    #[must_use]
    pub fn bars(&self) -> &MultiProgress {
        &self.bars
    }

    /// Says what is being done.
    pub(crate) fn stage(&self, what: &'static str) {
        let bar = self.bars.add(self.bar.clone());
        bar.set_style(ProgressStyle::default_spinner());
        bar.set_message(what);
        bar.tick();
    }

    /// Counts writes.
    pub(crate) fn writes(&self, total: usize) -> ProgressBar {
        let bar = self.bars.add(self.bar.clone());
        bar.reset();
        bar.set_length(total as u64);
        if let Ok(style) = ProgressStyle::with_template("writing {bar:30} {pos}/{len} {elapsed}") {
            bar.set_style(style);
        }
        bar
    }

    /// Takes the line away.
    pub(crate) fn done(&self) {
        self.bar.finish_and_clear();
        self.bars.remove(&self.bar);
    }
}
