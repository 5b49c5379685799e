//! What is printed at the end: a row for each scenario.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

/// How a scenario ended.
pub(crate) struct Row {
    /// From the start of the pass until the pods ran; of untouched pods there is none.
    pub(crate) after: Option<Duration>,
    /// Pods deleted and evicted.
    pub(crate) deletions: usize,
    /// What happened, in words.
    pub(crate) what: String,
}

/// A scenario's name, and its row, or why there is none.
pub(crate) type Ended = (&'static str, Result<Row, &'static str>);

pub(crate) struct Table {
    pub(crate) rows: Vec<Ended>,
}

impl Table {
    pub(crate) fn is_good(&self) -> bool {
        !self.rows.is_empty() && self.rows.iter().all(|(_, row)| row.is_ok())
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut rows: Vec<_> = self.rows.iter().collect();
        rows.sort_by_key(|(name, _)| *name);
        let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        writeln!(f, "\n{:width$}  {:>8}  {:>9}", "scenario", "running", "deletions")?;
        for (name, row) in rows {
            match row {
                Ok(Row { after, deletions, what }) => {
                    let after = after.map_or("-".to_owned(), |after| format!("{:.2} s", after.as_secs_f64()));
                    writeln!(f, "{name:width$}  {after:>8}  {deletions:>9}  {what}")?;
                }
                Err(why) => writeln!(f, "{name:width$}  FAILED  {why}")?,
            }
        }
        Ok(())
    }
}
