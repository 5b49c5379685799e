//! Pods, of which only those with a container that waits for its image are kept.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Meta, Object, OwnerReference, Reference, nullable};
use crate::plan::{
    self, Containers, Controller, Exit, NEVER_STARTED, NUDGED, ORIGINAL, Waiting, is_about_image,
};

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
    terminated: Option<TerminatedState>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TerminatedState {
    #[serde(default)]
    exit_code: i32,
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
    /// What is annotated on it.
    pub(in crate::cluster) fn annotations(&self) -> &BTreeMap<String, String> {
        &self.metadata.annotations
    }

    /// The images of its containers, but for ephemeral ones.
    pub(in crate::cluster) fn images(self) -> Vec<String> {
        let containers = self.spec.init_containers.into_iter().chain(self.spec.containers);
        containers.map(|container| container.image).collect()
    }

    /// The pod, if one of its containers waits for its image.
    pub(in crate::cluster) fn observe(mut self) -> Option<plan::Pod> {
        let status = std::mem::take(&mut self.status);
        let running = status.regular.iter().any(|status| status.state.running.is_some());
        let exits = status.init.iter().chain(&status.regular).map(ContainerStatus::exit).collect();
        let (mut waiting, mut initializing) = (Vec::new(), Vec::new());
        for (list, containers, statuses) in [
            (Containers::Init, &self.spec.init_containers, status.init),
            (Containers::Regular, &self.spec.containers, status.regular),
            (Containers::Ephemeral, &self.spec.ephemeral_containers, status.ephemeral),
        ] {
            for ContainerStatus { name, state } in statuses {
                let Some(state) = state.waiting else { continue };
                let found = match state.reason.as_str() {
                    "PodInitializing" => &mut initializing,
                    reason if is_about_image(reason) => &mut waiting,
                    _ => continue,
                };
                let mut places = containers.iter().enumerate();
                let place = places.find(|(_, container)| container.name == name);
                found.push(Waiting {
                    image: place.map(|(_, container)| container.image.clone()).unwrap_or_default(),
                    container: name,
                    reason: state.reason,
                    message: state.message,
                    list,
                    index: place.map(|(index, _)| index).unwrap_or_default(),
                });
            }
        }
        if waiting.is_empty() {
            return None;
        }
        let mut meta = self.metadata;
        let controller =
            std::mem::take(&mut meta.owner_references).into_iter().find(|owner| owner.controller);
        let lists_own = meta.lists_pull_secrets();
        Some(plan::Pod {
            name: meta.name,
            uid: meta.uid,
            resource_version: meta.resource_version,
            created: meta.creation_timestamp,
            terminating: meta.deletion_timestamp.is_some(),
            mirror: meta.annotations.contains_key("kubernetes.io/config.mirror"),
            service_account: self.spec.service_account_name,
            pull_secrets: self.spec.image_pull_secrets.into_iter().map(|reference| reference.name).collect(),
            lists_own,
            labels: meta.labels,
            annotated: !meta.annotations.is_empty(),
            originals: originals(&meta.annotations),
            nudged: meta.annotations.remove(NUDGED),
            controller: controller.map(|OwnerReference { api_version, kind, name, .. }| Controller {
                api_version,
                kind,
                name,
            }),
            running,
            exits,
            waiting,
            initializing,
        })
    }
}

/// The images of rewritten containers as they were.
fn originals(annotations: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let of = |(key, image): (&String, &String)| Some((key.strip_prefix(ORIGINAL)?.to_owned(), image.clone()));
    annotations.iter().filter_map(of).collect()
}

impl ContainerStatus {
    /// What it leaves behind if its pod ends now.
    fn exit(&self) -> Exit {
        let code = match &self.state {
            ContainerState { running: Some(_), .. } => None,
            ContainerState { terminated: Some(ended), .. } => Some(ended.exit_code),
            _ => Some(NEVER_STARTED),
        };
        Exit { container: self.name.clone(), code }
    }
}
