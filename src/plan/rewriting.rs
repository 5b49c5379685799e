//! Images that are pulled from elsewhere: the rules as the pods of one namespace meet them, and what a rewritten pod
//! tells of before.

use std::collections::BTreeMap;

use super::cause::other_image;
use super::nudge::{self, Spelling};
use super::snapshot::{Pod, Waiting};
use crate::config::{Config, Reach};
use crate::registry::{Host, Image};

/// Begins the annotations on a pod that tell the images of its containers as their author wrote them: the container's
/// name follows.
pub const ORIGINAL: &str = "original-image.pullkeeper.io/";

/// The rules, where they hold.
#[derive(Clone, Copy)]
pub struct Rewriting<'a> {
    config: &'a Config,
}

/// Where a rule leads to.
pub(super) struct Target {
    /// The image there.
    pub(super) image: Image,
    /// The registry, maybe with a path, that matches the image.
    pub(super) host: Host,
    /// How that is reached.
    pub(super) reach: Reach,
}

impl<'a> Rewriting<'a> {
    /// The rules for the namespace with this name and these labels, if they are known; `None` where its pods stay as
    /// they are.
    pub(super) fn of(
        config: &'a Config,
        namespace: &str,
        labels: Option<&BTreeMap<String, String>>,
    ) -> Option<Self> {
        let images = &config.images;
        let excluded = images.rewrites.is_empty() || images.exclude.iter().any(|name| name == namespace);
        let chosen = images
            .namespace_selector
            .as_ref()
            .is_none_or(|selector| labels.is_some_and(|labels| selector.matches(labels)));
        (chosen && !excluded).then_some(Self { config })
    }

    /// Where this image of the pod is pulled from instead, if a rule is for it.
    pub(super) fn target(self, pod: &Pod, image: &Image) -> Option<Target> {
        let images = &self.config.images;
        if images.pod_selector.as_ref().is_some_and(|selector| !selector.matches(&pod.labels)) {
            return None;
        }
        let (image, rule) = images.rewrites.rewrite(image)?;
        let host = rule.to.as_host().clone();
        let reach = reach(self.config, &image, &host);
        Some(Target { image, host, reach })
    }

    /// Is a rule for this image of some pod, or has one been?
    pub(super) fn concerns(self, image: &Image) -> bool {
        self.config.images.rewrites.rewrite(image).is_some() || self.is_target(image)
    }

    /// Is the image where a rule leads to?
    pub(super) fn is_target(self, image: &Image) -> bool {
        let name = image.name();
        self.config.images.rewrites.rules().iter().any(|rule| rule.to.rest_of(&name).is_some())
    }
}

/// How the registry of `image`, to which a rule leads at `host`, is reached: as the registries' entry for it says, else
/// as the rule does.
pub(super) fn reach(config: &Config, image: &Image, host: &Host) -> Reach {
    let own = config.registries.iter().find(|own| own.hosts.iter().any(|own| own.serves(image)));
    own.map(|own| &own.reach).or_else(|| config.images.reach.get(host)).cloned().unwrap_or_default()
}

/// What a rewritten pod will tell of its containers: an annotation each, with the image as its author wrote it.
#[must_use]
pub fn originals(pod: &Pod, spellings: &[Spelling]) -> BTreeMap<String, String> {
    let mut nudged = nudge::notes(pod);
    let original = |Spelling { container, from, .. }: &Spelling| {
        let told = pod.originals.get(container).cloned();
        let told = told.or_else(|| nudged.remove(container).map(|nudged| nudged.was));
        (format!("{ORIGINAL}{container}"), told.unwrap_or_else(|| from.clone()))
    };
    spellings.iter().map(original).collect()
}

/// Does the kubelet still speak of the image that the container had before it was rewritten?
pub(super) fn is_untried(pod: &Pod, waiting: &Waiting) -> bool {
    let name = |text: &str| Image::parse(text).ok().map(|image| image.name());
    let original = pod.originals.get(&waiting.container).and_then(|text| name(text));
    original.is_some() && other_image(waiting).and_then(|other| name(&other)) == original
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_author_wrote_is_told_whatever_was_done_since() {
        let (from, at) = ("docker.io/library/nginx:1", "2026-11-21T03:00:00Z");
        let spelling = Spelling { container: "app".into(), from: from.into(), to: "p.io/nginx:1".into() };
        let told =
            |pod: &Pod| originals(pod, std::slice::from_ref(&spelling))[&format!("{ORIGINAL}app")].clone();
        let mut pod = Pod::default();
        assert_eq!(told(&pod), from);
        pod.nudged = Some(format!(r#"{{"app":{{"at":"{at}","was":"nginx:1"}}}}"#));
        assert_eq!(told(&pod), "nginx:1");
        pod.originals.insert("app".into(), "nginx".into());
        assert_eq!(told(&pod), "nginx");
    }
}
