//! Holds answers back until the test says so: no test guesses how long a thing takes.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Longer than anything takes; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(50);

/// A gate that is closed until [`Gate::open`]. Clones are the same gate.
#[derive(Clone, Default)]
pub struct Gate(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    waiting: usize,
    open: bool,
}

impl Gate {
    /// Waits until so many requests stand before it.
    pub fn wait_for(&self, requests: usize) {
        self.wait(|state| state.waiting >= requests, "requests to come");
    }

    /// Lets all through, now and later.
    pub fn open(&self) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).open = true;
        self.0.1.notify_all();
    }

    /// A request comes, and waits until it is let through.
    pub(super) fn pass(&self) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).waiting += 1;
        self.0.1.notify_all();
        self.wait(|state| state.open, "the gate to open");
    }

    fn wait(&self, is_met: impl Fn(&State) -> bool, what: &str) {
        let state = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.0.1.wait_timeout_while(state, PATIENCE, |state| !is_met(state));
        let (_state, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(!timeout.timed_out(), "waited {PATIENCE:?} for {what}");
    }
}
