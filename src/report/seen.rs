//! What a pass found that is neither a change nor a finding: how things are, for the metrics.

use std::collections::BTreeSet;

use crate::plan::secrets::Ends;
use crate::plan::{Applied, Plan, Stuck};

/// How a pass left what it looked at.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// The pods that wait for an image, by cause and verdict.
    pub stuck: Stuck,
    /// When the credentials in the Secrets end.
    pub ends: Ends,
}

impl Seen {
    /// A Secret that could not be written holds what it held: that its write was planned helps nobody.
    pub(super) fn after(plan: &Plan, applied: &Applied, dry_run: bool) -> Self {
        let secrets = applied.changes.iter().map(|change| &change.subject).filter(|own| own.kind == "Secret");
        let written: BTreeSet<_> =
            secrets.map(|own| (own.namespace.as_deref().unwrap_or_default(), own.name.as_str())).collect();
        let mut ends = plan.ends.clone();
        for own in &plan.namespaces {
            for change in &own.secrets {
                let made = !dry_run && written.contains(&(own.name.as_str(), change.wanted.name.as_str()));
                ends.add(if made { &change.ends.after } else { &change.ends.before });
            }
        }
        Self { stuck: plan.stuck.clone(), ends }
    }
}
