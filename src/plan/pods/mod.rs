//! What to do with one pod that waits for its image.
//!
//! [`judge`] is the verdict table of README. One action per pod, and only where it helps: an image is led
//! elsewhere once, where a rule is for it; a pull is begun anew in place once for each change of the credential
//! that the pod names; and a pod is recreated when its ServiceAccount gives the new one a credential that the old
//! one lacks, which can be so only once.

mod answers;
mod combination;
mod named;
mod oldest;
mod ours;
mod recreation;
mod rewrite;
mod stuck;
mod surroundings;
mod verdict;

use jiff::{SignedDuration, Timestamp};

use super::cause::{Cause, cause, other_image};
use super::nudge::Spelling;
use super::probe::{Probe, Probed};
use super::rewriting;
use super::snapshot::{Pod, Waiting};
use crate::config::{Heal, Pods};
use crate::registry::Image;
pub use answers::{Answers, Questions, questions};
use combination::combine;
pub(super) use ours::{of_ours, waits};
pub use stuck::Stuck;
pub use surroundings::{OurSecret, OurServiceAccount, Served, Surroundings};
pub use verdict::{Act, InPlace, Verdict};

/// The kubelet's longest back-off is five minutes; a pod that still waits after this long, though its
/// Secret is right, was refused with it.
const BACK_OFF: SignedDuration = SignedDuration::from_secs(330);
/// The kubelet's first back-off: before it is over a pod has hardly been tried.
const FIRST_BACK_OFF: SignedDuration = SignedDuration::from_secs(10);

/// The verdict on one pod.
#[must_use]
pub fn judge(
    pod: &Pod,
    around: &Surroundings<'_>,
    settings: &Pods,
    answers: &dyn Answers,
    now: Timestamp,
) -> Verdict {
    if let Some(why) = nobodys_business(pod, around, settings, now) {
        return Verdict::Leave(why.to_owned());
    }
    let judge = |waiting| (waiting, judge_container(pod, waiting, around, settings, answers, now));
    let mut verdict = combine(pod.waiting.iter().map(judge).collect());
    // A pod that runs in a moment isn't deleted.
    let is_led = || {
        matches!(verdict, Verdict::Rewrite(_))
            || pod.waiting.iter().any(|own| rewriting::is_untried(pod, own))
    };
    if settings.heal == Heal::All && !is_led() {
        return oldest::judge(pod, around);
    }
    if let Verdict::Rewrite(own) | Verdict::Nudge(own) = &mut verdict {
        own.spellings.extend(of_the_same_image(pod, &own.spellings));
    }
    if let Verdict::Rewrite(own) = &mut verdict {
        let after = |waiting| led_after(pod, waiting, own, around, settings, answers, now);
        let after: Vec<_> = pod.initializing.iter().filter_map(after).collect();
        for InPlace { act, spellings, .. } in after {
            own.act.secrets.extend(act.secrets);
            own.spellings.extend(spellings);
        }
    }
    verdict
}

/// A container that comes after, and that a rule is for, too: it would get stuck next, until the next pass.
fn led_after(
    pod: &Pod,
    waiting: &Waiting,
    written: &InPlace,
    around: &Surroundings<'_>,
    settings: &Pods,
    answers: &dyn Answers,
    now: Timestamp,
) -> Option<InPlace> {
    if written.spellings.iter().any(|own| own.container == waiting.container) {
        return None;
    }
    let image = &Image::parse(&waiting.image).ok()?;
    let target = around.rewriting?.target(pod, image)?;
    let case = Case { pod, waiting, image, cause: Cause::Untold, around, settings, answers, now };
    match rewrite::judge(&case, &target) {
        Ok(Verdict::Rewrite(own)) => Some(own),
        _ => None,
    }
}

/// Containers that come after an init container whose image is written, and have its very image: the kubelet's
/// back-off is kept by pod and spelling, so that they would wait for the rest of it.
fn of_the_same_image(pod: &Pod, written: &[Spelling]) -> Vec<Spelling> {
    let alike = |own: &Waiting| {
        let first = written.iter().find(|spelling| spelling.from == own.image)?;
        Some(Spelling { container: own.container.clone(), ..first.clone() })
    };
    pod.initializing.iter().filter_map(alike).collect()
}

fn nobodys_business(
    pod: &Pod,
    around: &Surroundings<'_>,
    settings: &Pods,
    now: Timestamp,
) -> Option<&'static str> {
    let table = [
        (settings.heal == Heal::Off, "healing is off"),
        (pod.terminating, "it is being deleted"),
        (pod.mirror, "it is a static pod's image, which can't use pull secrets"),
        (around.exempt, "kube-system is healed only if named"),
        (settings.heal == Heal::Auto && is_young(pod, around, now), "it was made a moment ago"),
    ];
    table.into_iter().find_map(|(applies, why)| applies.then_some(why))
}

/// Its node has hardly tried, and since it was made neither did a Secret of ours that it names change, nor did its
/// ServiceAccount come to name one that it lacks.
fn is_young(pod: &Pod, around: &Surroundings<'_>, now: Timestamp) -> bool {
    let Some(made) = pod.created.filter(|made| now.duration_since(*made) < FIRST_BACK_OFF) else {
        return false;
    };
    let secrets = pod.pull_secrets.iter().filter_map(|name| around.secrets.get(name)?.changed);
    let account = around.service_accounts.get(&pod.service_account);
    let added = account.into_iter().flat_map(|account| &account.added);
    let added = added.filter(|(name, _)| !pod.pull_secrets.contains(name)).map(|(_, at)| *at);
    secrets.chain(added).all(|changed| changed < made)
}

/// One container that waits, and what its verdict rests on.
struct Case<'a> {
    pod: &'a Pod,
    waiting: &'a Waiting,
    image: &'a Image,
    cause: Cause,
    around: &'a Surroundings<'a>,
    settings: &'a Pods,
    answers: &'a dyn Answers,
    now: Timestamp,
}

fn judge_container(
    pod: &Pod,
    waiting: &Waiting,
    around: &Surroundings<'_>,
    settings: &Pods,
    answers: &dyn Answers,
    now: Timestamp,
) -> Verdict {
    let Ok(image) = &Image::parse(&waiting.image) else {
        return report(waiting, "this is no image name; correct it in the pod's template");
    };
    let other = other_image(waiting).and_then(|text| Some((Image::parse(&text).ok()?, text)));
    let refused = other.as_ref().map_or(image, |(other, _)| other);
    if rewriting::is_untried(pod, waiting) {
        return Verdict::Leave("it was rewritten a moment ago; its node is about to pull".to_owned());
    }
    let is_ours = around.wanted.iter().any(|host| host.serves(refused));
    let target = around.rewriting.filter(|_| other.is_none()).and_then(|rules| rules.target(pod, image));
    if !is_ours && target.is_none() {
        return Verdict::Leave(format!("registry {} is not ours", refused.registry()));
    }
    let cause = cause(waiting);
    // Else it is the container's own image that was refused.
    if let Some((_, other)) = &other {
        return report(waiting, &of_a_volume(other, cause));
    }
    let judged = Case { pod, waiting, image, cause, around, settings, answers, now };
    match target.filter(|_| rewrite::helps(cause)).map(|target| rewrite::judge(&judged, &target)) {
        Some(Ok(verdict)) => return verdict,
        Some(Err(why)) if !is_ours => return judged.report(&why),
        _ => {}
    }
    if settings.heal == Heal::All {
        return Verdict::Leave("no rule helps it".to_owned());
    }
    match remedy(cause, pod, around, now) {
        Some(remedy) => judged.report(&remedy),
        None if is_ours => judged.by_our_secrets(),
        None => Verdict::Leave("a Secret of the pod has just changed; its node tries again".to_owned()),
    }
}

/// A Secret of ours with a good credential for the image.
struct Serving<'a> {
    name: &'a String,
    served: &'a Served,
    /// When it changed last; `None` is not known.
    changed: Option<Timestamp>,
}

/// What the user can do about a cause that no credential mends.
fn remedy(cause: Cause, pod: &Pod, around: &Surroundings<'_>, now: Timestamp) -> Option<String> {
    let remedy = match cause {
        Cause::Access | Cause::Expired | Cause::RateLimit | Cause::Denied | Cause::Untold => return None,
        Cause::Malformed => return malformed(pod, around, now),
        Cause::NotFound | Cause::InvalidName => "correct the image in the pod's template",
        Cause::Platform => "build it for that, or keep the pod from such nodes",
        Cause::Network => "check the registry, and the node's way to it",
        Cause::Local | Cause::Signature | Cause::Unknown => "see kubectl describe pod",
    };
    Some(remedy.to_owned())
}

/// One that the kubelet can't decode fails every pull of the pod. Ours are good by now: it is another's, or the
/// pod names ours alone, and there is none any more. Where ours has just changed, what the kubelet said may be of
/// before.
fn malformed(pod: &Pod, around: &Surroundings<'_>, now: Timestamp) -> Option<String> {
    let mut changes = pod.pull_secrets.iter().filter_map(|name| around.secrets.get(name)?.changed);
    if changes.any(|at| is_untried(pod, at, now)) {
        return None;
    }
    let others: Vec<_> =
        pod.pull_secrets.iter().filter(|name| !around.secrets.contains_key(*name)).cloned().collect();
    match others.as_slice() {
        [] if !pod.pull_secrets.is_empty() => None,
        [] => Some("see kubectl describe pod".to_owned()),
        [one] => Some(format!("Secret {one} is no good docker config; repair it, or take it out of the pod")),
        several => Some(format!(
            "one of the Secrets {} is no good docker config; repair it, or take it out of the pod",
            several.join(", ")
        )),
    }
}

/// May it be that the node of the pod has not tried since a Secret `changed`? It tries again before long, and of a pod
/// that was made since it has tried with what the Secret holds.
fn is_untried(pod: &Pod, changed: Timestamp, now: Timestamp) -> bool {
    pod.created.is_none_or(|made| made <= changed) && now.duration_since(changed) < BACK_OFF
}

/// The kubelet speaks of another image than the container's.
fn of_a_volume(other: &str, cause: Cause) -> String {
    format!(
        "the kubelet speaks of another image, {other}: an image volume? Those are not healed ({}); see that the pod's pull secrets are for it, too, and make the pod anew",
        cause.words()
    )
}

fn report(waiting: &Waiting, what: &str) -> Verdict {
    Verdict::Report(format!("container {} waits for {}: {what}", waiting.container, waiting.image))
}

impl Case<'_> {
    /// What our Secrets make of it.
    fn by_our_secrets(&self) -> Verdict {
        let matching = |served: &&Served| served.host.serves(self.image);
        let secrets = self.around.secrets.iter();
        let serving: Vec<_> = secrets
            .filter_map(|(name, secret)| {
                let served = secret.serves.iter().find(matching)?;
                Some(Serving { name, served, changed: secret.changed })
            })
            .collect();
        if serving.is_empty() {
            return self.report(&format!(
                "there is no good credential for {}; another line says what is wrong with its Secret",
                self.image.registry()
            ));
        }
        match serving.iter().find(|serving| self.pod.pull_secrets.contains(serving.name)) {
            Some(serving) => named::judge(self, serving),
            None => recreation::judge(self, &serving),
        }
    }

    /// Its cause, and what else there is to say.
    fn report(&self, what: &str) -> Verdict {
        report(self.waiting, &format!("{}; {what}", self.cause.words()))
    }

    /// What the registry says of the image and our login for it.
    fn ask(&self, serving: &Serving<'_>) -> Probed {
        let Served { host, login: Some(login), reach } = serving.served else {
            return Probed::Untold(format!("the login in Secret {} is no text", serving.name));
        };
        let probe = Probe {
            image: self.image.clone(),
            host: host.clone(),
            login: Some(login.clone()),
            reach: reach.clone(),
        };
        self.answers.probed(&probe)
    }

    /// What the user should know, if an answer shows that no credential of ours helps. Where the message left
    /// open what is wrong, that anybody can pull the image shows it, too.
    fn is_no_help(&self, probed: &Probed) -> Option<Verdict> {
        match probed {
            Probed::Missing(words) | Probed::Refused(words) => Some(self.report(words)),
            Probed::Readable { anonymously: true, .. } if self.cause.is_ambiguous() => Some(
                self.report("anybody may pull it, so it isn't a matter of access; see kubectl describe pod"),
            ),
            Probed::Readable { .. } | Probed::Untold(_) => None,
        }
    }
}
