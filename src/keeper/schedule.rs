//! When the next pass is made.

use std::time::Duration;

use tokio::time::Instant;

use crate::config::Time;

/// The pause after the first of several passes in which no API server answered; each further one doubles it.
const FIRST_RETRY: Duration = Duration::from_secs(2);
/// The longest: a cluster that doesn't answer is hardly away for an hour.
const LONGEST_RETRY: Duration = Duration::from_mins(1);
/// How long all must be well before a loop that waits for that ends.
pub(super) const SETTLE: Duration = Duration::from_secs(5);

/// The times of a loop.
pub(super) struct Schedule {
    started: Instant,
    /// The last time at which everything was looked at.
    looked: Option<Instant>,
    failures: u32,
    well_since: Option<Instant>,
}

/// What is looked at when it is time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Everything,
    /// Only where pods wait.
    Waiting,
}

impl Schedule {
    pub(super) fn new() -> Self {
        Self { started: Instant::now(), looked: None, failures: 0, well_since: None }
    }

    /// Is the time of the loop over?
    pub(super) fn is_over(&self, time: Time) -> bool {
        time.runtime.is_some_and(|runtime| self.started.elapsed() >= runtime)
    }

    /// Notes that a pass over everything, or less, reached the API server, or that it didn't.
    pub(super) fn note(&mut self, look: Look, answered: bool) {
        self.failures = if answered { 0 } else { self.failures.saturating_add(1) };
        if !answered {
            // What changed may be lost.
            self.looked = None;
        } else if look == Look::Everything {
            self.looked = Some(Instant::now());
        }
    }

    /// Did the last pass reach the API server?
    pub(super) fn is_answered(&self) -> bool {
        self.failures == 0
    }

    /// Have all pods been well for long enough, now that they are `well` or not?
    pub(super) fn has_settled(&mut self, well: bool) -> bool {
        if !well {
            self.well_since = None;
            return false;
        }
        self.well_since.get_or_insert_with(Instant::now).elapsed() >= SETTLE
    }

    /// When the next pass is due, after one that has just ended. The last one is made when the runtime is over, so that
    /// what came up to then is served.
    pub(super) fn next(&self, time: Time) -> Instant {
        let pause = match self.failures {
            0 if self.well_since.is_some() => time.interval.min(SETTLE),
            0 => jittered(time.interval),
            failures => jittered(retry(failures).min(time.interval.max(FIRST_RETRY))),
        };
        let now = Instant::now();
        let due = now.checked_add(pause).unwrap_or_else(|| far_from(now));
        let end = time.runtime.and_then(|runtime| self.started.checked_add(runtime));
        end.map_or(due, |end| due.min(end.max(now)))
    }

    /// What it looks at, where the first credential ends so long after everything was looked at: half of that is
    /// waited for at most.
    pub(super) fn look(&self, time: Time, ends_in: Option<Duration>) -> Look {
        let Some(resync) = time.resync else { return Look::Everything };
        let resync = ends_in.map_or(resync, |end| resync.min(end / 2));
        let soon = self.looked.is_some_and(|looked| looked.elapsed() < resync);
        if soon && !time.until_healthy && !self.is_over(time) { Look::Waiting } else { Look::Everything }
    }
}

fn retry(failures: u32) -> Duration {
    FIRST_RETRY.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1))).min(LONGEST_RETRY)
}

/// Up to a tenth longer: replicas, and clusters that were installed together, drift apart.
fn jittered(pause: Duration) -> Duration {
    pause.saturating_add(pause.mul_f64(fastrand::f64() / 10.0))
}

/// As far away as clocks go for sure.
fn far_from(now: Instant) -> Instant {
    now + Duration::from_hours(24 * 365)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(interval: u64, runtime: Option<u64>) -> Time {
        Time {
            interval: Duration::from_secs(interval),
            runtime: runtime.map(Duration::from_secs),
            resync: None,
            until_healthy: false,
            min_pods: 0,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn passes_come_at_the_interval_and_a_little_later() {
        let schedule = Schedule::new();
        for _ in 0..100 {
            let pause = schedule.next(time(100, None)).duration_since(Instant::now()).as_secs_f64();
            assert!((100.0..=110.0).contains(&pause), "{pause}");
        }
        // However long.
        let forever = Time { interval: Duration::MAX, ..time(1, None) };
        assert!(schedule.next(forever) > Instant::now());
    }

    #[tokio::test(start_paused = true)]
    async fn a_cluster_that_is_away_is_asked_less_and_less_often() {
        let mut schedule = Schedule::new();
        let pauses: Vec<_> = (0..8)
            .map(|_| {
                schedule.note(Look::Everything, false);
                schedule.next(time(3600, None)).duration_since(Instant::now()).as_secs()
            })
            .collect();
        for (pause, least) in pauses.into_iter().zip([2, 4, 8, 16, 32, 60, 60, 60]) {
            assert!((least..=least + least / 10 + 1).contains(&pause), "{pause} for {least}");
        }
        // Never less often than at the interval.
        assert!(schedule.next(time(10, None)).duration_since(Instant::now()).as_secs() <= 11);
        schedule.note(Look::Everything, true);
        assert!(schedule.next(time(3600, None)).duration_since(Instant::now()).as_secs() >= 3600);
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_pass_is_made_when_the_time_is_over() {
        let schedule = Schedule::new();
        let time = time(60, Some(20));
        assert_eq!(schedule.next(time).duration_since(Instant::now()).as_secs(), 20);
        assert!(!schedule.is_over(time));
        tokio::time::advance(Duration::from_secs(20)).await;
        assert!(schedule.is_over(time));
    }

    #[tokio::test(start_paused = true)]
    async fn everything_is_looked_at_now_and_then() {
        let mut schedule = Schedule::new();
        let each = time(10, None);
        let rare = Time { resync: Some(Duration::from_mins(1)), ..each };
        assert_eq!(schedule.look(rare, None), Look::Everything);
        schedule.note(Look::Everything, true);
        assert_eq!((schedule.look(rare, None), schedule.look(each, None)), (Look::Waiting, Look::Everything));
        tokio::time::advance(Duration::from_mins(1)).await;
        schedule.note(Look::Waiting, true);
        assert_eq!(schedule.look(rare, None), Look::Everything);
        schedule.note(Look::Everything, true);
        // What failed may have missed something; and no credential ends meanwhile.
        let soon = Some(Duration::from_secs(10));
        assert_eq!(schedule.look(rare, soon), Look::Waiting);
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!((schedule.look(rare, soon), schedule.look(rare, None)), (Look::Everything, Look::Waiting));
        schedule.note(Look::Waiting, false);
        assert_eq!(schedule.look(rare, None), Look::Everything);
    }

    #[tokio::test(start_paused = true)]
    async fn all_is_well_once_it_has_been_for_a_while() {
        let mut schedule = Schedule::new();
        assert!(!schedule.has_settled(true));
        assert_eq!(schedule.next(time(60, None)).duration_since(Instant::now()), SETTLE);
        tokio::time::advance(SETTLE).await;
        assert!(!schedule.has_settled(false));
        assert!(!schedule.has_settled(true));
        tokio::time::advance(SETTLE).await;
        assert!(schedule.has_settled(true));
    }
}
