//! A pod that names our Secret: the kubelet reads that again at each try, so nothing need be recreated. What
//! is left to do is to have it try now.

use jiff::Timestamp;

use super::{Act, BACK_OFF, Case, Serving, Verdict};
use crate::plan::Cause;
use crate::plan::nudge::{self, Spelling};
use crate::plan::probe::Probed;

pub(super) fn judge(case: &Case<'_>, serving: &Serving<'_>) -> Verdict {
    let name = serving.name;
    let lately = |at: Timestamp| case.now.duration_since(at) < BACK_OFF;
    let tries_again =
        |what: &str| Verdict::Leave(format!("{what}; its node tries again within five minutes"));
    let fresh = serving.changed.is_some_and(lately);
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
    let digest = match &answer {
        Probed::Readable { digest, .. } => digest.as_deref(),
        // Nothing speaks for it but that the Secret changed.
        _ if !fresh => return case.report(&unsettled(name, &answer)),
        _ => None,
    };
    let spelled = nudge::spelling(&case.waiting.image, case.image, digest);
    match spelled {
        _ if nudged.is_some() => case.report(&format!(
            "its pull was begun anew since Secret {name} changed, and that Secret's credential reads the image from here; look at its other pull secrets, and at its node's way to the registry"
        )),
        _ if case.cause == Cause::RateLimit && !fresh => case.report(&format!(
            "it is limited as the account in Secret {name}; wait, or ask the registry for more"
        )),
        Some(to) if nudgeable => Verdict::Nudge {
            act: Act {
                why: format!("{}; Secret {name} has a good credential for it", case.cause.words()),
                secrets: [name.clone()].into(),
                ..Act::default()
            },
            spellings: vec![Spelling {
                container: case.waiting.container.clone(),
                from: case.waiting.image.clone(),
                to,
            }],
            besides: None,
        },
        _ if fresh => tries_again(&format!("Secret {name} is fresh")),
        _ => case.report(&format!(
            "the credential in Secret {name} reads it from here, so its node may when it tries again, within five minutes; if it doesn't, delete the pod by hand"
        )),
    }
}

/// What is said where neither the kubelet's message nor the registry tells what is wrong.
fn unsettled(name: &str, answer: &Probed) -> String {
    let why = match answer {
        Probed::Untold(why) => format!(" (the registry can't tell from here: {why})"),
        _ => String::new(),
    };
    format!("though the pod names our Secret {name}; check that its account may pull this image{why}")
}

impl Case<'_> {
    /// When the container was nudged last.
    fn nudged(&self) -> Option<Timestamp> {
        nudge::notes(self.pod).get(&self.waiting.container).map(|nudged| nudged.at)
    }
}
