//! How things are, for the metrics: pods by cause and verdict, and when credentials end.

use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

use super::builders::{
    ECR, REFUSED, ago, config, credential, ecr, evidence, failed, given, namespace, now, pod, waiting,
    written,
};
use crate::config::{Adopt, Config};
use crate::plan::{Applied, Cause, Credential, Evidence, Life, Plan, Pod, Secret, Snapshot, Waiting, plan};
use crate::report::Report;

fn stuck(pods: impl IntoIterator<Item = Pod>) -> Vec<(Cause, &'static str, usize)> {
    let mut seen = namespace().service_account("default", &[]);
    for pod in pods {
        seen = seen.pod(pod);
    }
    plan(&config(), &seen.in_("team-a"), &evidence("pass"), now()).stuck.iter().collect()
}

fn of_nobody(message: &str) -> Waiting {
    Waiting { image: "other.example.com/sidecar:1".into(), ..waiting(message) }
}

#[test]
fn pods_are_counted_by_cause_and_verdict() {
    let missing = waiting("rpc error: code = NotFound desc = not found");
    let pods = [
        pod(),
        pod(),
        Pod { waiting: vec![missing], ..pod() },
        Pod { waiting: vec![of_nobody(REFUSED)], ..pod() },
        Pod { terminating: true, ..pod() },
    ];
    let expected = [(Cause::Access, "evict", 2), (Cause::Access, "leave", 2), (Cause::NotFound, "report", 1)];
    assert_eq!(stuck(pods), expected);
}

/// The verdict rests on the container whose registry is ours, whichever comes first.
#[test]
fn a_pod_is_counted_once() {
    let missing = of_nobody("rpc error: code = NotFound desc = not found");
    let one = Pod { waiting: vec![missing, waiting(REFUSED)], ..pod() };
    let counted = stuck([one]);
    assert_eq!(
        counted.iter().map(|(cause, _, count)| (*cause, *count)).collect::<Vec<_>>(),
        [(Cause::Access, 1)]
    );
}

fn only_ecr() -> Config {
    Config { registries: vec![ecr()], ..config() }
}

/// A token that was minted so many hours ago, and is good for twelve.
fn token(hours: i64) -> Evidence {
    let issued = now() - SignedDuration::from_hours(hours);
    let life = Life { issued, expires: Some(issued + SignedDuration::from_hours(12)), until: None };
    Evidence::of(vec![given(vec![Credential { life: Some(life), ..credential(ECR, "token") }])])
}

/// The Secret as a pass made it so many hours ago.
fn made(hours: i64) -> Secret {
    let plan = plan(&only_ecr(), &namespace().in_("a"), &token(hours), now());
    written(&plan.namespaces[0].secrets[0].action, None, ago(60))
}

fn with(secrets: &[(&str, i64)]) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for (name, hours) in secrets {
        let seen = namespace().secret("pullkeeper", made(*hours));
        snapshot.namespaces.append(&mut seen.in_(name).namespaces);
    }
    snapshot
}

/// In how many hours the first credential for ECR ends, if the writes of the plan are made or not.
fn ends(plan: Plan, made: bool, dry_run: bool) -> Option<i64> {
    let changes = if made { plan.changes().collect() } else { Vec::new() };
    let applied = Applied { changes, ..Applied::default() };
    let report = Report::new(dry_run, plan, applied, 1, (0, 0), Duration::ZERO);
    let in_hours = |end: Timestamp| now().duration_until(end).as_hours();
    let all: Vec<_> =
        report.seen.unwrap().ends.iter().map(|(host, end)| (host.to_string(), in_hours(end))).collect();
    assert!(all.len() <= 1 && all.iter().all(|(host, _)| host == ECR), "{all:?}");
    all.first().map(|(_, hours)| *hours)
}

#[test]
fn the_first_end_of_all_secrets_is_told() {
    let planned =
        |secrets: &[(&str, i64)], evidence: &Evidence| plan(&only_ecr(), &with(secrets), evidence, now());
    let fresh = [("a", 1), ("b", 3), ("c", 2)];
    assert_eq!(ends(planned(&fresh, &Evidence::default()), true, false), Some(9));
    // One is due: what it will hold counts only if it was written.
    let one_due = [("a", 1), ("due", 7)];
    let renewed = || planned(&one_due, &token(0));
    assert_eq!(ends(renewed(), true, false), Some(11));
    assert_eq!(ends(renewed(), false, false), Some(5));
    assert_eq!(ends(renewed(), true, true), Some(5));
    // The source fails, and what was good goes on ageing.
    assert_eq!(ends(planned(&one_due, &failed()), true, false), Some(5));
}

#[test]
fn what_never_ends_has_no_end() {
    let snapshot = namespace().in_("a");
    let planned = || plan(&config(), &snapshot, &evidence("pass"), now());
    assert_eq!(ends(planned(), true, false), None);
}

/// A token of ours in somebody else's Secret ends like any other.
#[test]
fn an_adopted_secret_counts() {
    let config = Config { adopt: Adopt::Merge, ..only_ecr() };
    let secret = super::builders::secret("other.example.com", "theirs");
    let snapshot = namespace().secret("pullkeeper", secret).in_("a");
    assert_eq!(ends(plan(&config, &snapshot, &token(2), now()), true, false), Some(10));
}
