//! What a pass says about an object: the same shape for a change, a finding and an error.

use std::fmt;

use serde::Serialize;

/// The object that is spoken of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Subject {
    /// Its kind: `Secret`, `ServiceAccount`, `Pod`, `Namespace`, `Registry`, `Proxy`, or a resource's name.
    pub kind: &'static str,
    /// Its namespace, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

/// Something the user should know: what, about which object, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The object.
    #[serde(flatten)]
    pub subject: Subject,
    /// A word for machines, in the manner of an Event's reason: `ForeignSecret`.
    pub reason: &'static str,
    /// A sentence for people.
    pub message: String,
}

impl Subject {
    /// An object within a namespace.
    #[must_use]
    pub fn new(kind: &'static str, namespace: &str, name: &str) -> Self {
        Self { kind, namespace: Some(namespace.to_owned()), name: name.to_owned() }
    }

    /// An object of the cluster, or outside of it.
    #[must_use]
    pub fn global(kind: &'static str, name: &str) -> Self {
        Self { kind, namespace: None, name: name.to_owned() }
    }

    /// The finding that says `message` of this object.
    #[must_use]
    pub fn finding(self, reason: &'static str, message: impl Into<String>) -> Finding {
        Finding { subject: self, reason, message: message.into() }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.message)
    }
}
