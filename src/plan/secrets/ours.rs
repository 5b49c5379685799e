//! Secrets that are ours, or would be if they were there: they hold exactly what is wanted.

use super::content::{Composed, compose, content, docker_config};
use super::foreign::{Says, leave};
use super::state::{State, state};
use super::{Action, Judgement, Wanted};
use crate::plan::Secret;
use crate::registry::Form;

pub(super) fn judge_absent(wanted: &Wanted) -> Judgement {
    let composed = compose(wanted, None, &State::new(), true);
    if !wanted.create {
        let missing = !composed.config.is_empty();
        return Judgement { hosts: composed.hosts, missing, ..Judgement::default() };
    }
    if composed.config.is_empty() {
        return composed.judgement(None);
    }
    let action = Action::Create(content(Form::ConfigJson, Some(&composed.config), &composed.state));
    composed.judgement(Some((action, "missing")))
}

pub(super) fn judge_ours(wanted: &Wanted, seen: &Secret, says: Says<'_>) -> Judgement {
    let there = docker_config(seen);
    let noted = state(seen);
    let composed = compose(wanted, there.as_ref(), &noted, true);
    if composed.config.is_empty() && composed.sources.expired.is_empty() {
        return composed.judgement(None);
    }
    let wrong_type = seen.type_ != Form::ConfigJson.type_();
    let why = if wrong_type {
        Some("wrong type")
    } else if there.as_ref().is_none_or(|there| !composed.config.has_same_auths(there))
        || (seen.immutable && composed.waits)
    {
        Some(composed.why("content differs"))
    } else if seen.state.is_none() || noted != composed.state {
        Some("state annotation differs")
    } else {
        None
    };
    let content_differs = why != Some("state annotation differs");
    let content = content(Form::ConfigJson, content_differs.then_some(&composed.config), &composed.state);
    let fixed = wrong_type || (seen.immutable && content_differs);
    let kept = !composed.sources.keeps.is_empty();
    if let Some(obstacle) = why.filter(|_| fixed).and_then(|_| recreation_obstacle(wanted, kept)) {
        let message = format!("must be recreated, for its type is wrong or it is immutable, but {obstacle}");
        return leave(wanted, seen, says("SecretNotRecreated", message));
    }
    let (uid, resource_version) = (seen.uid.clone(), seen.resource_version.clone());
    let action = why.map(|why| {
        let action = if fixed {
            Action::Recreate { uid, resource_version, content }
        } else {
            Action::Update { resource_version, content }
        };
        (action, why)
    });
    composed.judgement(action)
}

impl Composed {
    /// The judgement that brings it about.
    pub(super) fn judgement(self, action: Option<(Action, &'static str)>) -> Judgement {
        Judgement {
            action,
            hosts: self.hosts,
            serves: self.serves,
            sources: self.sources,
            ends: self.ends,
            missing: false,
            finding: None,
        }
    }

    /// Why it is written: `otherwise`, unless all that changes is that a credential was renewed.
    pub(super) fn why(&self, otherwise: &'static str) -> &'static str {
        match (self.renews, self.sources.expired.is_empty()) {
            (true, true) => "credential renewed",
            (_, false) => "expired credential",
            _ => otherwise,
        }
    }
}

/// Between delete and create there is nothing: what can't be made again is not taken away.
fn recreation_obstacle(wanted: &Wanted, kept: bool) -> Option<&'static str> {
    let table = [
        (!wanted.create, "secret.create is false; delete and create it yourself"),
        (kept, "the source of one of its entries failed, and that entry is nowhere else"),
    ];
    table.into_iter().find_map(|(applies, obstacle)| applies.then_some(obstacle))
}
