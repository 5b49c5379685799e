//! What all scenarios share: a control plane with a node, and the ServiceAccount that is shipped, with the
//! rights that are shipped.

use anyhow::Result;
use k8s_openapi::api::rbac::v1::PolicyRule;
use kube::Client;
use serde_json::Value;

use crate::said::Said;
use crate::testbed::ControlPlane;
use crate::testbed::fixtures::namespace;
use crate::testbed::node::{FLAGS, Node};
use crate::testbed::users::{Role, Scope, User, user};

pub(crate) struct Stage {
    pub(crate) said: Said,
    // Before the control plane: it ends first.
    pub(crate) node: Node,
    pub(crate) plane: ControlPlane,
    /// As whom the passes are made.
    pub(crate) user: User,
}

impl Stage {
    /// Starts all of it.
    pub(crate) async fn set() -> Result<Self> {
        Node::check()?;
        let plane = ControlPlane::start_with(FLAGS)?;
        let node = Node::start(&plane).await?;
        let admin = plane.admin();
        namespace("pullkeeper").create(&admin).await;
        let role = Role::Rules(shipped_rules());
        let user = user(&admin, "pullkeeper", "pullkeeper", role, Scope::Cluster).await;
        Ok(Self { said: Said::listen(&admin), node, plane, user })
    }

    pub(crate) fn admin(&self) -> Client {
        self.plane.admin()
    }
}

/// The rules of the Role that is shipped: each scene names its namespaces.
fn shipped_rules() -> Vec<PolicyRule> {
    let text = include_str!("../../manifests/named-namespaces/role.yaml");
    let role = text.split("\n---").next().expect("a document");
    let role: Value = serde_saphyr::from_str(role).expect("role.yaml is YAML");
    serde_json::from_value(role["rules"].clone()).expect("its first document is a Role")
}
