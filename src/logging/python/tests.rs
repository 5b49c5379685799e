use std::path::PathBuf;

use LevelFilter::{Debug, Error, Info, Warn};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

/// The file that the older tool shows as its example.
const EXAMPLE: &str = r#"{"version": 1, "disable_existing_loggers": false,
    "formatters": {"json": {
        "format": "%(asctime)s %(levelname)s %(message)s %(pathname)s %(lineno)d %(threadName)s",
        "class": "pythonjsonlogger.jsonlogger.JsonFormatter"}},
    "handlers": {"json": {"class": "logging.StreamHandler", "formatter": "json"}},
    "loggers": {"": {"handlers": ["json"], "level": "INFO"}}}"#;

fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// A file with this text, in a folder that lasts as long as the first.
fn file(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logging.json");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

/// What is made of this file where `LOG_CONFIG` names it and `LOG_LEVEL` says `CRITICAL`.
fn named(text: &str) -> Wishes {
    let (_folder, path) = file(text);
    let env = env(&[("LOG_CONFIG", path.to_str().unwrap()), ("LOG_LEVEL", "CRITICAL")]);
    read_beside(&env, Path::new("/nonexistent/logging.json"))
}

#[test]
fn levels_are_those_of_python() {
    let table = [
        ("CRITICAL", Error),
        ("fatal", Error),
        ("Error", Error),
        ("WARNING", Warn),
        ("warn", Warn),
        (" INFO\n", Info),
        ("debug", Debug),
        ("NOTSET", Debug),
        ("", Info),
        ("0", Debug),
        ("10", Debug),
        ("20", Info),
        ("25", Warn),
        ("30", Warn),
        ("40", Error),
        ("50", Error),
    ];
    for (text, level) in table {
        let wishes = read_beside(&env(&[("LOG_LEVEL", text)]), Path::new("/nonexistent/logging.json"));
        assert_eq!(wishes, Wishes { level, ..Wishes::default() }, "{text:?}");
    }
}

#[test]
fn an_unknown_level_is_a_warning_and_info() {
    for text in ["verbose", "51", "-1", "256", "1.5", "\u{1b}[31m"] {
        let wishes = read_beside(&env(&[("LOG_LEVEL", text)]), Path::new("/nonexistent/logging.json"));
        assert_eq!((wishes.level, wishes.json, wishes.warnings.len()), (Info, false, 1), "{text:?}");
        let warning = &wishes.warnings[0];
        assert!(warning.starts_with("LOG_LEVEL: '") && warning.contains("write CRITICAL, "), "{warning}");
        assert!(!warning.contains('\u{1b}'), "{warning}");
    }
    let wishes = named(r#"{"version": 1, "root": {"level": "LOUD"}}"#);
    assert_eq!((wishes.level, wishes.warnings.len()), (Info, 1));
    assert!(wishes.warnings[0].contains("logging.json: 'LOUD' is no level"), "{}", wishes.warnings[0]);
}

#[test]
fn the_file_of_the_example_gives_json_lines() {
    assert_eq!(named(EXAMPLE), Wishes { level: Info, json: true, warnings: vec![] });
    let (_folder, path) = file(EXAMPLE);
    let beside = read_beside(&env(&[("LOG_LEVEL", "DEBUG")]), &path);
    assert_eq!(beside, Wishes { level: Info, json: true, warnings: vec![] });
}

#[test]
fn the_root_logger_decides() {
    let plain = json!({"format": "{asctime} {message}", "style": "{"});
    let template = json!({"format": r#" {"at": "%(asctime)s", "say": "%(message)s"}"#});
    let handler = json!({"class": "logging.StreamHandler", "formatter": "f"});
    let quiet = json!({"class": "logging.StreamHandler", "formatter": "f", "level": "ERROR"});
    let config = |formatter: &Value, handler: &Value, rest: Value| {
        let mut config = json!({"version": 1, "formatters": {"f": formatter}, "handlers": {"h": handler}});
        config.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        config
    };
    let root = |level: &str| json!({"root": {"handlers": ["h"], "level": level}});
    let table = [
        ("of root", config(&plain, &handler, root("DEBUG")), Debug, false),
        ("a template", config(&template, &handler, root("WARN")), Warn, true),
        ("a factory", config(&json!({"()": "my.JSONFormatter"}), &handler, root("INFO")), Info, true),
        ("a handler's own level", config(&plain, &quiet, root("INFO")), Error, false),
        (
            "root before the logger without a name",
            config(
                &plain,
                &handler,
                json!({"root": {"level": "ERROR"}, "loggers": {"": {"level": "DEBUG"}}}),
            ),
            Error,
            false,
        ),
        ("by its name", config(&plain, &handler, json!({"loggers": {"root": {"level": 10}}})), Debug, false),
        (
            "JSON that root doesn't use",
            config(
                &template,
                &handler,
                json!({"root": {"level": "INFO"}, "loggers": {"x": {"handlers": ["h"]}}}),
            ),
            Info,
            false,
        ),
        (
            "names of nothing",
            json!({"version": 1, "root": {"handlers": ["x"], "level": "INFO"}}),
            Info,
            false,
        ),
        ("nothing said", json!({"version": 1}), Warn, false),
    ];
    for (what, config, level, json) in table {
        assert_eq!(named(&config.to_string()), Wishes { level, json, warnings: vec![] }, "{what}");
    }
}

#[test]
fn a_file_that_is_of_no_use_is_one_warning_and_log_level_counts() {
    let secret = r#"{"version": 1, "handlers": {"h": {"formatter": {"hunter2": 1}}}, "root": "hunter2"}"#;
    for text in [
        "",
        "{",
        "[]",
        "null",
        "\u{0}",
        "{}",
        "version: 1",
        secret,
        "{\"version\": 1, \"root\": {\"level\": -1}}",
    ] {
        let wishes = named(text);
        assert_eq!((wishes.level, wishes.json, wishes.warnings.len()), (Error, false, 1), "{text}");
        let warning = &wishes.warnings[0];
        assert!(warning.contains("logging.json (LOG_CONFIG) is not used: "), "{warning}");
        assert!(warning.ends_with("; write the JSON of Python's logging.config.dictConfig"), "{warning}");
        assert!(!warning.contains("hunter2") && !warning.contains('\n'), "{warning}");
    }
}

#[test]
fn a_file_that_is_named_must_be_there_and_the_usual_one_need_not() {
    let absent = Path::new("/nonexistent/logging.json");
    assert_eq!(read_beside(&env(&[("LOG_CONFIG", "")]), absent), Wishes::default());

    let wishes =
        read_beside(&env(&[("LOG_CONFIG", "/nonexistent/mine.json"), ("LOG_LEVEL", "ERROR")]), absent);
    assert_eq!((wishes.level, wishes.warnings.len()), (Error, 1));
    let warning = &wishes.warnings[0];
    assert!(
        warning.starts_with(
            "the log configuration /nonexistent/mine.json (LOG_CONFIG) is not used: No such file"
        )
    );
    assert!(warning.ends_with("; mount it there, or take LOG_CONFIG away"), "{warning}");

    // A folder in its place is there, and of no use.
    let folder = tempfile::tempdir().unwrap();
    let wishes = read_beside(&env(&[]), folder.path());
    assert_eq!((wishes.level, wishes.warnings.len()), (Info, 1));
}
