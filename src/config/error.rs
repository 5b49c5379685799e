//! What can be wrong with a configuration, told in one message.
//!
//! A `Problem` knows the key and what is wrong with it; only the layers know in which file and line,
//! or in which variable, that key was written. Together they make a `ConfigError`. A value's text
//! from the joined layers is never repeated here: it may be a password.

use std::fmt;

use figment::error::{Actual, Kind};

/// A configuration that can't be used: one message naming the place, the key and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    /// Joins the place (`file:line`, or a variable's name), the key if one is known, and the rest.
    pub(super) fn new(place: impl fmt::Display, key: &str, what: impl fmt::Display) -> Self {
        let key = if key.is_empty() { String::new() } else { format!("{key}: ") };
        Self(format!("{place}: {key}{what}"))
    }
}

/// What is wrong with the value of a key, and what to write instead.
#[derive(Debug)]
pub(super) struct Problem {
    /// Where to look for the line.
    pub(super) path: KeyPath,
    /// The key to show.
    pub(super) key: String,
    pub(super) what: String,
}

impl Problem {
    pub(super) fn new(path: &KeyPath, what: impl Into<String>) -> Self {
        Self { path: path.clone(), key: path.to_string(), what: what.into() }
    }
}

impl From<figment::Error> for Problem {
    fn from(error: figment::Error) -> Self {
        let path = KeyPath(error.path);
        let what = match error.kind {
            Kind::Message(text) => text,
            Kind::InvalidType(actual, expected) => {
                format!("is {}; write {}", kind_of(&actual), plain_words(&expected))
            }
            Kind::UnknownField(key, known) => {
                return Self { key: path.parent().to_string(), what: unknown_key(&key, known), path };
            }
            // No other kind arises; one that did might repeat the value.
            _ => "has a value of the wrong kind".to_owned(),
        };
        Self::new(&path, what)
    }
}

fn unknown_key(key: &str, known: &[&str]) -> String {
    let shown = key.escape_debug();
    match nearest(key, known.iter().copied()) {
        Some(near) => format!("unknown key '{shown}' (did you mean '{near}'?)"),
        None => format!("unknown key '{shown}'; the keys here are {}", known.join(", ")),
    }
}

/// The candidate that `text` most likely is a misspelling of, if any is near.
pub(super) fn nearest<'a>(text: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let text = bare(text);
    let distance = |candidate: &str| strsim::damerau_levenshtein(&text, &bare(candidate));
    candidates
        .map(|candidate| (distance(candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// A name without case and separators: how keys and variables are compared. A name longer than
/// any key is cut, for the comparison takes time by its length.
fn bare(name: &str) -> String {
    let letters = name.chars().filter(|c| !matches!(c, '_' | '-' | '.'));
    letters.take(64).flat_map(char::to_lowercase).collect()
}

fn kind_of(actual: &Actual) -> &'static str {
    match actual {
        Actual::Seq => "a list",
        Actual::Map => "a mapping",
        Actual::Unit | Actual::Option => "empty",
        _ => "a single value",
    }
}

/// Our own `expecting` texts are in plain words; these come from serde.
fn plain_words(expected: &str) -> &str {
    match expected {
        "a sequence" => "a list",
        "a string" => "a single value",
        other => other,
    }
}

/// The way to a setting: `registries[0].host`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct KeyPath(Vec<String>);

impl KeyPath {
    pub(super) fn root() -> Self {
        Self::default()
    }

    pub(super) fn key(&self, key: &str) -> Self {
        let mut path = self.0.clone();
        path.push(key.to_owned());
        Self(path)
    }

    pub(super) fn item(&self, index: usize) -> Self {
        self.key(&index.to_string())
    }

    pub(super) fn steps(&self) -> &[String] {
        &self.0
    }

    fn parent(&self) -> Self {
        Self(self.0.split_last().map_or_else(Vec::new, |(_, up)| up.to_vec()))
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (depth, step) in self.0.iter().enumerate() {
            match step.parse::<usize>() {
                Ok(index) => write!(f, "[{index}]")?,
                Err(_) if depth == 0 => write!(f, "{}", step.escape_debug())?,
                Err(_) => write!(f, ".{}", step.escape_debug())?,
            }
        }
        Ok(())
    }
}
