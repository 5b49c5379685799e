//! What every test needs: a user of its own, a configuration from text, a pass, and the cluster as it is.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use k8s_openapi::api::core::v1::{Pod, Secret, ServiceAccount};
use k8s_openapi::api::rbac::v1::PolicyRule;
use kube::api::{Api, ListParams};
use kube::{Client, ResourceExt};
use pullkeeper::cluster::{Choice, Cluster};
use pullkeeper::config::{self, Config, Inputs};
use pullkeeper::pass::{Options, pass};
use pullkeeper::progress::Progress;
use pullkeeper::report::Report;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::testbed::ControlPlane;
use crate::testbed::audit::{AuditEvent, Mark};
use crate::testbed::fixtures::namespace;
use crate::testbed::users::{Role, Scope, User, user};

pub(crate) const REFUSED: &str = r#"Back-off pulling image "harbor.example.com/app:1": ErrImagePull: failed to resolve reference "harbor.example.com/app:1": unexpected status from HEAD request to https://harbor.example.com/v2/app/manifests/1: 401 Unauthorized"#;

/// A test's place on a control plane: its administrator, and the user as whom the passes are made.
pub(crate) struct Place {
    plane: &'static ControlPlane,
    pub(crate) admin: Client,
    pub(crate) prefix: &'static str,
    pub(crate) user: User,
    stop: CancellationToken,
}

impl Place {
    /// On the shared server, as a user bound to the shipped ClusterRole.
    pub(crate) async fn new(prefix: &'static str) -> Self {
        Self::with(ControlPlane::shared(), prefix, Role::Rules(shipped_rules()), Scope::Cluster).await
    }

    /// As a user of another role.
    pub(crate) async fn with(
        plane: &'static ControlPlane,
        prefix: &'static str,
        role: Role<'_>,
        scope: Scope<'_>,
    ) -> Self {
        let admin = plane.admin();
        // Not among the namespaces of the test: its ServiceAccounts are its own.
        let home = format!("home-of-{prefix}");
        namespace(&home).create(&admin).await;
        let user = user(&admin, &home, "pullkeeper", role, scope).await;
        Self { plane, admin, prefix, user, stop: CancellationToken::new() }
    }

    /// The name of one of the test's namespaces.
    pub(crate) fn name(&self, suffix: &str) -> String {
        format!("{}-{suffix}", self.prefix)
    }

    /// Makes a namespace, with its default ServiceAccount.
    pub(crate) async fn namespace(&self, suffix: &str) -> String {
        let name = self.name(suffix);
        namespace(&name).create(&self.admin).await;
        name
    }

    /// The namespaces of the test, one registry with a password, and whatever `more` says.
    pub(crate) fn config(&self, more: &str) -> Config {
        parse(&format!(
            "namespaces: [\"{}-*\"]\nregistries: [{{host: harbor.example.com, username: admin, password: \"s3cret\"}}]\n{more}",
            self.prefix
        ))
    }

    pub(crate) fn kubeconfig(&self) -> std::path::PathBuf {
        self.plane.kubeconfig(&self.user.token)
    }

    pub(crate) async fn cluster(&self) -> Cluster {
        let choice = Choice { kubeconfig: Some(self.kubeconfig()), ..Choice::default() };
        choice.connect(self.stop.clone()).await.expect("the cluster is reached")
    }

    pub(crate) async fn pass(&self, config: &Config) -> Report {
        let cluster = self.cluster().await;
        pass(&cluster, config, &Options::default(), &Progress::default()).await.expect("the cluster answers")
    }

    /// Makes a pass that must change nothing, and write nothing.
    pub(crate) async fn assert_settled(&self, config: &Config) -> Report {
        let (before, mark) = (self.versions().await, self.mark());
        let report = self.pass(config).await;
        let writes: Vec<_> = self.since(mark).into_iter().filter(AuditEvent::is_write).collect();
        assert!(report.changes.is_empty(), "{report}");
        assert!(writes.is_empty(), "{writes:?}");
        assert_eq!(self.versions().await, before);
        report
    }

    pub(crate) fn mark(&self) -> Mark {
        self.plane.audit_log().mark()
    }

    /// The requests of the test's user.
    pub(crate) fn since(&self, mark: Mark) -> Vec<AuditEvent> {
        self.plane.audit_log().since(mark, &self.user.name)
    }

    /// The resourceVersions of every Secret, ServiceAccount and pod of the test.
    pub(crate) async fn versions(&self) -> BTreeMap<String, Option<String>> {
        let all = ListParams::default();
        let mut versions = BTreeMap::new();
        let mut note = |kind: &str, namespace: Option<String>, name: String, version: Option<String>| {
            let namespace = namespace.unwrap_or_default();
            if namespace.starts_with(&format!("{}-", self.prefix)) {
                versions.insert(format!("{kind} {namespace}/{name}"), version);
            }
        };
        for object in Api::<Secret>::all(self.admin.clone()).list(&all).await.unwrap() {
            note("Secret", object.namespace(), object.name_any(), object.resource_version());
        }
        for object in Api::<ServiceAccount>::all(self.admin.clone()).list(&all).await.unwrap() {
            note("ServiceAccount", object.namespace(), object.name_any(), object.resource_version());
        }
        for object in Api::<Pod>::all(self.admin.clone()).list(&all).await.unwrap() {
            note("Pod", object.namespace(), object.name_any(), object.resource_version());
        }
        versions
    }

    pub(crate) fn secrets(&self, namespace: &str) -> Api<Secret> {
        Api::namespaced(self.admin.clone(), namespace)
    }

    pub(crate) fn pods(&self, namespace: &str) -> Api<Pod> {
        Api::namespaced(self.admin.clone(), namespace)
    }

    /// The pull secrets of a ServiceAccount.
    pub(crate) async fn pull_secrets(&self, namespace: &str, name: &str) -> Vec<String> {
        let api = Api::<ServiceAccount>::namespaced(self.admin.clone(), namespace);
        let account = api.get(name).await.expect("the ServiceAccount is there");
        account.image_pull_secrets.unwrap_or_default().into_iter().map(|reference| reference.name).collect()
    }

    /// The password that a Secret holds for a host, as the kubelet reads it.
    pub(crate) async fn password(&self, namespace: &str, name: &str, host: &str) -> Option<String> {
        let secret = self.secrets(namespace).get_opt(name).await.unwrap()?;
        let config: Value = serde_json::from_slice(&secret.data?.get(".dockerconfigjson")?.0).ok()?;
        let auth = BASE64_STANDARD.decode(config["auths"][host]["auth"].as_str()?).ok()?;
        String::from_utf8(auth).ok()?.split_once(':').map(|(_, password)| password.to_owned())
    }
}

/// The rules of the ClusterRole that is shipped.
pub(crate) fn shipped_rules() -> Vec<PolicyRule> {
    let text = include_str!("../../manifests/base/rbac.yaml");
    let role = text.split("\n---").next().unwrap();
    let role: Value = serde_saphyr::from_str(role).expect("manifests/base/rbac.yaml is YAML");
    serde_json::from_value(role["rules"].clone()).expect("its first document is a ClusterRole")
}

/// A configuration from its text. Its registries are nowhere, unless it says how to verify.
pub(crate) fn parse(text: &str) -> Config {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.yaml");
    std::fs::write(&file, text).unwrap();
    let mut env = BTreeMap::new();
    if !text.contains("verify:") {
        env.insert("PULLKEEPER_VERIFY".to_owned(), "false".to_owned());
    }
    let loaded = config::load(&Inputs { file: Some(file), env, ..Inputs::default() });
    loaded.unwrap_or_else(|error| panic!("{error}\n{text}")).config
}

/// What a report says was changed, sorted: "create Secret a/b".
pub(crate) fn changes(report: &Report) -> Vec<String> {
    let mut changes: Vec<_> =
        report.changes.iter().map(|change| format!("{} {}", change.verb, change.subject)).collect();
    changes.sort();
    changes
}

/// The reasons of a report's findings, sorted.
pub(crate) fn findings(report: &Report) -> Vec<&'static str> {
    let mut reasons: Vec<_> = report.findings.iter().map(|finding| finding.reason).collect();
    reasons.sort_unstable();
    reasons
}
