//! The loop that is measured.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use k8s_openapi::api::rbac::v1::{ClusterRole, PolicyRule};

use crate::testbed::ControlPlane;
use crate::testbed::fixtures::namespace;
use crate::testbed::users::{Role, Scope, user};

/// The release binary, looping.
pub(crate) struct Program {
    process: Child,
    /// As the audit log has it.
    pub(crate) user: String,
    password: PathBuf,
}

impl Program {
    /// Starts it with an hour between its passes: whatever comes sooner comes because something changed.
    pub(crate) async fn start(plane: &ControlPlane) -> Self {
        let admin = plane.admin();
        namespace("pullkeeper").create(&admin).await;
        let user = user(&admin, "pullkeeper", "pullkeeper", Role::Rules(rules()), Scope::Cluster).await;
        let (config, password) = (plane.dir().join("config.yaml"), plane.dir().join("password"));
        let text = format!(
            "namespaces: [\"team-*\"]\nverify: false\ntime: {{interval: 1h}}\nmetrics: {{listen: off}}\nregistries:\n  - {{host: harbor.example.com, username: robot, password: {{file: {}}}}}\n",
            password.display()
        );
        std::fs::write(&config, text).expect("the file is written");
        std::fs::write(&password, "one").expect("the file is written");
        let process = Command::new(env!("CARGO_BIN_EXE_pullkeeper"))
            .arg("--config")
            .arg(&config)
            .arg("--kubeconfig")
            .arg(plane.kubeconfig(&user.token))
            .env_clear()
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("the release binary starts");
        Self { process, user: user.name, password }
    }

    pub(crate) fn set_password(&self, password: &str) {
        std::fs::write(&self.password, password).expect("the file is written");
    }

    /// The memory that it has resident, in KiB.
    pub(crate) fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()));
        let status = status.expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it has memory");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What is in a Secret for a password.
pub(crate) fn auth(password: &str) -> String {
    BASE64_STANDARD.encode(format!("robot:{password}"))
}

fn rules() -> Vec<PolicyRule> {
    let manifests =
        [include_str!("../../manifests/base/rbac.yaml"), include_str!("../../manifests/watch/rbac.yaml")];
    let role = |text: &str| -> ClusterRole {
        serde_saphyr::from_str(text.split("\n---\n").next().unwrap_or_default()).expect("a ClusterRole")
    };
    manifests.into_iter().flat_map(|text| role(text).rules.unwrap_or_default()).collect()
}
