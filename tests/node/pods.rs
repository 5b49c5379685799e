//! The pods of a workload: waits until they are stuck or run, and what is then so.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{ContainerStateWaiting, ContainerStatus, Pod};
use kube::ResourceExt;
use kube::api::{Api, ListParams};

/// Between two looks.
const BLINK: Duration = Duration::from_millis(50);

/// Those of a namespace.
pub(crate) struct Pods {
    api: Api<Pod>,
}

impl Pods {
    pub(crate) fn new(api: Api<Pod>) -> Self {
        Self { api }
    }

    /// Those that are not on their way out.
    pub(crate) async fn list(&self) -> Vec<Pod> {
        let mut pods = self.api.list(&ListParams::default()).await.expect("the pods").items;
        pods.retain(|pod| pod.metadata.deletion_timestamp.is_none());
        pods
    }

    /// Waits until there are so many and each has a container whose pull failed more than once.
    pub(crate) async fn stuck(&self, count: usize) -> Vec<Pod> {
        self.waiting_for(count, |reason| reason == "ImagePullBackOff").await
    }

    /// Waits until there are so many and the last pull of each was refused.
    pub(crate) async fn refused(&self, count: usize) -> Vec<Pod> {
        self.waiting_for(count, |reason| matches!(reason, "ErrImagePull" | "ImagePullBackOff")).await
    }

    /// Waits until there are so many and each has a container that waits for such a reason.
    pub(crate) async fn waiting_for(&self, count: usize, good: impl Fn(&str) -> bool) -> Vec<Pod> {
        let waits = |pod: &Pod| reasons(pod).into_iter().any(&good);
        self.wait(|pods| pods.len() == count && pods.iter().all(waits)).await
    }

    /// Waits until there are so many and all are ready; when that was.
    pub(crate) async fn ready(&self, count: usize) -> Instant {
        self.wait(|pods| pods.len() == count && pods.iter().all(is_ready)).await;
        Instant::now()
    }

    /// Waits until the node has none of them.
    pub(crate) async fn gone(&self) {
        while !self.api.list(&ListParams::default()).await.expect("the pods").items.is_empty() {
            tokio::time::sleep(BLINK).await;
        }
    }

    /// Waits until they are as they should be. Whoever waits has an end to his patience.
    pub(crate) async fn wait(&self, good: impl Fn(&[Pod]) -> bool) -> Vec<Pod> {
        loop {
            let pods = self.list().await;
            if good(&pods) {
                return pods;
            }
            tokio::time::sleep(BLINK).await;
        }
    }

    /// What a pod that nobody touched keeps.
    pub(crate) async fn identities(&self) -> BTreeSet<(String, i64, Vec<String>)> {
        let pods = self.list().await;
        pods.iter()
            .map(|pod| {
                // Written with each change of its spec.
                let generation = pod.metadata.generation.unwrap_or_default();
                (pod.uid().unwrap_or_default(), generation, images(pod))
            })
            .collect()
    }
}

/// The statuses of all its containers, those of init containers first.
pub(crate) fn statuses(pod: &Pod) -> impl Iterator<Item = &ContainerStatus> {
    let status = pod.status.iter();
    status.flat_map(|status| {
        let init = status.init_container_statuses.iter().flatten();
        init.chain(status.container_statuses.iter().flatten())
    })
}

/// What one of its containers waits for.
pub(crate) fn waiting(status: &ContainerStatus) -> Option<&ContainerStateWaiting> {
    status.state.as_ref()?.waiting.as_ref()
}

fn reasons(pod: &Pod) -> Vec<&str> {
    statuses(pod).filter_map(waiting).filter_map(|waiting| waiting.reason.as_deref()).collect()
}

/// Does it run, and do all that it is to do?
pub(crate) fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    phase == Some("Running") && conditions.into_iter().any(|one| one.type_ == "Ready" && one.status == "True")
}

/// Of all its containers, those of init containers first.
pub(crate) fn images(pod: &Pod) -> Vec<String> {
    let spec = pod.spec.as_ref().expect("a spec");
    let all = spec.init_containers.iter().flatten().chain(&spec.containers);
    all.filter_map(|container| container.image.clone()).collect()
}
