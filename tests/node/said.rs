//! What the kubelet said of containers that wait, word for word: for people who write the rules by which
//! such waits are told apart.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, WatchEvent, WatchParams};
use kube::{Client, ResourceExt};
use tokio::task::JoinHandle;

use crate::pods::{statuses, waiting};

/// Listens until it is dropped.
pub(crate) struct Said {
    lines: Arc<Mutex<BTreeSet<String>>>,
    listener: JoinHandle<()>,
}

impl Said {
    pub(crate) fn listen(client: &Client) -> Self {
        let (lines, pods) = (Arc::default(), Api::<Pod>::all(client.clone()));
        let listener = tokio::spawn(listen(pods, Arc::clone(&lines)));
        Self { lines, listener }
    }

    /// A line for each namespace, phase, reason and message.
    pub(crate) fn lines(&self) -> BTreeSet<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Said {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

/// The server ends a watch after some minutes; then the next tells the same again, which makes no new line.
async fn listen(pods: Api<Pod>, lines: Arc<Mutex<BTreeSet<String>>>) {
    loop {
        let Ok(watch) = pods.watch(&WatchParams::default(), "0").await else { continue };
        let mut watch = std::pin::pin!(watch);
        while let Some(Ok(event)) = watch.next().await {
            if let WatchEvent::Added(pod) | WatchEvent::Modified(pod) = event {
                lines.lock().unwrap_or_else(PoisonError::into_inner).extend(said_of(&pod));
            }
        }
    }
}

fn said_of(pod: &Pod) -> Vec<String> {
    let namespace = pod.namespace().unwrap_or_default();
    let phase = pod.status.as_ref().and_then(|status| status.phase.clone()).unwrap_or_default();
    let waits = statuses(pod).filter_map(waiting);
    let line = |reason: &str, message: &str| format!("{namespace} ({phase}): {reason}: {message}");
    waits
        .filter_map(|waiting| Some((waiting.reason.as_deref()?, waiting.message.as_deref()?)))
        .map(|(reason, message)| line(reason, message))
        .collect()
}
