//! Which pods are ours to care for: those whose images are on a registry of ours, or are led elsewhere by a rule.

use super::Surroundings;
use crate::plan::cause::{Cause, cause, other_image};
use crate::plan::rewriting;
use crate::plan::snapshot::{Pod, Waiting};
use crate::registry::Image;

/// Does the pod wait for what is ours to mend, and how? That is access to a registry of ours; and whatever another
/// registry may give in its place, where a rule leads the image there. What neither mends is none of it.
pub(in crate::plan) fn waits(pod: &Pod, around: &Surroundings<'_>) -> Option<String> {
    if pod.terminating || pod.mirror || around.exempt {
        return None;
    }
    let waiting = pod.waiting.iter().find(|waiting| is_ours_to_mend(pod, waiting, around))?;
    Some(format!("container {} waits for {}: {}", waiting.container, waiting.image, cause(waiting).words()))
}

fn is_ours_to_mend(pod: &Pod, waiting: &Waiting, around: &Surroundings<'_>) -> bool {
    let speaks_of_it = other_image(waiting).is_none() || rewriting::is_untried(pod, waiting);
    speaks_of_it
        && match cause(waiting) {
            Cause::Access | Cause::Expired | Cause::RateLimit | Cause::Denied | Cause::Untold => {
                concerns_us(pod, waiting, around)
            }
            Cause::Malformed => is_ours(&waiting.image, around),
            Cause::Network => is_led(pod, waiting, around),
            _ => false,
        }
}

/// Is its image on a registry of ours, or is it led elsewhere, or has it been?
pub(super) fn concerns_us(pod: &Pod, waiting: &Waiting, around: &Surroundings<'_>) -> bool {
    is_ours(&waiting.image, around) || is_led(pod, waiting, around)
}

fn is_led(pod: &Pod, waiting: &Waiting, around: &Surroundings<'_>) -> bool {
    let (Some(rules), Ok(image)) = (around.rewriting, Image::parse(&waiting.image)) else { return false };
    rules.is_target(&image) || !waiting.ephemeral() && rules.target(pod, &image).is_some()
}

/// How many pods, each told by its images, have one of a registry of ours, or that a rule is for?
pub(in crate::plan) fn of_ours(pods: &[Vec<String>], around: &Surroundings<'_>) -> usize {
    let led = |image: &str| {
        let rules = around.rewriting.zip(Image::parse(image).ok());
        rules.is_some_and(|(rules, image)| rules.concerns(&image))
    };
    let ours = |image: &String| is_ours(image, around) || led(image);
    pods.iter().filter(|images| images.iter().any(ours)).count()
}

fn is_ours(image: &str, around: &Surroundings<'_>) -> bool {
    let Ok(image) = Image::parse(image) else { return false };
    around.wanted.iter().any(|host| host.serves(&image))
}
