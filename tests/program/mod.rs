//! The program itself, as a user starts it, with nothing of this machine's environment.

#![allow(dead_code, unreachable_pub, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// The program, with an empty environment.
pub fn pullkeeper() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pullkeeper"));
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // Without a home there is no ~/.kube/config, whoever runs the tests.
    command.env("HOME", "/nonexistent");
    // The registries of most tests are nowhere; a test of verification takes this away.
    command.env("PULLKEEPER_VERIFY", "false");
    command
}

/// A configuration file of its own.
pub struct ConfigFile {
    folder: TempDir,
    path: PathBuf,
}

impl ConfigFile {
    pub fn new(text: impl AsRef<[u8]>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config.yaml");
        std::fs::write(&path, text).expect("a file");
        Self { folder, path }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where other files of the test may go.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// The program with this configuration, against this API server.
pub fn against(url: &str, config: &ConfigFile) -> Command {
    let mut command = pullkeeper();
    command.arg("--config").arg(config.path()).args(["--server", url]);
    command
}

/// What a run left behind.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// The lines of the log that are errors.
    pub fn errors(&self) -> Vec<&str> {
        self.stderr.lines().filter(|line| line.contains("ERROR")).collect()
    }

    /// Everything it wrote.
    pub fn everything(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program writes UTF-8");
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// Runs it to its end, which must come.
pub fn run(command: Command) -> Ran {
    let mut command = assert_cmd::Command::from_std(command);
    command.timeout(Duration::from_mins(1)).output().expect("the program starts").into()
}

/// Starts it.
pub fn start(mut command: Command) -> Child {
    command.spawn().expect("the program starts")
}

/// Sends it SIGTERM, as the kubelet does.
pub fn terminate(child: &Child) {
    let kill = format!("kill -TERM {}", child.id());
    let sent = Command::new("sh").args(["-c", &kill]).status().expect("a shell");
    assert!(sent.success(), "{kill}: {sent}");
}

/// Reads its log up to a line with these words, and leaves the rest to who asks next.
pub fn heard(program: &mut Child, words: &str) -> String {
    read_to(program.stderr.as_mut().expect("a log"), words)
}

/// Reads its output in the same way.
pub fn printed(program: &mut Child, words: &str) -> String {
    read_to(program.stdout.as_mut().expect("an output"), words)
}

/// Byte by byte: nothing of what follows is taken.
fn read_to(from: &mut impl Read, words: &str) -> String {
    let (mut text, mut byte) = (Vec::new(), [0]);
    while !String::from_utf8_lossy(&text).contains(words) {
        let read = from.read(&mut byte).expect("a pipe");
        assert_eq!(read, 1, "ended without {words:?}: {}", String::from_utf8_lossy(&text));
        text.extend(byte);
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// Waits for its end.
pub fn end(child: Child) -> Ran {
    child.wait_with_output().expect("the program ends").into()
}
