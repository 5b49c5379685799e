//! Being told to end, or killed, in the middle of it.

use serde_json::{Value, json};

use super::program::{Ran, against, end, heard, start, terminate};
use super::scripted::objects::{already_exists, list, ok, refusal, service_account};
use super::scripted::{Expect, Gate, Server, delete, get, lines, patch, post, writes};
use super::{ACCOUNTS, DEFAULT, EVERY, ONE, SECRET, SECRETS, TEAM_A, our_secret, pass_over, said, settings};

fn accounts(names: impl IntoIterator<Item = String>) -> Expect {
    let accounts: Vec<_> = names.into_iter().map(|name| service_account("team-a", &name, &[])).collect();
    get(ACCOUNTS).says(ok(&list(accounts.into(), ""))).always()
}

#[test]
fn the_write_in_flight_ends_and_no_other_begins() {
    let gate = Gate::default();
    let server =
        Server::start([accounts(["default".to_owned()]), post(SECRETS).says(ok(&json!({})).behind(&gate))]);
    let config = settings(ONE);
    let mut command = against(server.url(), &config);
    command.args(["--output", "json"]);
    let program = start(command);
    gate.wait_for(1);
    terminate(&program);
    // It has heard the signal when it says so; then the answer may come.
    let ran = end_after_hearing(program, &gate);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["changes"].as_array().unwrap().len(), 1, "{report}");
    assert_eq!(report["errors"][0]["reason"], "Interrupted");
    assert_eq!(report["summary"]["undone"], 1);
    server.finish();
}

#[test]
fn writes_that_were_to_follow_in_the_same_namespace_do_not_begin() {
    let gate = Gate::default();
    let names: Vec<_> = (0..60).map(|number| format!("sa-{number:02}")).collect();
    let mut script = vec![accounts(names.clone()), post(SECRETS).says(ok(&json!({})))];
    // As many as are under way at once.
    script.extend(
        names
            .iter()
            .take(16)
            .map(|name| patch(format!("{ACCOUNTS}/{name}")).says(ok(&json!({})).behind(&gate))),
    );
    let server = Server::start(script);
    let config = settings(ONE);
    let mut command = against(server.url(), &config);
    command.args(["--output", "json"]);
    let program = start(command);
    gate.wait_for(16);
    terminate(&program);
    let ran = end_after_hearing(program, &gate);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["changes"].as_array().unwrap().len(), 17, "{report}");
    assert_eq!(report["summary"]["undone"], 44);
    assert_eq!(ran.code, Some(1));
    server.finish();
}

#[test]
fn a_write_that_waits_for_its_next_try_is_not_tried_again() {
    let busy = refusal(429, "TooManyRequests", "wait").header("Retry-After", "30");
    let server = Server::start([post(SECRETS).says(busy)]);
    let config = settings(ONE);
    let mut command = against(server.url(), &config);
    command.env("RUST_LOG", "debug");
    let mut program = start(command);
    heard(&mut program, "again in");
    terminate(&program);
    let ran = end(program);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    server.finish();
}

#[test]
fn a_look_that_hangs_is_given_up_at_once() {
    for (settings, path) in [(ONE, TEAM_A), (EVERY, "/api/v1/namespaces")] {
        let gate = Gate::default();
        let server = Server::start([get(path).says(ok(&json!({})).behind(&gate))]);
        let config = super::settings(settings);
        let program = start(against(server.url(), &config));
        gate.wait_for(1);
        terminate(&program);
        // The gate is still closed: it does not wait for the answer.
        let ran = end(program);
        gate.open();
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        assert!(ran.stdout.contains("was ended before anything was written"), "{}", ran.stdout);
        server.finish();
    }
}

#[tokio::test]
async fn a_recreation_that_was_killed_halfway_is_completed_by_the_next_pass() {
    let mut wrong = our_secret().await;
    wrong["type"] = "Opaque".into();
    let gate = Gate::default();
    let server = Server::start([
        get(SECRETS).says(ok(&list(json!([wrong]), ""))).always(),
        post(SECRETS).says(already_exists()),
        delete(SECRET).says(ok(&json!({}))),
        post(SECRETS).says(ok(&json!({})).behind(&gate)),
    ]);
    let config = settings(ONE);
    let mut program = start(against(server.url(), &config));
    gate.wait_for(1);
    program.kill().unwrap();
    program.wait().unwrap();
    gate.open();
    assert_eq!(writes(&server.finish()).len(), 3);

    let server = Server::start([
        accounts(["default".to_owned()]),
        post(SECRETS).says(ok(&json!({}))),
        patch(DEFAULT).says(ok(&json!({}))),
    ]);
    let report = pass_over(&server, ONE).await.unwrap();
    assert_eq!(said(&report)[0], "create Secret team-a/pullkeeper: missing");
    assert_eq!(lines(&server.finish()), [format!("POST {SECRETS}"), format!("PATCH {DEFAULT}")]);
}

fn end_after_hearing(mut program: std::process::Child, gate: &Gate) -> Ran {
    heard(&mut program, "finishing what is in flight");
    gate.open();
    end(program)
}
