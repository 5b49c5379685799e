//! Our end of the launcher (see `launcher/main.go`), a process that lives as long
//! as we hold its stdin: so the servers end with the test run, however it ends.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use serde::de::DeserializeOwned;

use super::binaries;

/// The process and our ends of its pipes.
pub(super) struct Launcher {
    process: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    complaints: Option<JoinHandle<String>>,
}

impl Launcher {
    /// A control plane. `flags` are more flags of the API server.
    pub(super) fn spawn(flags: &[&str]) -> Result<Self> {
        let binaries = binaries::ensure()?;
        let mut command = Command::new(&binaries.launcher);
        command
            .arg("--etcd")
            .arg(&binaries.etcd)
            .arg("--apiserver")
            .arg(&binaries.kube_apiserver)
            .arg("--dir")
            .arg(directory())
            .arg("--audit")
            .arg("--")
            .args(flags);
        Self::run(command)
    }

    /// Any program that lives until its stdin closes, and answers a line with a line.
    pub(super) fn run(mut command: Command) -> Result<Self> {
        let mut process = command
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run {}", command.get_program().display()))?;
        let (stdin, stdout) = (process.stdin.take(), process.stdout.take().context("stdout")?);
        let stderr = process.stderr.take().context("stderr")?;
        let complaints = Some(std::thread::spawn(move || relay(stderr)));
        Ok(Self { process, stdin, stdout: BufReader::new(stdout), complaints })
    }

    pub(super) fn ask(&mut self, command: &str) -> Result<()> {
        if let Some(stdin) = &mut self.stdin {
            // A launcher that is gone is noticed, and explained, by its missing answer.
            let _ = writeln!(stdin, "{command}");
        }
        self.answer().map(|_: serde_json::Value| ())
    }

    pub(super) fn answer<T: DeserializeOwned>(&mut self) -> Result<T> {
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        if line.is_empty() {
            let complaints = self.complaints.take().and_then(|thread| thread.join().ok()).unwrap_or_default();
            bail!("it ended. It said:\n{}", complaints.trim_end());
        }
        let value: serde_json::Value = serde_json::from_str(&line)?;
        if let Some(error) = value.get("error") {
            bail!("{}", error.as_str().unwrap_or_default());
        }
        Ok(serde_json::from_value(value)?)
    }
}

impl Drop for Launcher {
    fn drop(&mut self) {
        self.stdin = None;
        let _ = self.process.wait();
    }
}

/// Shows what the launcher complains about at once (a server died), and keeps it for our own error.
fn relay(mut stderr: impl Read) -> String {
    let mut text = String::new();
    let _ = stderr.read_to_string(&mut text);
    let _ = io::stderr().write_all(text.as_bytes());
    text
}

/// For the files of one launcher; whoever gets it makes it and removes it.
pub(super) fn directory() -> PathBuf {
    std::env::temp_dir().join(format!("pullkeeper-testbed-{}", unique()))
}

/// Different for each call, in any process of this machine.
pub(super) fn unique() -> String {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis());
    format!("{}-{now:x}-{}", std::process::id(), CALLS.fetch_add(1, Ordering::Relaxed))
}
