//! Secrets that are somebody else's: left alone, or written to as far as the user lets us.

use super::claims::claims;
use super::content::{compose, content, docker_config, holds_usable, merge, served};
use super::state::{State, state};
use super::{Action, Judgement, Wanted};
use crate::config::Adopt;
use crate::plan::{Finding, Secret};
use crate::registry::{DockerConfig, Form, Host};

/// Makes a finding on the Secret.
pub(super) type Says<'a> = &'a dyn Fn(&'static str, String) -> Option<Finding>;

/// One that the user lets us write to. It never gets our labels, so that removal takes out no more than
/// the annotation says is ours.
pub(super) fn judge_adopted(
    wanted: &Wanted,
    seen: &Secret,
    form: Form,
    adopt: Adopt,
    says: Says<'_>,
) -> Judgement {
    let there = docker_config(seen);
    let noted = state(seen);
    let composed = match (adopt, &there) {
        (Adopt::Replace, there) => compose(wanted, there.as_ref(), &noted, false),
        (_, Some(there)) => merge(wanted, there, &noted),
        (_, None) => {
            let message = "is somebody else's and holds no docker config that can be merged with; left alone. Repair it, or set secret.adopt: replace".to_owned();
            return leave(wanted, seen, says("MalformedSecret", message));
        }
    };
    if let Some(instance) = other_writer(wanted, &composed.hosts, &noted, adopt) {
        let message = format!(
            "is written to by instance '{instance}' already; left alone. Give this instance a secret.name of its own"
        );
        return leave(wanted, seen, says("ForeignSecret", message));
    }
    if let Some(key) = composed.config.malformed() {
        return leave(wanted, seen, says("MalformedSecret", malformed(key)));
    }
    if adopt == Adopt::Replace && composed.gives_nothing() && there.as_ref().is_some_and(is_sound) {
        // To replace is to put something in the place: what others wrote is worth more than nothing.
        return composed.judgement(None);
    }
    let settled = there.as_ref().is_some_and(|there| composed.config.has_same_auths(there))
        && !(seen.immutable && composed.waits);
    // What never ends needs no note where nothing is written; a credential that ends does, or it would be
    // fetched again by each pass.
    let tampered = noted != composed.state && !(noted.is_empty() && composed.sources.sets.is_empty());
    if composed.config.is_empty() || (settled && !tampered) {
        return composed.judgement(None);
    }
    if seen.immutable && !settled {
        let message =
            "is somebody else's and immutable; left alone. Delete it, or set another secret.name".to_owned();
        return leave(wanted, seen, says("ForeignSecret", message));
    }
    let why = composed.why(if adopt == Adopt::Replace { "replaced" } else { "merged" });
    let action = Action::Update {
        resource_version: seen.resource_version.clone(),
        content: content(form, (!settled).then_some(&composed.config), &composed.state),
    };
    composed.judgement(Some((action, why)))
}

/// One that we may not write to.
pub(super) fn leave_foreign(wanted: &Wanted, seen: &Secret, says: Says<'_>) -> Judgement {
    let config = docker_config(seen).unwrap_or_default();
    if let Some(key) = config.malformed() {
        return leave(wanted, seen, says("MalformedSecret", malformed(key)));
    }
    let hosts = hosts(wanted, seen);
    let lacks: Vec<_> = hosts.iter().filter(|host| !holds_usable(&config, host)).map(Host::as_str).collect();
    let state = match lacks.as_slice() {
        [] if hosts.is_empty() => "whether it has an entry for our registries isn't known".to_owned(),
        [] => "it has an entry for each of our registries".to_owned(),
        hosts => format!("it has no good entry for {}", hosts.join(", ")),
    };
    let message = format!(
        "is somebody else's and was left alone; {state}. Set secret.adopt: merge to add ours, or delete it"
    );
    leave(wanted, seen, says("ForeignSecret", message))
}

/// Nothing is done; it may serve all the same.
pub(super) fn leave(wanted: &Wanted, seen: &Secret, finding: Option<Finding>) -> Judgement {
    let config = match Form::of_type(&seen.type_) {
        Some(_) => docker_config(seen).unwrap_or_default(),
        None => DockerConfig::default(),
    };
    let claims = claims(wanted, &state(seen));
    let serves = served(&claims, &config);
    let hosts = claims.into_iter().map(|claim| claim.host).collect();
    Judgement { hosts, serves, finding, ..Judgement::default() }
}

fn is_sound(config: &DockerConfig) -> bool {
    config.malformed().is_none()
}

fn hosts(wanted: &Wanted, seen: &Secret) -> Vec<Host> {
    claims(wanted, &state(seen)).into_iter().map(|claim| claim.host).collect()
}

/// The other instance whose entries ours would take the place of.
fn other_writer<'a>(wanted: &Wanted, hosts: &[Host], noted: &'a State, adopt: Adopt) -> Option<&'a str> {
    let ours = |host: &String| hosts.iter().any(|own| own.as_str() == host);
    let in_the_way = |host: &String| adopt == Adopt::Replace || ours(host);
    let other = noted.iter().find(|(host, note)| note.instance != wanted.instance && in_the_way(host));
    other.map(|(_, note)| note.instance.as_str())
}

fn malformed(key: &str) -> String {
    format!(
        "is somebody else's and its entry for {key} can't be decoded, which fails every pull of a pod that names it; left alone. Repair that entry, or delete the Secret"
    )
}
