//! Which cluster it is: its workloads, who else writes to it, and our settings.

use proptest::prelude::*;

use super::super::builders::{ECR, config, ecr, registry};
use crate::config::{Config, Heal, Pods};

/// What is wrong with an image, in truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nature {
    /// It can be pulled with the right password.
    Private,
    /// The same, of Docker Hub, whose short names have one more spelling.
    Hub,
    /// It can be pulled so, but this node never will.
    Never,
    Missing,
    Foreign,
    InvalidName,
    /// The registry is down for the node.
    Unreachable,
    /// The messages speak of an image volume.
    Volume,
}

impl Nature {
    /// Is it the password that matters?
    pub(super) fn is_of_access(self) -> bool {
        matches!(self, Self::Private | Self::Hub | Self::Never)
    }
}

/// What a webhook makes of the pull secrets of new pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Webhook {
    Absent,
    Strips,
    Replaces,
}

/// When somebody else's tool takes our name out of the `ServiceAccount`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resets {
    Never,
    NowAndThen,
    /// Within the second, before a pod is recreated.
    AtOnce,
    AfterEachPass,
}

/// What the API server refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refuses {
    Nothing,
    Nudges,
    Evictions,
    Some,
}

/// What the podFailurePolicy of a Job says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Policy {
    Absent,
    IgnoresDisruption,
    /// Before it ignores that, it fails the Job for any code but 42.
    Fails,
    /// It ignores code 42.
    Ignores,
}

/// A workload, and what its pods are like.
#[derive(Debug, Clone)]
pub(super) struct Workload {
    pub(super) kind: &'static str,
    pub(super) replicas: usize,
    pub(super) images: Vec<(Nature, bool)>,
    /// What its author lists.
    pub(super) lists: Option<&'static str>,
    /// It has a container that runs.
    pub(super) sibling: bool,
    pub(super) mirror: bool,
    pub(super) account: &'static str,
    pub(super) backoff_limit: usize,
    pub(super) policy: Policy,
}

#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools)] // each is a habit of its own
pub(super) struct Case {
    pub(super) seed: u64,
    pub(super) workloads: Vec<Workload>,
    pub(super) webhook: Webhook,
    pub(super) resets: Resets,
    /// Whoever resets the `ServiceAccount` removes our annotation, too.
    pub(super) forgets: bool,
    pub(super) refuses: Refuses,
    pub(super) pods: Pods,
    pub(super) verify: bool,
    pub(super) minted: bool,
    /// Managed fields tell when a Secret changed, and who lists pull secrets.
    pub(super) managed_fields: bool,
    /// Somebody edits our note on a pod.
    pub(super) tampers: bool,
    /// Registries answer anything.
    pub(super) lies: bool,
}

impl Case {
    /// Docker Hub, and a registry of which nothing is known but its password, or which hands out tokens.
    pub(super) fn config(&self) -> Config {
        let first = if self.minted { ecr() } else { registry("harbor.example.com") };
        let registries = vec![first, registry("docker.io")];
        Config { registries, pods: self.pods.clone(), verify: self.verify, ..config() }
    }

    pub(super) fn host(&self) -> &'static str {
        if self.minted { ECR } else { "harbor.example.com" }
    }
}

fn any_workload() -> impl Strategy<Value = Workload> {
    use Nature::{Foreign, Hub, InvalidName, Missing, Never, Private, Unreachable, Volume};
    let kinds = vec!["StatefulSet", "DaemonSet", "ReplicationController", "Workflow", ""];
    let kind = prop_oneof![4 => Just("ReplicaSet"), 2 => Just("Job"), 3 => prop::sample::select(kinds)];
    // What is acted on comes often, or the properties would hold for want of cases.
    let hopeless = vec![Missing, Foreign, InvalidName, Unreachable, Volume];
    let nature = prop_oneof![
        6 => Just(Private), 2 => Just(Hub), 2 => Just(Never), 3 => prop::sample::select(hopeless)
    ];
    let images = prop::collection::vec((nature, prop::bool::weighted(0.1)), 1..3);
    let lists = prop_oneof![3 => Just(None), 2 => Just(Some("pullkeeper")), 1 => Just(Some("theirs"))];
    let account = prop_oneof![6 => Just("default"), 1 => Just("gone")];
    let policies = vec![Policy::Absent, Policy::IgnoresDisruption, Policy::Fails, Policy::Ignores];
    let flags = (prop::bool::weighted(0.2), prop::bool::weighted(0.05), prop::sample::select(policies));
    (kind, 1..5usize, images, lists, account, 0..4usize, flags).prop_map(
        |(kind, replicas, images, lists, account, backoff_limit, (sibling, mirror, policy))| Workload {
            kind,
            replicas,
            images,
            lists,
            sibling,
            mirror,
            account,
            backoff_limit,
            policy,
        },
    )
}

pub(super) fn any_case() -> impl Strategy<Value = Case> {
    let webhook =
        prop_oneof![3 => Just(Webhook::Absent), 2 => Just(Webhook::Strips), 1 => Just(Webhook::Replaces)];
    let resets =
        vec![Resets::Never, Resets::Never, Resets::NowAndThen, Resets::AtOnce, Resets::AfterEachPass];
    let resets = prop::sample::select(resets);
    let refuses = prop::sample::select(vec![
        Refuses::Nothing,
        Refuses::Nothing,
        Refuses::Nudges,
        Refuses::Evictions,
        Refuses::Some,
    ]);
    let heal = prop_oneof![7 => Just(Heal::Auto), 1 => Just(Heal::All)];
    let pods = (heal, any::<bool>(), 0..6usize, prop::bool::weighted(0.3)).prop_map(
        |(heal, off, max_evictions, evict_running)| Pods { heal, nudge: !off, max_evictions, evict_running },
    );
    let workloads = prop::collection::vec(any_workload(), 1..5);
    let others = (webhook, resets, refuses, prop::bool::weighted(0.2));
    let flags = (prop::bool::weighted(0.8), any::<[bool; 4]>());
    (any::<u64>(), workloads, others, pods, flags).prop_map(
        |(
            seed,
            workloads,
            (webhook, resets, refuses, forgets),
            pods,
            (verify, [minted, managed_fields, tampers, lies]),
        )| {
            Case {
                seed,
                workloads,
                webhook,
                resets,
                forgets,
                refuses,
                pods,
                verify,
                minted,
                managed_fields,
                tampers,
                lies,
            }
        },
    )
}
