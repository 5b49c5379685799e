//! Which image a message speaks of. A pod's image volume that can't be pulled shows up on each container
//! that mounts it, in the words of a container's own image (`toKubeContainerImageVolumes` in the kubelet's
//! `kuberuntime_manager.go`): only the name tells them apart.

use super::super::snapshot::Waiting;
use crate::registry::Image;

/// The image that the message quotes, if it is another than the container's.
#[must_use]
pub(in crate::plan) fn other_image(waiting: &Waiting) -> Option<String> {
    let spoken_of = spoken_of(&waiting.message)?;
    let (other, own) = (Image::parse(&spoken_of).ok()?, Image::parse(&waiting.image).ok()?);
    differ(&other, &own).then_some(spoken_of)
}

/// The first image that the message names: the kubelet and containerd quote it, CRI-O doesn't.
fn spoken_of(message: &str) -> Option<String> {
    let quoted = |before: &str| message.split_once(before)?.1.split_once('"').map(|(name, _)| name);
    let word = |before: &str| message.split_once(before)?.1.split_whitespace().next();
    quoted("image \"")
        .or_else(|| quoted("reference \""))
        .or_else(|| word("docker://"))
        .or_else(|| word("image pull failed for "))
        .map(|name| name.trim_end_matches(':').to_owned())
        .or_else(|| manifest_of(message))
}

/// `reading manifest TAG in NAME: …` of older CRI-O.
fn manifest_of(message: &str) -> Option<String> {
    let (version, rest) = message.split_once("reading manifest ")?.1.split_once(" in ")?;
    let name = rest.split_whitespace().next()?.trim_end_matches(':');
    Some(format!("{name}{}{version}", if version.contains(':') { '@' } else { ':' }))
}

/// Another repository, or another version of it. One with a digest and one with a tag may well be the
/// same image, named before and after its container's image was re-spelled.
fn differ(one: &Image, two: &Image) -> bool {
    let unlike = |one: Option<&str>, two: Option<&str>| one.is_some() && two.is_some() && one != two;
    one.name() != two.name()
        || unlike(one.digest.as_deref(), two.digest.as_deref())
        || unlike(one.tag.as_deref(), two.tag.as_deref())
}
