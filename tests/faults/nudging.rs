//! What the tests of nudges share: a registry that shows every image, and pods that wait for one of its images
//! though they name our Secret.

use std::collections::BTreeMap;

use pullkeeper::report::Report;
use serde_json::{Value, json};

use super::program::ConfigFile;
use super::scripted::objects::{list, ok, stuck_pod};
use super::scripted::{Expect, Reply, Request, Server, get, head, patch, post};
use super::{ONE, PODS, SECRETS, load, pass_by, said};

pub(super) const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
pub(super) const REFUSED: &str = "401 Unauthorized";

/// The registry, whose address the images have.
pub(super) struct Bed {
    address: String,
    registry: Option<Server>,
}

/// What a pass said after the Secret was made, and what was asked after that.
pub(super) struct Healed {
    pub(super) said: Vec<String>,
    pub(super) asked: Vec<Request>,
    pub(super) report: Report,
}

impl Bed {
    pub(super) fn new() -> Self {
        let image = Reply::raw(200, "application/vnd.oci.image.manifest.v1+json", "")
            .header("Docker-Content-Digest", DIGEST);
        let images = ["app", "init", "side", "second"]
            .map(|name| head(format!("/v2/{name}/manifests/1")).says(image.clone()).always());
        let mut script = vec![get("/v2/").says(ok(&json!({}))).always()];
        script.extend(images);
        let registry = Server::start(script);
        Self { address: registry.address().to_owned(), registry: Some(registry) }
    }

    /// One of its images.
    pub(super) fn image(&self, name: &str) -> String {
        format!("{}/{name}:1", self.address)
    }

    /// The same with its digest.
    pub(super) fn digested(&self, name: &str) -> String {
        format!("{}@{DIGEST}", self.image(name))
    }

    /// A pod that names our Secret and whose one container, `app`, waits.
    pub(super) fn pod(&self, name: &str, version: &str) -> Value {
        let mut pod = self.unnamed(name, version);
        pod["spec"]["imagePullSecrets"] = json!([{"name": "pullkeeper"}]);
        pod
    }

    /// One that doesn't name it.
    pub(super) fn unnamed(&self, name: &str, version: &str) -> Value {
        let mut pod = stuck_pod("team-a", name, version);
        pod["spec"]["containers"] = json!([container("app", &self.image("app"))]);
        pod["status"]["containerStatuses"] = json!([waits("app", &self.image("app"))]);
        pod
    }

    pub(super) fn config(&self, settings: &str) -> ConfigFile {
        let registry = format!("{{host: {}, username: robot, password: x, insecure: true}}", self.address);
        ConfigFile::new(format!("{settings}\nregistries: [{registry}]\n"))
    }

    /// A pass over these pods in team-a, whose Secret is then made.
    pub(super) async fn heal(&self, pods: Vec<Value>, script: impl IntoIterator<Item = Expect>) -> Healed {
        self.heal_with(ONE, pods, script).await
    }

    /// The same with these settings.
    pub(super) async fn heal_with(
        &self,
        settings: &str,
        pods: Vec<Value>,
        script: impl IntoIterator<Item = Expect>,
    ) -> Healed {
        let server = Server::start(waiting(pods).into_iter().chain(script));
        let config = load(&self.config(settings), BTreeMap::new());
        let report = pass_by(&server, &config).await.unwrap();
        let mut said = said(&report);
        assert_eq!(said.remove(0), "create Secret team-a/pullkeeper: missing");
        let mut asked = server.finish();
        asked.remove(0);
        Healed { said, asked, report }
    }

    /// What is said of a nudge of the container `app`.
    pub(super) fn nudged(&self, pod: &str) -> String {
        let image = self.image("app");
        format!(
            "nudge Pod team-a/{pod}: container app waits for {image}: the registry refuses access; \
             Secret pullkeeper has a good credential for it"
        )
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        if let Some(registry) = self.registry.take().filter(|_| !std::thread::panicking()) {
            registry.finish();
        }
    }
}

/// The pods that are seen, and the Secret that is made.
pub(super) fn waiting(pods: Vec<Value>) -> Vec<Expect> {
    vec![
        get(PODS).query("status.phase=Pending").says(ok(&list(pods.into(), ""))).always(),
        post(SECRETS).says(ok(&json!({}))),
    ]
}

pub(super) fn container(name: &str, image: &str) -> Value {
    json!({"name": name, "image": image})
}

/// The status of a container that is refused its image.
pub(super) fn waits(name: &str, image: &str) -> Value {
    let message = format!("Back-off pulling image \"{image}\": ErrImagePull: {REFUSED}");
    json!({"name": name, "state": {"waiting": {"reason": "ImagePullBackOff", "message": message}}})
}

pub(super) fn runs(name: &str) -> Value {
    json!({"name": name, "state": {"running": {}}})
}

pub(super) fn nudge(pod: &str) -> Expect {
    patch(format!("{PODS}/{pod}"))
}

pub(super) fn read(pod: &str) -> Expect {
    get(format!("{PODS}/{pod}"))
}

pub(super) fn evict(pod: &str) -> Expect {
    post(format!("{PODS}/{pod}/eviction"))
}
