//! Nudges that are refused: by a policy or a webhook, for want of a right, or because the program is told to
//! end. Nothing else suffers, and the node tries again anyway.

use serde_json::{Value, json};

use super::nudging::{Bed, evict, nudge, read, waiting};
use super::program::{against, end, heard, start, terminate};
use super::scripted::objects::{forbidden, list, ok, refusal, service_account};
use super::scripted::{Gate, Reply, Server, get, lines, patch, post, writes};
use super::{ACCOUNTS, DEFAULT, EVENTS, ONE, PODS};

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

#[tokio::test]
async fn a_right_that_is_missing_everywhere_is_told_once() {
    let bed = Bed::new();
    let mut other = bed.pod("web", "1");
    other["metadata"]["namespace"] = "team-b".into();
    let pods = |namespace: &str| format!("/api/v1/namespaces/{namespace}/pods");
    let script = [
        get(pods("team-b")).query("status.phase=Pending").says(ok(&list(json!([other]), ""))).always(),
        post("/api/v1/namespaces/team-b/secrets").says(ok(&json!({}))),
        nudge("web").says(forbidden()),
        patch(format!("{}/web", pods("team-b"))).says(forbidden()),
    ];
    let healed = bed.heal_with("namespaces: [team-a, team-b]", vec![bed.pod("web", "1")], script).await;
    let told: Vec<_> = healed.report.findings.iter().map(|finding| finding.reason).collect();
    assert_eq!(told, ["Forbidden"]);
    assert!(healed.report.errors.is_empty(), "{}", healed.report);
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
