//! Another spelling of the same image.
//!
//! The kubelet's back-off is kept by pod and spelling (`pkg/kubelet/images/image_manager.go`), so that a
//! container whose image is spelled in another way is pulled at once. What it is spelled by then is what
//! was there before: the same tag with the digest that the registry tells for it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::snapshot::Pod;
use crate::registry::Image;

/// The annotation on a pod that tells which of its containers were nudged, when, and what their images were.
pub const NUDGED: &str = "pullkeeper.io/nudged";

/// A container's image, to be spelled in another way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spelling {
    /// The container.
    pub container: String,
    /// The image as it is spelled.
    pub from: String,
    /// As it will be.
    pub to: String,
}

/// What was done to one container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nudged {
    /// When, last.
    pub at: Timestamp,
    /// The image as its author spelled it.
    pub was: String,
}

/// The images of a pod that were spelled anew, by container.
pub(super) type Notes = BTreeMap<String, Nudged>;

/// What the pod notes; nothing where that can't be read. Spellings come to an end by themselves.
#[must_use]
pub(super) fn notes(pod: &Pod) -> Notes {
    pod.nudged.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// What the pod will note after `spellings` at `now`.
#[must_use]
pub fn noted(pod: &Pod, spellings: &[Spelling], now: Timestamp) -> Notes {
    let mut notes = notes(pod);
    for Spelling { container, from, .. } in spellings {
        let was = notes.remove(container).map_or_else(|| from.clone(), |before| before.was);
        notes.insert(container.clone(), Nudged { at: now, was });
    }
    notes
}

/// Another spelling of `image`, which is spelled `text`, for its manifest with `digest`; `None` where there is
/// none left. They are tag, tag with digest, digest; each only once, so that their number is bounded.
#[must_use]
pub(super) fn spelling(text: &str, image: &Image, digest: Option<&str>) -> Option<String> {
    let other = match (&image.tag, &image.digest, digest) {
        (Some(_), Some(_), _) => Image { tag: None, ..image.clone() },
        (Some(_), None, Some(digest)) => Image { digest: Some(digest.to_owned()), ..image.clone() },
        _ => image.clone(),
    };
    // The kubelet adds the tag itself before it looks into its back-off.
    let known = |to: &String| to != text && *to != format!("{text}:latest");
    Some(other.to_string()).filter(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spells_each_image_in_another_way_until_none_is_left() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let digest = digest.as_str();
        let table = [
            ("h.io/app:1", Some(digest), Some(format!("h.io/app:1@{digest}"))),
            ("h.io/app", Some(digest), Some(format!("h.io/app:latest@{digest}"))),
            ("nginx", Some(digest), Some(format!("docker.io/library/nginx:latest@{digest}"))),
            (&format!("h.io/app:1@{digest}"), None, Some(format!("h.io/app@{digest}"))),
            (&format!("h.io/app@{digest}"), Some(digest), None),
            (&format!("nginx@{digest}"), None, Some(format!("docker.io/library/nginx@{digest}"))),
            // Without a digest, only the short names of Docker Hub have another spelling.
            ("h.io/app:1", None, None),
            ("h.io/app", None, None),
            ("nginx:1", None, Some("docker.io/library/nginx:1".to_owned())),
            ("docker.io/library/nginx", None, None),
        ];
        for (text, digest, to) in table {
            assert_eq!(spelling(text, &Image::parse(text).unwrap(), digest), to, "{text}");
        }
    }

    #[test]
    fn keeps_what_the_author_wrote() {
        let spelling =
            |from: &str, to: &str| Spelling { container: "app".into(), from: from.into(), to: to.into() };
        let mut pod = Pod::default();
        let at = |second| Timestamp::from_second(second).unwrap();
        let text = |notes: &Notes| serde_json::to_string(notes).unwrap();
        pod.nudged = Some(text(&noted(&pod, &[spelling("a:1", "a:1@d")], at(0))));
        assert_eq!(pod.nudged.as_deref(), Some(r#"{"app":{"at":"1970-01-01T00:00:00Z","was":"a:1"}}"#));
        pod.nudged = Some(text(&noted(&pod, &[spelling("a:1@d", "a@d")], at(1))));
        assert_eq!(pod.nudged.as_deref(), Some(r#"{"app":{"at":"1970-01-01T00:00:01Z","was":"a:1"}}"#));
        pod.nudged = Some("garbage".into());
        assert_eq!(notes(&pod), Notes::new());
    }
}
