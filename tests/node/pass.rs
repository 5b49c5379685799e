//! One run of the program to its end, and what it reported.

use std::fmt::{self, Debug, Formatter};
use std::process::Command;

use serde_json::Value;

use crate::program::{Ran, run};
use crate::scene::PASSWORD;

pub(crate) struct Pass {
    ran: Ran,
    report: Value,
}

/// What it wrote, as a user would see it.
impl Debug for Pass {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.ran.everything())
    }
}

impl Pass {
    /// Makes it.
    pub(crate) fn of(command: Command) -> Self {
        let ran = run(command);
        let report = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.everything()));
        assert!(!ran.everything().contains(PASSWORD), "it tells the password");
        Self { ran, report }
    }

    /// That all was done.
    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.ran.code, Some(0), "{}", self.ran.everything());
        self
    }

    /// What was done, in the program's order: `create Secret pullkeeper`, `evict Pod web-1`.
    pub(crate) fn changes(&self) -> Vec<String> {
        let of = |change: &Value, key: &str| change[key].as_str().unwrap_or_default().to_owned();
        let changes = self.report["changes"].as_array().expect("changes");
        changes
            .iter()
            .map(|change| format!("{} {} {}", of(change, "verb"), of(change, "kind"), of(change, "name")))
            .collect()
    }

    /// How many changes begin with these words.
    pub(crate) fn count(&self, words: &str) -> usize {
        self.changes().iter().filter(|change| change.starts_with(words)).count()
    }

    /// What it has to say about pods: reason, and message.
    pub(crate) fn told_of_pods(&self) -> Vec<(String, String)> {
        let told = self.report["findings"].as_array().expect("findings").iter();
        let of = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
        told.filter(|one| one["kind"] == "Pod").map(|one| (of(one, "reason"), of(one, "message"))).collect()
    }
}
