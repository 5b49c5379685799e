//! The programs of the test bed. `KUBEBUILDER_ASSETS`, envtest's convention, names a
//! directory that has etcd and kube-apiserver; without it Go builds them, as it
//! builds the small ones in any case, each when it is first asked for.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::go::{Directory, Program};

/// kube-apiserver and etcd.
const SERVERS: Directory<'_> =
    Directory { prefix: "servers", module: "", sources: &["go.mod", "go.sum", "etcd"] };

const LAUNCHER: Directory<'_> = Directory { prefix: "launcher", module: "", sources: &["launcher"] };

/// In a module of their own, so that a change of theirs doesn't rebuild kube-apiserver.
const REGISTRY: Directory<'_> = Directory {
    prefix: "registry",
    module: "registries",
    sources: &["go.mod", "go.sum", "registry", "requests", "tokens"],
};

const KEYRING: Directory<'_> =
    Directory { prefix: "keyring", module: "registries", sources: &["go.mod", "go.sum", "keyring"] };

const REFERENCE: Directory<'_> =
    Directory { prefix: "reference", module: "registries", sources: &["go.mod", "go.sum", "reference"] };

const KUSTOMIZE: Directory<'_> =
    Directory { prefix: "kustomize", module: "kustomize", sources: &["go.mod", "go.sum"] };

/// The kubelet, what gives it work, and what gives its pods a network. In a module of their own for the same reason.
const NODE: Directory<'_> = Directory { prefix: "node", module: "node", sources: &["go.mod", "go.sum"] };

const NODE_TOOLS: Directory<'_> = Directory {
    prefix: "node-tools",
    module: "node",
    sources: &["go.mod", "go.sum", "launcher", "app", "network"],
};

/// Those of [`NODE`], with their packages.
const NODE_PROGRAMS: [(&str, &str); 7] = [
    ("kube-scheduler", "k8s.io/kubernetes/cmd/kube-scheduler"),
    ("kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager"),
    ("kubelet", "k8s.io/kubernetes/cmd/kubelet"),
    ("kubectl", "k8s.io/kubernetes/cmd/kubectl"),
    ("loopback", "github.com/containernetworking/plugins/plugins/main/loopback"),
    ("ptp", "github.com/containernetworking/plugins/plugins/main/ptp"),
    ("host-local", "github.com/containernetworking/plugins/plugins/ipam/host-local"),
];

/// Paths of programs that are there and run.
#[derive(Debug, Clone)]
pub struct Binaries {
    pub etcd: PathBuf,
    pub kube_apiserver: PathBuf,
    /// Runs the other two, see `launcher/main.go`.
    pub launcher: PathBuf,
}

/// Finds or builds what a control plane needs. Processes that build at the same time wait for each other.
pub fn ensure() -> Result<Binaries> {
    let (etcd, kube_apiserver) = if let Some(assets) = std::env::var_os("KUBEBUILDER_ASSETS") {
        let assets = PathBuf::from(assets);
        (given(&assets, "etcd")?, given(&assets, "kube-apiserver")?)
    } else {
        let etcd = Program { name: "etcd", package: "./etcd", takes: "half a minute" };
        let kube_apiserver = Program {
            name: "kube-apiserver",
            package: "k8s.io/kubernetes/cmd/kube-apiserver",
            takes: "5 to 10 minutes on 2 cores",
        };
        (SERVERS.built(&etcd)?, SERVERS.built(&kube_apiserver)?)
    };
    let launcher = LAUNCHER.built(&Program { name: "launcher", package: "./launcher", takes: "seconds" })?;
    Ok(Binaries { etcd, kube_apiserver, launcher })
}

/// The registry, see `registries/registry/main.go`.
pub fn registry() -> Result<PathBuf> {
    REGISTRY.built(&Program { name: "registry", package: "./registry", takes: "half a minute" })
}

/// The kubelet's keyring, see `registries/keyring/main.go`.
pub fn keyring() -> Result<PathBuf> {
    KEYRING.built(&Program { name: "keyring", package: "./keyring", takes: "half a minute" })
}

/// Distribution's grammar of image references, see `registries/reference/main.go`.
pub fn reference() -> Result<PathBuf> {
    REFERENCE.built(&Program { name: "reference", package: "./reference", takes: "seconds" })
}

/// kustomize.
pub fn kustomize() -> Result<PathBuf> {
    let package = "sigs.k8s.io/kustomize/kustomize/v5";
    KUSTOMIZE.built(&Program { name: "kustomize", package, takes: "half a minute" })
}

/// What runs a node.
pub struct NodeBinaries {
    /// The directory of kubelet, kube-controller-manager, kube-scheduler, kubectl, and plugins for networks.
    pub programs: PathBuf,
    /// Runs them, see `node/launcher/main.go`.
    pub launcher: PathBuf,
    /// What the images of its pods run, see `node/app/main.go`.
    pub app: PathBuf,
    /// Runs a program in a network of its own, see `node/network/main.go`.
    pub network: PathBuf,
}

/// Finds or builds what a node needs beside containerd and runc.
pub fn node() -> Result<NodeBinaries> {
    let mut last = PathBuf::new();
    for (name, package) in NODE_PROGRAMS {
        last = NODE.built(&Program { name, package, takes: "a minute or two on 2 cores" })?;
    }
    let tool = |name, package| NODE_TOOLS.built(&Program { name, package, takes: "seconds" });
    Ok(NodeBinaries {
        programs: last.parent().context("a directory")?.to_owned(),
        launcher: tool("launcher", "./launcher")?,
        app: tool("app", "./app")?,
        network: tool("network", "./network")?,
    })
}

fn given(assets: &Path, name: &str) -> Result<PathBuf> {
    let path = assets.join(name);
    if !path.is_file() {
        bail!(
            "there is no {} (KUBEBUILDER_ASSETS): put it there, or unset the variable to have Go build it",
            path.display()
        );
    }
    // The launcher runs it from another directory.
    Ok(path.canonicalize()?)
}
