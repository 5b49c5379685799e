//! What may be done to a pod, and why.

use std::collections::BTreeSet;

use crate::plan::nudge::Spelling;

/// What to do with one pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing, and nothing to say: with the reason, for who asks.
    Leave(String),
    /// Nothing, but the user should know.
    Report(String),
    /// Have its node pull its images from where a rule leads them.
    Rewrite(InPlace),
    /// Have its node pull at once, by another spelling of its images.
    Nudge(InPlace),
    /// Have it recreated by its controller, within disruption budgets.
    Evict(Act),
    /// Have it recreated the oldest tool's way.
    Delete(Act),
}

/// What is done to containers of a pod that stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InPlace {
    /// Why.
    pub act: Act,
    /// The images, one a container.
    pub spellings: Vec<Spelling>,
    /// What the user should know of its other containers.
    pub besides: Option<String>,
}

/// Why something is done to a pod, and what must be true when it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Act {
    /// The reason, for a sentence.
    pub why: String,
    /// The Secrets that must be in place first.
    pub secrets: BTreeSet<String>,
    /// The ServiceAccount that must name them first, if it matters.
    pub service_account: Option<String>,
    /// How many pods its controller can lose, if it counts.
    pub room: Option<usize>,
}

impl Verdict {
    /// The verdict in a word, for machines.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Leave(_) => "leave",
            Self::Report(_) => "report",
            Self::Rewrite { .. } => "rewrite",
            Self::Nudge { .. } => "nudge",
            Self::Evict(_) => "evict",
            Self::Delete(_) => "delete",
        }
    }
}

impl InPlace {
    /// Both, for both of their reasons.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.spellings.extend(other.spellings);
        Self { act: self.act.and(other.act), ..self }
    }
}

impl Act {
    /// For both of their reasons; told is the first.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.secrets.extend(other.secrets);
        self.service_account = self.service_account.or(other.service_account);
        self.room = self.room.or(other.room);
        self
    }
}
