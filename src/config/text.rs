//! Values read from their text: words, counts, durations.
//!
//! The layers keep every scalar as text, for `012345` may be a password. What a text means is
//! therefore decided here, by the type that the setting has, never by YAML.

use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::types::{Adopt, Heal};

/// A value read from its text.
pub(super) struct Parsed<T>(pub(super) T);

/// How a value is read from its text; the error says what is wrong and what to write.
pub(super) trait FromText: Sized {
    fn from_text(text: &str) -> Result<Self, String>;
}

impl<'de, T: FromText> Deserialize<'de> for Parsed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        T::from_text(&text).map(Self).map_err(Error::custom)
    }
}

impl FromText for bool {
    fn from_text(text: &str) -> Result<Self, String> {
        choose(text, &[("true", true), ("false", false)])
    }
}

impl FromText for Adopt {
    fn from_text(text: &str) -> Result<Self, String> {
        let choices = [("false", Self::No), ("merge", Self::Merge), ("replace", Self::Replace)];
        choose(text, &choices)
    }
}

impl FromText for Heal {
    fn from_text(text: &str) -> Result<Self, String> {
        choose(text, &[("auto", Self::Auto), ("all", Self::All), ("off", Self::Off)])
    }
}

/// How much of a credential's life may be left when it is renewed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Before {
    /// Half of it.
    Half,
    /// So much time.
    Time(Duration),
}

impl FromText for Before {
    fn from_text(text: &str) -> Result<Self, String> {
        if text == "half" {
            return Ok(Self::Half);
        }
        Duration::from_text(text).map(Self::Time).map_err(|error| format!("{error}, or half"))
    }
}

impl FromText for usize {
    fn from_text(text: &str) -> Result<Self, String> {
        let wrong = |_| format!("'{}' is no count; write 0 or more", text.escape_debug());
        text.parse().map_err(wrong)
    }
}

impl FromText for Duration {
    fn from_text(text: &str) -> Result<Self, String> {
        if let Ok(seconds) = text.parse() {
            return Ok(Self::from_secs(seconds));
        }
        humantime::parse_duration(text).map_err(|_| {
            let wrong = if text.starts_with('-') { "negative" } else { "no duration" };
            format!("'{}' is {wrong}; write seconds such as 60, or 10m", text.escape_debug())
        })
    }
}

/// Picks by word; YAML's own spellings of true and false are taken too.
pub(super) fn choose<T: Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, String> {
    let word = match text {
        "True" | "TRUE" => "true",
        "False" | "FALSE" => "false",
        other => other,
    };
    let words = || choices.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
    choices
        .iter()
        .find(|(choice, _)| *choice == word)
        .map(|(_, value)| *value)
        .ok_or_else(|| format!("'{}' is no choice; write one of {}", text.escape_debug(), words()))
}
