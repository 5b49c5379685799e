//! Finding and starting a program, and what to do where that fails.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};
use std::process::Stdio;

use globset::Glob;
use rustix::io::Errno;
use tokio::process::{Child, Command};

use crate::config::Programs;

/// The variables that every program gets: where things are, and how the network is reached.
const USUAL: [&str; 13] = [
    "PATH",
    "HOME",
    "TMPDIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

/// Where a program is. A bare name is looked for in the folder of programs only, never in PATH, which
/// may lead anywhere.
pub(super) fn find(program: &Path, programs: &Programs) -> Result<PathBuf, String> {
    if program.is_absolute() {
        return Ok(program.to_owned());
    }
    let bare = matches!(program.components().collect::<Vec<_>>()[..], [Component::Normal(name)] if name == program.as_os_str());
    match &programs.folder {
        _ if !bare => Err(format!(
            "'{}' is no absolute path; write one, or a bare name in the folder of programs",
            program.display()
        )),
        Some(folder) => Ok(folder.join(program)),
        None => Err(format!(
            "'{}' has no path; write it, or set programs to the folder that it is in",
            program.display()
        )),
    }
}

/// Starts it in a process group of its own, with little of our environment.
pub(super) fn start(program: &Path, args: &[String], programs: &Programs) -> Result<Child, String> {
    let mut command = Command::new(program);
    command
        .args(args)
        .env_clear()
        .envs(environment(std::env::vars_os(), &programs.env))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    command.spawn().map_err(|error| format!("{} {}", program.display(), why(program, &error)))
}

/// Of our variables, those that a program gets: the usual ones, and those that match `wanted`.
pub(super) fn environment(
    ours: impl Iterator<Item = (OsString, OsString)>,
    wanted: &[String],
) -> impl Iterator<Item = (OsString, OsString)> {
    let globs: Vec<_> = wanted.iter().filter_map(|name| Glob::new(name).ok()).collect();
    let globs: Vec<_> = globs.iter().map(Glob::compile_matcher).collect();
    ours.filter(move |(name, _)| {
        USUAL.iter().any(|usual| name == usual) || globs.iter().any(|glob| glob.is_match(name))
    })
}

fn why(program: &Path, error: &std::io::Error) -> String {
    match Errno::from_io_error(error) {
        Some(Errno::NOENT) if program.exists() => {
            "can't be started, for its interpreter or its C library is not there; use a static build of it"
        }
        Some(Errno::NOENT) => "is not there; put it there, or correct its path",
        Some(Errno::ACCESS) if program.is_dir() => "is a folder; write the path of the program in it",
        Some(Errno::ACCESS) => {
            "may not be executed; make it executable for this user, on a volume that isn't mounted noexec"
        }
        Some(Errno::NOEXEC) => {
            "is no program of this machine; bring the build for its processor, or begin the script with #!"
        }
        Some(Errno::TXTBSY) => "is being written just now; wait until it is complete",
        _ => return format!("can't be started ({error}); run it by hand to see why"),
    }
    .to_owned()
}
