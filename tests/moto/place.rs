//! A test's place: namespaces on a control plane, a user in them, moto, and the program that runs as that user.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::PathBuf;
use std::process::Command;

use k8s_openapi::api::core::v1::{Pod, Secret, ServiceAccount};
use kube::api::{Api, ListParams};
use kube::{Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::calls::Calls;
use crate::program::{ConfigFile, Ran, pullkeeper, run};
use crate::testbed::ControlPlane;
use crate::testbed::audit::{AuditEvent, Mark};
use crate::testbed::fixtures::namespace;
use crate::testbed::users::{Role, Scope, User, user};

/// The key that the program's environment has.
pub(crate) const KEY: &str = "AKIAIOSFODNN7EXAMPLE";
/// The account that moto takes it for.
pub(crate) const ACCOUNT: &str = "123456789012";
/// The registry of that account.
pub(crate) const HOST: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";

/// The place.
pub(crate) struct Place {
    plane: Plane,
    pub(crate) admin: Client,
    prefix: &'static str,
    pub(crate) user: User,
    kubeconfig: PathBuf,
    pub(crate) aws: Calls,
}

/// A control plane: that of all tests, or one's own, which ends with the test.
pub(crate) enum Plane {
    Shared(&'static ControlPlane),
    Own(Box<ControlPlane>),
}

impl Place {
    /// On the shared control plane, as a user bound to the shipped ClusterRole.
    pub(crate) async fn new(prefix: &'static str) -> Self {
        let plane = Plane::Shared(ControlPlane::shared());
        Self::with(plane, prefix, Role::Rules(crate::rights::shipped())).await
    }

    /// On a control plane of its own, for a test that chooses all namespaces.
    pub(crate) async fn alone(prefix: &'static str, role: Role<'_>) -> Self {
        Self::with(Plane::Own(Box::new(ControlPlane::start().unwrap())), prefix, role).await
    }

    async fn with(plane: Plane, prefix: &'static str, role: Role<'_>) -> Self {
        let admin = plane.admin();
        let home = format!("home-of-{prefix}");
        namespace(&home).create(&admin).await;
        let user = user(&admin, &home, "pullkeeper", role, Scope::Cluster).await;
        let kubeconfig = plane.kubeconfig(&user.token);
        Self { plane, admin, prefix, user, kubeconfig, aws: Calls::start() }
    }

    /// From now on the program runs as another user, of this role.
    pub(crate) async fn become_user(&mut self, name: &str, role: Role<'_>) {
        let home = format!("home-of-{}", self.prefix);
        self.user = user(&self.admin, &home, name, role, Scope::Cluster).await;
        self.kubeconfig = self.plane.kubeconfig(&self.user.token);
    }

    /// Makes a namespace of the test.
    pub(crate) async fn namespace(&self, suffix: &str) -> String {
        let name = format!("{}-{suffix}", self.prefix);
        namespace(&name).create(&self.admin).await;
        name
    }

    /// The program as this place's user, with a key and moto for AWS, and nothing else.
    pub(crate) fn program(&self) -> Command {
        let mut command = pullkeeper();
        command.args(["--output", "json"]);
        command.env("KUBECONFIG", &self.kubeconfig);
        command.env("AWS_ENDPOINT_URL", self.aws.url());
        command.env("AWS_ACCESS_KEY_ID", KEY).env("AWS_SECRET_ACCESS_KEY", "aws-s3cret");
        command
    }

    /// The program with a configuration: the namespaces of the test, and `more`.
    pub(crate) fn configured(&self, more: &str) -> (Command, ConfigFile) {
        let config = ConfigFile::new(format!("namespaces: [\"{}-*\"]\n{more}", self.prefix));
        let mut command = self.program();
        command.arg("--config").arg(config.path());
        (command, config)
    }

    /// One pass by a configuration.
    pub(crate) fn pass(&self, more: &str) -> Pass {
        let (command, _config) = self.configured(more);
        Pass::of(command)
    }

    pub(crate) fn mark(&self) -> Mark {
        self.plane.audit_log().mark()
    }

    /// The requests of the test's user.
    pub(crate) fn since(&self, mark: Mark) -> Vec<AuditEvent> {
        self.plane.audit_log().since(mark, &self.user.name)
    }

    /// Makes a pass that must ask AWS nothing, and write nothing.
    pub(crate) async fn assert_settled(&self, command: Command) -> Pass {
        drop(self.aws.taken());
        let (before, mark) = (self.versions().await, self.mark());
        let pass = Pass::of(command);
        let requests = self.since(mark);
        assert!(!requests.is_empty(), "it looked: {pass:?}");
        let writes: Vec<_> = requests.into_iter().filter(AuditEvent::is_write).collect();
        assert!(writes.is_empty(), "{writes:?}");
        assert_eq!((pass.changes(), self.aws.taken()), (vec![], vec![]), "{pass:?}");
        assert_eq!(self.versions().await, before);
        pass
    }

    /// The resourceVersions of the Secrets, ServiceAccounts and pods in the test's namespaces.
    pub(crate) async fn versions(&self) -> BTreeMap<String, Option<String>> {
        let mut versions = BTreeMap::new();
        self.note::<Secret>(&mut versions).await;
        self.note::<ServiceAccount>(&mut versions).await;
        self.note::<Pod>(&mut versions).await;
        versions
    }

    async fn note<K>(&self, versions: &mut BTreeMap<String, Option<String>>)
    where
        K: Resource<DynamicType = ()> + Clone + DeserializeOwned + std::fmt::Debug,
    {
        let own = format!("{}-", self.prefix);
        for object in Api::<K>::all(self.admin.clone()).list(&ListParams::default()).await.unwrap() {
            let namespace = object.namespace().filter(|name| name.starts_with(&own));
            if let Some(namespace) = namespace {
                let name = format!("{} {namespace}/{}", K::kind(&()), object.name_any());
                versions.insert(name, object.resource_version());
            }
        }
    }
}

/// One run of the program to its end.
#[derive(Debug)]
pub(crate) struct Pass {
    pub(crate) ran: Ran,
    report: Value,
}

impl Pass {
    /// Makes it.
    pub(crate) fn of(mut command: Command) -> Self {
        command.arg("--once");
        let ran = run(command);
        let report = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.everything()));
        assert!(!ran.everything().contains("auth-token"), "{}", ran.everything());
        assert!(!ran.everything().contains("aws-s3cret"), "{}", ran.everything());
        Self { ran, report }
    }

    /// That all was done.
    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.ran.code, Some(0), "{}", self.ran.everything());
        self
    }

    /// What was changed, sorted: "update Secret team-a/ecr".
    pub(crate) fn changes(&self) -> Vec<String> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let change = |change: &Value| {
            format!(
                "{} {} {}/{}",
                text(&change["verb"]),
                text(&change["kind"]),
                text(&change["namespace"]),
                text(&change["name"])
            )
        };
        let mut changes: Vec<_> = self.report["changes"].as_array().unwrap().iter().map(change).collect();
        changes.sort();
        changes
    }

    /// The findings: reason, and message.
    pub(crate) fn findings(&self) -> Vec<(&str, &str)> {
        self.told("findings")
    }

    /// The errors in the same way.
    pub(crate) fn errors(&self) -> Vec<(&str, &str)> {
        self.told("errors")
    }

    fn told(&self, what: &str) -> Vec<(&str, &str)> {
        let told = self.report[what].as_array().unwrap().iter();
        told.map(|one| (one["reason"].as_str().unwrap(), one["message"].as_str().unwrap())).collect()
    }

    /// The message of the only finding with this reason.
    #[track_caller]
    pub(crate) fn finding(&self, reason: &str) -> &str {
        let found: Vec<_> = self.findings().into_iter().filter(|(one, _)| *one == reason).collect();
        assert_eq!(found.len(), 1, "{reason}: {self:?}");
        found[0].1
    }
}

impl Deref for Plane {
    type Target = ControlPlane;

    fn deref(&self) -> &ControlPlane {
        match self {
            Self::Shared(plane) => plane,
            Self::Own(plane) => plane,
        }
    }
}
