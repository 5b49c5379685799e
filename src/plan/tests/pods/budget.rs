//! How many pods a pass acts on.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::super::builders::controller;
use super::{Config, Pod, Pods, config, evidence, namespace, now, owner, plan, pod};
use crate::plan::{Plan, Snapshot};

/// So many pods of each of the owners.
fn pods_of(owners: &[(&str, usize)]) -> Snapshot {
    let mut seen = namespace().service_account("default", &[]);
    for (owner, count) in owners {
        for index in 0..*count {
            let controller = Some(controller("ReplicaSet", owner));
            seen = seen.pod(Pod { name: format!("{owner}-{index}"), controller, ..pod() });
        }
    }
    seen.in_("team-a")
}

fn planned(snapshot: &Snapshot, limit: usize, seconds: i64) -> Plan {
    let config = Config { pods: Pods { max_evictions: limit, ..config().pods }, ..config() };
    plan(&config, snapshot, &evidence("pass"), now() + SignedDuration::from_secs(seconds))
}

fn evicted(plan: &Plan) -> Vec<String> {
    plan.namespaces.iter().flat_map(|own| &own.pods).map(|change| change.pod.name.clone()).collect()
}

#[test]
fn evictions_are_limited_in_all_and_by_owner_and_the_rest_is_told() {
    let table = [
        (
            0,
            0,
            Some("6 more pods would be recreated; a pass does so to 0 at most, and to 0 of one controller"),
        ),
        (
            1,
            1,
            Some("5 more pods would be recreated; a pass does so to 1 at most, and to 1 of one controller"),
        ),
        (
            3,
            3,
            Some("3 more pods would be recreated; a pass does so to 3 at most, and to 2 of one controller"),
        ),
        (
            6,
            5,
            Some("1 more pods would be recreated; a pass does so to 6 at most, and to 3 of one controller"),
        ),
        (8, 6, None),
    ];
    for (limit, count, told) in table {
        let plan = planned(&pods_of(&[("one", 4), ("two", 1), ("three", 1)]), limit, 0);
        assert_eq!(evicted(&plan).len(), count, "{limit}");
        let finding = plan.findings.iter().find(|finding| finding.reason == "EvictionsLimited");
        assert_eq!(finding.map(|finding| &*finding.message), told, "{limit}");
        let beyond: Vec<_> =
            plan.left.iter().filter(|line| line.ends_with(" is beyond the limits of one pass")).collect();
        assert_eq!(beyond.len(), 6 - count, "{limit}: {beyond:?}");
        let of_one = evicted(&plan).iter().filter(|name| name.starts_with("one")).count();
        assert!(of_one <= limit.div_ceil(2), "{limit}");
    }
}

#[test]
fn none_stands_in_the_way_of_the_others_for_ever() {
    let snapshot = pods_of(&[("a", 1), ("b", 1), ("c", 1), ("d", 1), ("e", 1)]);
    let all: BTreeSet<_> = (0..20).flat_map(|second| evicted(&planned(&snapshot, 2, second))).collect();
    assert_eq!(all.len(), 5);
}

#[test]
fn a_pod_without_a_place_in_the_budget_leaves_an_empty_plan() {
    let mut snapshot = pods_of(&[("a", 1)]);
    let first = planned(&snapshot, 0, 0);
    let own = snapshot.namespaces.get_mut("team-a").unwrap();
    let secret = super::super::builders::written(&first.namespaces[0].secrets[0].action, None, now());
    own.secrets.insert("pullkeeper".into(), secret);
    own.service_accounts.get_mut("default").unwrap().pull_secrets = vec!["pullkeeper".into()];
    assert!(planned(&snapshot, 0, 0).is_empty());
    assert_eq!(owner("ReplicaSet").unwrap().kind, "ReplicaSet");
}
