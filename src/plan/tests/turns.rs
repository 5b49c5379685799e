//! Where a pass can't look at all, or act on all, those that can't be helped don't stand in the way of the others
//! for ever: not even where passes are made at such times that the same are always first.

use jiff::{SignedDuration, Timestamp};

use super::builders::{Seen, config, controller, evidence, namespace, now, pod, readable, waiting};
use crate::config::{Config, Pods};
use crate::plan::{Pod, PodAction, Probed, Waiting, plan, questions};

/// Seconds between two passes.
const INTERVALS: [i64; 4] = [10, 60, 3600, 24 * 3600];
/// How many others there are: divisors of those among them.
const OTHERS: [usize; 5] = [72, 80, 90, 100, 120];
/// How often each pod of the most is out of luck 40 times: (1 - 64 / 120)^40 is 6e-14.
const PASSES: i64 = 40;

/// So many pods, each of a `ReplicaSet` and an image of its own.
fn pods(count: usize, message: &str) -> Seen {
    (0..count).fold(namespace().service_account("default", &[]), |seen, index| {
        let image = format!("harbor.example.com/team/app-{index}:1");
        let controller = Some(controller("ReplicaSet", &format!("of-{index}")));
        let waiting = vec![Waiting { image, ..waiting(message) }];
        seen.pod(Pod { name: format!("web-{index}"), controller, waiting, ..pod() })
    })
}

/// The pass after which a pod has had its turn, wherever it stands among the others.
fn passes_until(others: usize, mut has_its_turn: impl FnMut(Timestamp, usize) -> bool) {
    for interval in INTERVALS {
        for place in [0, others / 2, others - 1] {
            let at = |pass: i64| now() + SignedDuration::from_secs(pass * interval);
            let turn = (0..PASSES).any(|pass| has_its_turn(at(pass), place));
            assert!(turn, "every {interval} s, place {place} of {others}");
        }
    }
}

#[test]
fn images_that_are_missing_leave_the_others_their_turn() {
    for others in OTHERS {
        let snapshot = pods(others, "pull access denied").in_("team-a");
        passes_until(others, |at, place| {
            let mut evidence = evidence("pass");
            for probe in questions(&config(), &snapshot, &evidence, at).probes {
                let own = probe.image.to_string().ends_with(&format!("app-{place}:1"));
                let answer = if own { readable() } else { Probed::Missing("gone".into()) };
                evidence.probed.insert(probe.key(), answer);
            }
            let plan = plan(&config(), &snapshot, &evidence, at);
            plan.namespaces[0].pods.iter().any(|change| change.action == PodAction::Evict)
        });
    }
}

#[test]
fn pods_that_nobody_may_evict_leave_the_others_their_turn() {
    for others in OTHERS {
        let snapshot = pods(others, "401 Unauthorized").in_("team-a");
        let config = Config { pods: Pods { max_evictions: others / 2, ..config().pods }, ..config() };
        passes_until(others, |at, place| {
            let plan = plan(&config, &snapshot, &evidence("pass"), at);
            plan.namespaces[0].pods.iter().any(|change| change.pod.name == format!("web-{place}"))
        });
    }
}
