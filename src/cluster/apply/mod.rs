//! The writes of a plan: bounded in number at once, in order within a namespace, safe against everybody
//! else who writes.
//!
//! Secret, then ServiceAccount, then pod: each only if what it rests on is in place. A namespace that is
//! being deleted or is gone is left with a line; nothing that fails stops anything else.

mod additions;
mod events;
mod in_place;
mod pods;
mod recreate;
mod removals;
mod rests;
mod secrets;
mod service_accounts;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use futures::StreamExt;
use futures::stream;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub(super) use rests::Rests;

use super::client::Cluster;
use super::error::{ApiError, Meaning};
use crate::plan::{Applied, Change, NamespacePlan, Plan, Subject, Verb};

/// Namespaces that are worked on at once; the requests under way are bounded by [`Cluster`].
const NAMESPACES: usize = 16;
/// Writes that may be under way at once. Those that wait for their turn have not begun.
const WRITES: usize = 16;

/// How long the API server takes until new pods surely get what a ServiceAccount names: it reads those from a watch.
const ADMISSION_LAG: Duration = Duration::from_secs(2);

/// What the writers of one pass share.
pub struct Writing<'a> {
    /// No object is begun to be written once this is cancelled.
    pub until: &'a CancellationToken,
    /// Rights are granted by namespace: what is missing in one may be there in another.
    pub by_namespace: bool,
    /// Report refusals as findings: what an older tool's RBAC doesn't grant is no failure of its users.
    pub lenient: bool,
    /// Called after each write.
    pub progress: &'a dyn Fn(),
}

impl Cluster {
    /// Makes the writes of `plan`.
    pub async fn apply(&self, plan: &Plan, writing: &Writing<'_>) -> Applied {
        let (told, turns) = (Mutex::default(), Semaphore::new(WRITES));
        let write = async |(place, own)| {
            (place, Writer { cluster: self, own, writing, told: &told, turns: &turns }.write().await)
        };
        // None waits for one that takes its time; what is told keeps the order of the plan.
        let namespaces = stream::iter(plan.namespaces.iter().enumerate().map(write));
        let mut written: Vec<_> = namespaces.buffer_unordered(NAMESPACES).collect().await;
        written.sort_unstable_by_key(|(place, _)| *place);
        written.into_iter().fold(Applied::default(), |all, (_, own)| all.and(own))
    }
}

/// Writes one namespace.
struct Writer<'a> {
    cluster: &'a Cluster,
    own: &'a NamespacePlan,
    writing: &'a Writing<'a>,
    /// The rights whose lack was told, in which namespace, if they are granted by that: once a pass is enough.
    told: &'a Mutex<BTreeSet<(&'a str, &'static str)>>,
    turns: &'a Semaphore,
}

/// What later writes in the namespace rest on, as far as it isn't in place.
#[derive(Default)]
struct Missing {
    /// Secrets that are not there.
    absent: BTreeSet<String>,
    /// Secrets that are there, but not as they should be.
    stale: BTreeSet<String>,
    /// ServiceAccounts that don't name our Secrets.
    accounts: BTreeSet<String>,
    /// The namespace itself is going or gone.
    namespace: bool,
    /// When a ServiceAccount was patched last.
    patched: Option<Instant>,
}

impl Writer<'_> {
    async fn write(self) -> Applied {
        let (mut applied, mut missing) = (Applied::default(), Missing::default());
        self.write_secrets(&mut applied, &mut missing).await;
        if !missing.namespace {
            self.write_service_accounts(&mut applied, &mut missing).await;
        }
        if !missing.namespace {
            self.write_pods(&mut applied, &mut missing).await;
        }
        self.write_removal(&mut applied, &mut missing).await;
        if applied.undone > 0 {
            // What rests on a write that was not begun isn't made either.
            applied.undone = self.own.len() - applied.changes.len();
        }
        applied
    }

    fn subject(&self, kind: &'static str, name: &str) -> Subject {
        Subject::new(kind, &self.own.name, name)
    }

    /// Waits until another write may begin, and holds its place; `None` where none may any more.
    async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        let turn = self.turns.acquire().await.ok()?;
        (!self.writing.until.is_cancelled()).then_some(turn)
    }

    fn made(&self, applied: &mut Applied, verb: Verb, subject: Subject, why: impl Into<String>) {
        let change = Change { verb, subject, why: why.into() };
        log::debug!("{change}");
        applied.changes.push(change);
        (self.writing.progress)();
    }

    /// Says that a write failed; whether that is a failure of the pass depends on why.
    fn failed(
        &self,
        applied: &mut Applied,
        missing: &mut Missing,
        subject: Subject,
        error: &ApiError,
        remedy: &str,
    ) {
        (self.writing.progress)();
        match error.meaning() {
            meaning @ (Meaning::NamespaceTerminating | Meaning::NamespaceGone) => {
                missing.namespace = true;
                let (reason, state) = match meaning {
                    Meaning::NamespaceGone => ("NamespaceGone", "is gone"),
                    _ => ("NamespaceTerminating", "is being deleted"),
                };
                let namespace = Subject::global("Namespace", &self.own.name);
                let message = format!("{state}; the rest of its writes were left out");
                applied.findings.push(namespace.finding(reason, message));
            }
            Meaning::Forbidden => {
                let finding = subject.finding("Forbidden", format!("{error}; {remedy}"));
                let list = if self.writing.lenient { &mut applied.findings } else { &mut applied.errors };
                list.push(finding);
            }
            Meaning::Denied => {
                let message =
                    format!("{error}; no right is missing: see the admission plugin or quota that refuses");
                applied.errors.push(subject.finding("Denied", message));
            }
            _ => applied
                .errors
                .push(subject.finding("WriteFailed", format!("{error}; the next pass tries again"))),
        }
    }
}
