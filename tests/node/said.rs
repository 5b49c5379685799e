//! What the kubelet said of containers that wait, word for word: for people who write the rules by which
//! such waits are told apart.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, WatchEvent, WatchParams};
use kube::{Client, ResourceExt};
use tokio::task::JoinHandle;

use crate::pods::{statuses, waiting};

/// By namespace, in the order in which they were said.
type Lines = Arc<Mutex<BTreeMap<String, Vec<String>>>>;

/// Listens until it is dropped.
pub(crate) struct Said {
    lines: Lines,
    listener: JoinHandle<()>,
}

impl Said {
    pub(crate) fn listen(client: &Client) -> Self {
        let (lines, pods) = (Arc::default(), Api::<Pod>::all(client.clone()));
        let listener = tokio::spawn(listen(pods, Arc::clone(&lines)));
        Self { lines, listener }
    }

    /// A line for each namespace, phase, reason and message.
    pub(crate) fn lines(&self) -> Vec<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let told =
            lines.iter().flat_map(|(namespace, lines)| lines.iter().map(move |line| (namespace, line)));
        told.map(|(namespace, line)| format!("{namespace} {line}")).collect()
    }
}

impl Drop for Said {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

/// The server ends a watch after some minutes; then the next tells the same again, which makes no new line.
async fn listen(pods: Api<Pod>, lines: Lines) {
    loop {
        let Ok(watch) = pods.watch(&WatchParams::default(), "0").await else { continue };
        let mut watch = std::pin::pin!(watch);
        while let Some(Ok(event)) = watch.next().await {
            if let WatchEvent::Added(pod) | WatchEvent::Modified(pod) = event {
                note(&lines, &pod);
            }
        }
    }
}

fn note(lines: &Lines, pod: &Pod) {
    let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
    let known = lines.entry(pod.namespace().unwrap_or_default()).or_default();
    for line in said_of(pod) {
        if !known.contains(&line) {
            known.push(line);
        }
    }
}

fn said_of(pod: &Pod) -> Vec<String> {
    let phase = pod.status.as_ref().and_then(|status| status.phase.clone()).unwrap_or_default();
    let waits = statuses(pod).filter_map(waiting);
    let line = |reason: &str, message: &str| format!("({phase}): {reason}: {message}");
    waits
        .filter_map(|waiting| Some((waiting.reason.as_deref()?, waiting.message.as_deref()?)))
        .map(|(reason, message)| line(reason, message))
        .collect()
}
