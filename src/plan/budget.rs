//! How many pods one pass may act on: so many in all, and of one controller no more than half of them.
//!
//! A pass that is wrong must not be wrong about everything at once; and one workload that can't be helped
//! must not stand in the way of all others.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::turn::take_turns;
use super::{Finding, NamespacePlan, PodAction, PodChange, Subject};

/// The most nudges of a pass, and the most rewrites: each is a pull, and the registry has others to serve.
const MAX_NUDGES: usize = 500;

/// Takes out what is beyond the limits of one pass, and says so. Who has a turn differs from one pass to the next.
/// What is taken out is named in `left`.
pub(super) fn limit(
    namespaces: &mut [NamespacePlan],
    max_evictions: usize,
    now: Timestamp,
    left: &mut Vec<String>,
) -> Vec<Finding> {
    let in_place = |change: &PodChange| change.action.is_in_place();
    let rewrite = |change: &PodChange| matches!(change.action, PodAction::Rewrite { .. });
    let nudge = |change: &PodChange| matches!(change.action, PodAction::Nudge(_));
    let evictions = take(namespaces, |change| !in_place(change), max_evictions, now, left);
    let nudges = take(namespaces, nudge, MAX_NUDGES, now, left);
    let rewrites = take(namespaces, rewrite, MAX_NUDGES, now, left);
    let told = |left: usize, subject, reason, message| {
        (left > 0).then(|| Subject::global("Setting", subject).finding(reason, message))
    };
    let limits_of =
        |limit| format!("a pass does so to {limit} at most, and to {} of one controller", half(limit));
    let turn = "the others have their turn in a later pass";
    let too_many_evictions =
        format!("{} more pods would be recreated; {}", evictions.others, limits_of(max_evictions));
    let too_many_nudges =
        format!("{} more pods would be nudged; {}; {turn}", nudges.others, limits_of(MAX_NUDGES));
    let too_many_rewrites =
        format!("{} more pods would be rewritten; {}; {turn}", rewrites.others, limits_of(MAX_NUDGES));
    let of_jobs = evictions.of_jobs.into_iter().map(|((namespace, job), left)| {
        let message = format!(
            "{left} more of its pods would be recreated, but it would fail: its backoffLimit leaves no more for this pass; {turn}, or make the Job anew"
        );
        Subject::new("Job", &namespace, &job).finding("EvictionsLimited", message)
    });
    [
        told(evictions.others, "pods.maxEvictions", "EvictionsLimited", too_many_evictions),
        told(nudges.others, "pods.nudge", "NudgesLimited", too_many_nudges),
        told(rewrites.others, "images.rewrite", "RewritesLimited", too_many_rewrites),
    ]
    .into_iter()
    .flatten()
    .chain(of_jobs)
    .collect()
}

/// What had no place.
#[derive(Default)]
struct Beyond {
    /// By namespace and name: what these Jobs would not bear.
    of_jobs: BTreeMap<(String, String), usize>,
    /// What is beyond the limits of the pass.
    others: usize,
}

/// Keeps at most `limit` of the changes that are `counted`; returns how many others there were.
fn take(
    namespaces: &mut [NamespacePlan],
    counted: impl Fn(&PodChange) -> bool,
    limit: usize,
    now: Timestamp,
    named: &mut Vec<String>,
) -> Beyond {
    let places = namespaces.iter().enumerate().flat_map(|(namespace, own)| {
        let own = own.pods.iter().enumerate().filter(|(_, change)| counted(change));
        own.map(move |(pod, _)| (namespace, pod))
    });
    let mut places: Vec<(usize, usize)> = places.collect();
    take_turns(&mut places, now);
    let (mut left, mut of_owner) = (limit, BTreeMap::new());
    let (mut beyond, mut out) = (Beyond::default(), Vec::new());
    for (namespace, pod) in places {
        let Some((own, change)) = namespaces.get(namespace).and_then(|own| Some((own, own.pods.get(pod)?)))
        else {
            continue;
        };
        let room = change.act.room.unwrap_or(usize::MAX);
        let (place, kind, name) = owner(own, change);
        let taken: &mut usize = of_owner.entry((place.clone(), kind, name.clone())).or_default();
        if left > 0 && *taken < room.min(half(limit)) {
            left -= 1;
            *taken += 1;
            continue;
        }
        out.push((namespace, pod));
        if *taken < room {
            beyond.others += 1;
        } else {
            *beyond.of_jobs.entry((place, name)).or_default() += 1;
        }
    }
    out.sort_unstable();
    for (namespace, pod) in out.iter().rev() {
        if let Some(own) = namespaces.get_mut(*namespace) {
            let PodChange { pod, .. } = own.pods.remove(*pod);
            named.push(format!("Pod {}/{} is beyond the limits of one pass", own.name, pod.name));
        }
    }
    beyond
}

fn half(limit: usize) -> usize {
    limit.div_ceil(2)
}

/// Whose pod it is; one without a controller stands for itself.
fn owner(own: &NamespacePlan, change: &PodChange) -> (String, String, String) {
    let (kind, name) = match &change.pod.controller {
        Some(controller) => (controller.kind.clone(), controller.name.clone()),
        None => ("Pod".to_owned(), change.pod.name.clone()),
    };
    (own.name.clone(), kind, name)
}
