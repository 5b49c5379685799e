//! Kubernetes: which cluster, what is in it, and the writes.
//!
//! Everything is said in the types of [`crate::plan`]. Requests are values of `http`, sent by kube's client
//! through one function with deadlines, retries and a count; the answers are parsed into the few
//! fields that a pass reads.

mod admission;
mod apply;
mod client;
mod connect;
mod error;
mod explained;
mod jobs;
mod kubeconfig;
mod pages;
mod plugin;
mod requests;
mod secret_keys;
mod sidecar;
mod snapshot;
mod tally;
mod watch;
mod webhook;
mod wire;
mod written;

pub use admission::{Kept, StepError};
pub use apply::Writing;
pub use client::Cluster;
pub use connect::{Choice, ConnectError};
pub use error::{ApiError, Meaning};
pub use snapshot::Scope;
pub use tally::Tally;
pub use watch::{Key, Seen, Version};
pub use webhook::{Renewal, WebhookError};
pub use written::Written;
