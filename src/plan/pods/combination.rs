//! Of the verdicts on the containers of a pod the one on the pod.

use super::{Act, InPlace, Verdict, Waiting, report};

/// One action for the pod. What is done in place is done for each container by itself; to recreate the pod
/// must help all of them. What is told beats silence.
pub(super) fn combine(verdicts: Vec<(&Waiting, Verdict)>) -> Verdict {
    let (mut reports, mut leaves, mut evictions) = (Vec::new(), Vec::new(), Vec::new());
    let (mut rewrites, mut nudges, mut helped) = (Vec::new(), Vec::new(), None);
    for (waiting, verdict) in verdicts {
        match verdict {
            Verdict::Report(message) => reports.push(message),
            Verdict::Leave(why) => leaves.push((waiting, why)),
            Verdict::Evict(act) | Verdict::Delete(act) => {
                helped = helped.or(Some(waiting));
                evictions.push(act);
            }
            Verdict::Rewrite(own) => rewrites.push(own),
            Verdict::Nudge(own) => nudges.push(own),
        }
    }
    let stuck = !(reports.is_empty() && leaves.is_empty());
    let report = reports.into_iter().next();
    // A pass has one patch for a pod: what else there is to do is done by the next.
    if let Some(own) = rewrites.into_iter().reduce(InPlace::and) {
        return Verdict::Rewrite(InPlace { besides: report, ..own });
    }
    let in_place = nudges.into_iter().reduce(InPlace::and).filter(|_| stuck || evictions.is_empty());
    if let Some(own) = in_place {
        return Verdict::Nudge(InPlace { besides: report, ..own });
    }
    match (report, leaves.into_iter().next(), evictions.into_iter().reduce(Act::and)) {
        (Some(message), ..) => Verdict::Report(message),
        (None, None, Some(act)) => Verdict::Evict(act),
        (None, Some((other, why)), Some(act)) => blocked(helped.unwrap_or(other), &act, other, &why),
        (None, Some((_, why)), None) => Verdict::Leave(why),
        (None, None, None) => Verdict::Leave("no container waits for an image".to_owned()),
    }
}

/// A new pod would help one container, and the other would wait all the same.
fn blocked(helped: &Waiting, act: &Act, other: &Waiting, why: &str) -> Verdict {
    report(
        helped,
        &format!(
            "{}, but it isn't recreated while container {} waits for {} ({why}); see to that first, or delete the pod by hand",
            act.why, other.container, other.image
        ),
    )
}
