//! The watches of a configuration, read as long as the loop runs.

use std::sync::Arc;

use futures::StreamExt;
use futures::future::pending;
use tokio::task::JoinHandle;

use super::changes::Changes;
use crate::cluster::Cluster;
use crate::config::Config;

/// Waits for something that happened; for ever where nothing is watched.
pub(super) async fn more(changes: Option<&Changes>) {
    match changes {
        Some(changes) => changes.more().await,
        None => pending().await,
    }
}

/// The watches of a configuration, and what they told.
pub(super) struct Watched {
    pub(super) changes: Arc<Changes>,
    reader: JoinHandle<()>,
}

impl Watched {
    /// Begins, for a loop.
    pub(super) fn begin(cluster: &Cluster, config: &Config) -> Option<Self> {
        if !config.watches() {
            return None;
        }
        cluster.written().watch();
        let (watches, seen) = cluster.watch(config);
        let changes = Arc::new(Changes::new(watches, config.namespaces.listed().is_some()));
        let told = Arc::clone(&changes);
        // It is read while passes are made, too: what isn't read is held back, and then lost.
        let reader = tokio::spawn(seen.for_each(move |seen| {
            told.see(seen);
            std::future::ready(())
        }));
        Some(Self { changes, reader })
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.reader.abort();
    }
}
