//! Output: coloured on a terminal, plain elsewhere. A reader that went away is nobody's trouble.

use std::io::Write;

use anstyle::{AnsiColor, Style};

const HEADING: Style = Style::new().bold();
const GOOD: Style = AnsiColor::Green.on_default();

pub(crate) fn line(text: &str) {
    let _ = writeln!(anstream::stdout(), "{text}");
}

pub(crate) fn heading(text: &str) {
    line(&format!("\n{HEADING}{text}{HEADING:#}\n"));
}

/// A claim that was checked.
pub(crate) fn checked(claim: &str) {
    line(&format!("{GOOD}✓{GOOD:#} {claim}"));
}

/// Lines that are quoted, and an empty one.
pub(crate) fn block(text: &str) {
    text.lines().for_each(|quoted| line(format!("  {quoted}").trim_end()));
    line("");
}
