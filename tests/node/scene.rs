//! A scenario's place: a namespace, a registry that asks for a password, and passes over them.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::{Event, Namespace};
use kube::api::{Api, DeleteParams, ListParams, PostParams};
use kube::{Client, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tempfile::TempDir;
use tokio::task::spawn_blocking;

use crate::pass::Pass;
use crate::pods::Pods;
use crate::program::{ConfigFile, pullkeeper};
use crate::stage::Stage;
use crate::testbed::audit::{AuditEvent, Mark};
use crate::testbed::fixtures;
use crate::testbed::registry::{Registry, Request};
use crate::testbed::users::User;

pub(crate) const USER: &str = "admin";
pub(crate) const PASSWORD: &str = "s3cret";
/// For pods that are to run at once.
const PATIENCE: Duration = Duration::from_mins(1);
/// Where [`Scene::image`] has its program.
const REPOSITORY: &str = "team/app";

pub(crate) struct Scene {
    pub(crate) stage: Arc<Stage>,
    pub(crate) admin: Client,
    pub(crate) namespace: String,
    pub(crate) registry: Arc<Registry>,
    /// As images name it.
    host: String,
    folder: TempDir,
}

/// A pass, and when the pods ran that it was to help.
pub(crate) struct Healed {
    pub(crate) pass: Pass,
    /// From the start of the pass.
    pub(crate) after: Duration,
    /// Deletions and evictions that succeeded.
    pub(crate) deletions: usize,
}

impl Scene {
    /// A namespace named after the scenario, and a registry with one image.
    pub(crate) async fn new(stage: Arc<Stage>, name: &str) -> Self {
        let name = name.replace("::", "-").replace('_', "-");
        let registry = spawn_blocking(|| Registry::htpasswd(USER, PASSWORD)).await.expect("a registry");
        let host = registry.host().to_owned();
        Self::of(stage, name, registry, host).await
    }

    /// A namespace, and a registry with one image, which the node finds by this name.
    pub(crate) async fn of(stage: Arc<Stage>, namespace: String, registry: Registry, host: String) -> Self {
        let admin = stage.admin();
        fixtures::namespace(&namespace).create(&admin).await;
        registry.push_layer(REPOSITORY, "1", stage.node.layer()).await;
        let folder = tempfile::tempdir().expect("a folder");
        Self { stage, admin, namespace, registry: Arc::new(registry), host, folder }
    }

    /// The image that is there, of which nobody pulls without the password.
    pub(crate) fn image(&self) -> String {
        self.tag("1")
    }

    /// A folder that containers may mount at its own path.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Ends one container that waits for the file `restart` in that folder.
    pub(crate) fn restart(&self) {
        std::fs::write(self.folder().join("restart"), "").expect("a file");
    }

    /// The registry takes another password from now on.
    pub(crate) async fn change_password(&self, password: &'static str) {
        let registry = Arc::clone(&self.registry);
        spawn_blocking(move || registry.change_password(password)).await.expect("the registry obeys");
    }

    /// Waits until the registry has refused so many tries to pull with a password.
    pub(crate) async fn refusals(&self, count: usize) {
        let refused = |request: &Request| {
            request.status == 401 && request.uri.contains("/manifests/") && !request.login.is_empty()
        };
        while self.registry.requests().iter().filter(|request| refused(request)).count() < count {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Another tag of it, which is not there.
    pub(crate) fn tag(&self, tag: &str) -> String {
        format!("{}/{REPOSITORY}:{tag}", self.host)
    }

    pub(crate) fn api<K>(&self) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        Api::namespaced(self.admin.clone(), &self.namespace)
    }

    /// Has everything go, before the registry does.
    pub(crate) async fn clear(&self) {
        let namespaces = Api::<Namespace>::all(self.admin.clone());
        namespaces.delete(&self.namespace, &DeleteParams::default()).await.expect("it may go");
        self.pods().gone().await;
    }

    /// Makes an object from its JSON.
    pub(crate) async fn make<K>(&self, object: Value) -> K
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
            + Clone
            + DeserializeOwned
            + Serialize
            + std::fmt::Debug,
    {
        let object: K = serde_json::from_value(object).expect("an object");
        self.api()
            .create(&PostParams::default(), &object)
            .await
            .unwrap_or_else(|error| panic!("create {} in {}: {error}", K::kind(&()), self.namespace))
    }

    pub(crate) fn pods(&self) -> Pods {
        Pods::new(self.api())
    }

    /// The namespace, its registry with this password, and whatever `more` says.
    pub(crate) fn config(&self, password: &str, more: &str) -> String {
        self.config_of(self.registry.host(), password, more)
    }

    /// The same with another host.
    pub(crate) fn config_of(&self, host: &str, password: &str, more: &str) -> String {
        format!(
            "namespaces: [{}]\nregistries: [{{host: \"{host}\", username: {USER}, password: {password}, insecure: true}}]\n{more}\n",
            self.namespace
        )
    }

    /// One pass by this configuration, as the shipped ServiceAccount.
    pub(crate) async fn pass(&self, config: &str) -> Pass {
        let file = ConfigFile::new(config);
        let kubeconfig = self.stage.plane.kubeconfig(&self.stage.user.token);
        spawn_blocking(move || {
            let mut command = pullkeeper();
            command.args(["--once", "--output", "json", "--config"]).arg(file.path());
            command.env("KUBECONFIG", kubeconfig).env_remove("PULLKEEPER_VERIFY");
            Pass::of(command)
        })
        .await
        .expect("a pass")
    }

    /// One pass, and the wait until so many of these pods run and are ready.
    pub(crate) async fn heals(&self, config: &str, pods: &Pods, count: usize) -> Healed {
        let mark = self.mark().await;
        let began = Instant::now();
        let ready = tokio::time::timeout(PATIENCE, pods.ready(count));
        let (pass, ready) = tokio::join!(self.pass(config), ready);
        let Ok(ready) = ready else { panic!("the pods still don't run: {pass:?}") };
        let after = ready.duration_since(began);
        let deletions = self.deletions(mark, &self.stage.user).await;
        Healed { pass, after, deletions }
    }

    pub(crate) async fn mark(&self) -> Mark {
        let stage = Arc::clone(&self.stage);
        spawn_blocking(move || stage.plane.audit_log().mark()).await.expect("the audit log")
    }

    /// How often a user deleted or evicted pods of this namespace, and was allowed to.
    pub(crate) async fn deletions(&self, mark: Mark, user: &User) -> usize {
        self.requests(mark, user).await.iter().filter(|event| deletes(event)).count()
    }

    /// The pods, by uid, that have an Event of ours for this reason; `kubectl describe pod` asks so.
    pub(crate) async fn told(&self, reason: &str) -> BTreeSet<String> {
        let ours = ListParams::default().fields(&format!("involvedObject.kind=Pod,reason={reason}"));
        let events = self.api::<Event>().list(&ours).await.expect("the Events");
        events.items.into_iter().filter_map(|event| event.involved_object.uid).collect()
    }

    /// A user's requests in this namespace.
    pub(crate) async fn requests(&self, mark: Mark, user: &User) -> Vec<AuditEvent> {
        let (stage, user) = (Arc::clone(&self.stage), user.name.clone());
        let read = spawn_blocking(move || stage.plane.audit_log().since(mark, &user));
        let mut events = read.await.expect("the audit log");
        events.retain(|event| event.namespace.as_deref() == Some(&self.namespace));
        events
    }
}

/// Did it delete or evict a pod?
pub(crate) fn deletes(event: &AuditEvent) -> bool {
    let what = (event.verb.as_str(), event.resource.as_str());
    matches!(what, ("create", "pods/eviction") | ("delete", "pods")) && event.code < 300
}
