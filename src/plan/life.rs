//! The life of a credential that ends, and when it is due to be renewed.

use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

use crate::config::Refresh;

/// A note of a time that lies ahead by more than this was not written by us, or by a clock that was wrong.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// How long a token of ECR lasts (by the documentation of `GetAuthorizationToken`).
pub const ECR_TOKEN: SignedDuration = SignedDuration::from_hours(12);

/// When a credential is fetched again of whose life nothing is told: the tokens of clouds last an hour or more.
const UNTOLD: SignedDuration = SignedDuration::from_mins(30);

/// The life of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// When it was fetched.
    pub issued: Timestamp,
    /// When it ends; `None` is not known.
    pub expires: Option<Timestamp>,
    /// Until when its source says that it is good at least: it may well last longer.
    pub until: Option<Timestamp>,
}

impl Life {
    /// Is it to be renewed? So is one whose times can't be true.
    #[must_use]
    pub fn is_due(&self, refresh: Refresh, now: Timestamp) -> bool {
        let unlikely =
            self.issued > add(now, SKEW) || self.expires.or(self.until).is_some_and(|end| end <= self.issued);
        unlikely || now >= self.renewal(refresh)
    }

    /// Is it said to last longer than `most`? What is not known to end is.
    #[must_use]
    pub fn is_longer_than(&self, most: SignedDuration) -> bool {
        self.expires.is_none_or(|end| self.issued.duration_until(end) > most)
    }

    /// When it is to be renewed. A setting by which it would have ended by then, or be renewed at once, is
    /// taken for half of its life.
    fn renewal(&self, refresh: Refresh) -> Timestamp {
        let Some(expires) = self.expires.or(self.until) else {
            return match refresh {
                Refresh::Every(every) => add(self.issued, signed(every)),
                Refresh::Half | Refresh::Before(_) => add(self.issued, UNTOLD),
            };
        };
        // A little less than half: a job that runs each half of a life is sometimes a second early.
        let life = self.issued.duration_until(expires);
        let half = add(self.issued, life / 2 - life / 24);
        let asked = match refresh {
            Refresh::Half => half,
            Refresh::Before(left) => add(expires, -signed(left)),
            Refresh::Every(every) => add(self.issued, signed(every)),
        };
        if asked > self.issued && asked < expires { asked } else { half }
    }
}

fn signed(duration: Duration) -> SignedDuration {
    duration.try_into().unwrap_or(SignedDuration::MAX)
}

/// The nearest that can be told.
fn add(time: Timestamp, duration: SignedDuration) -> Timestamp {
    time.saturating_add(duration).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn at(hours: i64) -> Timestamp {
        "2026-11-21T00:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(hours)
    }

    #[test]
    fn it_is_due_in_time() {
        let half_a_day = Some(at(12));
        let table = [
            (Refresh::Half, half_a_day, 6),
            (Refresh::Before(2 * HOUR), half_a_day, 10),
            (Refresh::Every(4 * HOUR), half_a_day, 4),
            // These would let it end, or never let it be.
            (Refresh::Before(12 * HOUR), half_a_day, 6),
            (Refresh::Before(Duration::ZERO), half_a_day, 6),
            (Refresh::Every(12 * HOUR), half_a_day, 6),
            (Refresh::Before(Duration::MAX), half_a_day, 6),
            (Refresh::Every(Duration::MAX), half_a_day, 6),
            // Nothing is known of its end.
            (Refresh::Every(4 * HOUR), None, 4),
            (Refresh::Half, None, 1),
        ];
        for (refresh, expires, due) in table {
            let life = Life { issued: at(0), expires, until: None };
            for hour in 0..13 {
                assert_eq!(life.is_due(refresh, at(hour)), hour >= due, "{refresh:?} {expires:?} at {hour}");
            }
        }
    }

    #[test]
    fn times_that_cannot_be_true_are_due() {
        let table = [
            (at(0), Some(at(-1))),
            (at(0), Some(at(0))),
            (at(2), Some(at(12))),
            (Timestamp::MAX, None),
            (Timestamp::MAX, Some(Timestamp::MIN)),
        ];
        for (issued, expires) in table {
            assert!(
                Life { issued, expires, until: None }.is_due(Refresh::Every(HOUR), at(1)),
                "{issued} {expires:?}"
            );
        }
        // The widest there is doesn't overflow.
        assert!(
            !Life { issued: Timestamp::MIN, expires: Some(Timestamp::MAX), until: None }
                .is_due(Refresh::Half, Timestamp::MIN)
        );
    }
}
