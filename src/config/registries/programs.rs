//! Programs of others: helpers and plugins, and how they may be started.

use std::path::{Component, Path, PathBuf};

use globset::Glob;

use super::Shared;
use crate::config::error::{KeyPath, Problem};
use crate::config::sources::Programs;

/// A program by its absolute path, or by its name in the folder of programs; never looked for in PATH.
pub(super) fn program(text: &str, path: &KeyPath, shared: &Shared<'_>) -> Result<PathBuf, Problem> {
    let program = Path::new(text);
    let wrong = |what: &str| Err(Problem::new(path, format!("'{}' {what}", text.escape_debug())));
    if text.is_empty() {
        return Err(Problem::new(path, "is empty; write the program's absolute path"));
    }
    if program.is_absolute() {
        return Ok(program.to_owned());
    }
    let is_name = matches!(program.components().collect::<Vec<_>>()[..], [Component::Normal(_)]);
    if !is_name || text.contains('/') {
        return wrong("is a relative path; write an absolute one, or a name in the folder of programs");
    }
    if shared.programs.is_none() {
        return wrong("has no path; write an absolute one, or set programs to the folder that it is in");
    }
    Ok(program.to_owned())
}

/// How they are started; `env` are the variables that they get.
pub(super) fn programs(
    env: Option<Vec<String>>,
    path: &KeyPath,
    shared: &Shared<'_>,
) -> Result<Programs, Problem> {
    let env = env.unwrap_or_default();
    for (index, name) in env.iter().enumerate() {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_*?".contains(c);
        if name.is_empty() || !name.chars().all(allowed) || Glob::new(name).is_err() {
            let what =
                format!("'{}' is no variable's name or glob; write such as AWS_*", name.escape_debug());
            return Err(Problem::new(&path.key("env").item(index), what));
        }
    }
    Ok(Programs { folder: shared.programs.clone(), env })
}
