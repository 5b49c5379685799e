//! Which pods are ours to care for: those whose images are on a registry of ours.

use super::Surroundings;
use crate::plan::cause::{Cause, cause, other_image};
use crate::plan::snapshot::{Pod, Waiting};
use crate::registry::{Image, key_matches};

/// Does the pod wait for access to a registry of ours, and how? What no credential mends is none of it.
pub(in crate::plan) fn waits(pod: &Pod, around: &Surroundings) -> Option<String> {
    let is_access = |waiting: &&Waiting| {
        let causes = [Cause::Access, Cause::Expired, Cause::RateLimit, Cause::Denied, Cause::Untold];
        let cause = cause(waiting);
        other_image(waiting).is_none() && (causes.contains(&cause) || cause == Cause::Malformed)
    };
    let ours = |waiting: &&Waiting| is_ours(&waiting.image, around);
    let waiting = pod.waiting.iter().filter(ours).find(is_access)?;
    if pod.terminating || pod.mirror || around.exempt {
        return None;
    }
    Some(format!("container {} waits for {}: {}", waiting.container, waiting.image, cause(waiting).words()))
}

/// How many pods, each told by its images, have one of a registry of ours?
pub(in crate::plan) fn of_ours(pods: &[Vec<String>], around: &Surroundings) -> usize {
    pods.iter().filter(|images| images.iter().any(|image| is_ours(image, around))).count()
}

fn is_ours(image: &str, around: &Surroundings) -> bool {
    let Ok(image) = Image::parse(image) else { return false };
    around.wanted.iter().any(|host| host.keys().iter().any(|key| key_matches(key, &image)))
}
