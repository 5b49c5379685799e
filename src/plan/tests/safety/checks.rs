//! What a plan must never hold, told once more in other words than those of the verdicts.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::deeds::workload_of;
use super::life::refusal;
use super::world::OURS;
use crate::config::{Heal, Pods};
use crate::plan::{Namespace, Plan, Pod, PodAction, Probed, Waiting};
use crate::registry::Image;

/// What a plan was made of, beside the snapshot.
pub(super) struct Known {
    pub(super) settings: Pods,
    /// By image.
    pub(super) probed: BTreeMap<String, Probed>,
    pub(super) now: Timestamp,
}

/// What a pass found, and what it does there.
struct Case<'a> {
    known: &'a Known,
    seen: &'a Namespace,
    plan: &'a Plan,
}

pub(super) fn check(known: &Known, seen: &Namespace, plan: &Plan) {
    let case = Case { known, seen, plan };
    case.limits();
    assert!(!seen.paused || plan.is_empty(), "it is paused");
    for change in plan.namespaces.iter().flat_map(|own| &own.pods) {
        let pod = &change.pod;
        assert!(!pod.terminating && !pod.mirror, "{pod:?}");
        match &change.action {
            PodAction::Delete => {
                assert_eq!(known.settings.heal, Heal::All);
                assert!(!case.had_its_chance(pod), "{pod:?}");
            }
            PodAction::Rewrite { .. } => panic!("there is no rule: {pod:?}"),
            PodAction::Evict => case.eviction(pod),
            PodAction::Nudge(spellings) => {
                assert!(known.settings.nudge && !spellings.is_empty());
                for spelling in spellings {
                    let waits = |w: &&Waiting| w.container == spelling.container && w.image == spelling.from;
                    case.nudge(pod, pod.waiting.iter().find(waits).expect("it waits"));
                }
            }
        }
    }
}

impl Case<'_> {
    /// So many recreated in all, half of that of one controller.
    fn limits(&self) {
        let Pods { max_evictions, .. } = self.known.settings;
        let mut of_owner = BTreeMap::<_, usize>::new();
        for change in self.plan.namespaces.iter().flat_map(|own| &own.pods) {
            if !matches!(change.action, PodAction::Nudge(_)) {
                let owner =
                    change.pod.controller.as_ref().map_or(change.pod.name.clone(), |own| own.name.clone());
                *of_owner.entry(owner).or_default() += 1;
            }
        }
        assert!(of_owner.values().sum::<usize>() <= max_evictions, "{of_owner:?}");
        assert!(of_owner.values().all(|own| *own <= max_evictions.div_ceil(2)), "{of_owner:?}");
    }

    /// When our Secret changed last, as far as is known; what this pass changes will have changed.
    fn secret_changed(&self) -> Option<Timestamp> {
        let written = self.plan.namespaces.iter().any(|own| !own.secrets.is_empty());
        if written { Some(Timestamp::MAX) } else { self.seen.secrets.get(OURS)?.changed }
    }

    /// The same of the `ServiceAccount`.
    fn account_changed(&self) -> Option<Timestamp> {
        let patched = self.plan.namespaces.iter().any(|own| !own.service_accounts.is_empty());
        let noted = self.seen.secrets.get(OURS).and_then(|secret| secret.added.of("default"));
        let own = self.seen.service_accounts["default"].added.of(OURS);
        if patched { Some(Timestamp::MAX) } else { own.max(noted) }
    }

    fn eviction(&self, pod: &Pod) {
        assert_eq!(self.known.settings.heal, Heal::Auto);
        let kind = pod.controller.as_ref().map_or("", |own| &own.kind);
        let kinds = ["ReplicaSet", "StatefulSet", "DaemonSet", "ReplicationController", "Job"];
        assert!(kinds.contains(&kind), "nobody recreates {pod:?}");
        assert!(!names_ours(pod), "it names our Secret: {pod:?}");
        assert_ne!(pod.lists_own, Some(true), "it lists its own: {pod:?}");
        assert_eq!(pod.service_account, "default", "a new one wouldn't name our Secret: {pod:?}");
        assert!(!pod.running || self.known.settings.evict_running, "it runs: {pod:?}");
        assert!(pod.created <= self.account_changed(), "it had its chance: {pod:?}");
        self.is_no_longer_young(pod);
        for waiting in &pod.waiting {
            let ambiguous = self.access(waiting);
            let probed = self.known.probed.get(&Image::parse(&waiting.image).unwrap().to_string());
            match probed {
                Some(Probed::Readable { anonymously: true, .. }) | None => {
                    assert!(!ambiguous, "{waiting:?} {probed:?}");
                }
                Some(Probed::Readable { .. }) => {}
                Some(Probed::Untold(_)) => assert!(!ambiguous, "{waiting:?} {probed:?}"),
                Some(Probed::Missing(_) | Probed::Refused(_)) => panic!("{waiting:?} {probed:?}"),
            }
        }
    }

    fn nudge(&self, pod: &Pod, waiting: &Waiting) {
        assert!(names_ours(pod), "its node would be refused again: {pod:?}");
        self.is_no_longer_young(pod);
        let ambiguous = self.access(waiting);
        let lately = |at: Timestamp| self.known.now.duration_since(at) < SignedDuration::from_secs(330);
        let fresh = self.secret_changed().is_some_and(lately);
        let probed = self.known.probed.get(&Image::parse(&waiting.image).unwrap().to_string());
        match probed {
            Some(Probed::Readable { anonymously, .. }) => {
                assert!(!(ambiguous && *anonymously), "{waiting:?}");
            }
            Some(Probed::Untold(_)) | None => assert!(fresh, "{waiting:?} {probed:?}"),
            Some(Probed::Missing(_) | Probed::Refused(_)) => panic!("{waiting:?} {probed:?}"),
        }
    }

    /// It waits for access to a registry of ours; does it leave open whether that is so?
    fn access(&self, waiting: &Waiting) -> bool {
        assert!(!waiting.ephemeral() && !waiting.image.starts_with("ghcr.io"), "{waiting:?}");
        let secret = self.seen.secrets.get(OURS);
        let written = self.plan.namespaces.iter().any(|own| !own.secrets.is_empty());
        assert!(secret.is_some() || written, "there is no Secret: {waiting:?}");
        refusal(waiting).unwrap_or_else(|| panic!("no credential helps: {waiting:?}"))
    }

    /// Its node has tried, or something that it uses changed since.
    fn is_no_longer_young(&self, pod: &Pod) {
        let made = pod.created.unwrap();
        let secret = self.secret_changed().filter(|_| names_ours(pod));
        let changed = secret.into_iter().chain(self.account_changed()).any(|at| at >= made);
        let tried = self.known.now.duration_since(made) >= SignedDuration::from_secs(10);
        assert!(tried || changed, "its node has hardly tried: {pod:?}");
    }

    /// `heal: all`: it names our Secret, and was made after that changed.
    fn had_its_chance(&self, pod: &Pod) -> bool {
        names_ours(pod) && self.secret_changed().is_none_or(|at| pod.created > Some(at))
    }
}

fn names_ours(pod: &Pod) -> bool {
    pod.pull_secrets.iter().any(|name| name == OURS)
}

/// No Job is asked for more than it can lose; asked of the whole plan, before anything is done.
pub(super) fn jobs(plan: &Plan, jobs: &BTreeMap<usize, crate::plan::Job>) {
    let mut lost = BTreeMap::<usize, usize>::new();
    for change in plan.namespaces.iter().flat_map(|own| &own.pods) {
        let owner = change.pod.controller.as_ref().filter(|own| own.kind == "Job");
        if let (Some(owner), PodAction::Evict) = (owner, &change.action) {
            *lost.entry(workload_of(&owner.name)).or_default() += 1;
        }
    }
    for (job, lost) in lost {
        let job = &jobs[&job];
        let ignored = !job.rules.is_empty();
        assert!(ignored || job.failed + job.ending + lost <= job.backoff_limit, "{job:?} loses {lost}");
    }
}
