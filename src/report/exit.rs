//! What the exit status means; `--help` says the same.

use std::process::{ExitCode, Termination};

use super::Report;

/// The exit status of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// All that was asked for is so. Findings don't change this.
    Success = 0,
    /// Something failed: a refusal, a source without a credential, a deadline, a signal.
    Incomplete = 1,
    /// Nothing was tried: a bad configuration, or no cluster.
    Unusable = 2,
}

impl Report {
    /// The status with which a program that made only this pass ends.
    #[must_use]
    pub fn exit_status(&self) -> ExitStatus {
        if self.errors.is_empty() { ExitStatus::Success } else { ExitStatus::Incomplete }
    }
}

impl Termination for ExitStatus {
    fn report(self) -> ExitCode {
        ExitCode::from(self as u8)
    }
}
