//! Rights, one by one, and giving them to a ServiceAccount.

use std::slice;

use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use k8s_openapi::api::rbac::v1::PolicyRule;
use kube::Client;
use kube::client::Body;
use pullkeeper::config::Config;
use pullkeeper::rbac::{Grant, Holder, Part, Rule, grants, json};
use serde_json::Value;

use crate::testbed::users::honoured;

/// A verb of a rule, on one of its resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Right {
    pub(crate) part: Part,
    /// The place of its grant.
    grant: usize,
    /// The place of its rule.
    rule: usize,
    pub(crate) resource: &'static str,
    pub(crate) verb: &'static str,
}

/// Each right of a configuration.
pub(crate) fn rights(config: &Config) -> Vec<Right> {
    let mut rights = Vec::new();
    for (place, grant) in grants(config).into_iter().enumerate() {
        for (number, rule) in grant.rules.into_iter().enumerate() {
            for resource in &rule.resources {
                let right = |verb: &&'static str| Right {
                    part: grant.part,
                    grant: place,
                    rule: number,
                    resource,
                    verb,
                };
                rights.extend(rule.verbs.iter().map(right));
            }
        }
    }
    rights
}

/// The grants of a configuration, but for that right.
fn grants_without(config: &Config, right: Option<&Right>) -> Vec<Grant> {
    let mut grants = grants(config);
    if let Some(right) = right {
        let rules = &mut grants[right.grant].rules;
        let whole = rules.remove(right.rule);
        let others = whole.resources.iter().filter(|own| **own != right.resource).copied().collect();
        let others = Rule { resources: others, ..whole.clone() };
        let verbs = whole.verbs.iter().filter(|own| **own != right.verb).copied().collect();
        let rest = Rule { resources: vec![right.resource], verbs, ..whole };
        let left = [others, rest].into_iter();
        rules.extend(left.filter(|rule| !rule.resources.is_empty() && !rule.verbs.is_empty()));
    }
    grants.retain(|grant| !grant.rules.is_empty());
    grants
}

/// Gives a ServiceAccount what a configuration takes, but for that right; back when it is honoured. Names that are the
/// whole cluster's get an end that keeps trials apart.
pub(crate) async fn give(admin: &Client, config: &Config, holder: &Holder, without: Option<&Right>) {
    let mut grants = grants_without(config, without);
    for grant in &mut grants {
        grant.name = format!("{}.{}", grant.name, holder.namespace);
    }
    for item in json(&grants, holder)["items"].as_array().unwrap() {
        let kind = item["kind"].as_str().unwrap().to_lowercase();
        let place = item["metadata"]["namespace"].as_str().map(|own| format!("/namespaces/{own}"));
        let path = format!("/apis/rbac.authorization.k8s.io/v1{}/{kind}s", place.unwrap_or_default());
        let (status, answer) = send(admin, Method::POST, &path, "application/json", item).await;
        assert_eq!(status, StatusCode::CREATED, "{item}: {}", answer["message"]);
    }
    let user = format!("system:serviceaccount:{}:{}", holder.namespace, holder.service_account);
    for grant in &grants {
        let role = &json(slice::from_ref(grant), holder)["items"][0];
        let rules: Vec<PolicyRule> = serde_json::from_value(role["rules"].clone()).unwrap();
        honoured(admin, &user, &rules, grant.namespace.as_deref()).await;
    }
}

/// One request, and its answer, whatever it is.
pub(crate) async fn send(
    client: &Client,
    method: Method,
    path: &str,
    content: &str,
    body: &Value,
) -> (StatusCode, Value) {
    let request = Request::builder().method(method).uri(path).header("Content-Type", content);
    let answer = client.send(request.body(Body::from(body.to_string().into_bytes())).unwrap()).await.unwrap();
    let status = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}
