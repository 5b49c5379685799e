//! What a Job makes of a pod that is evicted.
//!
//! It counts as a failure, unless the Job's podFailurePolicy ignores disruptions
//! (`pkg/controller/job/pod_failure_policy.go`); more failures than `backoffLimit` fail the Job.

#[cfg(test)]
mod tests;

/// A Job, as far as it decides what may be done to its pods.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Job {
    /// How many pods may fail.
    pub backoff_limit: usize,
    /// How many have failed.
    pub failed: usize,
    /// How many are ending and may not be among those yet.
    pub ending: usize,
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FailureOf {
    /// The pod's condition `DisruptionTarget`, which an eviction sets.
    Disruption,
    /// The exit codes of containers.
    ExitCodes {
        /// Of this one only.
        container: Option<String>,
        /// Which codes, beside zero, which no rule sees.
        codes: Codes,
    },
    /// Another condition of the pod.
    Other,
}

/// Some exit codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Codes {
    /// These.
    In(Vec<i32>),
    /// All but these.
    NotIn(Vec<i32>),
    /// Told in a way that isn't known.
    Unknown,
}

/// What a rule does with a failure, from the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailureAction {
    /// Doesn't count it.
    Ignore,
    /// Counts it.
    Count,
    /// Fails the Job, or its index.
    Fail,
}

/// The exit code that a container will have, or has, when its pod has failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// The container.
    pub container: String,
    /// `None` is any, for it runs.
    pub code: Option<i32>,
}

/// What the kubelet may note for a container that waits when its pod ends; it does so for the regular ones once the
/// init containers are through, and for the first of those (`TerminatePod` in its `status_manager.go`).
pub const NEVER_STARTED: i32 = 137;

impl Job {
    /// How many of its pods may be evicted and the Job goes on, at least one; or why none. `exits` is what the
    /// containers of one leave behind.
    pub fn room(&self, exits: &[Exit]) -> Result<usize, String> {
        match self.worst(exits) {
            FailureAction::Ignore => return Ok(usize::MAX),
            FailureAction::Fail => {
                return Err("the podFailurePolicy of its Job would fail that for an eviction".to_owned());
            }
            FailureAction::Count => {}
        }
        if self.per_index {
            return Err("its Job counts an eviction as a failure of its index".to_owned());
        }
        let Self { backoff_limit, failed, ending, .. } = self;
        let under_way = if *ending > 0 { format!(", and {ending} more are ending") } else { String::new() };
        match backoff_limit.saturating_sub(*failed).saturating_sub(*ending) {
            0 => Err(format!(
                "its Job would fail: it counts an eviction as a failure, and has had {failed} of {backoff_limit} (backoffLimit){under_way}"
            )),
            room => Ok(room),
        }
    }

    /// The worst that its rules may do. Exit codes are not sure until they are there: a rule on them may apply or not.
    fn worst(&self, exits: &[Exit]) -> FailureAction {
        let mut worst = FailureAction::Ignore;
        for rule in &self.rules {
            match &rule.on {
                FailureOf::Disruption => return worst.max(rule.action),
                FailureOf::ExitCodes { container, codes } => {
                    let named = |exit: &&Exit| container.as_ref().is_none_or(|own| *own == exit.container);
                    if exits.iter().filter(named).any(|exit| codes.may_hold(exit.code)) {
                        worst = worst.max(rule.action);
                    }
                }
                FailureOf::Other => {}
            }
        }
        worst.max(FailureAction::Count)
    }
}

impl Codes {
    /// May it be one of these? Any code may.
    fn may_hold(&self, code: Option<i32>) -> bool {
        match (self, code) {
            (_, Some(0)) => false,
            (Self::Unknown, _) | (_, None) => true,
            (Self::In(codes), Some(code)) => codes.contains(&code),
            (Self::NotIn(codes), Some(code)) => !codes.contains(&code),
        }
    }
}
