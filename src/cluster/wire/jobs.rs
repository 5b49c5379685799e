//! Jobs, as far as they decide what may be done to their pods.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Object, nullable};
use crate::plan::{self, Codes, FailureAction, FailureOf, FailureRule};

#[derive(Deserialize)]
pub(in crate::cluster) struct Job {
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    backoff_limit: Option<u32>,
    backoff_limit_per_index: Option<u32>,
    pod_failure_policy: Option<Policy>,
}

#[derive(Deserialize)]
struct Policy {
    #[serde(default = "Vec::new", deserialize_with = "nullable")]
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    action: String,
    on_exit_codes: Option<ExitCodes>,
    #[serde(default = "Vec::new", deserialize_with = "nullable")]
    on_pod_conditions: Vec<Condition>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExitCodes {
    container_name: Option<String>,
    #[serde(default)]
    operator: String,
    #[serde(default = "Vec::new", deserialize_with = "nullable")]
    values: Vec<i32>,
}

#[derive(Deserialize)]
struct Condition {
    #[serde(rename = "type")]
    type_: String,
    status: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Status {
    #[serde(default)]
    failed: u32,
    #[serde(default)]
    terminating: Option<u32>,
    #[serde(default)]
    uncounted_terminated_pods: Option<Uncounted>,
}

/// Pods that have ended and are not among the failed ones yet.
#[derive(Deserialize)]
struct Uncounted {
    #[serde(default = "Vec::new", deserialize_with = "nullable")]
    failed: Vec<IgnoredAny>,
}

impl Object for Job {
    const KINDS: &[&str] = &["Job"];
}

impl Job {
    pub(in crate::cluster) fn observe(self) -> plan::Job {
        let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let uncounted = self.status.uncounted_terminated_pods.map_or(0, |pods| pods.failed.len());
        let rules = self.spec.pod_failure_policy.map(|policy| policy.rules).unwrap_or_default();
        plan::Job {
            // The API server writes the default down.
            backoff_limit: count(self.spec.backoff_limit.unwrap_or_default()),
            failed: count(self.status.failed),
            // Without a podFailurePolicy some may be counted twice, until they have ended.
            ending: count(self.status.terminating.unwrap_or_default()).saturating_add(uncounted),
            per_index: self.spec.backoff_limit_per_index.is_some(),
            rules: rules.into_iter().map(Rule::observe).collect(),
        }
    }
}

impl Rule {
    fn observe(self) -> FailureRule {
        let disrupted = |condition: &Condition| {
            condition.type_ == "DisruptionTarget" && condition.status.as_deref().unwrap_or("True") == "True"
        };
        let on = match self.on_exit_codes {
            Some(codes) => codes.observe(),
            None if self.on_pod_conditions.iter().any(disrupted) => FailureOf::Disruption,
            None => FailureOf::Other,
        };
        let action = match self.action.as_str() {
            "Ignore" => FailureAction::Ignore,
            "Count" => FailureAction::Count,
            // What isn't known had better not be tried.
            _ => FailureAction::Fail,
        };
        FailureRule { on, action }
    }
}

impl ExitCodes {
    fn observe(self) -> FailureOf {
        let codes = match self.operator.as_str() {
            "In" => Codes::In(self.values),
            "NotIn" => Codes::NotIn(self.values),
            _ => Codes::Unknown,
        };
        FailureOf::ExitCodes { container: self.container_name, codes }
    }
}
