//! Names as Kubernetes has them, checked where they were written so that an error has its place.

use super::error::{KeyPath, Problem};
use super::selector::{NameSet, is_dns_name};

/// Checks each name and glob, so that an error has its place in the list.
pub(super) fn check_names(
    names: &[String],
    path: &KeyPath,
    is_name: fn(&str) -> bool,
) -> Result<(), Problem> {
    for (index, name) in names.iter().enumerate() {
        let wrong = |what| Problem::new(&path.item(index), what);
        NameSet::new(&[name], &[]).map_err(wrong)?;
        if is_dns_name(name) && !is_name(name) {
            let what = format!("'{name}' is no namespace's name; write up to 63 of a-z, 0-9 and '-'");
            return Err(wrong(what));
        }
    }
    Ok(())
}

pub(super) fn secret_name(name: String, path: &KeyPath) -> Result<String, Problem> {
    if is_dns_name(&name) {
        return Ok(name);
    }
    let what = format!("'{}' is no Secret's name; write a-z, 0-9, '-' and '.'", name.escape_debug());
    Err(Problem::new(path, what))
}
