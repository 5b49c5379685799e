//! The oldest tool's way: `heal: all`.

use super::{Act, Surroundings, Verdict};
use crate::plan::snapshot::{Pod, Waiting};

/// Every pod on ErrImagePull or ImagePullBackOff, but none that has had its chance: one that names our
/// Secret and was made after the Secret's last change. And none at all while a Secret of ours isn't in
/// place: a new pod would be no better off, and would be deleted again.
pub(super) fn judge(pod: &Pod, around: &Surroundings<'_>) -> Verdict {
    let stuck = |w: &&Waiting| matches!(w.reason.as_str(), "ErrImagePull" | "ImagePullBackOff");
    let Some(waiting) = pod.waiting.iter().find(stuck) else {
        return Verdict::Leave("it is not on ErrImagePull or ImagePullBackOff".to_owned());
    };
    if around.incomplete {
        return Verdict::Leave("a Secret of ours isn't in place here".to_owned());
    }
    let mut ours = pod.pull_secrets.iter().filter_map(|name| around.secrets.get(name)).peekable();
    let names_ours = ours.peek().is_some();
    let had_its_chance =
        ours.all(|secret| secret.changed.is_none_or(|at| pod.created.is_some_and(|made| made > at)));
    if names_ours && had_its_chance {
        return Verdict::Leave("it names our Secret and was made after the Secret's last change".to_owned());
    }
    Verdict::Delete(Act {
        why: format!("container {} is on {}; pods.heal is all", waiting.container, waiting.reason),
        secrets: around.secrets.keys().cloned().collect(),
        ..Act::default()
    })
}
