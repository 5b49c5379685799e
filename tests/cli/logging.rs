//! The log as it is asked for: by RUST_LOG, and in an older tool's place by that tool's variables and file.

use std::process::Command;

use serde_json::Value;

use super::plain;
use super::program::{ConfigFile, Ran, against, run};
use super::scripted::objects::{namespace, ok};
use super::scripted::{Server, get};

/// JSON lines, and those of this level.
pub(crate) fn json_at(level: &str) -> String {
    format!(
        r#"{{"version": 1, "formatters": {{"json": {{"class": "pythonjsonlogger.jsonlogger.JsonFormatter"}}}},
        "handlers": {{"json": {{"class": "logging.StreamHandler", "formatter": "json"}}}},
        "loggers": {{"": {{"handlers": ["json"], "level": "{level}"}}}}}}"#
    )
}

/// What a pass that finds nothing to do leaves behind; `set` sets it up, in the folder of its file.
fn pass(set: impl FnOnce(&mut Command, &ConfigFile)) -> Ran {
    let mut paused = namespace("team-a");
    paused["metadata"]["annotations"]["pullkeeper.io/pause"] = "true".into();
    let server = Server::start([get("/api/v1/namespaces/team-a").says(ok(&paused))]);
    let config = plain();
    let mut command = against(server.url(), &config);
    command.arg("--once").current_dir(config.folder());
    set(&mut command, &config);
    let ran = run(command);
    assert_eq!(ran.code, Some(0), "{}", ran.everything());
    server.finish();
    ran
}

/// The same in the place of k8s-ecrupdater.
fn pass_of_ecrupdater(set: impl FnOnce(&mut Command, &ConfigFile)) -> Ran {
    pass(|command, config| {
        command.env("K8S_PULL_SECRET_NAME", "pullkeeper");
        set(command, config);
    })
}

fn write(config: &ConfigFile, name: &str, text: &str) -> std::path::PathBuf {
    let path = config.folder().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// The lines, each of which is an object with the keys of the older tool.
fn json_lines(ran: &Ran) -> Vec<Value> {
    let lines: Vec<_> =
        ran.stderr.lines().map(|line| serde_json::from_str::<Value>(line).expect(line)).collect();
    for line in &lines {
        let keys: Vec<_> = line.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["asctime", "levelname", "message", "name"], "{line}");
        let time = line["asctime"].as_str().unwrap();
        assert!(time.parse::<jiff::Timestamp>().is_ok() && time.ends_with('Z'), "{line}");
    }
    lines
}

/// Is there a line of text at `info`, which every pass has?
fn says_info(ran: &Ran) -> bool {
    ran.stderr.contains("Z INFO")
}

#[test]
fn the_example_of_the_older_tool_gives_json_lines() {
    let ran = pass_of_ecrupdater(|command, config| {
        command.env("LOG_CONFIG", write(config, "mine.json", &json_at("INFO")));
        command.env("LOG_LEVEL", "ERROR");
    });
    let lines = json_lines(&ran);
    let cluster = |line: &&Value| line["message"].as_str().unwrap().starts_with("cluster http://127.0.0.1:");
    let line = lines.iter().find(cluster).expect("the line on the cluster");
    assert_eq!((&line["levelname"], &line["name"]), (&"INFO".into(), &"pullkeeper::cluster::connect".into()));
    assert!(lines.iter().any(|line| line["levelname"] == "WARNING"), "the plain password: {lines:?}");
    assert!(ran.stdout.contains("nothing to change"), "the report is no log: {}", ran.stdout);
}

#[test]
fn the_usual_file_is_found_in_the_working_directory() {
    let ran = pass_of_ecrupdater(|_, config| {
        write(config, "logging.json", &json_at("WARNING"));
    });
    let levels: Vec<_> = json_lines(&ran).iter().map(|line| line["levelname"].clone()).collect();
    assert!(!levels.is_empty() && levels.iter().all(|level| level == "WARNING"), "{levels:?}");
}

#[test]
fn a_level_has_the_name_that_python_gives_it() {
    for (level, info) in
        [("INFO", true), ("debug", true), ("Warning", false), ("CRITICAL", false), ("40", false)]
    {
        let ran = pass_of_ecrupdater(|command, _| {
            command.env("LOG_LEVEL", level);
        });
        assert_eq!(says_info(&ran), info, "{level}: {}", ran.stderr);
    }
}

#[test]
fn rust_log_has_the_last_word_on_levels() {
    let ran = pass_of_ecrupdater(|command, config| {
        command.env("LOG_CONFIG", write(config, "mine.json", &json_at("ERROR"))).env("RUST_LOG", "info");
    });
    assert!(json_lines(&ran).iter().any(|line| line["levelname"] == "INFO"), "{}", ran.stderr);
}

#[test]
fn what_other_crates_trace_is_in_no_json_line() {
    let ran = pass_of_ecrupdater(|command, config| {
        command.env("LOG_CONFIG", write(config, "mine.json", &json_at("NOTSET"))).env("RUST_LOG", "trace");
    });
    for line in json_lines(&ran) {
        let ours = line["name"].as_str().unwrap().starts_with("pullkeeper");
        assert!(ours || line["levelname"] != "DEBUG", "{line}");
    }
}

#[test]
fn settings_that_are_of_no_use_are_told_and_the_pass_is_made() {
    let broken = pass_of_ecrupdater(|command, config| {
        command.env("LOG_CONFIG", write(config, "mine.json", "{'version': 1}"));
    });
    let absent = pass_of_ecrupdater(|command, _| {
        command.env("LOG_CONFIG", "/etc/log-configuration/logging.json");
    });
    let unknown = pass_of_ecrupdater(|command, _| {
        command.env("LOG_LEVEL", "verbose");
    });
    let table = [
        (broken, ["mine.json (LOG_CONFIG) is not used", "line 1 column 2", "logging.config.dictConfig"]),
        (absent, ["/etc/log-configuration/logging.json", "No such file", "mount it there"]),
        (unknown, ["LOG_LEVEL", "'verbose'", "write CRITICAL, ERROR, WARNING, INFO or DEBUG"]),
    ];
    for (ran, parts) in table {
        let told: Vec<_> =
            ran.stderr.lines().filter(|line| parts.iter().all(|part| line.contains(part))).collect();
        assert_eq!(told.len(), 1, "{parts:?}: {}", ran.stderr);
        assert!(told[0].contains("WARN") && says_info(&ran), "{}", ran.stderr);
    }
}

#[test]
fn without_the_older_tool_its_variables_are_somebody_elses() {
    for name in [None, Some("")] {
        let ran = pass(|command, config| {
            write(config, "logging.json", &json_at("ERROR"));
            command
                .env("LOG_CONFIG", write(config, "mine.json", &json_at("ERROR")))
                .env("LOG_LEVEL", "nonsense");
            command.envs(name.map(|name| ("K8S_PULL_SECRET_NAME", name)));
        });
        assert!(says_info(&ran) && !ran.stderr.lines().any(|line| line.starts_with('{')), "{}", ran.stderr);
        assert!(!ran.stderr.contains("LOG_LEVEL"), "{}", ran.stderr);
    }
}
