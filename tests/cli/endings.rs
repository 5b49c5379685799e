//! How a run ends: after one pass, when told to, or with nobody left to read.

use super::program::{ConfigFile, against, end, printed, run, start, terminate};
use super::scripted::objects::{namespace, ok};
use super::scripted::{Gate, Server, get};
use super::{PLAIN, plain};

const TEAM_A: &str = "/api/v1/namespaces/team-a";
/// Nothing is to be done: no source of a credential is wanted in a namespace that is paused.
fn paused() -> super::scripted::Reply {
    let mut paused = namespace("team-a");
    paused["metadata"]["annotations"]["pullkeeper.io/pause"] = "true".into();
    ok(&paused)
}

fn loop_of_hours() -> ConfigFile {
    ConfigFile::new(format!("{PLAIN}time: {{interval: 3600}}\n"))
}

#[test]
fn once_is_one_pass_whatever_the_file_says() {
    for flag in ["--once", "--dry-run"] {
        let (server, config) = (Server::start([get(TEAM_A).says(paused())]), loop_of_hours());
        let mut command = against(server.url(), &config);
        command.arg(flag);
        let ran = run(command);
        assert_eq!(ran.code, Some(0), "{flag}: {}", ran.stderr);
        assert_eq!(server.finish().len(), 1);
    }
}

#[test]
fn a_signal_between_passes_ends_the_loop_at_once() {
    let (server, config) = (Server::start([get(TEAM_A).says(paused())]), loop_of_hours());
    let mut program = start(against(server.url(), &config));
    printed(&mut program, "nothing to change");
    terminate(&program);
    let ran = end(program);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains("told to end"), "{}", ran.stderr);
    server.finish();
}

#[test]
fn a_reader_that_went_away_is_no_failure() {
    for output in ["text", "json"] {
        let gate = Gate::default();
        let (server, config) = (Server::start([get(TEAM_A).says(paused().behind(&gate))]), plain());
        let mut command = against(server.url(), &config);
        command.args(["--output", output]);
        let mut program = start(command);
        gate.wait_for(1);
        drop(program.stdout.take());
        gate.open();
        let ran = end(program);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert!(!ran.stderr.contains("print") && !ran.stderr.contains("panicked"), "{}", ran.stderr);
        server.finish();
    }
}
