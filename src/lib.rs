//! Keeps Kubernetes clusters able to pull private images: one idempotent pass, then exit.
//!
//! ```text
//! config ─► snapshot ─► needs ─► evidence ─► plan ─► apply ─► report
//! layers    few paged    pure      bounded    pure    bounded   what changed, what
//!           lists                  IO         a value safe      did not, and why
//! ```
//!
//! - [`config`]: what the user asked for, from layers with provenance to types that hold no bad value.
//! - [`cluster`]: Kubernetes: which one, what is in it ([`plan::Snapshot`]), and the writes.
//! - [`plan`]: pure: what is needed, and from what was seen, what to do ([`plan::Plan`]).
//! - [`credentials`]: where credentials come from.
//! - [`registry`]: what registries and the kubelet agree on, pure: hosts, images, docker configs, keys.
//! - [`report`]: what a pass did, and the exit status.
//! - [`rbac`]: pure: the rights that all of this takes, for `pullkeeper rbac`.
//! - [`pass`]: joins them, top to bottom; [`keeper`] makes passes in a loop.

pub mod admission;
pub mod cli;
pub mod cluster;
pub mod command;
pub mod config;
pub mod credentials;
pub mod keeper;
pub mod logging;
pub mod pass;
pub mod plan;
pub mod print;
pub mod progress;
pub mod rbac;
pub mod registry;
mod remembered;
pub mod report;
