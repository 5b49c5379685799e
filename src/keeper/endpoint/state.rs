//! What the loop tells the endpoint: that it lives, and whether it can do its work.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::report::Metrics;

/// What the loop and the endpoint share. The loop calls the methods that tell; none of them waits.
pub struct State {
    /// The metrics of this process.
    pub metrics: Metrics,
    /// A loop that gave no sign of life for this long hangs.
    patience: Duration,
    told: Mutex<Told>,
}

struct Told {
    alive: Instant,
    reached: bool,
    bad_configuration: Option<String>,
}

impl State {
    /// Nothing is told yet. A loop that gives no sign of life for `patience` is held to hang: it must be longer than
    /// the longest pass, and than the longest pause between two signs.
    #[must_use]
    pub fn new(metrics: Metrics, patience: Duration) -> Self {
        let told = Told { alive: Instant::now(), reached: false, bad_configuration: None };
        Self { metrics, patience, told: Mutex::new(told) }
    }

    /// The loop turns: to be called at least at each start and end of a pass, and each time it wakes.
    pub fn is_alive(&self) {
        self.told().alive = Instant::now();
    }

    /// A pass reached the cluster.
    pub fn reached_cluster(&self) {
        self.told().reached = true;
    }

    /// The configuration was changed, and is good and in use.
    pub fn took_configuration(&self) {
        self.metrics.record_reload(true);
        self.told().bad_configuration = None;
    }

    /// The configuration was changed, and is bad for this reason: the last good one stays in use. The reason is
    /// shown to whoever asks, so it must hold no secret.
    pub fn refused_configuration(&self, why: impl Into<String>) {
        self.metrics.record_reload(false);
        self.told().bad_configuration = Some(why.into());
    }

    /// Does the loop turn? Else how long it has given no sign of it.
    pub(super) fn health(&self) -> Result<(), String> {
        let silent = self.told().alive.elapsed();
        if silent <= self.patience {
            return Ok(());
        }
        Err(format!("the loop has given no sign of life for {} s", silent.as_secs()))
    }

    /// Can it do its work? Else why not.
    pub(super) fn readiness(&self) -> Result<(), String> {
        let told = self.told();
        match &told.bad_configuration {
            Some(why) => Err(format!("the configuration is bad, and the last good one is in use: {why}")),
            None if !told.reached => Err("no pass has reached the cluster yet".to_owned()),
            None => Ok(()),
        }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
