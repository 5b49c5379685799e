//! The Events that tell what was done to a pod. One that can't be written harms nobody.

use serde_json::{Value, json};

use super::nudging::{Bed, evict, nudge};
use super::program::ConfigFile;
use super::scripted::expect::Fault;
use super::scripted::objects::{forbidden, list, not_found, ok, refusal, refusal_with, service_account};
use super::scripted::{Expect, Gate, Reply, Server, get, lines, patch, post};
use super::{ACCOUNTS, DEFAULT, EVENTS, PODS, load, pass_by, said};

/// An Event as it was sent, without its name and times.
fn timeless(mut event: Value) -> Value {
    let name = event["metadata"]["name"].take();
    let (pod, moment) = name.as_str().unwrap().rsplit_once('.').unwrap();
    assert_eq!(pod, event["involvedObject"]["name"]);
    assert!(u64::from_str_radix(moment, 16).is_ok(), "{name}");
    let times = ["firstTimestamp", "lastTimestamp"].map(|key| event[key].take());
    // Kubernetes' Time has no fractions of a second.
    assert!(times[0].as_str().is_some_and(|time| time.len() == "2026-11-21T03:00:00Z".len()), "{times:?}");
    assert_eq!(times[0], times[1]);
    event
}

fn expected(reason: &str, message: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": null, "namespace": "team-a"},
        "involvedObject": {
            "apiVersion": "v1", "kind": "Pod", "namespace": "team-a", "name": "web", "uid": "uid-of-web",
        },
        "type": "Normal",
        "reason": reason,
        "message": message,
        "source": {"component": "pullkeeper"},
        "reportingComponent": "pullkeeper",
        "reportingInstance": "",
        "firstTimestamp": null,
        "lastTimestamp": null,
        "count": 1,
    })
}

fn told() -> Reply {
    ok(&json!({}))
}

fn made() -> Expect {
    post(EVENTS).says(told())
}

#[tokio::test]
async fn it_names_the_very_pod_and_says_what_was_done() {
    let bed = Bed::new();
    let script = [nudge("web").says(ok(&json!({}))), made()];
    let healed = bed.heal(vec![bed.pod("web", "1")], script).await;
    let said = bed.nudged("web");
    let message = said.strip_prefix("nudge Pod team-a/web: ").unwrap();
    assert_eq!(timeless(healed.asked[1].json()), expected("PullNudged", message));

    let script = [
        get(ACCOUNTS).says(ok(&list(json!([service_account("team-a", "default", &[])]), ""))).always(),
        patch(DEFAULT).says(ok(&json!({}))),
        evict("web").says(ok(&json!({}))),
        made(),
    ];
    let healed = bed.heal(vec![bed.unnamed("web", "1")], script).await;
    let message = "the registry refuses access; a new pod gets Secret pullkeeper from ServiceAccount default";
    assert_eq!(timeless(healed.asked[2].json()), expected("PullEvicted", message));
}

#[tokio::test]
async fn without_the_right_pods_are_healed_and_it_is_told_and_tried_once() {
    let bed = Bed::new();
    let done = |name| nudge(name).says(ok(&json!({})));
    let script = [done("one"), post(EVENTS).says(forbidden()), done("two"), done("three")];
    let pods = ["one", "two", "three"].map(|name| bed.pod(name, "1")).to_vec();
    let healed = bed.heal(pods, script).await;
    assert_eq!(healed.report.changes.len(), 4, "{}", healed.report);
    assert_eq!(healed.said[3..], ["finding Forbidden Pod team-a/one"]);
    let message = &healed.report.findings[0].message;
    assert!(
        message.ends_with("pods are healed without an Event that says so. Grant create on events"),
        "{message}"
    );
}

#[tokio::test]
async fn users_of_the_oldest_tool_never_granted_it_and_are_not_bothered() {
    let mut pods = ["one", "two"].map(|name| super::scripted::objects::stuck_pod("team-a", name, "1"));
    pods[1]["metadata"]["name"] = "two".into();
    let server = Server::start(
        [
            get(PODS).query("status.phase=Pending").says(ok(&list(pods.to_vec().into(), ""))).always(),
            post("/api/v1/namespaces/team-a/secrets").says(ok(&json!({}))),
        ]
        .into_iter()
        .chain(
            ["one", "two"].map(|name| super::scripted::delete(format!("{PODS}/{name}")).says(ok(&json!({})))),
        )
        .chain([post(EVENTS).says(forbidden())]),
    );
    let file = ConfigFile::new(
        "namespaces: [team-a]\nregistry: {host: harbor.example.com, username: a, password: x, pullSecretName: pulls, email: a@b.c}\n",
    );
    let report = pass_by(&server, &load(&file, super::unverified())).await.unwrap();
    assert_eq!(said(&report).len(), 3, "{report}");
    assert_eq!(report.changes.len(), 3, "{report}");
    server.finish();
}

#[tokio::test]
async fn one_that_fails_in_another_way_is_no_matter_and_holds_nobody_up() {
    let terminating = || refusal_with(403, "Forbidden", "namespaces", "NamespaceTerminating");
    let broken = || refusal(500, "InternalError", "etcd leader changed");
    for reply in [
        terminating(),
        not_found(),
        refusal(422, "Invalid", "Event \"x\" is invalid"),
        refusal(403, "Forbidden", "admission webhook \"x\" denied the request"),
        broken(),
        ok(&json!({})).fails(Fault::Reset),
    ] {
        let bed = Bed::new();
        let done = |name| nudge(name).says(ok(&json!({})));
        let script = [done("one"), post(EVENTS).says(reply), done("two")];
        let healed = bed.heal(vec![bed.pod("one", "1"), bed.pod("two", "1")], script).await;
        assert_eq!(healed.said, [bed.nudged("one"), bed.nudged("two")]);
    }
}

#[tokio::test]
async fn an_api_server_that_keeps_one_waiting_is_not_waited_for() {
    let (bed, gate) = (Bed::new(), Gate::default());
    let done = |name| nudge(name).says(ok(&json!({})));
    let script = [done("one"), post(EVENTS).says(told().behind(&gate)), done("two")];
    let healed = bed.heal(vec![bed.pod("one", "1"), bed.pod("two", "1")], script).await;
    gate.open();
    assert_eq!(healed.said, [bed.nudged("one"), bed.nudged("two")]);
}

#[tokio::test]
async fn none_is_written_where_nothing_was_done() {
    let bed = Bed::new();
    let mut typo = bed.pod("typo", "1");
    typo["status"]["containerStatuses"][0]["state"]["waiting"]["message"] = "manifest unknown".into();
    let healed = bed.heal(vec![typo], []).await;
    assert_eq!(healed.said, ["finding PodNotHealed Pod team-a/typo"]);
    assert_eq!(lines(&healed.asked), [""; 0]);
}
