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
pub(super) struct Files {
    files: Vec<(PathBuf, Option<Mark>)>,
    /// When they are looked at next: it comes, though the wait for it is broken off again and again.
    next: Instant,
}

/// What tells one content of a file from another.
#[derive(Debug, PartialEq, Eq)]
struct Mark {
    inode: (u64, u64),
    length: u64,
    modified: Option<SystemTime>,
}

impl Files {
    pub(super) fn new(paths: Vec<PathBuf>) -> Self {
        let marked = |path: PathBuf| {
            let mark = mark(&path);
            (path, mark)
        };
        Self { files: paths.into_iter().map(marked).collect(), next: Instant::now() + EVERY }
    }

    /// Waits until one of them is another, is there, or is gone.
    pub(super) async fn changed(&mut self) {
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
