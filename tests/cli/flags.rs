//! eatr's flags, as the arguments of its Deployment have them.

use super::PLAIN;
use super::program::{ConfigFile, against, end, heard, printed, run, start, terminate};
use super::scripted::objects::{namespace, ok};
use super::scripted::{Reply, Server, get};

const TEAM_A: &str = "/api/v1/namespaces/team-a";

/// Nothing is to be done, and that is found with one request.
fn paused() -> Reply {
    let mut paused = namespace("team-a");
    paused["metadata"]["annotations"]["pullkeeper.io/pause"] = "true".into();
    ok(&paused)
}

/// A file, which says nothing of a loop. Its port is nobody's.
fn config() -> ConfigFile {
    ConfigFile::new(format!("{PLAIN}metrics: {{listen: off}}\n"))
}

#[test]
fn the_intervals_make_a_loop() {
    let ways = [
        &["-auth-token-renewal-interval", "6h"][..],
        &["--informers-resync-interval=1.5h"],
        &["-auth-token-renewal-interval=6h", "-informers-resync-interval", "5m0s"],
    ];
    for flags in ways {
        let (server, config) = (Server::start([get(TEAM_A).says(paused())]), config());
        let mut command = against(server.url(), &config);
        command.args(flags);
        let mut program = start(command);
        printed(&mut program, "nothing to change");
        terminate(&program);
        heard(&mut program, "told to end");
        assert_eq!(end(program).code, Some(0), "{flags:?}");
        server.finish();
    }
}

#[test]
fn once_is_one_pass_all_the_same() {
    let (server, config) = (Server::start([get(TEAM_A).says(paused())]), config());
    let mut command = against(server.url(), &config);
    command.args(["-auth-token-renewal-interval", "6h", "--once"]);
    let ran = run(command);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    server.finish();
}

#[test]
fn verbosity_is_the_logs_unless_the_variable_says_another() {
    let table = [
        ("0", None, (true, false)),
        ("6", None, (true, true)),
        ("9", Some("warn"), (false, false)),
        ("6", Some(""), (true, true)),
    ];
    for (verbosity, variable, expected) in table {
        let refused =
            || get(TEAM_A).says(super::scripted::objects::refusal(503, "ServiceUnavailable", "soon"));
        let server = Server::start([refused(), get(TEAM_A).says(paused())]);
        let config = config();
        let mut command = against(server.url(), &config);
        command.args(["-logging-verbosity-level", verbosity]);
        variable.map(|level| command.env("RUST_LOG", level));
        let ran = run(command);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let says = (ran.stderr.contains("INFO"), ran.stderr.contains("DEBUG"));
        assert_eq!(says, expected, "{verbosity} {variable:?}: {}", ran.stderr);
        server.finish();
    }
}

#[test]
fn a_bad_value_ends_with_2_and_is_told_by_the_flags_name() {
    let table = [
        (
            &["-auth-token-renewal-interval", "soon"][..],
            "--auth-token-renewal-interval: refresh.every: 'soon' is no",
        ),
        (&["-auth-token-renewal-interval"], "--auth-token-renewal-interval <TIME>"),
        (&["-logging-verbosity-level", "much"], "--logging-verbosity-level <N>"),
        (&["-informers-resyncs-interval", "5m"], "unexpected argument '-i'"),
    ];
    for (flags, told) in table {
        let (server, config) = (Server::start([]), config());
        let mut command = against(server.url(), &config);
        command.args(flags);
        let ran = run(command);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{flags:?}");
        assert!(ran.stderr.contains(told), "{flags:?}: {}", ran.stderr);
        server.finish();
    }
}
