//! What `manifests/` ships, installed into the cluster as README says: with kubectl, and a folder of the user's own
//! beside it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::Api;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use crate::door::Door;
use crate::kubectl::Kubectl;
use crate::pods::Pods;
use crate::scene::{PASSWORD, Scene};
use crate::stage::Stage;
use crate::testbed::audit::Mark;
use crate::testbed::kustomize::copy;
use crate::testbed::node::ADDRESS;
use crate::testbed::registry::Registry;

const README: &str = include_str!("../../README.md");

/// The namespace in the manifests.
pub(crate) const HOME: &str = "pullkeeper";
/// Whom they pull for, in the namespaced variant.
pub(crate) const TEAM: &str = "team-a";
/// Another, which isn't there until a scenario makes it.
pub(crate) const OTHER_TEAM: &str = "team-b";
/// README's account.
const USER: &str = "robot";

/// A user's folder, beside a registry that the node and our pods find by its name.
pub(crate) struct Installation {
    /// The namespace [`TEAM`], where something wants that registry's image.
    pub(crate) scene: Scene,
    pub(crate) kubectl: Kubectl,
    host: &'static str,
    /// Port 80 of [`ADDRESS`], for our pods.
    _door: Door,
}

impl Installation {
    /// Nothing is installed yet. The registry has this name, and takes README's account.
    pub(crate) async fn new(stage: &Arc<Stage>, host: &'static str) -> Self {
        Self::with_account(stage, host, USER, PASSWORD).await
    }

    /// The same, with an account of one's own.
    pub(crate) async fn with_account(
        stage: &Arc<Stage>,
        host: &'static str,
        user: &'static str,
        password: &'static str,
    ) -> Self {
        let registry = spawn_blocking(move || Registry::htpasswd(user, password)).await.expect("a registry");
        let mut door = Door::at(ADDRESS, 80);
        door.open(registry.host());
        stage.node.leads(host, registry.host());
        let kubectl = Kubectl::new(stage);
        clear(&kubectl).await;
        copy(
            Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/manifests")),
            &kubectl.folder().join("manifests"),
        );
        let scene = Scene::of(Arc::clone(stage), TEAM.to_owned(), registry, host.to_owned()).await;
        Self { scene, kubectl, host, _door: door }
    }

    /// What a user says who has that account: the password is in the Secret that the manifests name.
    pub(crate) fn config(&self, more: &str) -> String {
        format!(
            "namespaces: [\"team-*\"]\nregistries:\n  - host: {}\n    username: {USER}\n    \
             password: {{file: /etc/pullkeeper/registry/password}}\n    insecure: true\n{more}",
            self.host
        )
    }

    /// Writes README's folder `mine` for that overlay, with this configuration and the registry's first password, and
    /// applies it.
    pub(crate) async fn apply(&self, overlay: &str, config: &str, variables: &[(&str, &str)]) {
        self.write(overlay, config, variables);
        self.kubectl.run("apply -k mine").await;
    }

    /// Writes it. Other than in README is the image's name, for the node has it under ours; there are these variables
    /// and, because nobody here serves names, the registry's address; and there is a Secret only for who has a password.
    pub(crate) fn write(&self, overlay: &str, config: &str, variables: &[(&str, &str)]) {
        let variables = variables.iter().map(|(name, value)| json!({"name": name, "value": value}));
        let pod = json!({
            "hostAliases": [{"ip": ADDRESS.to_string(), "hostnames": [self.host]}],
            "containers": [{"name": "pullkeeper", "env": variables.collect::<Vec<_>>()}],
        });
        let mut kustomization = shown();
        kustomization["resources"] = json!([format!("../manifests/{overlay}")]);
        kustomization["images"][0]["newName"] = "pullkeeper".into();
        kustomization["patches"] = json!([{"patch": workload(overlay, &pod).to_string()}]);
        if !config.contains("password") {
            kustomization["secretGenerator"] = json!([]);
        }
        self.file("config.yaml", config);
        self.file("registry/password", PASSWORD);
        self.file("kustomization.yaml", &kustomization.to_string());
    }

    /// Writes a file of that folder.
    pub(crate) fn file(&self, name: &str, text: &str) {
        let path = self.kubectl.folder().join("mine").join(name);
        let folder = path.parent().expect("it is below that");
        std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, text)).expect("a file");
    }

    /// Starts a Job of the CronJob and waits for it; what it logged.
    pub(crate) async fn pass(&self, job: &str) -> String {
        self.kubectl.run(&format!("-n {HOME} create job {job} --from=cronjob/pullkeeper")).await;
        self.completed(job).await
    }

    /// Waits until that Job has ended well; what it logged.
    pub(crate) async fn completed(&self, job: &str) -> String {
        let jobs = Api::<Job>::namespaced(self.scene.admin.clone(), HOME);
        let ended = loop {
            let status = jobs.get(job).await.expect("the Job").status.unwrap_or_default();
            if status.succeeded.or(status.failed).is_some() {
                break status;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        let logs = self.kubectl.run(&format!("-n {HOME} logs job/{job}")).await;
        assert!(ended.succeeded.is_some(), "{logs}");
        assert!(!logs.contains(PASSWORD), "it tells the password");
        logs
    }

    /// Waits until a Deployment of ours is ready.
    pub(crate) async fn ready(&self, deployment: &str) {
        let rollout = format!("-n {HOME} rollout status deployment/{deployment} --timeout=2m");
        if let Err(complaints) = self.kubectl.try_run(&rollout).await {
            let logs = self.kubectl.try_run(&format!("-n {HOME} logs deployment/{deployment}")).await;
            panic!("{complaints}{}", logs.unwrap_or_else(|complaints| complaints));
        }
    }

    /// Our pods; each must be as modest as its namespace demands, and run as nobody who is there.
    pub(crate) async fn own_pods(&self) -> Vec<Pod> {
        let pods = Pods::new(Api::namespaced(self.scene.admin.clone(), HOME)).list().await;
        for pod in &pods {
            let spec = pod.spec.as_ref().expect("a spec");
            let user = spec.security_context.as_ref().and_then(|context| context.run_as_user);
            assert_eq!((user, spec.host_network.unwrap_or_default()), (Some(65532), false));
            for container in &spec.containers {
                let context = container.security_context.as_ref().expect("a security context");
                assert_eq!(context.read_only_root_filesystem, Some(true));
            }
        }
        pods
    }

    /// The namespace refuses what is not restricted.
    pub(crate) async fn is_restricted(&self) {
        let namespaces = Api::<Namespace>::all(self.scene.admin.clone());
        let labels = namespaces.get(HOME).await.expect("our namespace").metadata.labels.unwrap_or_default();
        assert_eq!(labels.get("pod-security.kubernetes.io/enforce").map(String::as_str), Some("restricted"));
    }

    /// How many pods ours has deleted or evicted since, and was allowed to.
    pub(crate) async fn deletions(&self, mark: Mark) -> usize {
        self.scene.stage.deletions(mark, &format!("{HOME}:pullkeeper")).await
    }

    /// Takes it all away again, as a user would; back when nothing of it is left.
    pub(crate) async fn remove(self) {
        tokio::join!(self.kubectl.run("delete -k mine --ignore-not-found"), self.scene.clear());
        clear(&self.kubectl).await;
    }
}

/// Waits until nothing is there of an installation, and removes what one left behind that failed.
async fn clear(kubectl: &Kubectl) {
    kubectl.run(&format!("delete namespace {HOME} {TEAM} {OTHER_TEAM} --ignore-not-found")).await;
    let everywhere = "clusterroles,clusterrolebindings,mutatingwebhookconfigurations";
    kubectl
        .run(&format!("delete {everywhere} -l app.kubernetes.io/name=pullkeeper --ignore-not-found"))
        .await;
}

/// The kustomization that README shows.
fn shown() -> Value {
    let (_, block) = README.split_once("# mine/kustomization.yaml\n").expect("a block in README");
    let (block, _) = block.split_once("```").expect("its end");
    serde_saphyr::from_str(block).expect("YAML")
}

/// A patch of the pods that an overlay runs.
fn workload(overlay: &str, pod: &Value) -> Value {
    let template = json!({"template": {"spec": pod}});
    let (version, kind, spec) = match overlay {
        "deployment" => ("apps/v1", "Deployment", template),
        "job" => ("batch/v1", "Job", template),
        // No Job that the clock starts, but where one is waited for.
        _ => ("batch/v1", "CronJob", json!({"suspend": true, "jobTemplate": {"spec": template}})),
    };
    json!({"apiVersion": version, "kind": kind, "metadata": {"name": "pullkeeper", "namespace": HOME}, "spec": spec})
}
