//! The ways to name the configuration, and what `--help` says.

use serde_json::json;

use super::plain;
use super::program::{ConfigFile, pullkeeper, run};
use super::scripted::objects::ok;
use super::scripted::{Server, post};

#[test]
fn every_way_to_name_the_file_works() {
    let flags = [vec!["--config"], vec!["--configfile"]];
    for flag in flags {
        makes_the_secret(|program, config| {
            program.args(&flag).arg(config.path());
        });
    }
    for variable in ["CONF_FILE", "PULLKEEPER_CONFIG"] {
        makes_the_secret(|program, config| {
            program.env(variable, config.path());
        });
    }
    makes_the_secret(|program, config| {
        program.env("CONF_FILE", "/nonexistent/file").arg("--config").arg(config.path());
    });
    makes_the_secret(|program, _| {
        program.env("PULLKEEPER_NAMESPACES", "[team-a]");
        program.env("PULLKEEPER_REGISTRIES", "[{host: h.io, username: me, password: hunter2}]");
    });
}

fn makes_the_secret(name: impl FnOnce(&mut std::process::Command, &ConfigFile)) {
    let (server, config) =
        (Server::start([post("/api/v1/namespaces/team-a/secrets").says(ok(&json!({})))]), plain());
    let mut program = pullkeeper();
    program.args(["--server", server.url()]);
    name(&mut program, &config);
    let ran = run(program);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    server.finish();
}

#[test]
fn help_documents_the_exit_statuses_and_the_ways() {
    let mut command = pullkeeper();
    command.arg("--help");
    let ran = run(command);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    for part in [
        "Exit status:\n  0  ",
        "\n  1  ",
        "\n  2  ",
        "--config <FILE>",
        "--dry-run",
        "--output <OUTPUT>",
        "--once",
        "--server <URL>",
        "CONF_FILE",
        "KUBERNETES_API_ENDPOINT",
        "RUST_LOG",
        "informers-resync-interval",
    ] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
}

#[test]
fn a_flag_that_is_not_known_is_told_by_clap_and_ends_with_2() {
    let mut command = pullkeeper();
    command.arg("--dryrun");
    let ran = run(command);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert!(ran.stderr.contains("--dry-run"), "{}", ran.stderr);
}
