//! A real node: containerd, a kubelet, and what gives it work, kube-controller-manager
//! and kube-scheduler, all in namespaces of their own that end with the value, or with
//! the test run (`node/launcher/main.go`). It takes Linux, root, and Debian's packages
//! containerd and runc, or the same programs from elsewhere.
//!
//! Its pods use the machine's network, so each says `hostNetwork: true`. What their
//! images run is [`Node::layer`]'s `app`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use k8s_openapi::api::core::v1::Node as Kubernetes;
use kube::Client;
use kube::api::Api;
use serde::Deserialize;
use serde_json::{Value, json};

use super::binaries;
use super::control_plane::ControlPlane;
use super::launcher::{Launcher, directory};

/// What the API server of a control plane with a node has on beside the usual.
pub const FLAGS: &[&str] = &["--enable-admission-plugins=NodeRestriction"];

/// An image that is there already, without a registry; it runs the same program.
pub const LOCAL_IMAGE: &str = "localhost/pause:1";

const NAME: &str = "node-1";

/// A running node, ended when dropped.
pub struct Node {
    ready: Ready,
    _launcher: Launcher,
}

/// What the launcher says.
#[derive(Deserialize)]
struct Ready {
    layer: PathBuf,
}

impl Node {
    /// Says what is missing, before minutes go into a build.
    pub fn check() -> Result<()> {
        ensure!(
            cfg!(target_os = "linux") && rustix::process::geteuid().is_root(),
            "the tests on a node need Linux and root: containers are made there. Run them as root, in a virtual \
             machine if you have doubts"
        );
        let path = std::env::var_os("PATH").unwrap_or_default();
        for program in ["containerd", "ctr", "runc"] {
            ensure!(
                std::env::split_paths(&path).any(|folder| folder.join(program).is_file()),
                "there is no {program} in PATH: apt-get install -y --no-install-recommends containerd runc"
            );
        }
        Ok(())
    }

    /// Starts one for a control plane; back when the cluster knows it and it takes pods, in about fifteen
    /// seconds (plus minutes if its programs have yet to be built).
    pub async fn start(plane: &ControlPlane) -> Result<Self> {
        Self::check()?;
        let binaries = binaries::node()?;
        let config = plane.kubeconfig(plane.admin_token());
        let mut command = Command::new(&binaries.launcher);
        command
            .arg("--dir")
            .arg(directory())
            .arg("--programs")
            .arg(&binaries.programs)
            .arg("--app")
            .arg(&binaries.app)
            .arg("--node-kubeconfig")
            .arg(as_kubelet(plane, &config)?)
            .arg("--kubeconfig")
            .arg(&config)
            .arg("--service-account-key")
            .arg(plane.dir().join("sa.key"))
            .arg("--ca")
            .arg(plane.ca_file());
        let mut launcher = Launcher::run(command)?;
        let ready = launcher.answer().context("the node did not start")?;
        let mut node = Self { ready, _launcher: launcher };
        node.await_ready(plane.admin()).await?;
        Ok(node)
    }

    /// An image's layer, a tar, whose one file is `app`: it runs until it is told to end, or until
    /// the file appears that its first argument names.
    pub fn layer(&self) -> Vec<u8> {
        fs::read(&self.ready.layer).expect("the layer; was the node stopped?")
    }

    async fn await_ready(&mut self, admin: Client) -> Result<()> {
        let nodes = Api::<Kubernetes>::all(admin);
        for _ in 0..1200 {
            let node = nodes.get_opt(NAME).await?;
            if node.is_some_and(|node| takes_pods(&node)) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let logs = self.ready.layer.with_file_name("");
        bail!("the node was not ready within a minute; the logs are in {} while it runs", logs.display());
    }
}

/// The same kubeconfig for the node's own user, whom the Node authorizer knows.
fn as_kubelet(plane: &ControlPlane, config: &PathBuf) -> Result<PathBuf> {
    let mut content: Value = serde_json::from_slice(&fs::read(config)?)?;
    content["users"][0]["user"]["as"] = json!(format!("system:node:{NAME}"));
    content["users"][0]["user"]["as-groups"] = json!(["system:nodes", "system:authenticated"]);
    let path = plane.dir().join("kubeconfig-node");
    // In a directory that nobody else may enter.
    fs::write(&path, content.to_string())?;
    Ok(path)
}

fn takes_pods(node: &Kubernetes) -> bool {
    let conditions = node.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let ready = conditions.into_iter().any(|one| one.type_ == "Ready" && one.status == "True");
    ready && node.spec.iter().all(|spec| spec.taints.iter().flatten().next().is_none())
}
