//! Images that are rewritten when pods are made: by a policy that the API server itself evaluates.
//!
//! Nothing of ours runs for it, so nothing of ours can be down. Pure: what is written here are the objects; to put them
//! into a cluster is for [`cluster`](crate::cluster).

mod cel;
mod certificate;
mod policy;
mod review;
mod step;
mod webhook;

pub use certificate::{IssueError, Pair};
pub use policy::{Policy, PolicyError};
pub use review::{Malformed, Outcome, Reviewed, review};
pub use step::{Installed, Object, Step, is_ours, step};
pub use webhook::webhook;
