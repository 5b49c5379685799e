//! What is remembered for a while, by a process that makes passes in a loop.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Values by their keys, each for as long.
pub(crate) struct Remembered<K, V> {
    kept: Mutex<BTreeMap<K, (Instant, V)>>,
    long: Duration,
}

impl<K: Ord, V: Clone> Remembered<K, V> {
    /// Nothing yet.
    pub(crate) fn so_long(long: Duration) -> Self {
        Self { kept: Mutex::default(), long }
    }

    /// What was kept not long before `now`. What is older is let go of.
    pub(crate) fn recall(&self, key: &K, now: Instant) -> Option<V> {
        let mut kept = self.kept();
        kept.retain(|_, (at, _)| now.saturating_duration_since(*at) < self.long);
        kept.get(key).map(|(_, value)| value.clone())
    }

    /// Keeps a value from `now` on.
    pub(crate) fn keep(&self, key: K, value: V, now: Instant) {
        self.kept().insert(key, (now, value));
    }

    /// Lets go of one.
    pub(crate) fn forget(&self, key: &K) {
        self.kept().remove(key);
    }

    /// Lets go of all.
    pub(crate) fn forget_all(&self) {
        self.kept().clear();
    }

    fn kept(&self) -> MutexGuard<'_, BTreeMap<K, (Instant, V)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
