//! Programs of others, run without a shell: docker credential helpers and plugins of the kubelet.
//!
//! What one prints is a secret until somebody has read it. What it writes to stderr is read and thrown
//! away, at every log level: nobody knows whether a program that is asked for a token tells it there.
//! That it wrote something is told, so that a person runs it by hand.

mod start;
#[cfg(test)]
mod tests;

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::pin::pin;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use secrecy::{ExposeSecretMut, SecretBox};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use tokio::time::timeout;

use crate::config::Programs;

/// The most that a program may print; a credential is some kilobytes.
const MAX_STDOUT: usize = 1 << 20;

/// How long a program that has ended may still be heard, where a child of it keeps the pipes open. What it
/// printed itself is in the pipe by then, and is read at once.
const LAST_WORDS: Duration = Duration::from_millis(250);

/// How long a killed program is waited for, that it leaves no zombie.
const BURIAL: Duration = Duration::from_secs(1);

/// One run of a program.
pub(super) struct Call<'a> {
    /// An absolute path, or the bare name of a program in the folder of programs.
    pub(super) program: &'a Path,
    /// Its arguments.
    pub(super) args: &'a [String],
    /// What it reads; it need not.
    pub(super) stdin: &'a [u8],
    /// Where programs are, and which variables they get.
    pub(super) programs: &'a Programs,
    /// When it is killed, with its whole process group.
    pub(super) deadline: Duration,
}

/// What became of a program that ended by itself.
pub(super) struct Output {
    /// What it printed; at most [`MAX_STDOUT`].
    pub(super) stdout: SecretBox<Vec<u8>>,
    /// Its exit status.
    pub(super) status: i32,
    /// Did it write to stderr?
    pub(super) stderr: bool,
}

/// Runs a program to its end. An error is a program that could not be started, was killed, or printed
/// without end; one that exits with a status of its own is for the caller to judge. Where the future is
/// dropped, the program and its children are killed.
pub(super) async fn run(call: Call<'_>) -> Result<Output, String> {
    let program = start::find(call.program, call.programs)?;
    let mut child = start::start(&program, call.args, call.programs)?;
    let group = Group::of(&child);
    let mut heard = Heard::default();
    let ended = timeout(call.deadline, talk(&mut child, call.stdin, &mut heard)).await;
    let late = || Trouble::Late(humantime::format_duration(call.deadline));
    let ended = ended.unwrap_or_else(|_| Err(late()));
    if ended.is_ok() && heard.everything {
        group.release();
    } else {
        drop(group);
        let _ = timeout(BURIAL, child.wait()).await;
    }
    let status = ended.and_then(exit_status).map_err(|trouble| format!("{} {trouble}", program.display()))?;
    Ok(Output { stdout: heard.stdout, status, stderr: heard.stderr })
}

impl Output {
    /// How a program that failed ended.
    pub(super) fn failure(&self) -> String {
        let stderr =
            if self.stderr { ", with a text on stderr that may hold secrets and isn't shown" } else { "" };
        format!("exited with status {}{stderr}", self.status)
    }
}

/// Why a program did not come to an end of its own.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("took longer than {0} and was killed; see that what it asks can be reached from here")]
    Late(humantime::FormattedDuration),
    #[error("printed more than 1 MiB and was killed; see that it is the program that was meant")]
    TooMuch,
    #[error("was ended by signal 9; see whether the memory limit is too low for it")]
    Killed,
    #[error("was ended by signal {0}; run it by hand to see why")]
    Signal(i32),
    #[error("could not be heard ({0}); run it by hand to see why")]
    Lost(#[from] std::io::Error),
}

fn exit_status(status: ExitStatus) -> Result<i32, Trouble> {
    status.code().ok_or_else(|| match status.signal() {
        Some(9) => Trouble::Killed,
        signal => Trouble::Signal(signal.unwrap_or_default()),
    })
}

/// What was heard of a program.
struct Heard {
    stdout: SecretBox<Vec<u8>>,
    stderr: bool,
    /// Nobody holds the pipes any more.
    everything: bool,
}

impl Default for Heard {
    fn default() -> Self {
        // Room for all of it at once: a vector that grows leaves copies of the secret behind.
        let stdout = SecretBox::new(Box::new(Vec::with_capacity(MAX_STDOUT + 1)));
        Self { stdout, stderr: false, everything: false }
    }
}

/// Writes, reads and waits, all at once, so that neither side waits for the other for ever.
async fn talk(child: &mut Child, stdin: &[u8], heard: &mut Heard) -> Result<ExitStatus, Trouble> {
    let (input, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let Heard { stdout: printed, stderr: wrote, everything } = heard;
    let mut pipes = pin!(async {
        tokio::try_join!(feed(input, stdin), read(stdout, printed.expose_secret_mut()), drain(stderr, wrote))
    });
    tokio::select! {
        closed = &mut pipes => {
            closed?;
            *everything = true;
            Ok(child.wait().await?)
        }
        status = child.wait() => {
            // A child of the program's may hold the pipes for ever.
            if let Ok(closed) = timeout(LAST_WORDS, pipes).await {
                closed?;
                *everything = true;
            }
            Ok(status?)
        }
    }
}

/// A program that doesn't read what it is given does nothing wrong.
async fn feed(pipe: Option<ChildStdin>, text: &[u8]) -> Result<(), Trouble> {
    if let Some(mut pipe) = pipe {
        let _ = pipe.write_all(text).await;
    }
    Ok(())
}

async fn read(pipe: Option<ChildStdout>, text: &mut Vec<u8>) -> Result<(), Trouble> {
    let Some(mut pipe) = pipe else { return Ok(()) };
    while pipe.read_buf(text).await? > 0 {
        if text.len() > MAX_STDOUT {
            return Err(Trouble::TooMuch);
        }
    }
    Ok(())
}

async fn drain(pipe: Option<ChildStderr>, wrote: &mut bool) -> Result<(), Trouble> {
    let Some(mut pipe) = pipe else { return Ok(()) };
    let mut thrown_away = [0; 4096];
    while pipe.read(&mut thrown_away).await? > 0 {
        *wrote = true;
    }
    Ok(())
}

/// A program's process group, killed when this is dropped.
///
/// Where the program itself has ended and a child of it holds the pipes, the group's number is taken as
/// long as that child is in it. Where the child has left the group, the number is free; that a process of
/// ours gets it within [`LAST_WORDS`] would need that all others were used up in that time.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw))
    }

    /// Nothing of it is left to kill.
    fn release(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}
