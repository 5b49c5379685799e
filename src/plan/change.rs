//! A plan as the list of its writes, and what became of them.

use std::fmt;

use serde::Serialize;

use super::secrets::Action;
use super::{Finding, Plan, PodAction, PodChange, Removal, ServiceAccountChange, Spelling, Subject, Unnamed};

/// What was written, and what was not.
#[derive(Debug, Default)]
pub struct Applied {
    /// The writes that were made.
    pub changes: Vec<Change>,
    /// Writes that could not be made, for a reason that is no failure.
    pub findings: Vec<Finding>,
    /// Writes that failed.
    pub errors: Vec<Finding>,
    /// Writes that were not tried, because the program was told to end or the time was over.
    pub undone: usize,
}

impl Applied {
    /// This, and what became of others.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.changes.extend(others.changes);
        self.findings.extend(others.findings);
        self.errors.extend(others.errors);
        self.undone += others.undone;
        self
    }
}

/// A write that was made, or, in a dry run, that would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What was done.
    pub verb: Verb,
    /// To which object.
    #[serde(flatten)]
    pub subject: Subject,
    /// Why.
    pub why: String,
}

/// What was done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// Made.
    Create,
    /// Its data was written.
    Update,
    /// Deleted and made anew, because what differs can't be changed.
    Recreate,
    /// Our names were added, or taken out.
    Patch,
    /// Its images are pulled from elsewhere.
    Rewrite,
    /// Its images were spelled in another way, for its node to pull them at once.
    Nudge,
    /// Evicted, for its controller to make it anew.
    Evict,
    /// Deleted: a pod, for its controller to make it anew; a Secret, for nobody wants it any more.
    Delete,
}

/// Why something of ours is taken away.
pub const NOT_CHOSEN: &str = "its namespace is no longer chosen";

impl Removal {
    fn changes<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = Change> + 'a {
        let accounts = self.service_accounts.iter().map(move |account| Change {
            verb: Verb::Patch,
            subject: Subject::new("ServiceAccount", namespace, &account.name),
            why: account.why(),
        });
        let secrets = self.secrets.iter().map(move |secret| Change {
            verb: Verb::Delete,
            subject: Subject::new("Secret", namespace, &secret.name),
            why: NOT_CHOSEN.to_owned(),
        });
        accounts.chain(secrets)
    }
}

impl Unnamed {
    /// Why its list is written.
    #[must_use]
    pub fn why(&self) -> String {
        format!("remove {}: {NOT_CHOSEN}", self.ours.join(", "))
    }
}

impl Plan {
    /// The plan as the changes it would make.
    pub fn changes(&self) -> impl Iterator<Item = Change> {
        self.namespaces.iter().flat_map(|own| {
            let secrets = own.secrets.iter().map(|change| Change {
                verb: change.action.verb(),
                subject: Subject::new("Secret", &own.name, &change.wanted.name),
                why: change.why.to_owned(),
            });
            let accounts = own.service_accounts.iter().map(|change| Change {
                verb: Verb::Patch,
                subject: Subject::new("ServiceAccount", &own.name, &change.name),
                why: change.why(&change.ours),
            });
            let pods = own.pods.iter().map(|change| Change {
                verb: change.action.verb(),
                subject: Subject::new("Pod", &own.name, &change.pod.name),
                why: change.why(),
            });
            secrets.chain(accounts).chain(pods).chain(own.removal.changes(&own.name))
        })
    }
}

impl Action {
    /// What it is called.
    #[must_use]
    pub fn verb(&self) -> Verb {
        match self {
            Self::Create(_) => Verb::Create,
            Self::Update { .. } => Verb::Update,
            Self::Recreate { .. } => Verb::Recreate,
        }
    }
}

impl PodAction {
    /// The images that are written in place; none where the pod is recreated.
    #[must_use]
    pub fn spellings(&self) -> &[Spelling] {
        match self {
            Self::Rewrite { spellings, .. } | Self::Nudge(spellings) => spellings,
            Self::Evict | Self::Delete => &[],
        }
    }

    /// Does the pod stay?
    #[must_use]
    pub fn is_in_place(&self) -> bool {
        matches!(self, Self::Rewrite { .. } | Self::Nudge(_))
    }

    /// What it is called.
    #[must_use]
    pub fn verb(&self) -> Verb {
        match self {
            Self::Rewrite { .. } => Verb::Rewrite,
            Self::Nudge(_) => Verb::Nudge,
            Self::Evict => Verb::Evict,
            Self::Delete => Verb::Delete,
        }
    }
}

impl PodChange {
    /// Why it is done, and to which containers where it isn't the whole pod.
    #[must_use]
    pub fn why(&self) -> String {
        self.why_of(self.action.spellings())
    }

    /// The same, where these are the containers that still wait.
    #[must_use]
    pub fn why_of(&self, spellings: &[Spelling]) -> String {
        let spelled = |Spelling { container, from, to }: &Spelling| match &self.action {
            PodAction::Rewrite { .. } => format!("{container}: {from} is pulled from {to}"),
            _ => format!("{container} waits for {from}"),
        };
        let spelled: Vec<_> = spellings.iter().map(spelled).collect();
        if spelled.is_empty() {
            return self.act.why.clone();
        }
        format!("container {}: {}", spelled.join(", "), self.act.why)
    }
}

impl ServiceAccountChange {
    /// Why its list is written with these names of ours.
    #[must_use]
    pub fn why(&self, ours: &[String]) -> String {
        let added: Vec<_> =
            ours.iter().filter(|name| !self.seen.pull_secrets.contains(name)).map(String::as_str).collect();
        if added.is_empty() { "listed twice".to_owned() } else { format!("add {}", added.join(", ")) }
    }
}

impl Verb {
    /// What it is called.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Recreate => "recreate",
            Self::Patch => "patch",
            Self::Rewrite => "rewrite",
            Self::Nudge => "nudge",
            Self::Evict => "evict",
            Self::Delete => "delete",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.verb, self.subject, self.why)
    }
}
