//! What image references mean: distribution's own reading of them (`registries/reference/main.go`), by whose rules the
//! kubelet and container runtimes pull.

use serde::Deserialize;

use super::answer::answer;
use super::binaries;

/// A reference taken apart, all as it was written but for Docker Hub's short names; empty is none.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Parts {
    pub host: String,
    pub path: String,
    pub tag: String,
    pub digest: String,
}

/// Asks about each text, in that order. An error is in distribution's words.
pub fn references(texts: &[String]) -> Vec<Result<Parts, String>> {
    let question: String = texts.iter().map(|text| serde_json::json!(text).to_string() + "\n").collect();
    let told = String::from_utf8(answer(binaries::reference(), &question)).expect("its answers are text");
    let read = told.lines().map(|line| serde_json::from_str::<Answer>(line).expect("an answer"));
    let read: Vec<_> = read.map(|answer| answer.error.map_or(Ok(answer.parts), Err)).collect();
    assert_eq!(read.len(), texts.len(), "an answer for each");
    read
}

#[derive(Deserialize)]
struct Answer {
    #[serde(flatten)]
    parts: Parts,
    error: Option<String>,
}
