//! Jobs, whose pods are evicted only if the Job bears it: what is asked of them, and what is made of answers.

use serde_json::{Value, json};

use super::scripted::objects::{forbidden, list, not_found, ok, refusal, service_account, stuck_pod};
use super::scripted::{Expect, Reply, Server, get, lines, patch, post};
use super::{ACCOUNTS, DEFAULT, EVENTS, ONE, PODS, SECRETS, pass_over, said};

const JOB: &str = "/apis/batch/v1/namespaces/team-a/jobs/batch";

fn pod_of_job(name: &str) -> Value {
    let mut pod = stuck_pod("team-a", name, "1");
    pod["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "batch/v1", "kind": "Job", "name": "batch", "uid": "1", "controller": true}]);
    pod
}

fn job(spec: &Value, failed: u32) -> Reply {
    ok(&json!({
        "kind": "Job", "apiVersion": "batch/v1", "metadata": {"name": "batch", "namespace": "team-a"},
        "spec": spec, "status": {"failed": failed},
    }))
}

/// What is said after the Secret and the ServiceAccount, and the messages of findings.
async fn heal(
    pods: Vec<Value>,
    script: impl IntoIterator<Item = Expect>,
) -> (Vec<String>, Vec<String>, Vec<String>) {
    let before = [
        get(PODS).query("status.phase=Pending").says(ok(&list(pods.into(), ""))).always(),
        get(ACCOUNTS).says(ok(&list(json!([service_account("team-a", "default", &[])]), ""))).always(),
        post(SECRETS).says(ok(&json!({}))),
        patch(DEFAULT).says(ok(&json!({}))),
    ];
    let server = Server::start(before.into_iter().chain(script));
    let report = pass_over(&server, ONE).await.unwrap();
    let messages = report.findings.iter().map(|finding| finding.message.clone()).collect();
    (said(&report)[2..].to_vec(), messages, lines(&server.finish()))
}

fn evicted(name: &str) -> [Expect; 2] {
    [post(format!("{PODS}/{name}/eviction")).says(ok(&json!({}))), post(EVENTS).says(ok(&json!({})))]
}

#[tokio::test]
async fn a_job_is_asked_for_once_and_only_where_its_pods_would_go() {
    let mut elsewhere = pod_of_job("elsewhere");
    elsewhere["spec"]["containers"][0]["image"] = "ghcr.io/them/app:1".into();
    elsewhere["status"]["containerStatuses"][0]["state"]["waiting"]["message"] = "401 Unauthorized".into();
    let mut typo = pod_of_job("typo");
    typo["status"]["containerStatuses"][0]["state"]["waiting"]["message"] = "manifest unknown".into();
    let mut named = pod_of_job("named");
    named["spec"]["imagePullSecrets"] = json!([{"name": "pullkeeper"}]);
    let (said, _, asked) = heal(vec![elsewhere.clone(), typo.clone(), named.clone()], []).await;
    assert_eq!(said, ["finding PodNotHealed Pod team-a/typo"]);
    assert_eq!(asked.len(), 2, "{asked:?}");

    let pods = vec![pod_of_job("one"), elsewhere, pod_of_job("two"), typo, pod_of_job("three")];
    // Which two have a turn depends on the clock: any of the three is well.
    let any = |name: &str| post(format!("{PODS}/{name}/eviction")).says(ok(&json!({}))).always();
    let script = [
        get(JOB).says(job(&json!({"backoffLimit": 3}), 1)),
        any("one"),
        any("two"),
        any("three"),
        post(EVENTS).says(ok(&json!({}))),
        post(EVENTS).says(ok(&json!({}))),
    ];
    let (said, _, asked) = heal(pods, script).await;
    assert_eq!(asked.iter().filter(|line| line.contains("/jobs/")).count(), 1);
    assert_eq!(said.iter().filter(|line| line.starts_with("evict")).count(), 2, "{said:?}");
    assert!(said.contains(&"finding EvictionsLimited Job team-a/batch".to_owned()), "{said:?}");
}

#[tokio::test]
async fn a_job_that_is_not_known_is_told_and_its_pod_left() {
    let deployment = ok(&json!({"kind": "Deployment", "apiVersion": "apps/v1", "spec": {"backoffLimit": 6}}));
    let negative = job(&json!({"backoffLimit": -1}), 0);
    let table = [
        (forbidden(), "; grant get on jobs"),
        (not_found(), "its Job is gone; delete it by hand"),
        (Reply::raw(200, "text/html", "<h1>Welcome</h1>"), "its Job can't be read: the answer of"),
        (deployment, "it is of another kind"),
        (negative, "its Job can't be read: the answer of"),
        (refusal(400, "BadRequest", "no"), "its Job can't be read: no (400)"),
    ];
    for (reply, part) in table {
        let (said, messages, _) = heal(vec![pod_of_job("web")], [get(JOB).says(reply)]).await;
        assert_eq!(said, ["finding PodNotHealed Pod team-a/web"], "{part}");
        assert!(messages[0].contains(part), "{}", messages[0]);
    }
}

#[tokio::test]
async fn every_form_of_a_pod_failure_policy_is_understood() {
    let ruled = |rules: Value| json!({"backoffLimit": 0, "podFailurePolicy": {"rules": rules}});
    let disruption = json!([{"type": "DisruptionTarget", "status": "True"}]);
    let on = |action: &str, conditions: &Value| json!({"action": action, "onPodConditions": conditions});
    let codes = |operator: &str, value: i32| json!({"action": "FailJob", "onExitCodes": {"operator": operator, "values": [value]}, "onPodConditions": null});
    let counts = "its Job would fail: it counts an eviction as a failure, and has had 0 of 0 (backoffLimit)";
    let fails = "the podFailurePolicy of its Job would fail that for an eviction";
    let table = [
        (ruled(json!([on("Ignore", &disruption)])), None),
        // Status is True where it isn't written.
        (ruled(json!([on("Ignore", &json!([{"type": "DisruptionTarget"}]))])), None),
        (
            ruled(json!([on(
                "Ignore",
                &json!([{"type": "Other"}, {"type": "DisruptionTarget", "status": "True"}])
            )])),
            None,
        ),
        // The kubelet may note 137 for containers that never ran.
        (ruled(json!([codes("In", 1), on("Ignore", &disruption)])), None),
        (ruled(json!([codes("In", 137), on("Ignore", &disruption)])), Some(fails)),
        (ruled(json!([codes("NotIn", 42), on("Ignore", &disruption)])), Some(fails)),
        (ruled(json!([codes("Around", 42), on("Ignore", &disruption)])), Some(fails)),
        (
            ruled(json!([on("Ignore", &json!([{"type": "DisruptionTarget", "status": "False"}]))])),
            Some(counts),
        ),
        (ruled(json!([on("Ignore", &json!([{"type": "Other", "status": "True"}]))])), Some(counts)),
        (ruled(json!([on("Count", &disruption), on("Ignore", &disruption)])), Some(counts)),
        (ruled(json!([on("FailJob", &disruption), on("Ignore", &disruption)])), Some(fails)),
        (ruled(json!([on("FailIndex", &disruption)])), Some(fails)),
        (ruled(json!([on("SomethingNew", &disruption)])), Some(fails)),
        (ruled(json!([])), Some(counts)),
        (ruled(Value::Null), Some(counts)),
        (json!({"backoffLimit": 0}), Some(counts)),
        (json!({"backoffLimit": 1}), None),
        (
            json!({"backoffLimit": 2_147_483_647, "backoffLimitPerIndex": 1}),
            Some("counts an eviction as a failure of its index"),
        ),
        (
            json!({"backoffLimit": 2_147_483_647, "backoffLimitPerIndex": 1, "podFailurePolicy": {"rules": [on("Ignore", &disruption)]}}),
            None,
        ),
    ];
    for (spec, told) in table {
        let case = spec.to_string();
        let script = [get(JOB).says(job(&spec, 0))].into_iter();
        let script: Vec<_> =
            if told.is_none() { script.chain(evicted("web")).collect() } else { script.collect() };
        let (said, messages, _) = heal(vec![pod_of_job("web")], script).await;
        match told {
            None => {
                assert!(said.len() == 1 && said[0].starts_with("evict Pod team-a/web"), "{case}: {said:?}");
            }
            Some(part) => {
                assert_eq!(said, ["finding PodNotHealed Pod team-a/web"], "{case}");
                assert!(messages[0].contains(part), "{case}: {}", messages[0]);
            }
        }
    }
}

#[tokio::test]
async fn a_job_without_a_status_has_failed_in_nothing() {
    let bare = ok(&json!({"kind": "Job", "spec": {"backoffLimit": 1}}));
    let script = [get(JOB).says(bare)].into_iter().chain(evicted("web"));
    let (said, ..) = heal(vec![pod_of_job("web")], script).await;
    assert!(said.len() == 1 && said[0].starts_with("evict Pod team-a/web"), "{said:?}");
}

#[tokio::test]
async fn what_is_ending_is_counted_before_the_job_does() {
    let spec = json!({"backoffLimit": 2});
    let table = [
        (json!({"failed": 1}), true),
        (json!({"failed": 1, "terminating": 0, "uncountedTerminatedPods": {"failed": null}}), true),
        (json!({"failed": 1, "terminating": 1}), false),
        (json!({"failed": 1, "terminating": null, "uncountedTerminatedPods": {"failed": ["uid"]}}), false),
    ];
    for (status, evict) in table {
        let job = ok(&json!({"kind": "Job", "spec": spec, "status": status}));
        let script = [get(JOB).says(job)].into_iter();
        let script: Vec<_> = if evict { script.chain(evicted("web")).collect() } else { script.collect() };
        let (said, messages, _) = heal(vec![pod_of_job("web")], script).await;
        assert_eq!(said.len(), 1);
        assert_eq!(said[0].starts_with("evict Pod team-a/web"), evict, "{status}: {said:?}");
        assert!(evict || messages[0].contains("and 1 more are ending"), "{messages:?}");
    }
}

#[tokio::test]
async fn what_runs_may_end_with_any_code() {
    let ignores = json!({"action": "Ignore", "onExitCodes": {"operator": "In", "values": [42]}});
    let spec = json!({"backoffLimit": 0, "podFailurePolicy": {"rules": [ignores]}});
    let mut pod = pod_of_job("web");
    pod["status"]["initContainerStatuses"] = json!([{"name": "sidecar", "state": {"running": {}}}]);
    let (said, messages, _) = heal(vec![pod], [get(JOB).says(job(&spec, 0))]).await;
    assert_eq!(said, ["finding PodNotHealed Pod team-a/web"]);
    assert!(messages[0].contains("has had 0 of 0 (backoffLimit)"), "{messages:?}");
}
