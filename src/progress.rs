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

    /// Shows the line, until what is returned is dropped.
    pub(crate) fn line(&self) -> Line {
        self.bars.add(self.bar.clone()).reset();
        Line(self.clone())
    }
}

/// The line while it is shown.
pub(crate) struct Line(Progress);

impl Line {
    /// Says what is being done.
    pub(crate) fn stage(&self, what: &'static str) {
        self.0.bar.set_style(ProgressStyle::default_spinner());
        self.0.bar.set_message(what);
    }

    /// Counts writes.
    pub(crate) fn writes(&self, total: usize) -> &ProgressBar {
        let bar = &self.0.bar;
        bar.reset();
        bar.set_length(total as u64);
        if let Ok(style) = ProgressStyle::with_template("writing {bar:30} {pos}/{len} {elapsed}") {
            bar.set_style(style);
        }
        bar
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.0.bar.finish_and_clear();
        self.0.bars.remove(&self.0.bar);
    }
}
