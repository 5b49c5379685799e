//! What is printed for people and programs: on standard output, and nothing else is.

use std::fmt::Display;
use std::io::{self, Write};

/// Prints a text and a line break; a reader that went away is no failure.
pub fn print(text: &impl Display) {
    let mut stdout = anstream::stdout();
    let printed = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
    match printed {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => log::warn!("can't print: {error}"),
        _ => {}
    }
}
