//! Pods, of which only those with a container that waits for its image are kept.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Meta, Object, OwnerReference, Reference, nullable};
use crate::plan::{self, Controller, Waiting, is_about_image};

#[derive(Deserialize)]
pub(in crate::cluster) struct Pod {
    pub(in crate::cluster) metadata: Meta,
    #[serde(default)]
    spec: PodSpec,
    #[serde(default)]
    status: PodStatus,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct PodSpec {
    #[serde(default)]
    service_account_name: String,
    #[serde(default)]
    image_pull_secrets: Vec<Reference>,
    #[serde(default)]
    init_containers: Vec<Container>,
    #[serde(default)]
    containers: Vec<Container>,
    #[serde(default)]
    ephemeral_containers: Vec<Container>,
}

#[derive(Deserialize)]
struct Container {
    name: String,
    #[serde(default)]
    image: String,
}

#[derive(Deserialize, Default)]
struct PodStatus {
    #[serde(default, rename = "initContainerStatuses", deserialize_with = "nullable")]
    init: Vec<ContainerStatus>,
    #[serde(default, rename = "containerStatuses", deserialize_with = "nullable")]
    regular: Vec<ContainerStatus>,
    #[serde(default, rename = "ephemeralContainerStatuses", deserialize_with = "nullable")]
    ephemeral: Vec<ContainerStatus>,
}

#[derive(Deserialize)]
struct ContainerStatus {
    name: String,
    #[serde(default)]
    state: ContainerState,
}

#[derive(Deserialize, Default)]
struct ContainerState {
    waiting: Option<WaitingState>,
    running: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct WaitingState {
    #[serde(default)]
    reason: String,
    #[serde(default)]
    message: String,
}

impl Object for Pod {
    const KINDS: &[&str] = &["Pod"];
}

impl Pod {
    /// The pod, if one of its containers waits for its image.
    pub(in crate::cluster) fn observe(mut self) -> Option<plan::Pod> {
        let status = std::mem::take(&mut self.status);
        let running = status.regular.iter().any(|status| status.state.running.is_some());
        let mut waiting = Vec::new();
        for (containers, statuses, ephemeral) in [
            (&self.spec.init_containers, status.init, false),
            (&self.spec.containers, status.regular, false),
            (&self.spec.ephemeral_containers, status.ephemeral, true),
        ] {
            for ContainerStatus { name, state } in statuses {
                let Some(state) = state.waiting.filter(|state| is_about_image(&state.reason)) else {
                    continue;
                };
                let image = containers.iter().find(|container| container.name == name);
                let image = image.map(|container| container.image.clone()).unwrap_or_default();
                waiting.push(Waiting {
                    container: name,
                    image,
                    reason: state.reason,
                    message: state.message,
                    ephemeral,
                });
            }
        }
        if waiting.is_empty() {
            return None;
        }
        let meta = self.metadata;
        let controller = meta.owner_references.into_iter().find(|owner| owner.controller);
        Some(plan::Pod {
            name: meta.name,
            uid: meta.uid,
            resource_version: meta.resource_version,
            created: meta.creation_timestamp,
            terminating: meta.deletion_timestamp.is_some(),
            mirror: meta.annotations.contains_key("kubernetes.io/config.mirror"),
            service_account: self.spec.service_account_name,
            pull_secrets: self.spec.image_pull_secrets.into_iter().map(|reference| reference.name).collect(),
            controller: controller.map(|OwnerReference { kind, name, .. }| Controller { kind, name }),
            running,
            waiting,
        })
    }
}
