//! Pods that read as the case they are, with the status a kubelet would have written:
//!
//! ```ignore
//! pod("web").image("harbor.example.com/app:1").waiting("ImagePullBackOff", "Back-off pulling …")
//!     .running("helper").owned_by("ReplicaSet").create(&admin, "team-a").await;
//! ```
//!
//! A pod starts with one container, `app`, that is being created. `container`,
//! `init_container` and `sidecar` add one; `image` and `waiting` speak of the one
//! added last. No pod is bound to a node (then a deletion removes it at once, as
//! if a kubelet had confirmed it) unless it says so by `on_node`.

use k8s_openapi::api::core::v1::Pod;
use kube::Client;
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use serde_json::{Value, json};

use super::fixtures::{create, object};

/// Keeps a terminating pod from going.
const FINALIZER: &str = "testbed.pullkeeper.dev/keep";

pub fn pod(name: &str) -> PodBuilder {
    PodBuilder {
        name: name.to_owned(),
        metadata: json!({"name": name}),
        spec: json!({}),
        phase: "Pending".to_owned(),
        containers: Vec::new(),
        status: true,
        terminating: false,
    }
    .add(Kind::Regular, "app", "harbor.example.com/app:1")
}

#[derive(Debug, Clone)]
pub struct PodBuilder {
    name: String,
    metadata: Value,
    spec: Value,
    phase: String,
    containers: Vec<Container>,
    status: bool,
    terminating: bool,
}

#[derive(Debug, Clone)]
struct Container {
    kind: Kind,
    name: String,
    image: String,
    state: Value,
    mounts: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Regular,
    Init,
    /// An init container that restarts always.
    Sidecar,
}

impl PodBuilder {
    pub fn container(self, name: &str, image: &str) -> Self {
        self.add(Kind::Regular, name, image)
    }

    pub fn init_container(self, name: &str, image: &str) -> Self {
        self.add(Kind::Init, name, image)
    }

    pub fn sidecar(self, name: &str, image: &str) -> Self {
        self.add(Kind::Sidecar, name, image)
    }

    /// The image of the container added last.
    pub fn image(mut self, image: &str) -> Self {
        image.clone_into(&mut self.last().image);
        self
    }

    /// The container added last waits: `("ImagePullBackOff", "Back-off pulling image …")`.
    pub fn waiting(mut self, reason: &str, message: &str) -> Self {
        self.last().state = json!({"waiting": {"reason": reason, "message": message}});
        self
    }

    /// The container of this name runs. If there is none, a regular one with a public image is there, too.
    pub fn running(mut self, name: &str) -> Self {
        let state = json!({"running": {"startedAt": "2026-01-01T00:00:00Z"}});
        if let Some(known) = self.containers.iter_mut().find(|container| container.name == name) {
            known.state = state;
        } else {
            let image = format!("registry.example.org/{name}:1");
            // In front: the container added last stays last.
            self.containers.insert(0, Container::new(Kind::Regular, name, &image, state));
        }
        self
    }

    /// `Pending` unless given.
    pub fn phase(mut self, phase: &str) -> Self {
        phase.clone_into(&mut self.phase);
        self
    }

    /// Controlled by one of this kind, which need not exist: `ReplicaSet`, `Job`, …
    pub fn owned_by(self, kind: &str) -> Self {
        let owner = format!("{}-owner", self.name);
        self.owned_by_object(kind, &owner, "00000000-0000-4000-8000-000000000001")
    }

    /// Controlled by one that exists.
    pub fn owned_by_object(mut self, kind: &str, name: &str, uid: &str) -> Self {
        let version = match kind {
            "ReplicaSet" | "StatefulSet" | "DaemonSet" => "apps/v1",
            "Job" => "batch/v1",
            "ReplicationController" | "Node" => "v1",
            _ => "example.com/v1",
        };
        self.metadata["ownerReferences"] =
            json!([{"apiVersion": version, "kind": kind, "name": name, "uid": uid, "controller": true}]);
        self
    }

    pub fn label(mut self, key: &str, value: &str) -> Self {
        self.metadata["labels"][key] = value.into();
        self
    }

    pub fn annotation(mut self, key: &str, value: &str) -> Self {
        self.metadata["annotations"][key] = value.into();
        self
    }

    /// It must exist; it gives its pull secrets to a pod that lists none. `default` unless given.
    pub fn service_account(mut self, name: &str) -> Self {
        self.spec["serviceAccountName"] = name.into();
        self
    }

    /// One more in the pod's own list.
    pub fn pull_secret(mut self, name: &str) -> Self {
        let secret = json!({"name": name});
        match self.spec.get_mut("imagePullSecrets").and_then(Value::as_array_mut) {
            Some(list) => list.push(secret),
            None => self.spec["imagePullSecrets"] = json!([secret]),
        }
        self
    }

    /// The container added last mounts an image as a volume.
    pub fn image_volume(mut self, reference: &str) -> Self {
        self.spec["volumes"] = json!([{"name": "image", "image": {"reference": reference}}]);
        self.last().mounts = json!([{"name": "image", "mountPath": "/image"}]);
        self
    }

    /// Bound to a node, which need not exist. With no kubelet there a deletion never completes.
    pub fn on_node(mut self, name: &str) -> Self {
        self.spec["nodeName"] = name.into();
        self
    }

    /// The image of a static pod that a kubelet runs from a file.
    pub fn mirror(self) -> Self {
        self.annotation("kubernetes.io/config.mirror", "0123456789abcdef")
            .owned_by_object("Node", "node-1", "00000000-0000-4000-8000-000000000002")
            .on_node("node-1")
    }

    /// Deleted, but held by a finalizer.
    pub fn terminating(mut self) -> Self {
        self.metadata["finalizers"] = json!([FINALIZER]);
        self.terminating = true;
        self
    }

    /// No kubelet has reported on it: the lists of container statuses are absent.
    pub fn without_status(mut self) -> Self {
        self.status = false;
        self
    }

    /// Makes it, writes its status, deletes it if it is terminating, and returns it as it then is.
    pub async fn create(self, client: &Client, namespace: &str) -> Pod {
        let api = Api::<Pod>::namespaced(client.clone(), namespace);
        let name = &self.name;
        let mut made = create(&api, &object(self.manifest())).await;
        if self.status {
            let status = Patch::Merge(json!({"status": self.status()}));
            let done = api.patch_status(name, &PatchParams::default(), &status).await;
            made = done.unwrap_or_else(|e| panic!("write the status of pod {namespace}/{name}: {e}"));
        }
        if self.terminating {
            let done = api.delete(name, &DeleteParams::default()).await;
            let done = done.unwrap_or_else(|e| panic!("delete pod {namespace}/{name}: {e}"));
            made =
                done.left().unwrap_or_else(|| panic!("pod {namespace}/{name} is gone despite its finalizer"));
        }
        made
    }

    /// What is sent to the API server.
    pub fn manifest(&self) -> Value {
        let mut spec = self.spec.clone();
        spec["containers"] = self.each(false, Container::spec);
        spec["initContainers"] = self.each(true, Container::spec);
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": self.metadata, "spec": spec})
    }

    fn status(&self) -> Value {
        json!({
            "phase": self.phase,
            "containerStatuses": self.each(false, Container::status),
            "initContainerStatuses": self.each(true, Container::status),
        })
    }

    /// One value of each init container, or of each regular one.
    fn each(&self, init: bool, of: impl Fn(&Container) -> Value) -> Value {
        let those = self.containers.iter().filter(|container| (container.kind != Kind::Regular) == init);
        those.map(of).collect()
    }

    fn add(mut self, kind: Kind, name: &str, image: &str) -> Self {
        let state = json!({"waiting": {"reason": "ContainerCreating"}});
        self.containers.push(Container::new(kind, name, image, state));
        self
    }

    fn last(&mut self) -> &mut Container {
        self.containers.last_mut().expect("a pod starts with one container")
    }
}

impl Container {
    fn new(kind: Kind, name: &str, image: &str, state: Value) -> Self {
        let (name, image) = (name.to_owned(), image.to_owned());
        Self { kind, name, image, state, mounts: Value::Null }
    }

    fn spec(&self) -> Value {
        let mut spec = json!({"name": self.name, "image": self.image, "volumeMounts": self.mounts});
        if self.kind == Kind::Sidecar {
            spec["restartPolicy"] = "Always".into();
        }
        spec
    }

    fn status(&self) -> Value {
        let running = self.state.get("running").is_some();
        json!({
            "name": self.name, "image": self.image, "imageID": if running { "sha256:1" } else { "" },
            "ready": running, "started": running, "restartCount": 0, "state": self.state,
        })
    }
}
