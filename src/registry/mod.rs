//! What registries and the kubelet agree on: host names, image references, docker configs and
//! how a credential's key matches an image. Pure; no room of the program is below this one.

mod digest;
mod docker_config;
mod ecr;
mod grammar;
mod host;
mod image;
mod keyring;
mod rewrite;

pub use digest::sha256;
pub use docker_config::{DockerConfig, Entry, Form};
pub use ecr::{EcrHost, PUBLIC_HOSTS, host_of, is_account, is_region};
pub use grammar::{DIGEST, PATH, TAG};
pub use host::{Host, HostError};
pub use image::{Image, ImageError, LONGEST_REPOSITORY};
pub use keyring::{key_matches, same_registry};
pub use rewrite::{Ignored, IgnoredError, LIBRARY, Prefix, PrefixError, Rewrites, Rule};
