//! Builds programs of the Go modules beside this file, once, into `target/testbed`.
//! That is outside the profiles' directories: a changed source costs seconds, a lost
//! server minutes.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};

const MODULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/testbed");
const BUILT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/testbed");

/// Without a version, kubectl and the kubelet refuse to talk to the server. Keep in step with go.mod.
const LINKER_FLAGS: &str = "-s -w -X k8s.io/component-base/version.gitVersion=v1.36.3 \
     -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36";

/// Where programs of the same sources go: `target/testbed/PREFIX-HASH`, of the sources' content.
/// A directory per content: programs of another commit stay, and serve it again.
pub(super) struct Directory<'a> {
    pub(super) prefix: &'a str,
    /// The Go module, relative to this file's directory.
    pub(super) module: &'a str,
    /// Files and directories of the module.
    pub(super) sources: &'a [&'a str],
}

/// What to build.
pub(super) struct Program<'a> {
    pub(super) name: &'a str,
    /// The Go package.
    pub(super) package: &'a str,
    /// How long it takes the first time, for people.
    pub(super) takes: &'a str,
}

impl Directory<'_> {
    /// The program, built unless it is there already. Processes that build at the same time wait for each other.
    pub(super) fn built(&self, program: &Program<'_>) -> Result<PathBuf> {
        let (directory, name) = (self.path()?, program.name);
        let path = directory.join(name);
        if path.exists() {
            return Ok(path);
        }
        fs::create_dir_all(&directory)?;
        let lock = File::create(Path::new(BUILT).join(".lock"))?;
        if let Err(TryLockError::WouldBlock) = lock.try_lock() {
            say(&format!("waiting for another build before that of {name} …\n"));
            while let Err(TryLockError::WouldBlock) = lock.try_lock() {
                unless_given_up(|_| ())?;
                std::thread::sleep(Duration::from_millis(200));
            }
        }
        if !path.exists() {
            // Renamed when complete: a name that is there is a program that runs.
            let part = directory.join(format!("{name}.part"));
            go_build(&self.module(), program, &part)?;
            fs::rename(&part, &path)?;
        }
        Ok(path)
    }

    fn module(&self) -> PathBuf {
        Path::new(MODULES).join(self.module)
    }

    fn path(&self) -> Result<PathBuf> {
        let mut files = Vec::new();
        for source in self.sources {
            let path = self.module().join(source);
            if path.is_dir() {
                for entry in fs::read_dir(&path)? {
                    files.push(entry?.path());
                }
            } else {
                files.push(path);
            }
        }
        files.sort();
        // FNV-1a: it need not resist anybody, only be the same with every toolchain.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for file in files {
            let content = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            for byte in content.iter().chain(LINKER_FLAGS.as_bytes()) {
                hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        Ok(Path::new(BUILT).join(format!("{}-{:08x}", self.prefix, hash >> 32)))
    }
}

/// Ends a build that this process has under way, and lets none begin. For programs that a signal ends:
/// without it, what a build has started outlives them for a while.
pub fn give_up() {
    let mut build = BUILD.lock().unwrap_or_else(PoisonError::into_inner);
    build.given_up = true;
    if let Some(go) = build.go {
        // Its compilers with it. It may have ended by itself.
        let _ = kill_process_group(go, Signal::KILL);
    }
}

/// What [`give_up`] must know.
static BUILD: Mutex<Build> = Mutex::new(Build { given_up: false, go: None });

struct Build {
    given_up: bool,
    go: Option<Pid>,
}

/// Does something with [`BUILD`], unless it was given up.
fn unless_given_up<T>(act: impl FnOnce(&mut Build) -> T) -> Result<T> {
    let mut build = BUILD.lock().unwrap_or_else(PoisonError::into_inner);
    if build.given_up {
        bail!("building was given up");
    }
    Ok(act(&mut build))
}

fn go_build(module: &Path, program: &Program<'_>, output: &Path) -> Result<()> {
    let Program { name, package, takes } = program;
    // Go's own files for the while: it leaves them when it is killed.
    let scratch = Path::new(BUILT).join("tmp");
    let _ = fs::remove_dir_all(&scratch);
    fs::create_dir_all(&scratch)?;
    let mut command = Command::new("go");
    command
        .args(["build", "-C"])
        .arg(module)
        .args(["-v", "-trimpath", "-buildvcs=false", "-ldflags", LINKER_FLAGS, "-o"])
        .arg(output)
        .arg(package)
        .envs([("CGO_ENABLED", "0"), ("GOWORK", "off"), ("GOFLAGS", "")])
        .env("GOTMPDIR", &scratch)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut go = unless_given_up(|build| {
        let go = command.spawn();
        build.go = go.as_ref().ok().map(Pid::from_child);
        go
    })?
    .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => anyhow::anyhow!(
                "cannot build {name} for the tests: there is no `go` in PATH. Install Go 1.26 or newer (https://go.dev/dl)"
            ),
            _ => anyhow::Error::new(error).context("cannot run `go build`"),
        })?;

    let lines = BufReader::new(go.stderr.take().context("go build has no stderr")?).lines();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || lines.map_while(io::Result::ok).try_for_each(|line| sender.send(line)));
    let said = follow(name, takes, &receiver);

    // Before it is waited for: after that its id may be another's.
    BUILD.lock().unwrap_or_else(PoisonError::into_inner).go = None;
    let status = go.wait()?;
    let _ = fs::remove_dir_all(&scratch);
    unless_given_up(|_| ())?;
    if !status.success() {
        bail!(
            "`go build` of {name} failed ({status}). It needs Go 1.26 or newer and, the first time, the module proxy; \
             only etcd and kube-apiserver can be had without, from a directory that KUBEBUILDER_ASSETS names. Go said:\n{}",
            said.join("\n")
        );
    }
    Ok(())
}

/// Shows how far the build is until Go closes its output; returns the last lines that name no package.
fn follow(name: &str, takes: &str, lines: &mpsc::Receiver<String>) -> Vec<String> {
    let terminal = io::stderr().is_terminal();
    let pause = Duration::from_secs(if terminal { 1 } else { 15 });
    let (start, mut next, mut packages, mut said) = (Instant::now(), pause, 0, Vec::new());
    let show = |packages: usize| {
        let seconds = start.elapsed().as_secs();
        let (before, after) = if terminal { ("\r\x1b[K", "") } else { ("", "\n") };
        say(&format!(
            "{before}building {name} (first time: {takes}) … {packages} packages, {}m{:02}s{after}",
            seconds / 60,
            seconds % 60
        ));
    };
    loop {
        match lines.recv_timeout(next.saturating_sub(start.elapsed())) {
            Ok(line) if is_package(&line) => packages += 1,
            Ok(line) => {
                said.push(line);
                said.drain(..said.len().saturating_sub(40));
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
        if start.elapsed() >= next {
            show(packages);
            next = start.elapsed() + pause;
        }
    }
    if next > pause && terminal {
        show(packages);
        say("\n");
    }
    said
}

/// `go build -v` prints the import path of each package that it compiles, and prose besides.
fn is_package(line: &str) -> bool {
    !line.contains([' ', '#'])
}

/// Writes to the process's own stderr: `eprintln!` would vanish into the test harness's capture.
fn say(text: &str) {
    // Nobody to tell is no reason to stop building.
    let _ = io::stderr().write_all(text.as_bytes());
}
