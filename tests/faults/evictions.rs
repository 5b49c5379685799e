//! Pods that can't be evicted, or are others by the time they are.

use serde_json::{Value, json};

use super::scripted::objects::{
    conflict, forbidden, list, not_found, ok, refusal, refusal_with, service_account, stuck_pod,
};
use super::scripted::{Expect, Request, Server, delete, get, patch, post, writes};
use super::{ACCOUNTS, DEFAULT, EVENTS, ONE, PODS, SECRETS, pass_over, said};

/// Stuck pods in team-a, whose Secret and ServiceAccount are then put in place.
fn stuck(names: &[&str]) -> Vec<Expect> {
    let pods: Vec<_> = names.iter().map(|name| stuck_pod("team-a", name, "1")).collect();
    vec![
        get(PODS).query("status.phase=Pending").says(ok(&list(pods.into(), ""))).always(),
        get(ACCOUNTS).says(ok(&list(json!([service_account("team-a", "default", &[])]), ""))).always(),
        post(SECRETS).says(ok(&json!({}))),
        patch(DEFAULT).says(ok(&json!({}))),
    ]
}

fn evict(name: &str) -> Expect {
    post(format!("{PODS}/{name}/eviction"))
}

fn read(name: &str) -> Expect {
    get(format!("{PODS}/{name}"))
}

/// What is said after the Secret and the ServiceAccount, and all that was asked.
async fn heal(script: Vec<Expect>) -> (Vec<String>, Vec<Request>) {
    let server = Server::start(script);
    let report = pass_over(&server, ONE).await.unwrap();
    let said = said(&report);
    assert!(said[1].starts_with("patch ServiceAccount team-a/default"), "{said:?}");
    (said[2..].to_vec(), server.finish())
}

const EVICTED: &str = "evict Pod team-a/web: the registry refuses access; a new pod gets Secret pullkeeper from ServiceAccount default";

#[tokio::test]
async fn the_very_pod_that_was_judged_is_evicted() {
    let mut script = stuck(&["web"]);
    script.push(evict("web").says(ok(&json!({}))));
    script.push(post(EVENTS).says(ok(&json!({}))));
    let (said, asked) = heal(script).await;
    assert_eq!(said, [EVICTED]);
    assert_eq!(
        asked[2].json()["deleteOptions"]["preconditions"],
        json!({"uid": "uid-of-web", "resourceVersion": "1"})
    );
}

/// It reads them from a watch: a pod that is made at once may get what was named before.
#[tokio::test]
async fn the_api_server_has_time_to_learn_what_the_service_account_names() {
    for (heal, act) in [("auto", evict("web")), ("all", delete(format!("{PODS}/web")))] {
        let mut script = stuck(&["web"]);
        script.push(act.says(ok(&json!({}))));
        script.push(post(EVENTS).says(ok(&json!({}))));
        let server = Server::start(script);
        pass_over(&server, &format!("{ONE}\npods: {{heal: {heal}}}")).await.unwrap();
        let asked = server.finish();
        assert_eq!(asked[1].path, DEFAULT);
        assert!(asked[2].at.duration_since(asked[1].at).as_secs() >= 1, "heal: {heal}");
    }
}

#[tokio::test]
async fn a_disruption_budget_is_respected_and_reported() {
    let mut script = stuck(&["web"]);
    let budget = refusal_with(429, "TooManyRequests", "pods", "DisruptionBudget");
    script.push(evict("web").says(budget.header("Retry-After", "1")));
    let (said, asked) = heal(script).await;
    assert_eq!(said, ["finding DisruptionBudget Pod team-a/web"]);
    assert_eq!(asked.len(), 3);
}

#[tokio::test]
async fn a_pod_with_two_disruption_budgets_is_tried_once_and_reported() {
    let mut script = stuck(&["web"]);
    // As `pkg/registry/core/pod/storage/eviction.go` puts it, without a reason.
    let words =
        "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
    script.push(evict("web").says(refusal(500, "", words)));
    let (said, asked) = heal(script).await;
    assert_eq!(said, ["finding DisruptionBudget Pod team-a/web"]);
    assert_eq!(asked.len(), 3);
}

#[tokio::test]
async fn a_pod_that_was_written_to_meanwhile_is_evicted_as_it_now_is() {
    let mut script = stuck(&["web"]);
    script.push(evict("web").says(conflict()));
    script.push(read("web").says(ok(&stuck_pod("team-a", "web", "2"))));
    script.push(evict("web").says(ok(&json!({}))));
    script.push(post(EVENTS).says(ok(&json!({}))));
    let (said, asked) = heal(script).await;
    assert_eq!(said, [EVICTED]);
    assert_eq!(
        asked[4].json()["deleteOptions"]["preconditions"],
        json!({"uid": "uid-of-web", "resourceVersion": "2"})
    );
}

#[tokio::test]
async fn a_pod_that_is_no_longer_the_case_is_left() {
    type Edit = fn(&mut Value);
    let edits: [(&str, Edit); 5] = [
        ("runs", |pod| pod["status"]["containerStatuses"][0]["state"] = json!({"running": {}})),
        ("is another", |pod| pod["metadata"]["uid"] = "another".into()),
        ("terminates", |pod| pod["metadata"]["deletionTimestamp"] = "2026-01-02T00:00:00Z".into()),
        ("waits for another image", |pod| {
            pod["spec"]["containers"][0]["image"] = "harbor.example.com/app:2".into();
        }),
        ("waits for another reason", |pod| {
            pod["status"]["containerStatuses"][0]["state"]["waiting"]["message"] = "manifest unknown".into();
        }),
    ];
    for (what, edit) in edits {
        let mut now = stuck_pod("team-a", "web", "2");
        edit(&mut now);
        let mut script = stuck(&["web"]);
        script.push(evict("web").says(conflict()));
        script.push(read("web").says(ok(&now)));
        let (said, _) = heal(script).await;
        assert!(said.is_empty(), "{what}: {said:?}");
    }
}

#[tokio::test]
async fn a_pod_that_is_gone_is_nothing_to_speak_of() {
    for after in [vec![evict("web").says(not_found())], {
        vec![evict("web").says(conflict()), read("web").says(not_found())]
    }] {
        let mut script = stuck(&["web"]);
        script.extend(after);
        let (said, _) = heal(script).await;
        assert!(said.is_empty(), "{said:?}");
    }
}

#[tokio::test]
async fn a_refusal_is_one_finding_and_no_other_pod_is_tried() {
    let mut script = stuck(&["one", "two", "three"]);
    script.push(evict("one").says(forbidden()));
    let (said, asked) = heal(script).await;
    assert_eq!(said, ["finding Forbidden Pod team-a/one"]);
    assert_eq!(writes(&asked).len(), 3);
}

#[tokio::test]
async fn the_oldest_tools_way_is_a_delete_of_the_very_pod() {
    let mut script = stuck(&["web"]);
    script.push(delete(format!("{PODS}/web")).says(ok(&json!({}))));
    script.push(post(EVENTS).says(ok(&json!({}))));
    let server = Server::start(script);
    let report = pass_over(&server, &format!("{ONE}\npods: {{heal: all}}")).await.unwrap();
    assert_eq!(report.changes.len(), 3, "{report}");
    let asked = server.finish();
    let preconditions = asked[2].json()["preconditions"].clone();
    assert_eq!(preconditions, json!({"uid": "uid-of-web", "resourceVersion": "1"}));
}
