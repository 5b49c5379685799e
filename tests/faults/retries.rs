//! Failures that pass, and those that don't: what is tried again, when, and how often.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::json;
use socket2::{Domain, Socket, Type};

use super::program::{against, run};
use super::scripted::expect::Fault;
use super::scripted::objects::{list, namespace, ok, refusal};
use super::scripted::{Reply, Server, get, lines, post};
use super::{EVERY, ONE, SECRETS, TEAM_A, pass_over, said, settings};

const CREATED: &str = "create Secret team-a/pullkeeper: missing";

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    let named = ok(&namespace("team-a"));
    for failure in [
        refusal(429, "TooManyRequests", "wait"),
        refusal(500, "InternalError", "etcd leader changed"),
        Reply::raw(502, "text/html", "<h1>Bad Gateway</h1>"),
        Reply::raw(503, "text/plain", "no endpoints available"),
        refusal(504, "Timeout", "the server was unable to return a response in time"),
        named.clone().fails(Fault::Close),
        named.clone().fails(Fault::Reset),
        named.clone().fails(Fault::CloseInBody),
        named.clone().fails(Fault::ResetInBody),
    ] {
        let server = Server::start([
            get(TEAM_A).says(failure.clone()),
            get(TEAM_A).says(named.clone()),
            post(SECRETS).says(failure),
            post(SECRETS).says(ok(&json!({}))),
        ]);
        let report = pass_over(&server, ONE).await.unwrap();
        assert_eq!(said(&report), [CREATED]);
        assert_eq!(report.summary.writes, 2);
        server.finish();
    }
}

#[tokio::test]
async fn retry_after_is_honoured() {
    let server = Server::start([
        post(SECRETS).says(refusal(429, "TooManyRequests", "wait").header("Retry-After", "1")),
        post(SECRETS).says(ok(&json!({}))),
    ]);
    assert_eq!(said(&pass_over(&server, ONE).await.unwrap()), [CREATED]);
    let asked = server.finish();
    let waited = asked[1].at - asked[0].at;
    assert!(waited >= Duration::from_secs(1), "{waited:?}");
}

#[tokio::test]
async fn a_retry_after_that_is_too_long_is_not_waited_for() {
    let server =
        Server::start([post(SECRETS)
            .says(refusal(429, "TooManyRequests", "come back later").header("Retry-After", "31"))]);
    let started = Instant::now();
    let report = pass_over(&server, ONE).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(31));
    assert_eq!(said(&report), ["error WriteFailed Secret team-a/pullkeeper"]);
    assert!(report.errors[0].message.contains("come back later (429)"), "{}", report.errors[0]);
    server.finish();
}

#[tokio::test]
async fn what_does_not_pass_is_not_tried_again() {
    for code in [400, 401, 405, 501] {
        let server = Server::start([post(SECRETS).says(refusal(code, "Reason", "no"))]);
        let report = pass_over(&server, ONE).await.unwrap();
        assert_eq!(said(&report), ["error WriteFailed Secret team-a/pullkeeper"], "{code}");
        assert_eq!(server.finish().len(), 1);
    }
}

#[test]
fn a_server_that_stays_unavailable_ends_the_program_and_says_what_was_tried() {
    let busy =
        || get("/api/v1/namespaces").says(refusal(503, "ServiceUnavailable", "apiserver is shutting down"));
    let server = Server::start((0..5).map(|_| busy()));
    let started = Instant::now();
    let ran = run(against(server.url(), &settings(EVERY)));
    assert!(started.elapsed() < Duration::from_secs(30));
    assert_eq!((ran.code, ran.errors().len()), (Some(2), 1), "{}", ran.stderr);
    let error = ran.errors()[0];
    for part in ["apiserver is shutting down (503)", "after 5 attempts", "nothing was written"] {
        assert!(error.contains(part), "{error}");
    }
    assert_eq!(ran.stdout, "");
    server.finish();
}

#[test]
fn a_server_that_cannot_be_reached_ends_the_program_and_says_what_was_tried() {
    // A port that is taken, so that nobody else gets it, and on which nobody listens.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    for settings in [super::settings(EVERY), super::settings(ONE)] {
        let started = Instant::now();
        let ran = run(against(&format!("http://{address}"), &settings));
        assert!(started.elapsed() < Duration::from_secs(30));
        assert_eq!((ran.code, ran.errors().len()), (Some(2), 1), "{}", ran.stderr);
        let error = ran.errors()[0];
        let url = format!("no answer from http://{address} (--server) after 5 attempts");
        for part in [url.as_str(), "refused", "nothing was written"] {
            assert!(error.contains(part), "{error}");
        }
    }
}

#[tokio::test]
async fn one_namespace_that_cannot_be_read_stops_no_other() {
    let server = Server::start([
        get(TEAM_A).says(refusal(500, "InternalError", "boom")).always(),
        post("/api/v1/namespaces/team-b/secrets").says(ok(&json!({}))),
    ]);
    let report = pass_over(&server, "namespaces: [team-a, team-b]").await.unwrap();
    assert_eq!(
        said(&report),
        ["create Secret team-b/pullkeeper: missing", "error GetFailed Namespace team-a"]
    );
    server.finish();
}

#[tokio::test]
async fn a_list_of_secrets_that_fails_leaves_them_alone_and_says_no_word_of_rights() {
    let accounts = list(json!([super::scripted::objects::service_account("team-a", "default", &[])]), "");
    let server = Server::start([
        get(SECRETS).says(refusal(500, "InternalError", "boom")).always(),
        get(super::ACCOUNTS).says(ok(&accounts)).always(),
    ]);
    let report = pass_over(&server, ONE).await.unwrap();
    assert_eq!(said(&report), ["error ListFailed Resource team-a/secrets"]);
    assert!(!report.errors[0].message.contains("grant"), "{}", report.errors[0]);
    assert_eq!(lines(&server.finish()), [""; 0]);
}
