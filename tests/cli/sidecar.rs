//! A `kubectl proxy` in the same pod, as k8s-ecrupdater's users have it: it may start later than we do.

use std::process::Command;

use super::plain;
use super::program::{ConfigFile, end, heard, pullkeeper, run, start, terminate};
use super::scripted::objects::{namespace, ok};
use super::scripted::{Expect, Reserved, get};

/// In the place of that tool, with a file all the same.
fn ecrupdater(config: &ConfigFile) -> Command {
    let mut command = pullkeeper();
    command.arg("--config").arg(config.path()).arg("--once").env("K8S_PULL_SECRET_NAME", "pullkeeper");
    command
}

/// A namespace in which nothing is to be done.
fn paused() -> Expect {
    let mut paused = namespace("team-a");
    paused["metadata"]["annotations"]["pullkeeper.io/pause"] = "true".into();
    get("/api/v1/namespaces/team-a").says(ok(&paused))
}

#[test]
fn one_that_starts_later_is_waited_for_whoever_gave_its_address() {
    for by_flag in [true, false] {
        let (proxy, config) = (Reserved::new(), plain());
        let mut command = ecrupdater(&config);
        if by_flag {
            command.args(["--server", &format!("http://{}", proxy.address())]);
        } else {
            command.env("KUBERNETES_API_ENDPOINT", proxy.address());
        }
        let waiting =
            format!("waiting for http://{}, which may start later than this program", proxy.address());
        let mut program = start(command);
        heard(&mut program, &waiting);
        let server = proxy.start([paused()]);
        let ran = end(program);
        assert_eq!(ran.code, Some(0), "{}", ran.everything());
        assert!(!ran.stderr.contains("waiting for"), "once is enough: {}", ran.stderr);
        server.finish();
    }
}

#[test]
fn one_that_is_there_is_not_waited_for() {
    let config = plain();
    let server = Reserved::new().start([paused()]);
    let mut command = ecrupdater(&config);
    command.env("KUBERNETES_API_ENDPOINT", server.address());
    let ran = run(command);
    assert_eq!(ran.code, Some(0), "{}", ran.everything());
    assert!(!ran.stderr.contains("waiting for"), "{}", ran.stderr);
    server.finish();
}

#[test]
fn being_told_to_end_ends_the_wait() {
    let (proxy, config) = (Reserved::new(), plain());
    let mut command = ecrupdater(&config);
    command.env("KUBERNETES_API_ENDPOINT", proxy.address());
    let mut program = start(command);
    heard(&mut program, "waiting for");
    terminate(&program);
    let ran = end(program);
    assert_eq!((ran.code, ran.errors().len()), (Some(1), 0), "{}", ran.everything());
    assert!(ran.stdout.contains("was ended before anything was written"), "{}", ran.stdout);
}

#[test]
fn without_that_tool_nobody_is_waited_for() {
    let (proxy, config) = (Reserved::new(), plain());
    let mut command = ecrupdater(&config);
    command.env_remove("K8S_PULL_SECRET_NAME").env("KUBERNETES_API_ENDPOINT", proxy.address());
    let ran = run(command);
    assert_eq!(ran.code, Some(2), "{}", ran.everything());
    assert!(ran.errors()[0].contains("no answer from"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("waiting for"), "{}", ran.stderr);
}

/// Whether anything listens at that port of this machine, nobody knows: the choice alone is looked at.
#[test]
fn its_usual_address_is_the_last_way() {
    let config = plain();
    let mut command = ecrupdater(&config);
    command.arg("--dry-run");
    let mut program = start(command);
    heard(&mut program, "cluster http://localhost:8001 (the default with K8S_PULL_SECRET_NAME)");
    program.kill().unwrap();
    program.wait().unwrap();

    let mut command = ecrupdater(&config);
    command.args(["--context", "one"]);
    let ran = run(command);
    assert_eq!(ran.code, Some(2), "{}", ran.everything());
    assert!(ran.errors()[0].contains("no cluster: tried"), "{}", ran.stderr);
}
