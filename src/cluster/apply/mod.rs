//! The writes of a plan: bounded in number at once, in order within a namespace, safe against everybody
//! else who writes.
//!
//! Secret, then ServiceAccount, then pod: each only if what it rests on is in place. A namespace that is
//! being deleted or is gone is left with a line; nothing that fails stops anything else.

mod pods;
mod secrets;
mod service_accounts;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::StreamExt;
use futures::stream;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;

use super::client::Cluster;
use super::error::{ApiError, Meaning};
use crate::plan::{Applied, Change, NamespacePlan, Plan, Subject, Verb};

/// Namespaces that are worked on at once; the requests under way are bounded by [`Cluster`].
const NAMESPACES: usize = 16;
/// Writes that may be under way at once. Those that wait for their turn have not begun.
const WRITES: usize = 16;

/// What the writers of one pass share.
pub struct Writing<'a> {
    /// No write is begun once this is cancelled.
    pub until: &'a CancellationToken,
    /// Report refusals as findings: what an older tool's RBAC doesn't grant is no failure of its users.
    pub lenient: bool,
    /// Called after each write.
    pub progress: &'a dyn Fn(),
}

impl Cluster {
    /// Makes the writes of `plan`.
    pub async fn apply(&self, plan: &Plan, writing: &Writing<'_>) -> Applied {
        let (refused, turns) = (Refused::default(), Semaphore::new(WRITES));
        let write = |own| Writer { cluster: self, own, writing, refused: &refused, turns: &turns }.write();
        let namespaces = plan.namespaces.iter().map(write);
        let mut all = Applied::default();
        let mut written = stream::iter(namespaces).buffered(NAMESPACES);
        while let Some(applied) = written.next().await {
            all.changes.extend(applied.changes);
            all.findings.extend(applied.findings);
            all.errors.extend(applied.errors);
            all.undone += applied.undone;
        }
        all
    }
}

/// Verbs on pods that were refused once: not asked for again in this pass.
#[derive(Default)]
struct Refused {
    evict: AtomicBool,
    delete: AtomicBool,
}

/// Writes one namespace.
struct Writer<'a> {
    cluster: &'a Cluster,
    own: &'a NamespacePlan,
    writing: &'a Writing<'a>,
    refused: &'a Refused,
    turns: &'a Semaphore,
}

/// What stands in the way of later writes in the namespace.
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
}

impl Writer<'_> {
    async fn write(self) -> Applied {
        let (mut applied, mut missing) = (Applied::default(), Missing::default());
        self.write_secrets(&mut applied, &mut missing).await;
        if !missing.namespace {
            self.write_service_accounts(&mut applied, &mut missing).await;
        }
        if !missing.namespace {
            self.write_pods(&mut applied, &missing).await;
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
            Meaning::Forbidden if self.writing.lenient => {
                applied.findings.push(subject.finding("Forbidden", format!("{error}; {remedy}")));
            }
            Meaning::Forbidden => {
                applied.errors.push(subject.finding("Forbidden", format!("{error}; {remedy}")));
            }
            _ => applied
                .errors
                .push(subject.finding("WriteFailed", format!("{error}; the next pass tries again"))),
        }
    }
}

impl Refused {
    fn flag(&self, evict: bool) -> &AtomicBool {
        if evict { &self.evict } else { &self.delete }
    }

    /// Was the verb refused before?
    fn knows(&self, evict: bool) -> bool {
        self.flag(evict).load(Ordering::Relaxed)
    }

    /// Notes that the verb was refused; `true` the first time.
    fn note(&self, evict: bool) -> bool {
        !self.flag(evict).swap(true, Ordering::Relaxed)
    }
}
