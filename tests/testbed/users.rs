//! Users with exactly the rights a test is about: ServiceAccounts, so that a test can
//! run as the shipped one does and prove its RBAC too. A role is in force when the
//! function that gave it returns.

use std::time::Duration;

use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::authorization::v1::SubjectAccessReview;
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule, RoleBinding};
use kube::Client;
use kube::api::{Api, PostParams};
use serde_json::json;

use super::fixtures::{create, object, service_account};

/// A ServiceAccount that is used as a person is.
#[derive(Debug, Clone)]
pub struct User {
    /// As RBAC and the audit log call it: `system:serviceaccount:NAMESPACE:NAME`.
    pub name: String,
    /// Good for an hour.
    pub token: String,
}

/// What a user may do.
#[derive(Debug, Clone)]
pub enum Role<'a> {
    /// What this existing ClusterRole allows. Not `view`, `edit` or `admin`: a controller would
    /// gather their rules; here it is `system:aggregate-to-view` and so on.
    Named(&'a str),
    /// These rules; see [`rules`].
    Rules(Vec<PolicyRule>),
}

/// Where a user may do it.
#[derive(Debug, Clone, Copy)]
pub enum Scope<'a> {
    /// By a ClusterRoleBinding.
    Cluster,
    /// By a RoleBinding in each.
    Namespaces(&'a [&'a str]),
}

/// Rules from (API group, resources, verbs), words parted by spaces: `rules(&[("", "pods secrets", "get list")])`.
pub fn rules(of: &[(&str, &str, &str)]) -> Vec<PolicyRule> {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let rule = |&(group, resources, verbs): &(&str, &str, &str)| PolicyRule {
        api_groups: Some(vec![group.to_owned()]),
        resources: Some(words(resources)),
        verbs: words(verbs),
        ..PolicyRule::default()
    };
    of.iter().map(rule).collect()
}

/// Makes the ServiceAccount `namespace`/`name` with that role, and a token. Back when the API server honours the role.
pub async fn user(client: &Client, namespace: &str, name: &str, role: Role<'_>, scope: Scope<'_>) -> User {
    service_account(client, namespace, name, &[]).await;
    bind(client, namespace, name, role, scope).await;
    User {
        name: format!("system:serviceaccount:{namespace}:{name}"),
        token: token(client, namespace, name).await,
    }
}

/// Gives an existing ServiceAccount a role, and waits until the API server honours it.
pub async fn bind(client: &Client, namespace: &str, name: &str, role: Role<'_>, scope: Scope<'_>) {
    // A role is cluster-wide and a user may get several: the server makes the names differ.
    let metadata = json!({"generateName": format!("{namespace}-{name}-")});
    let (role, rules) = match role {
        Role::Named(role) => {
            let found = Api::<ClusterRole>::all(client.clone()).get(role).await;
            let found = found.unwrap_or_else(|e| panic!("get clusterrole {role}: {e}"));
            let rules = found.rules.unwrap_or_default();
            assert!(!rules.is_empty(), "clusterrole {role} has no rules; see Role::Named");
            (role.to_owned(), rules)
        }
        Role::Rules(rules) => {
            let object = object(json!({"metadata": metadata, "rules": rules}));
            let made = create::<ClusterRole>(&Api::all(client.clone()), &object).await;
            (made.metadata.name.unwrap_or_default(), rules)
        }
    };
    let binding = json!({
        "metadata": metadata,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "ServiceAccount", "namespace": namespace, "name": name}],
    });
    let user = format!("system:serviceaccount:{namespace}:{name}");
    match scope {
        Scope::Cluster => {
            create::<ClusterRoleBinding>(&Api::all(client.clone()), &object(binding)).await;
            honoured(client, &user, &rules, None).await;
        }
        Scope::Namespaces(namespaces) => {
            for place in namespaces {
                create::<RoleBinding>(&Api::namespaced(client.clone(), place), &object(binding.clone()))
                    .await;
                honoured(client, &user, &rules, Some(place)).await;
            }
        }
    }
}

/// A token of a ServiceAccount, good for an hour.
pub async fn token(client: &Client, namespace: &str, name: &str) -> String {
    let spec = TokenRequestSpec { expiration_seconds: Some(3600), ..TokenRequestSpec::default() };
    let request = TokenRequest { spec: Some(spec), ..TokenRequest::default() };
    let api = Api::<ServiceAccount>::namespaced(client.clone(), namespace);
    let answer = api.create_token_request(name, &PostParams::default(), &request).await;
    let answer =
        answer.unwrap_or_else(|e| panic!("request a token of serviceaccount {namespace}/{name}: {e}"));
    answer.status.and_then(|status| status.token).expect("a token request is answered with a token")
}

/// The authorizer learns of new roles by a watch, a moment later: asks it until it allows the last rule.
pub async fn honoured(client: &Client, user: &str, rules: &[PolicyRule], namespace: Option<&str>) {
    let Some(rule) = rules.iter().rev().find(|rule| rule.resources.is_some()) else {
        return;
    };
    let first = |list: &Option<Vec<String>>| list.iter().flatten().next().cloned();
    let resource = first(&rule.resources).unwrap_or_default();
    let (resource, subresource) = resource.split_once('/').unwrap_or((&resource, ""));
    let review: SubjectAccessReview = object(json!({"spec": {"user": user, "resourceAttributes": {
        "group": first(&rule.api_groups), "resource": resource, "subresource": subresource,
        "name": first(&rule.resource_names), "verb": rule.verbs.first(), "namespace": namespace,
    }}}));
    for _ in 0..500 {
        let answer = create(&Api::<SubjectAccessReview>::all(client.clone()), &review).await;
        if answer.status.is_some_and(|status| status.allowed) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the API server does not honour the new role of {user}: {rule:?}");
}
