//! Asks the small programs of the test bed: one question, one answer, and they end.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// What the program writes when it was given the question. It must read all of that before it writes.
pub(super) fn answer(program: anyhow::Result<PathBuf>, question: &str) -> Vec<u8> {
    let path = program.unwrap_or_else(|e| panic!("{e:#}"));
    let name = path.display();
    let mut process = Command::new(&path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("cannot run {name}: {e}"));
    // Dropped at the end of the statement, which is its end of file.
    process.stdin.take().unwrap().write_all(question.as_bytes()).expect("it reads");
    let output = process.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} failed ({}): {said}", output.status);
    output.stdout
}
