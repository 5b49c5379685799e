//! The rights as which the program runs.

use k8s_openapi::api::rbac::v1::PolicyRule;
use serde_json::Value;

use crate::place::HOST;
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

/// What README tells eatr's users to take: the shipped rules with their Secret's name, and the keys' Secret.
pub(crate) fn eatr() -> Vec<PolicyRule> {
    let watch = include_str!("../../manifests/watch/rbac.yaml").split("\n---").next().unwrap();
    let watch: Value = serde_saphyr::from_str(watch).expect("manifests/watch/rbac.yaml is YAML");
    let watch: Vec<PolicyRule> = serde_json::from_value(watch["rules"].clone()).expect("a ClusterRole");
    let mut all: Vec<_> = shipped().into_iter().chain(watch).collect();
    for names in all.iter_mut().filter_map(|rule| rule.resource_names.as_mut()) {
        *names = vec![HOST.to_owned()];
    }
    let keys = rules(&[("", "secrets", "get")]).into_iter();
    all.extend(keys.map(|rule| PolicyRule {
        resource_names: Some(vec![format!("eatr-aws-credentials-{HOST}")]),
        ..rule
    }));
    all
}
