//! The API server's own record of who asked for what: the honest way to count the
//! requests of a pass, and to prove that a second pass wrote nothing.
//!
//! Reading first waits until the log holds every request that has been answered.
//! A watch counts once, when it is answered, not again when it ends.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::ControlPlane;

/// One request, as the API server saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// `admin`, or `system:serviceaccount:NAMESPACE:NAME`.
    pub user: String,
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`; for other paths the HTTP method.
    pub verb: String,
    /// With its subresource: `pods/eviction`. Empty for paths that are no resource.
    pub resource: String,
    pub namespace: Option<String>,
    pub name: Option<String>,
    /// HTTP status of the answer.
    pub code: u16,
    /// Path and query.
    pub uri: String,
    /// The server was asked not to store anything.
    pub dry_run: bool,
}

impl AuditEvent {
    /// Whether it changed, or tried to change, what is stored. Tokens and access reviews are stored nowhere.
    pub fn is_write(&self) -> bool {
        let changes =
            matches!(self.verb.as_str(), "create" | "update" | "patch" | "delete" | "deletecollection");
        changes
            && !self.dry_run
            && self.resource != "serviceaccounts/token"
            && !self.resource.ends_with("reviews")
    }
}

/// How often each verb met each resource: `{"list pods": 1, "patch secrets": 2}`.
pub fn tally(events: &[AuditEvent]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for event in events {
        let subject = if event.resource.is_empty() { &event.uri } else { &event.resource };
        *counts.entry(format!("{} {subject}", event.verb)).or_default() += 1;
    }
    counts
}

/// A moment between two requests.
#[derive(Debug, Clone, Copy)]
pub struct Mark(usize);

/// The audit log of a control plane.
pub struct AuditLog<'a> {
    plane: &'a ControlPlane,
    path: PathBuf,
}

impl<'a> AuditLog<'a> {
    pub(super) fn new(plane: &'a ControlPlane, path: &Path) -> Self {
        Self { plane, path: path.to_owned() }
    }

    /// Everybody's requests so far.
    pub fn events(&self) -> Vec<AuditEvent> {
        parse(&self.read(), 0)
    }

    /// One user's requests so far.
    pub fn requests_of(&self, user: &str) -> Vec<AuditEvent> {
        self.since(Mark(0), user)
    }

    /// Now, to be handed to [`Self::since`].
    pub fn mark(&self) -> Mark {
        // Up to the last line's end: a request of another test may be half written.
        Mark(self.read().rfind('\n').map_or(0, |end| end + 1))
    }

    /// One user's requests after the mark.
    pub fn since(&self, mark: Mark, user: &str) -> Vec<AuditEvent> {
        let mut events = parse(&self.read(), mark.0);
        events.retain(|event| event.user == user);
        events
    }

    fn read(&self) -> String {
        self.plane.settle_audit();
        let bytes = std::fs::read(&self.path).expect("the audit log; was the control plane stopped?");
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// The events of the lines that start at or after `from`.
fn parse(log: &str, from: usize) -> Vec<AuditEvent> {
    let (mut events, mut seen, mut offset) = (Vec::new(), HashSet::new(), 0);
    for line in log.split_inclusive('\n') {
        let start = offset;
        offset += line.len();
        // The last line may be half written.
        let Ok(raw) = serde_json::from_str::<RawEvent>(line) else {
            continue;
        };
        // The second stage of a watch repeats the id of its first.
        if seen.insert(raw.audit_id.clone()) && start >= from {
            events.push(raw.into());
        }
    }
    events
}

/// The part that we read of `audit.k8s.io/v1` Event.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawEvent {
    #[serde(rename = "auditID")]
    audit_id: String,
    #[serde(rename = "requestURI")]
    uri: String,
    verb: String,
    user: RawUser,
    object_ref: Option<RawObject>,
    response_status: Option<RawStatus>,
}

#[derive(Deserialize)]
struct RawUser {
    #[serde(default)]
    username: String,
}

#[derive(Deserialize, Default)]
struct RawObject {
    #[serde(default)]
    resource: String,
    subresource: Option<String>,
    namespace: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
struct RawStatus {
    #[serde(default)]
    code: u16,
}

impl From<RawEvent> for AuditEvent {
    fn from(raw: RawEvent) -> Self {
        let object = raw.object_ref.unwrap_or_default();
        Self {
            user: raw.user.username,
            verb: raw.verb,
            resource: object
                .subresource
                .map_or(object.resource.clone(), |sub| format!("{}/{sub}", object.resource)),
            namespace: object.namespace,
            name: object.name,
            code: raw.response_status.map_or(0, |status| status.code),
            dry_run: raw.uri.contains("dryRun=All"),
            uri: raw.uri,
        }
    }
}
