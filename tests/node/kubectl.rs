//! kubectl, as a user types it.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tempfile::TempDir;
use tokio::process::Command;

use crate::stage::Stage;
use crate::testbed::binaries;

/// The administrator's, in a folder of its own.
pub(crate) struct Kubectl {
    program: PathBuf,
    kubeconfig: PathBuf,
    folder: TempDir,
}

impl Kubectl {
    pub(crate) fn new(stage: &Stage) -> Self {
        let programs = binaries::node().expect("they were built before").programs;
        Self {
            program: programs.join("kubectl"),
            kubeconfig: stage.plane.kubeconfig(stage.plane.admin_token()),
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    /// The folder in which it runs.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// `kubectl WORDS`: what it prints. It must succeed, and warn of nothing.
    pub(crate) async fn run(&self, words: &str) -> String {
        self.try_run(words).await.unwrap_or_else(|complaints| panic!("kubectl {words}: {complaints}"))
    }

    /// The same; else what it complains of.
    pub(crate) async fn try_run(&self, words: &str) -> Result<String, String> {
        let mut command = Command::new(&self.program);
        command
            .args(words.split_whitespace())
            .current_dir(self.folder())
            .env_clear()
            .env("KUBECONFIG", &self.kubeconfig)
            .env("HOME", self.folder())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let output = command.output().await.expect("kubectl starts");
        let text = |bytes| String::from_utf8(bytes).expect("it prints UTF-8");
        if output.status.success() && output.stderr.is_empty() {
            Ok(text(output.stdout))
        } else {
            Err(text(output.stderr))
        }
    }
}
