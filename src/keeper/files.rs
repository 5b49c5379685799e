//! The files that a loop was configured with: whether they are still what they were.
//!
//! They are looked at every second rather than watched: a mounted ConfigMap or Secret changes by a link that is put in
//! the place of another, which a watch of the file itself misses, and network filesystems tell nothing.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep_until};

/// How often they are looked at.
const EVERY: Duration = Duration::from_secs(1);

/// Files, and what they were when they were last looked at.
pub(crate) struct Files {
    files: Vec<(PathBuf, Option<Mark>)>,
    /// When they are looked at next: it comes, though the wait for it is broken off again and again.
    next: Instant,
}

/// What tells one content of a file from another.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mark {
    inode: (u64, u64),
    length: u64,
    modified: Option<SystemTime>,
}

impl Files {
    pub(crate) fn new(paths: Vec<PathBuf>) -> Self {
        let marked = |path: PathBuf| {
            let mark = mark(&path);
            (path, mark)
        };
        Self { files: paths.into_iter().map(marked).collect(), next: Instant::now() + EVERY }
    }

    /// These from now on. Of those that were looked at before, what they were then counts.
    pub(crate) fn follow(&mut self, paths: Vec<PathBuf>) {
        let known = std::mem::take(&mut self.files);
        let mut files = Self::new(paths).files;
        for (path, mark) in &mut files {
            if let Some((_, before)) = known.iter().find(|(own, _)| own == path) {
                mark.clone_from(before);
            }
        }
        self.files = files;
    }

    /// Waits until one of them is another, is there, or is gone.
    pub(crate) async fn changed(&mut self) {
        loop {
            sleep_until(self.next).await;
            self.next = Instant::now() + EVERY;
            let mut changed = false;
            for (path, known) in &mut self.files {
                let now = mark(path);
                if *known != now {
                    log::info!("{} has changed", path.display());
                    (*known, changed) = (now, true);
                }
            }
            if changed {
                return;
            }
        }
    }
}

fn mark(path: &PathBuf) -> Option<Mark> {
    let metadata = std::fs::metadata(path).ok()?;
    Some(Mark {
        inode: (metadata.dev(), metadata.ino()),
        length: metadata.len(),
        modified: metadata.modified().ok(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn is_noticed(files: &mut Files) -> bool {
        tokio::time::timeout(EVERY * 3, files.changed()).await.is_ok()
    }

    #[tokio::test]
    async fn a_change_is_noticed_however_it_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let write = |name: &str, text: &str| std::fs::write(path(name), text).unwrap();
        write("edited", "one");
        write("gone", "one");
        // As the kubelet mounts a Secret: a link to a folder is put in the place of another.
        for (data, text) in [("..1", "one"), ("..2", "two")] {
            std::fs::create_dir(path(data)).unwrap();
            write(&format!("{data}/password"), text);
        }
        std::os::unix::fs::symlink("..1", path("..data")).unwrap();
        std::os::unix::fs::symlink("..data/password", path("mounted")).unwrap();
        let names = ["edited", "gone", "mounted", "absent"];
        let mut files = Files::new(names.map(path).to_vec());

        write("edited", "two!");
        assert!(is_noticed(&mut files).await);
        std::fs::remove_file(path("gone")).unwrap();
        assert!(is_noticed(&mut files).await);
        std::os::unix::fs::symlink("..2", path("..new")).unwrap();
        std::fs::rename(path("..new"), path("..data")).unwrap();
        assert!(is_noticed(&mut files).await);
        write("absent", "there");
        assert!(is_noticed(&mut files).await);
        // All is told once.
        assert!(!is_noticed(&mut files).await);
    }

    #[tokio::test]
    async fn waits_that_are_broken_off_delay_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        let mut files = Files::new(vec![path.clone()]);
        std::fs::write(&path, "new").unwrap();
        let often = async { while tokio::time::timeout(EVERY / 5, files.changed()).await.is_err() {} };
        tokio::time::timeout(EVERY * 10, often).await.unwrap();
    }
}
