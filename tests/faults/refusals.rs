//! Nudges that are refused: by a policy or a webhook, for want of a right, or because the program is told to
//! end. Nothing else suffers, and the node tries again anyway.

use std::collections::BTreeMap;

use pullkeeper::pass::{Options, pass};
use pullkeeper::progress::Progress;
use serde_json::{Value, json};

use super::nudging::{Bed, evict, nudge, read, waiting};
use super::program::{against, end, heard, start, terminate};
use super::scripted::objects::{conflict, forbidden, list, namespace, ok, refusal, service_account};
use super::scripted::{Expect, Gate, Reply, Server, get, lines, patch, post, writes};
use super::{ACCOUNTS, DEFAULT, EVENTS, EVERY, ONE, PODS, SECRETS, connected, load, pass_by, said};

/// As `ValidatingAdmissionPolicy` puts it, whose code a policy may choose.
fn policy(code: u16) -> Reply {
    let reason = if code == 422 { "Invalid" } else { "Forbidden" };
    let words = "pods \"web\" is forbidden: ValidatingAdmissionPolicy 'fixed' with binding 'fixed' denied request: images are fixed";
    refusal(code, reason, words)
}

fn webhook(code: u16) -> Reply {
    refusal(code, "", "admission webhook \"images.example.com\" denied the request: images are fixed")
}

#[tokio::test]
async fn a_refusal_by_whoever_guards_images_is_one_finding_and_tried_once() {
    for (reply, reads) in [
        (policy(422), false),
        (policy(403), false),
        (webhook(403), false),
        // Of a webhook that names no code.
        (webhook(400), false),
        (webhook(409), false),
        (webhook(422), false),
        (refusal(403, "Forbidden", "pods \"web\" is forbidden: images are fixed"), false),
        (refusal(422, "Invalid", "Pod \"web\" is invalid: images are fixed"), true),
    ] {
        let bed = Bed::new();
        let mut script = vec![nudge("web").says(reply)];
        // A test that failed has the same code: only a look tells.
        script.extend(reads.then(|| read("web").says(ok(&bed.pod("web", "1")))));
        let healed = bed.heal(vec![bed.pod("web", "1")], script).await;
        assert_eq!(healed.said, ["finding Denied Pod team-a/web"]);
        let message = &healed.report.findings[0].message;
        let says = |part: &str| assert!(message.contains(part), "{message}");
        says("images are fixed");
        says("its node tries again within five minutes");
        assert_eq!(writes(&healed.asked).len(), 1);
    }
}

#[tokio::test]
async fn one_pod_that_is_refused_stops_no_other() {
    let bed = Bed::new();
    let script = [
        nudge("one").says(webhook(403)),
        nudge("two").says(ok(&json!({}))),
        post(EVENTS).says(ok(&json!({}))),
    ];
    let healed = bed.heal(vec![bed.pod("one", "1"), bed.pod("two", "1")], script).await;
    assert_eq!(healed.said, [bed.nudged("two"), "finding Denied Pod team-a/one".to_owned()]);
}

#[tokio::test]
async fn a_webhook_that_is_down_is_a_failure_and_tried_again_by_the_next_pass() {
    let bed = Bed::new();
    let words = "Internal error occurred: failed calling webhook \"images.example.com\": connection refused";
    let down = || nudge("web").says(refusal(500, "InternalError", words));
    let healed = bed.heal(vec![bed.pod("web", "1")], (0..5).map(|_| down())).await;
    assert_eq!(healed.said, ["error WriteFailed Pod team-a/web"]);
    let message = &healed.report.errors[0].message;
    assert!(
        message.contains("failed calling webhook") && message.ends_with("the next pass tries again"),
        "{message}"
    );
}

#[tokio::test]
async fn a_right_that_is_missing_is_one_finding_and_evictions_are_made_all_the_same() {
    let bed = Bed::new();
    let pods = vec![bed.pod("one", "1"), bed.unnamed("two", "1"), bed.pod("three", "1")];
    let script = [
        get(ACCOUNTS).says(ok(&list(json!([service_account("team-a", "default", &[])]), ""))).always(),
        patch(DEFAULT).says(ok(&json!({}))),
        nudge("one").says(forbidden()),
        evict("two").says(ok(&json!({}))),
        post(EVENTS).says(ok(&json!({}))),
    ];
    let healed = bed.heal(pods, script).await;
    assert_eq!(healed.said.len(), 3, "{:?}", healed.said);
    assert!(healed.said[1].starts_with("evict Pod team-a/two"), "{:?}", healed.said);
    assert_eq!(healed.said[2], "finding Forbidden Pod team-a/one");
    let message = &healed.report.findings[0].message;
    let end = "; its node tries again within five minutes. This holds for all pods there; grant patch on pods, or set pods.nudge: false";
    assert!(message.ends_with(end), "{message}");
}

/// The same pod in team-b, and what is asked for it.
fn in_team_b(bed: &Bed) -> (Value, Vec<Expect>) {
    let mut other = bed.pod("web", "1");
    other["metadata"]["namespace"] = "team-b".into();
    let asked = vec![
        post("/api/v1/namespaces/team-b/secrets").says(ok(&json!({}))),
        patch("/api/v1/namespaces/team-b/pods/web").says(forbidden()),
    ];
    (other, asked)
}

#[tokio::test]
async fn a_right_that_is_missing_everywhere_is_told_once() {
    let bed = Bed::new();
    let (other, mut script) = in_team_b(&bed);
    let server = Server::start(
        [
            get("/api/v1/namespaces")
                .says(ok(&list(json!([namespace("team-a"), namespace("team-b")]), "")))
                .always(),
            get("/api/v1/pods")
                .query("status.phase=Pending")
                .says(ok(&list(json!([bed.pod("web", "1"), other]), "")))
                .always(),
            post(SECRETS).says(ok(&json!({}))),
            nudge("web").says(forbidden()),
        ]
        .into_iter()
        .chain(script.drain(..)),
    );
    let report = pass_by(&server, &load(&bed.config(EVERY), BTreeMap::new())).await.unwrap();
    let told: Vec<_> = report.findings.iter().map(|finding| finding.reason).collect();
    assert_eq!(told, ["Forbidden"], "{report}");
    assert!(report.findings[0].message.contains("This holds for all pods; grant"), "{report}");
    assert!(report.errors.is_empty(), "{report}");
    server.finish();
}

#[tokio::test]
async fn where_rights_are_granted_by_namespace_each_is_told() {
    let bed = Bed::new();
    let (other, mut script) = in_team_b(&bed);
    script.push(
        get("/api/v1/namespaces/team-b/pods")
            .query("status.phase=Pending")
            .says(ok(&list(json!([other]), "")))
            .always(),
    );
    script.push(nudge("web").says(forbidden()));
    let healed = bed.heal_with("namespaces: [team-a, team-b]", vec![bed.pod("web", "1")], script).await;
    assert_eq!(healed.said[1..], ["finding Forbidden Pod team-a/web", "finding Forbidden Pod team-b/web"]);
}

#[tokio::test]
async fn a_second_look_that_is_refused_names_its_own_right() {
    let bed = Bed::new();
    let script = [
        nudge("one").says(conflict()),
        read("one").says(forbidden()),
        // It may well fare better.
        nudge("two").says(ok(&json!({}))),
        post(EVENTS).says(ok(&json!({}))),
    ];
    let healed = bed.heal(vec![bed.pod("one", "1"), bed.pod("two", "1")], script).await;
    assert_eq!(healed.said, [bed.nudged("two"), "finding Forbidden Pod team-a/one".to_owned()]);
    let message = &healed.report.findings[0].message;
    assert!(message.contains("; grant get on pods, or set pods.nudge: false"), "{message}");
}

#[tokio::test]
async fn an_eviction_that_is_denied_says_what_to_do() {
    let bed = Bed::new();
    let script = [
        get(ACCOUNTS).says(ok(&list(json!([service_account("team-a", "default", &[])]), ""))).always(),
        patch(DEFAULT).says(ok(&json!({}))),
        evict("web").says(webhook(403)),
    ];
    let healed = bed.heal(vec![bed.unnamed("web", "1")], script).await;
    assert_eq!(healed.said[1..], ["finding Denied Pod team-a/web"]);
    let message = &healed.report.findings[0].message;
    assert!(message.ends_with("; exempt pullkeeper there, or delete the pod by hand"), "{message}");
}

/// The program's memory is one cluster's; a second pass of it is the next of a loop.
#[tokio::test]
async fn what_was_refused_is_told_again_by_the_next_pass_and_not_tried() {
    let bed = Bed::new();
    let mut script = waiting(vec![bed.pod("web", "1")]);
    script.push(nudge("web").says(webhook(403)));
    script.push(post(SECRETS).says(ok(&json!({}))));
    let server = Server::start(script);
    let cluster = connected(&server).await;
    let config = load(&bed.config(ONE), BTreeMap::new());
    for _ in 0..2 {
        let report = pass(&cluster, &config, &Options::default(), &Progress::default()).await.unwrap();
        assert_eq!(said(&report)[1..], ["finding Denied Pod team-a/web"]);
    }
    server.finish();
}

#[test]
fn a_nudge_in_flight_is_finished_and_told_and_no_other_begins() {
    let (bed, gate) = (Bed::new(), Gate::default());
    let server = Server::start(
        waiting(vec![bed.pod("one", "1"), bed.pod("two", "1")])
            .into_iter()
            .chain([nudge("one").says(ok(&json!({})).behind(&gate)), post(EVENTS).says(ok(&json!({})))]),
    );
    let config = bed.config(ONE);
    let mut command = against(server.url(), &config);
    command.env_remove("PULLKEEPER_VERIFY").args(["--output", "json"]);
    let mut program = start(command);
    gate.wait_for(1);
    terminate(&program);
    heard(&mut program, "finishing what is in flight");
    gate.open();
    let ran = end(program);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["changes"][1]["verb"], "nudge", "{report}");
    assert_eq!(
        (&report["errors"][0]["reason"], &report["summary"]["undone"]),
        (&json!("Interrupted"), &json!(1))
    );
    assert_eq!(lines(&server.finish())[1..], [format!("PATCH {PODS}/one"), format!("POST {EVENTS}")]);
}
