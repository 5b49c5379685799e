//! What all scenarios share: a control plane with a node, and a ServiceAccount with the rights that are shipped.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use k8s_openapi::api::rbac::v1::PolicyRule;
use kube::Client;
use serde_json::Value;
use tokio::task::spawn_blocking;

use crate::door::Door;
use crate::said::Said;
use crate::scene::deletes;
use crate::testbed::ControlPlane;
use crate::testbed::audit::Mark;
use crate::testbed::fixtures::namespace;
use crate::testbed::node::{FLAGS, Node, Own, SERVICE};
use crate::testbed::users::{Role, Scope, User, user};

/// Where those are whom the program runs as when it is not in the cluster.
pub(crate) const DESK: &str = "desk";

pub(crate) struct Stage {
    pub(crate) said: Said,
    // Before the control plane: it ends first.
    pub(crate) node: Node,
    pub(crate) plane: ControlPlane,
    /// Where pods look for the API server.
    _service: Door,
    /// As whom the passes are made.
    pub(crate) user: User,
}

impl Stage {
    /// Starts all of it.
    pub(crate) async fn set() -> Result<Self> {
        let plane = ControlPlane::start_with(FLAGS)?;
        let mut service = Door::at(SERVICE, 443);
        service.open(plane.url().trim_start_matches("https://"));
        let node = Node::start(&plane, &own_image()).await?;
        let admin = plane.admin();
        namespace(DESK).create(&admin).await;
        let role = Role::Rules(shipped_rules());
        let user = user(&admin, DESK, "pullkeeper", role, Scope::Cluster).await;
        Ok(Self { said: Said::listen(&admin), node, plane, _service: service, user })
    }

    pub(crate) fn admin(&self) -> Client {
        self.plane.admin()
    }

    /// How many pods the ServiceAccount `NAMESPACE:NAME` has deleted or evicted since, and was allowed to.
    pub(crate) async fn deletions(self: &Arc<Self>, mark: Mark, account: &str) -> usize {
        let (stage, user) = (Arc::clone(self), format!("system:serviceaccount:{account}"));
        let events = spawn_blocking(move || stage.plane.audit_log().since(mark, &user)).await;
        events.expect("the audit log").iter().filter(|event| deletes(event)).count()
    }
}

/// The image that the variable names, which the gate makes of the Dockerfile; else one of the program under test.
fn own_image() -> Own {
    let given = std::env::var_os("PULLKEEPER_IMAGE");
    let of = given.as_ref().map_or("this build's program".into(), |path| path.to_string_lossy());
    eprintln!("pullkeeper:0.1.0 is made of {of}");
    match given {
        Some(archive) => Own::Archive(archive.into()),
        None => Own::Program(PathBuf::from(env!("CARGO_BIN_EXE_pullkeeper"))),
    }
}

/// The rules of the Role that is shipped: each scene names its namespaces.
fn shipped_rules() -> Vec<PolicyRule> {
    let text = include_str!("../../manifests/named-namespaces/role.yaml");
    let role = text.split("\n---").next().expect("a document");
    let role: Value = serde_saphyr::from_str(role).expect("role.yaml is YAML");
    serde_json::from_value(role["rules"].clone()).expect("its first document is a Role")
}
