//! The report for people: what changed, what to look at, and one line that sums it up.
//!
//! Many equal lines are one: at three in the morning nobody reads five hundred. JSON has them all.

use std::fmt::{self, Display, Formatter};

use anstyle::{AnsiColor, Style};

use super::{Report, Summary};
use crate::plan::{Change, Finding};

/// Lines of one kind before they are folded.
const LINES: usize = 20;

const GOOD: Style = AnsiColor::Green.on_default();
const LOOK: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_changes(f, &self.changes)?;
        write_findings(f, "finding", LOOK, &self.findings)?;
        write_findings(f, "error", BAD, &self.errors)?;
        write!(f, "{}", self.summary)
    }
}

impl Display for Summary {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let count =
            |number: usize, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
        let what = match (self.changes, self.dry_run) {
            (0, _) => "nothing to change".to_owned(),
            (changes, true) => format!("would make {}", count(changes, "change")),
            (changes, false) => count(changes, "change"),
        };
        write!(f, "{what} in {}", count(self.namespaces, "namespace"))?;
        if self.paused > 0 {
            write!(f, " ({} paused)", self.paused)?;
        }
        for (number, word) in [(self.findings, "finding"), (self.errors, "error")] {
            if number > 0 {
                write!(f, ", {}", count(number, word))?;
            }
        }
        if self.waiting_pods > 0 {
            write!(f, ", {} waiting for an image", count(self.waiting_pods, "pod"))?;
        }
        let (reads, writes) = (count(self.reads, "read"), count(self.writes, "write"));
        write!(f, " ({:.1} s, {reads}, {writes})", self.elapsed.as_secs_f64())
    }
}

fn write_changes(f: &mut Formatter<'_>, changes: &[Change]) -> fmt::Result {
    if changes.len() <= LINES {
        return changes.iter().try_for_each(|change| write_change(f, change, ""));
    }
    let mut groups: Vec<(&Change, usize)> = Vec::new();
    for change in changes {
        let same = |(first, _): &&mut (&Change, usize)| {
            (first.verb, first.subject.kind, &first.why) == (change.verb, change.subject.kind, &change.why)
        };
        match groups.iter_mut().find(same) {
            Some((_, count)) => *count += 1,
            None => groups.push((change, 1)),
        }
    }
    groups.into_iter().try_for_each(|(first, count)| match count {
        1 => write_change(f, first, ""),
        _ => write_change(f, first, &format!(" (and {} more like it)", count - 1)),
    })
}

fn write_change(f: &mut Formatter<'_>, change: &Change, more: &str) -> fmt::Result {
    let Change { verb, subject, why } = change;
    writeln!(f, "{GOOD}{verb:<8}{GOOD:#} {subject}{more}: {why}")
}

fn write_findings(f: &mut Formatter<'_>, word: &str, style: Style, findings: &[Finding]) -> fmt::Result {
    for finding in findings.iter().take(LINES) {
        writeln!(f, "{style}{word:<8}{style:#} {finding}")?;
    }
    match findings.len().checked_sub(LINES) {
        Some(more @ 1..) => writeln!(f, "{style}{word:<8}{style:#} {more} more; --output json has them all"),
        _ => Ok(()),
    }
}
