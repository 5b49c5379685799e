//! A pod that names our Secret: the kubelet reads that again at each try, so nothing need be recreated. What
//! is left to do is to have it try now.

use jiff::Timestamp;

use super::{Act, BACK_OFF, Case, InPlace, Serving, Verdict, is_untried};
use crate::plan::nudge::{self, Spelling};
use crate::plan::probe::Probed;
use crate::plan::{Cause, Waiting};

pub(super) fn judge(case: &Case<'_>, serving: &Serving<'_>) -> Verdict {
    let name = serving.name;
    let lately = |at: Timestamp| case.now.duration_since(at) < BACK_OFF;
    let tries_again =
        |what: &str| Verdict::Leave(format!("{what}; its node tries again within five minutes"));
    let fresh = serving.changed.is_some_and(|changed| is_untried(case.pod, changed, case.now));
    let nudged = case.nudged().filter(|at| serving.changed.is_none_or(|changed| *at >= changed));
    let nudgeable = case.settings.nudge && !case.waiting.ephemeral();

    if nudged.is_some_and(lately) {
        return tries_again("its pull was begun anew a moment ago");
    }
    if fresh && !nudgeable {
        return tries_again(&format!("Secret {name} is fresh"));
    }
    let answer = case.ask(serving);
    if let Some(report) = case.is_no_help(&answer) {
        return report;
    }
    // That the Secret has just changed is reason enough to try; else there must be another.
    if !fresh && let Some(why) = no_reason_to_try(case, name, nudged.is_some(), &answer) {
        return case.report(&why);
    }
    let digest = match &answer {
        Probed::Readable { digest, .. } => digest.as_deref(),
        _ => None,
    };
    match nudge::spelling(&case.waiting.image, case.image, digest) {
        Some(to) if nudgeable => case.nudge(name, to),
        _ if fresh => tries_again(&format!("Secret {name} is fresh")),
        _ => case.report(&format!(
            "the credential in Secret {name} reads it from here, so its node may when it tries again, within five minutes; if it doesn't, {}",
            case.last_resort()
        )),
    }
}

/// Why the node would fare no better, and what to do; the first row that applies.
fn no_reason_to_try(case: &Case<'_>, name: &str, nudged: bool, answer: &Probed) -> Option<String> {
    match answer {
        _ if case.cause == Cause::RateLimit => {
            Some(format!("it is limited as the account in Secret {name}; wait, or ask the registry for more"))
        }
        Probed::Untold(why) => Some(format!(
            "though the pod names our Secret {name}; check that its account may pull this image (the registry can't tell from here: {why})"
        )),
        _ if nudged => Some(format!(
            "its pull was begun anew since Secret {name} changed, and that Secret's credential reads the image from here; look at its other pull secrets, and at its node's way to the registry"
        )),
        _ => None,
    }
}

impl Case<'_> {
    fn nudge(&self, secret: &str, to: String) -> Verdict {
        let Waiting { container, image, .. } = self.waiting;
        Verdict::Nudge(InPlace {
            act: Act {
                why: format!("{}; Secret {secret} has a good credential for it", self.cause.words()),
                secrets: [secret.to_owned()].into(),
                ..Act::default()
            },
            spellings: vec![Spelling { container: container.clone(), from: image.clone(), to }],
            besides: None,
        })
    }

    /// What a person may do where nothing else helps.
    fn last_resort(&self) -> &'static str {
        if self.waiting.ephemeral() {
            "start another debug container"
        } else if self.pod.running {
            "delete the pod by hand, though another of its containers runs"
        } else {
            "delete the pod by hand"
        }
    }

    /// When the container was nudged last.
    fn nudged(&self) -> Option<Timestamp> {
        nudge::notes(self.pod).get(&self.waiting.container).map(|nudged| nudged.at)
    }
}
