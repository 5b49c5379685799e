//! A line of the log as JSON, with the keys and level names of Python's `logging`: what reads the older
//! tool's lines reads ours.

use jiff::Timestamp;
use log::{Level, Record};
use serde::Serialize;

#[derive(Serialize)]
struct Line<'a> {
    asctime: String,
    levelname: &'static str,
    message: String,
    name: &'a str,
}

/// One object, without a line break, whatever the message holds.
pub(super) fn line(now: Timestamp, record: &Record<'_>) -> String {
    let line = Line {
        asctime: now.strftime("%FT%T.%3fZ").to_string(),
        levelname: level_name(record.level()),
        message: record.args().to_string(),
        name: record.target(),
    };
    // Text alone can't fail to be written as JSON.
    serde_json::to_string(&line).unwrap_or_default()
}

/// Python has no level below DEBUG.
fn level_name(level: Level) -> &'static str {
    match level {
        Level::Error => "ERROR",
        Level::Warn => "WARNING",
        Level::Info => "INFO",
        Level::Debug | Level::Trace => "DEBUG",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn any_message_is_one_line_of_json() {
        let now: Timestamp = "2026-11-21T09:05:03.25Z".parse().unwrap();
        for message in ["plain", "", "\"quoted\" \\ {}", "two\nlines\r\n", "\u{1b}[31m\0\u{2028}", "ä 🦀"]
        {
            let text = line(
                now,
                &Record::builder()
                    .args(format_args!("{message}"))
                    .level(Level::Warn)
                    .target("pullkeeper::keeper")
                    .build(),
            );
            assert!(!text.contains(['\n', '\r', '\u{1b}']), "{text:?}");
            assert_eq!(
                serde_json::from_str::<Value>(&text).unwrap(),
                json!({
                    "asctime": "2026-11-21T09:05:03.250Z", "levelname": "WARNING",
                    "message": message, "name": "pullkeeper::keeper",
                })
            );
        }
    }

    #[test]
    fn levels_have_their_names_in_python() {
        let names: Vec<_> = Level::iter().map(level_name).collect();
        assert_eq!(names, ["ERROR", "WARNING", "INFO", "DEBUG", "DEBUG"]);
    }
}
