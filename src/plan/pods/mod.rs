//! What to do with one pod that waits for its image.
//!
//! [`judge`] is the verdict table of README, row by row. One action per pod, and only where it helps: a
//! pod is recreated when its ServiceAccount gives the new one a credential that the old one lacks, and
//! that can be so only once.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::cause::{Cause, cause, other_image};
use super::snapshot::{Pod, Waiting};
use crate::config::{Heal, Pods};
use crate::registry::{Host, Image, key_matches};

/// The kubelet's longest back-off is five minutes; a pod that still waits after this long, though its
/// Secret is right, was refused with it.
const BACK_OFF: SignedDuration = SignedDuration::from_secs(330);

/// What to do with one pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing, and nothing to say: with the reason, for who asks.
    Leave(String),
    /// Nothing, but the user should know.
    Report(String),
    /// Have it recreated by its controller, within disruption budgets.
    Evict(Act),
    /// Have it recreated the oldest tool's way.
    Delete(Act),
}

/// Why a pod is recreated, and what must be true when it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// The reason, for a sentence.
    pub why: String,
    /// The Secrets that must be in place first.
    pub secrets: BTreeSet<String>,
    /// The ServiceAccount that must name them first, if it matters.
    pub service_account: Option<String>,
}

/// What the pods of one namespace will find there once its Secrets and ServiceAccounts are done.
#[derive(Debug, Default)]
pub struct Surroundings {
    /// Our Secrets here, by name.
    pub secrets: BTreeMap<String, OurSecret>,
    /// The chosen ServiceAccounts, by name.
    pub service_accounts: BTreeMap<String, OurServiceAccount>,
    /// The hosts of the registries that this namespace wants.
    pub wanted: Vec<Host>,
    /// A Secret that this namespace wants could not be read, or will serve nobody.
    pub incomplete: bool,
    /// Healing is not for this namespace: `kube-system`, unless named.
    pub exempt: bool,
}

/// A Secret of ours as pods will find it.
#[derive(Debug)]
pub struct OurSecret {
    /// The hosts for which it has a good credential.
    pub serves: Vec<Host>,
    /// When its data changed last; `None` is not known.
    pub changed: Option<Timestamp>,
}

/// A ServiceAccount as new pods will find it.
#[derive(Debug)]
pub struct OurServiceAccount {
    /// Its pull secrets.
    pub pull_secrets: Vec<String>,
    /// When we last added names to it; `None` if it never was us.
    pub changed: Option<Timestamp>,
}

/// The verdict on one pod.
#[must_use]
pub fn judge(pod: &Pod, around: &Surroundings, settings: &Pods, now: Timestamp) -> Verdict {
    if let Some(why) = nobodys_business(pod, around, settings) {
        return Verdict::Leave(why.to_owned());
    }
    if settings.heal == Heal::All {
        return judge_as_the_oldest_tool(pod, around);
    }
    // An action helps a pod only if it helps every container that waits; what is told beats silence.
    let verdicts = pod.waiting.iter().map(|waiting| judge_container(pod, waiting, around, settings, now));
    let weight = |verdict: &Verdict| match verdict {
        Verdict::Report(_) => 2,
        Verdict::Leave(_) => 1,
        Verdict::Evict(_) | Verdict::Delete(_) => 0,
    };
    let heaviest = verdicts.reduce(|one, other| if weight(&other) > weight(&one) { other } else { one });
    heaviest.unwrap_or(Verdict::Leave("no container waits for an image".to_owned()))
}

fn nobodys_business(pod: &Pod, around: &Surroundings, settings: &Pods) -> Option<&'static str> {
    let table = [
        (settings.heal == Heal::Off, "healing is off"),
        (pod.terminating, "it is being deleted"),
        (pod.mirror, "it is a static pod's image, which can't use pull secrets"),
        (around.exempt, "kube-system is healed only if named"),
    ];
    table.into_iter().find_map(|(applies, why)| applies.then_some(why))
}

/// Every pod on ErrImagePull or ImagePullBackOff, but none that has had its chance: one that names our
/// Secret and was made after the Secret's last change. And none at all while a Secret of ours isn't in
/// place: a new pod would be no better off, and would be deleted again.
fn judge_as_the_oldest_tool(pod: &Pod, around: &Surroundings) -> Verdict {
    let stuck = |w: &&Waiting| matches!(w.reason.as_str(), "ErrImagePull" | "ImagePullBackOff");
    let Some(waiting) = pod.waiting.iter().find(stuck) else {
        return Verdict::Leave("it is not on ErrImagePull or ImagePullBackOff".to_owned());
    };
    if around.incomplete {
        return Verdict::Leave("a Secret of ours isn't in place here".to_owned());
    }
    let ours = pod.pull_secrets.iter().filter_map(|name| around.secrets.get(name));
    let changed: Vec<_> = ours.map(|secret| secret.changed).collect();
    let had_its_chance =
        |changed: &Option<Timestamp>| changed.is_none_or(|at| pod.created.is_some_and(|made| made > at));
    if !changed.is_empty() && changed.iter().all(had_its_chance) {
        return Verdict::Leave("it names our Secret and was made after the Secret's last change".to_owned());
    }
    Verdict::Delete(Act {
        why: format!("container {} is on {}; pods.heal is all", waiting.container, waiting.reason),
        secrets: around.secrets.keys().cloned().collect(),
        service_account: None,
    })
}

fn judge_container(
    pod: &Pod,
    waiting: &Waiting,
    around: &Surroundings,
    settings: &Pods,
    now: Timestamp,
) -> Verdict {
    let report = |what: &str| {
        Verdict::Report(format!("container {} waits for {}: {what}", waiting.container, waiting.image))
    };
    let Ok(image) = Image::parse(&waiting.image) else {
        return report("this is no image name; correct it in the pod's template");
    };
    if let Some(other) = other_image(waiting) {
        return report(&format!(
            "the kubelet speaks of another image, {other}: an image volume? It is not healed"
        ));
    }
    let matching = |host: &&Host| host.keys().iter().any(|key| key_matches(key, &image));
    if !around.wanted.iter().any(|host| matching(&host)) {
        return Verdict::Leave(format!("registry {} is not ours", image.host));
    }
    let cause = cause(waiting);
    let remedy = match cause {
        Cause::Access | Cause::Expired | Cause::RateLimit => None,
        Cause::Denied => Some("check that the image exists and that our account may pull it"),
        Cause::NotFound | Cause::InvalidName => Some("correct the image in the pod's template"),
        Cause::Malformed => {
            Some("find the pull secret of the pod that is no good docker config, and repair or remove it")
        }
        Cause::Network => Some("check the registry, and the node's way to it"),
        Cause::Local | Cause::Signature | Cause::Unknown => Some("see kubectl describe pod"),
    };
    if let Some(remedy) = remedy {
        return report(&format!("{}; {remedy}", cause.words()));
    }
    let serving: BTreeSet<_> = around
        .secrets
        .iter()
        .filter(|(_, secret)| secret.serves.iter().any(|host| matching(&host)))
        .map(|(name, _)| name.clone())
        .collect();
    if serving.is_empty() {
        return report(&format!(
            "{}, and there is no good credential for {}; another line says what is wrong with its Secret",
            cause.words(),
            image.host
        ));
    }
    if let Some(name) = pod.pull_secrets.iter().find(|name| serving.contains(*name)) {
        return judge_named(name, around, cause, now, report);
    }
    judge_recreation(pod, waiting, around, settings, serving, cause, report)
}

/// The pod names our Secret: the kubelet reads it again at its next try.
fn judge_named(
    name: &str,
    around: &Surroundings,
    cause: Cause,
    now: Timestamp,
    report: impl Fn(&str) -> Verdict,
) -> Verdict {
    let changed = around.secrets.get(name).and_then(|secret| secret.changed);
    match changed {
        Some(changed) if now.duration_since(changed) < BACK_OFF => {
            Verdict::Leave(format!("Secret {name} is fresh; the kubelet tries again within five minutes"))
        }
        _ => report(&format!(
            "{} though the pod names our Secret {name}; check that its account may pull this image",
            cause.words()
        )),
    }
}

/// The pod doesn't name our Secret, and never will: its list is fixed. Would a new one, and would
/// anything be lost?
fn judge_recreation(
    pod: &Pod,
    waiting: &Waiting,
    around: &Surroundings,
    settings: &Pods,
    serving: BTreeSet<String>,
    cause: Cause,
    report: impl Fn(&str) -> Verdict,
) -> Verdict {
    let name = serving.iter().next().map_or("", String::as_str);
    let kind = pod.controller.as_ref().map(|controller| controller.kind.as_str());
    let account = around.service_accounts.get(&pod.service_account);
    let names_ours = account.filter(|account| account.pull_secrets.iter().any(|s| serving.contains(s)));
    let own_list =
        pod.pull_secrets.iter().any(|s| account.is_none_or(|account| !account.pull_secrets.contains(s)));
    let changed = names_ours.and_then(|account| account.changed);
    let made_before = changed.is_some_and(|changed| pod.created.is_some_and(|created| created <= changed));
    let table = [
        (
            waiting.ephemeral,
            format!(
                "ephemeral containers use the pod's pull secrets, and {name} is not among them; debug a new pod"
            ),
        ),
        (own_list, format!("the pod lists its own pull secrets; add {name} to them in its template")),
        (
            names_ours.is_none(),
            format!(
                "its ServiceAccount {} doesn't name Secret {name}; choose it in serviceAccounts, or name the Secret in the pod's template",
                pod.service_account
            ),
        ),
        (
            kind.is_none(),
            format!("nothing would recreate it; delete and create it again, and it gets Secret {name}"),
        ),
        (
            kind == Some("Job"),
            format!(
                "a Job counts a recreated pod as a failure, so it is left alone; delete it by hand, and the next one gets Secret {name}"
            ),
        ),
        (
            !kind.is_some_and(is_recreated),
            format!(
                "its controller is a {}, which may not recreate it; delete it by hand, and the next one gets Secret {name}",
                kind.unwrap_or_default()
            ),
        ),
        (
            pod.running && !settings.evict_running,
            "another of its containers runs; delete it by hand, or set pods.evictRunning: true".to_owned(),
        ),
        (
            changed.is_none(),
            format!(
                "its ServiceAccount names Secret {name}, but not by us, so it can't be told whether a new pod would get it; delete it by hand to see"
            ),
        ),
        (
            !made_before,
            format!(
                "it was made when its ServiceAccount named Secret {name} already, but doesn't name it; does a webhook strip pull secrets?"
            ),
        ),
    ];
    match table.into_iter().find(|(applies, _)| *applies) {
        Some((_, what)) => report(&format!("{}; {what}", cause.words())),
        None => Verdict::Evict(Act {
            why: format!(
                "{}; a new pod gets Secret {name} from ServiceAccount {}",
                cause.words(),
                pod.service_account
            ),
            service_account: Some(pod.service_account.clone()),
            secrets: serving,
        }),
    }
}

fn is_recreated(kind: &str) -> bool {
    matches!(kind, "ReplicaSet" | "StatefulSet" | "DaemonSet" | "ReplicationController")
}
