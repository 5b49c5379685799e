//! A real node: containerd, a kubelet, and what gives it work, kube-controller-manager
//! and kube-scheduler, all in namespaces of their own that end with the value, or with
//! the test run (`node/launcher/main.go`). It takes Linux, root, and Debian's packages
//! containerd and runc, or the same programs from elsewhere.
//!
//! Pods have addresses of their own, or the node's where they say `hostNetwork: true`: for
//! that the whole test run is in a network of its own, see [`enter_network`]. What the tests'
//! images run is [`Node::layer`]'s `app`; the image `pullkeeper:0.1.0` is there already.

use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::process::CommandExt;
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

/// What the API server of a control plane with a node has on beside the usual. It calls webhooks at the addresses of
/// their pods, for nobody leads there from those of Services, and kubelets at theirs, for nobody knows their names.
pub const FLAGS: &[&str] = &[
    "--enable-admission-plugins=NodeRestriction",
    "--enable-aggregator-routing=true",
    "--kubelet-preferred-address-types=InternalIP",
];

/// The node's, at which pods reach what listens there.
pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 1, 0, 1);

/// Where pods look for the API server. Something has to listen there, on port 443, and lead to it.
pub const SERVICE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);

/// An image that is there already, without a registry; it runs the same program.
pub const LOCAL_IMAGE: &str = "localhost/pause:1";

const NAME: &str = "node-1";

/// Says that this process is in a network of its own.
const INSIDE: &str = "PULLKEEPER_TESTBED_NETWORK";

/// Has this process begin anew, as itself, in a network of its own that has [`ADDRESS`] and [`SERVICE`], unless it is
/// there already. From there nothing else is reached: all that a node takes is built before.
pub fn enter_network() -> Result<()> {
    if std::env::var_os(INSIDE).is_some() {
        return Ok(());
    }
    Node::check()?;
    binaries::ensure()?;
    binaries::registry()?;
    let mut network = Command::new(binaries::node()?.network);
    network
        .arg(format!("{ADDRESS},{SERVICE}"))
        .arg(std::env::current_exe()?)
        .args(std::env::args_os().skip(1));
    Err(network.env(INSIDE, "1").exec()).context("cannot begin anew in a network of its own")
}

/// Of what the image `pullkeeper:0.1.0` is made.
pub enum Own {
    /// An OCI archive with that one image, whatever its name.
    Archive(PathBuf),
    /// The program, with the libraries that it is linked to.
    Program(PathBuf),
}

/// A running node, ended when dropped.
pub struct Node {
    ready: Ready,
    _launcher: Launcher,
}

/// What the launcher says.
#[derive(Deserialize)]
struct Ready {
    layer: PathBuf,
    registries: PathBuf,
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
    pub async fn start(plane: &ControlPlane, own: &Own) -> Result<Self> {
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
            .arg(plane.ca_file())
            .arg("--address")
            .arg(ADDRESS.to_string());
        match own {
            Own::Archive(path) => command.arg("--image").arg(path),
            Own::Program(path) => command.arg("--program").arg(path),
        };
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

    /// From now on the node finds this registry at that address, by plain http.
    pub fn leads(&self, registry: &str, address: &str) {
        let folder = self.ready.registries.join(registry);
        let hosts = format!("[host.\"http://{address}\"]\n");
        fs::create_dir_all(&folder)
            .and_then(|()| fs::write(folder.join("hosts.toml"), hosts))
            .expect("a file");
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
