//! Programs for tests: small scripts in a folder that goes with the test.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::config::Programs;

/// A folder of programs.
pub(super) struct Scripts(tempfile::TempDir);

impl Scripts {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A script with this body.
    pub(super) fn script(&self, name: &str, body: &str) -> PathBuf {
        self.file(name, &format!("#!/bin/sh\n{body}\n"), "755")
    }

    /// A file, written by another process: a file that we ourselves hold open for writing is
    /// inherited by every program that another test starts at that moment, and can't be executed until
    /// that one lets go of it (ETXTBSY).
    pub(super) fn file(&self, name: &str, content: &str, mode: &str) -> PathBuf {
        let path = self.0.path().join(name);
        let mut writer = Command::new("/bin/sh");
        writer.args(["-c", r#"cat >"$1" && chmod "$2" "$1""#, "sh"]).arg(&path).arg(mode);
        let mut writer = writer.stdin(Stdio::piped()).spawn().unwrap();
        writer.stdin.take().unwrap().write_all(content.as_bytes()).unwrap();
        assert!(writer.wait().unwrap().success());
        path
    }

    /// This folder, and no variables.
    pub(super) fn programs(&self) -> Programs {
        Programs { folder: Some(self.0.path().to_owned()), env: Vec::new() }
    }

    /// How many processes have a program of this folder in their command line.
    pub(super) fn running(&self) -> usize {
        let folder = self.0.path().as_os_str().as_encoded_bytes();
        let of = |entry: std::fs::DirEntry| std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let lines = std::fs::read_dir("/proc").unwrap().flatten().map(of);
        lines.filter(|line| line.windows(folder.len()).any(|part| part == folder)).count()
    }

    /// Waits until so many run.
    pub(super) async fn until_running(&self, count: usize) {
        for _ in 0..2000 {
            if self.running() == count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{} programs run, and not {count}", self.running());
    }
}
