//! What a Job makes of a pod that is evicted.
//!
//! It counts as a failure, unless the Job's podFailurePolicy ignores disruptions
//! (`pkg/controller/job/pod_failure_policy.go`); more failures than `backoffLimit` fail the Job.

/// A Job, as far as it decides what may be done to its pods.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Job {
    /// How many pods may fail.
    pub backoff_limit: usize,
    /// How many have failed.
    pub failed: usize,
    /// Failures are counted for each index by itself.
    pub per_index: bool,
    /// The rules of its podFailurePolicy, in their order; the first that applies decides.
    pub rules: Vec<FailureRule>,
}

/// A rule of a podFailurePolicy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureRule {
    /// What it looks at.
    pub on: FailureOf,
    /// What it does.
    pub action: FailureAction,
}

/// What a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureOf {
    /// The pod's condition `DisruptionTarget`, which an eviction sets.
    Disruption,
    /// The exit codes of containers; those that never ran have none.
    ExitCodes,
    /// Another condition of the pod.
    Other,
}

/// What a rule does with a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureAction {
    /// Doesn't count it.
    Ignore,
    /// Counts it.
    Count,
    /// Fails the Job, or its index.
    Fail,
}

impl Job {
    /// How many of its pods may be evicted and the Job goes on, at least one; or why none. A `running` pod's
    /// containers will have exit codes.
    pub fn room(&self, running: bool) -> Result<usize, String> {
        let applies = |rule: &&FailureRule| match rule.on {
            FailureOf::Disruption => true,
            FailureOf::ExitCodes => running,
            FailureOf::Other => false,
        };
        match self.rules.iter().find(applies).map(|rule| rule.action) {
            Some(FailureAction::Ignore) => return Ok(usize::MAX),
            Some(FailureAction::Fail) => {
                return Err("the podFailurePolicy of its Job would fail that for an eviction".to_owned());
            }
            Some(FailureAction::Count) | None => {}
        }
        if self.per_index {
            return Err("its Job counts an eviction as a failure of its index".to_owned());
        }
        match self.backoff_limit.saturating_sub(self.failed) {
            0 => Err(format!(
                "its Job would fail: it counts an eviction as a failure, and has had {} of {} (backoffLimit)",
                self.failed, self.backoff_limit
            )),
            room => Ok(room),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_how_many_evictions_a_job_survives() {
        use FailureAction::{Count, Fail, Ignore};
        use FailureOf::{Disruption, ExitCodes, Other};
        type Row = (usize, usize, &'static [(FailureOf, FailureAction)], bool, Result<usize, &'static str>);
        let table: [Row; 11] = [
            (6, 0, &[], false, Ok(6)),
            (1, 0, &[], false, Ok(1)),
            (1, 1, &[], false, Err("has had 1 of 1 (backoffLimit)")),
            (0, 0, &[], false, Err("has had 0 of 0")),
            (0, 2, &[], false, Err("has had 2 of 0")),
            (0, 0, &[(Disruption, Ignore)], false, Ok(usize::MAX)),
            (2, 0, &[(Disruption, Count)], false, Ok(2)),
            (6, 0, &[(Disruption, Fail)], false, Err("podFailurePolicy")),
            (6, 0, &[(Other, Fail), (ExitCodes, Fail), (Disruption, Ignore)], false, Ok(usize::MAX)),
            (6, 0, &[(ExitCodes, Fail), (Disruption, Ignore)], true, Err("podFailurePolicy")),
            (0, 0, &[(ExitCodes, Count), (Disruption, Ignore)], true, Err("backoffLimit")),
        ];
        for (backoff_limit, failed, rules, running, expected) in table {
            let rules = rules.iter().map(|(on, action)| FailureRule { on: *on, action: *action }).collect();
            let job = Job { backoff_limit, failed, per_index: false, rules };
            match (job.room(running), expected) {
                (Ok(room), Ok(expected)) => assert_eq!(room, expected, "{job:?}"),
                (Err(why), Err(part)) => assert!(why.contains(part), "{job:?}: {why}"),
                (room, _) => panic!("{job:?}: {room:?}"),
            }
        }
        assert!(Job { per_index: true, backoff_limit: 6, ..Job::default() }.room(false).is_err());
    }
}
