//! What the tests of healed pods share: a registry with an image, pods that wait for it though they name our
//! Secret, and a look at what a pass made of them.

use k8s_openapi::api::core::v1::{Event, Pod};
use kube::api::{Api, ListParams};
use pullkeeper::config::Config;
use pullkeeper::plan::NUDGED;
use serde_json::Value;

use crate::setup::{Place, parse};
use crate::testbed::pods::{PodBuilder, pod};
use crate::testbed::registry::Registry;

pub(crate) const PASSWORD: &str = "s3cret";

/// A place, and a registry that has the image `team/app:1`.
pub(crate) struct Bed {
    pub(crate) place: Place,
    pub(crate) registry: Registry,
    pub(crate) digest: String,
}

impl Bed {
    pub(crate) async fn new(prefix: &'static str) -> Self {
        Self::at(Place::new(prefix).await).await
    }

    pub(crate) async fn at(place: Place) -> Self {
        let registry = Registry::htpasswd("admin", PASSWORD);
        let digest = registry.push("team/app", "1").await;
        Self { place, registry, digest }
    }

    pub(crate) fn image(&self) -> String {
        format!("{}/team/app:1", self.registry.host())
    }

    pub(crate) fn digested(&self) -> String {
        format!("{}@{}", self.image(), self.digest)
    }

    /// What the kubelet says of the image when it is refused.
    pub(crate) fn refused(&self) -> String {
        let (host, image) = (self.registry.host(), self.image());
        format!(
            "Back-off pulling image \"{image}\": ErrImagePull: failed to pull and unpack image \"{image}\": \
             failed to resolve reference \"{image}\": unexpected status from HEAD request to \
             http://{host}/v2/team/app/manifests/1: 401 Unauthorized"
        )
    }

    /// A pod that waits for the image, of which a new one would get our Secret.
    pub(crate) fn unnamed(&self, name: &str) -> PodBuilder {
        pod(name).image(&self.image()).waiting("ImagePullBackOff", &self.refused()).owned_by("ReplicaSet")
    }

    /// One that names our Secret itself.
    pub(crate) fn named(&self, name: &str) -> PodBuilder {
        self.unnamed(name).pull_secret("pullkeeper")
    }

    pub(crate) fn config(&self, more: &str) -> Config {
        self.config_with(PASSWORD, more)
    }

    pub(crate) fn config_with(&self, password: &str, more: &str) -> Config {
        parse(&format!(
            "namespaces: [\"{}-*\"]\nverify: true\nregistries: [{{host: \"{}\", username: admin, password: \"{password}\", insecure: true}}]\n{more}",
            self.place.prefix,
            self.registry.host(),
        ))
    }

    pub(crate) async fn make(&self, builder: PodBuilder, namespace: &str) -> Pod {
        builder.create(&self.place.admin, namespace).await
    }

    pub(crate) async fn pod(&self, namespace: &str, name: &str) -> Pod {
        self.place.pods(namespace).get(name).await.unwrap()
    }

    /// The Events of a pod, as `kubectl describe pod` asks for them: "REASON: MESSAGE".
    pub(crate) async fn events(&self, namespace: &str, pod: &Pod) -> Vec<String> {
        let (uid, name) = (pod.metadata.uid.as_ref().unwrap(), pod.metadata.name.as_ref().unwrap());
        let of_pod = format!("involvedObject.uid={uid},involvedObject.name={name}");
        self.list_events(namespace, ListParams::default().fields(&of_pod)).await
    }

    /// All Events of a namespace.
    pub(crate) async fn all_events(&self, namespace: &str) -> Vec<String> {
        self.list_events(namespace, ListParams::default()).await
    }

    async fn list_events(&self, namespace: &str, params: ListParams) -> Vec<String> {
        let events = Api::<Event>::namespaced(self.place.admin.clone(), namespace).list(&params).await;
        let text = |event: Event| {
            format!("{}: {}", event.reason.unwrap_or_default(), event.message.unwrap_or_default())
        };
        events.unwrap().items.into_iter().map(text).collect()
    }
}

/// The image of a container, init ones included.
pub(crate) fn image_of<'a>(pod: &'a Pod, container: &str) -> &'a str {
    let spec = pod.spec.as_ref().unwrap();
    let all = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    let found = all.into_iter().find(|own| own.name == container).unwrap();
    found.image.as_deref().unwrap()
}

/// What a pod notes of nudges.
pub(crate) fn note(pod: &Pod) -> Option<Value> {
    let text = pod.metadata.annotations.as_ref()?.get(NUDGED)?;
    Some(serde_json::from_str(text).unwrap())
}

/// A pod without what a nudge changes: versions, the note, and images.
pub(crate) fn but_for_a_nudge(pod: &Pod) -> Value {
    let mut pod = serde_json::to_value(pod).unwrap();
    for key in ["resourceVersion", "managedFields", "generation", "annotations"] {
        pod["metadata"].as_object_mut().unwrap().remove(key);
    }
    for list in ["containers", "initContainers"] {
        for container in pod["spec"][list].as_array_mut().into_iter().flatten() {
            container.as_object_mut().unwrap().remove("image");
        }
    }
    pod
}
