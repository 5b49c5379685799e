//! Answers that are no answers. A body may hold a Secret, so nothing of it is ever repeated, at any
//! level of the log.

use serde_json::json;

use super::program::{Ran, against, run};
use super::scripted::objects::{conflict, list, ok, status};
use super::scripted::{Reply, Server, get, patch};
use super::{EVERY, ONE, SECRET, SECRETS, drifted, our_secret, settings};

/// Is in every body.
const HIDDEN: &str = "hunter2-in-a-body";

fn garbage() -> Vec<(&'static str, Reply)> {
    let raw = |body: String| Reply::raw(200, "application/json", body);
    let mut not_utf8 = format!("{{\"kind\":\"SecretList\",\"items\":[\"{HIDDEN}").into_bytes();
    not_utf8.extend([0xff, 0xfe, b'"', b']', b'}']);
    vec![
        ("a page", Reply::raw(200, "text/html", format!("<html><body>{HIDDEN}</body></html>"))),
        ("cut", raw(format!("{{\"kind\":\"SecretList\",\"items\":[{{\"data\":{{\"x\":\"{HIDDEN}"))),
        ("items are text", raw(json!({"kind": "SecretList", "items": HIDDEN}).to_string())),
        ("an item is text", raw(json!({"kind": "SecretList", "items": [HIDDEN]}).to_string())),
        ("metadata is text", raw(json!({"kind": "SecretList", "items": [{"metadata": HIDDEN}]}).to_string())),
        ("a Status", ok(&status(200, "", HIDDEN))),
        ("another object", ok(&json!({"kind": "ConfigMap", "metadata": {"name": HIDDEN}}))),
        ("an object", ok(&json!({HIDDEN: HIDDEN}))),
        ("text", raw(json!(HIDDEN).to_string())),
        ("null", raw("null".to_owned())),
        ("nothing", raw(String::new())),
        ("no UTF-8", Reply::raw(200, "application/json", not_utf8)),
    ]
}

fn traced(server: &Server, text: &str) -> Ran {
    let config = settings(text);
    let mut command = against(server.url(), &config);
    command.env("RUST_LOG", "trace");
    let ran = run(command);
    let everything = ran.everything();
    assert!(!everything.contains(HIDDEN), "{everything}");
    assert!(!everything.contains("panicked"), "{everything}");
    ran
}

#[test]
fn in_place_of_the_first_list_end_the_program() {
    for (what, reply) in garbage() {
        let server = Server::start([get("/api/v1/namespaces").says(reply)]);
        let ran = traced(&server, EVERY);
        assert_eq!((ran.code, ran.errors().len()), (Some(2), 1), "{what}: {}", ran.stderr);
        let error = ran.errors()[0];
        let expected = format!("the answer of {} (--server) is not understood", server.url());
        assert!(error.contains(&expected), "{what}: {error}");
        assert!(error.contains("is it a Kubernetes API server?"), "{what}: {error}");
        server.finish();
    }
}

#[test]
fn in_place_of_the_only_namespace_end_the_program() {
    for (what, reply) in garbage() {
        let server = Server::start([get(super::TEAM_A).says(reply)]);
        let ran = traced(&server, ONE);
        assert_eq!((ran.code, ran.errors().len()), (Some(2), 1), "{what}: {}", ran.stderr);
        server.finish();
    }
}

#[test]
fn in_place_of_other_lists_are_one_error_each_and_nothing_is_written() {
    for path in [SECRETS, super::ACCOUNTS, super::PODS] {
        for (what, reply) in garbage() {
            let secret = super::scripted::post(SECRETS).says(ok(&json!({}))).always();
            let server = Server::start([get(path).says(reply).always(), secret]);
            let ran = traced(&server, ONE);
            assert_eq!(ran.code, Some(1), "{path}, {what}: {}", ran.everything());
            let errors = ran.stdout.lines().filter(|line| line.starts_with("error "));
            assert_eq!(errors.count(), 1, "{path}, {what}: {}", ran.stdout);
            server.finish();
        }
    }
}

#[tokio::test]
async fn in_place_of_a_secret_read_again_are_no_secret() {
    let drifted = drifted(&our_secret().await, "1");
    for (what, reply) in garbage() {
        let server = Server::start([
            get(SECRETS).says(ok(&list(json!([drifted]), ""))).always(),
            patch(SECRET).says(conflict()),
            get(SECRET).says(reply),
        ]);
        let ran = traced(&server, ONE);
        assert_eq!(ran.code, Some(1), "{what}: {}", ran.everything());
        assert!(ran.stdout.contains("is not understood"), "{what}: {}", ran.stdout);
        server.finish();
    }
}

#[test]
fn of_a_refusal_give_its_code_alone() {
    let page = Reply::raw(403, "text/html", format!("<html>{HIDDEN}</html>"));
    let server = Server::start([super::scripted::post(SECRETS).says(page)]);
    let ran = traced(&server, ONE);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stdout.contains("the answer is a plain 403 Forbidden"), "{}", ran.stdout);
    server.finish();
}
