//! The rights as which the program runs.

use k8s_openapi::api::rbac::v1::PolicyRule;
use serde_json::Value;

use crate::testbed::users::rules;

/// The rules of the ClusterRole that is shipped.
pub(crate) fn shipped() -> Vec<PolicyRule> {
    let text = include_str!("../../manifests/base/rbac.yaml");
    let role = text.split("\n---").next().unwrap();
    let role: Value = serde_saphyr::from_str(role).expect("manifests/base/rbac.yaml is YAML");
    serde_json::from_value(role["rules"].clone()).expect("its first document is a ClusterRole")
}

/// The ClusterRole that k8s-ecrupdater published.
pub(crate) fn ecrupdater() -> Vec<PolicyRule> {
    let mut all = ecrupdater_secrets();
    all.extend(rules(&[("", "namespaces", "get list")]));
    all
}

/// The part of it that those need who have no Secrets created.
pub(crate) fn ecrupdater_secrets() -> Vec<PolicyRule> {
    rules(&[("", "secrets", "get list watch create update patch delete")])
}
