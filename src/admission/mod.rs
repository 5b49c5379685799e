//! Images that are rewritten when pods are made: by a policy that the API server itself evaluates, or for older ones by
//! a webhook that they call.
//!
//! Nothing of ours runs for the policy, so nothing of ours can be down. Pure, but for the webhook's [`server`]: what is
//! written here are the objects; to put them into a cluster is for [`cluster`](crate::cluster).

mod cel;
mod certificate;
mod expiry;
mod policy;
mod pull_secrets;
mod review;
pub mod server;
mod step;
mod webhook;

pub use certificate::{IssueError, Pair};
pub use policy::{Policy, PolicyError};
pub use review::{Malformed, Outcome, Reviewed, review};
pub use step::{Installed, Object, Step, is_ours, step};
pub use webhook::webhook;
