//! A real Kubernetes control plane for tests, examples and benches: one etcd and
//! one kube-apiserver, built from source on first use, thrown away at the end. And,
//! beside it, real registries, the kubelet's own keyring and distribution's reading of
//! image references: see [`registry`], [`keyring`] and [`reference`].
//!
//! Include it with `#[path = "testbed/mod.rs"] mod testbed;`. There is no kubelet
//! and no controller manager, unless a [`node`] is started: whoever needs a pod's
//! status or a ReplicaSet's pod writes it, with [`fixtures`], [`pods`] and [`users`].
//!
//! ```ignore
//! let plane = ControlPlane::shared();
//! let admin = plane.admin();
//! namespace("team-a").create(&admin).await;
//! let pods = rules(&[("", "pods", "list"), ("", "pods/eviction", "create")]);
//! let keeper = user(&admin, "team-a", "keeper", Role::Rules(pods), Scope::Cluster).await;
//! pod("web").waiting("ImagePullBackOff", "…").owned_by("ReplicaSet").create(&admin, "team-a").await;
//! ```

// Each test, example and bench uses a part, and may fail as tests do.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::doc_markdown, // Kubernetes' names are words here
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    clippy::return_self_not_must_use
)]

mod answer;
pub mod audit;
pub mod binaries;
pub mod control_plane;
pub mod fixtures;
pub mod go;
pub mod keyring;
pub mod kustomize;
mod launcher;
pub mod node;
pub mod pods;
mod push;
pub mod reference;
pub mod registry;
pub mod users;

pub use control_plane::ControlPlane;
