//! Manifests as the older tools publish them: the head of each says where it is from and what is changed. Where they are
//! read without a kubelet, their container is started as the kubelet would: its variables, files, rights and arguments.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod container;
mod objects;

#[allow(unused_imports)] // each test uses a part
pub use container::Container;
#[allow(unused_imports)]
pub use objects::Manifest;

pub const PATCHER_JOB: &str = include_str!("private-repo-patcher/job.yaml");
pub const PATCHER_DEPLOYMENT: &str = include_str!("private-repo-patcher/deployment.yaml");
pub const ECRUPDATER: &str = include_str!("k8s-ecrupdater/all.yaml");
pub const EATR: &str = include_str!("eatr/all.yaml");
