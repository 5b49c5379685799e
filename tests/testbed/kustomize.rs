//! What `kubectl apply -k` would send, by kustomize itself.

use std::path::Path;
use std::process::Command;

use super::binaries;

/// Renders a folder: its documents, in the order in which they are applied. Panics, in kustomize's words, if it can't.
pub fn render(folder: &Path) -> String {
    let kustomize = binaries::kustomize().unwrap_or_else(|error| panic!("{error:#}"));
    let output = Command::new(kustomize).arg("build").arg(folder).output().expect("kustomize runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", folder.display());
    assert!(!said.contains("deprecated"), "{}: {said}", folder.display());
    String::from_utf8(output.stdout).expect("its output is text")
}

/// Copies a folder with all that is in it: kustomize wants what it renders side by side.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in from.read_dir().expect("a folder") {
        let path = entry.expect("an entry").path();
        let to = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            std::fs::copy(&path, to).expect("a copy");
        }
    }
}
