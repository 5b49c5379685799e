//! The patch that makes of a pod what the policy would: JSON Patch (RFC 6902), as small as can be.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::pod::{Container, Pod, Texts, Volume};
use crate::admission::policy::{MOST_ANNOTATIONS, MOST_NOTES, ORIGINAL_OF_VOLUME};
use crate::admission::pull_secrets::wanted;
use crate::config::{Config, Images, Label};
use crate::plan::ORIGINAL;
use crate::registry::{Image, Rewrites};

/// One step of a patch.
#[derive(Debug, Serialize)]
pub(super) struct Change<'a> {
    op: &'static str,
    path: String,
    value: New<'a>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum New<'a> {
    Text(Cow<'a, str>),
    Texts(BTreeMap<Cow<'a, str>, Cow<'a, str>>),
    References(Vec<BTreeMap<Cow<'a, str>, Cow<'a, str>>>),
}

/// An image with the one that takes its place.
struct Moved<'a> {
    path: String,
    /// The annotation that tells what it was.
    note: String,
    before: &'a str,
    after: String,
}

/// What changes in a pod that is made in a namespace.
pub(super) fn of_new<'a>(pod: &'a Pod<'_>, namespace: &str, config: &'a Config) -> Vec<Change<'a>> {
    if pod.is_static() {
        return Vec::new();
    }
    let (spec, images) = (&pod.spec, &config.images);
    let mut moved = of_containers("containers", spec.containers.as_deref(), &images.rewrites);
    moved.extend(of_containers("initContainers", spec.init_containers.as_deref(), &images.rewrites));
    moved.extend(of_volumes(spec.volumes.as_deref(), &images.rewrites));
    let mut changes = pull_secrets(pod, &moved, namespace, config);
    if moved.is_empty() {
        return changes;
    }
    let (notes, label) = (notes(&moved, pod), images.label.as_ref());
    changes.extend(texts(
        "/metadata/labels",
        pod.metadata.labels.as_ref(),
        label.map(pair).into_iter().collect(),
    ));
    changes.extend(texts("/metadata/annotations", pod.metadata.annotations.as_ref(), notes));
    changes.extend(moved.into_iter().map(Moved::change));
    changes
}

/// The steps that add the pull secrets for what the pod's images are, and for what they become.
fn pull_secrets<'a>(
    pod: &Pod<'_>,
    moved: &[Moved<'_>],
    namespace: &str,
    config: &'a Config,
) -> Vec<Change<'a>> {
    if !config.images.inject_pull_secret {
        return Vec::new();
    }
    let after = moved.iter().filter_map(|own| Image::parse(&own.after).ok());
    let images: Vec<_> = pod.images().filter_map(|text| Image::parse(text).ok()).chain(after).collect();
    let there = pod.spec.image_pull_secrets.as_deref();
    let mut names = wanted(config, namespace, &pod.spec.service_account_name, &images);
    names.retain(|name| !there.unwrap_or_default().iter().any(|own| *own.name == **name));
    let reference = |name: &'a str| BTreeMap::from([(Cow::from("name"), Cow::from(name))]);
    let add = |path: &str, value| Change { op: "add", path: path.to_owned(), value };
    match there {
        _ if names.is_empty() => Vec::new(),
        None => {
            vec![add("/spec/imagePullSecrets", New::References(names.into_iter().map(reference).collect()))]
        }
        Some(_) => {
            let one = |name| add("/spec/imagePullSecrets/-", New::Texts(reference(name)));
            names.into_iter().map(one).collect()
        }
    }
}

/// What changes in a pod that gets other ephemeral containers: those that are new.
pub(super) fn of_changed<'a>(pod: &'a Pod<'_>, old: &Pod<'_>, images: &Images) -> Vec<Change<'a>> {
    if pod.is_static() {
        return Vec::new();
    }
    let known = old.spec.ephemeral_containers.as_deref().unwrap_or_default();
    let known: BTreeSet<&str> = known.iter().map(|own| &*own.name).collect();
    let containers = pod.spec.ephemeral_containers.as_deref().unwrap_or_default().iter().enumerate();
    let moved = containers.filter(|(_, own)| !known.contains(&*own.name));
    let moved =
        moved.filter_map(|(index, own)| container("ephemeralContainers", index, own, &images.rewrites));
    moved.map(Moved::change).collect()
}

fn of_containers<'a>(
    list: &str,
    containers: Option<&'a [Container<'_>]>,
    rewrites: &Rewrites,
) -> Vec<Moved<'a>> {
    let containers = containers.unwrap_or_default().iter().enumerate();
    containers.filter_map(|(index, own)| container(list, index, own, rewrites)).collect()
}

fn container<'a>(list: &str, index: usize, own: &'a Container<'_>, rewrites: &Rewrites) -> Option<Moved<'a>> {
    let after = rewritten(&own.name, &own.image, rewrites)?;
    let (path, note) = (format!("/spec/{list}/{index}/image"), format!("{ORIGINAL}{}", &*own.name));
    Some(Moved { path, note, before: &own.image, after })
}

fn of_volumes<'a>(volumes: Option<&'a [Volume<'_>]>, rewrites: &Rewrites) -> Vec<Moved<'a>> {
    let volume = |(index, own): (usize, &'a Volume<'_>)| {
        let before = &own.image.as_ref()?.reference;
        let after = rewritten(&own.name, before, rewrites)?;
        let path = format!("/spec/volumes/{index}/image/reference");
        Some(Moved { path, note: format!("{ORIGINAL_OF_VOLUME}{}", &*own.name), before, after })
    };
    volumes.unwrap_or_default().iter().enumerate().filter_map(volume).collect()
}

/// The image that takes the place of another. A pod with another kind of name is refused anyway.
fn rewritten(name: &str, image: &str, rewrites: &Rewrites) -> Option<String> {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let is_name = (1..=63).contains(&name.len()) && name.bytes().all(fits);
    let image = Image::parse(image).ok().filter(|_| is_name)?;
    Some(rewrites.rewrite(&image)?.0.to_string())
}

/// The annotations that tell the images of before. Too many would have the pod refused.
fn notes<'a>(moved: &[Moved<'a>], pod: &Pod<'_>) -> BTreeMap<Cow<'a, str>, Cow<'a, str>> {
    let length = |(key, value): (&super::pod::Text<'_>, &super::pod::Text<'_>)| key.len() + value.len();
    let there: usize = pod.metadata.annotations.iter().flatten().map(length).sum();
    if moved.len() > MOST_NOTES || there > MOST_ANNOTATIONS {
        return BTreeMap::new();
    }
    moved.iter().map(|own| (Cow::Owned(own.note.clone()), Cow::Borrowed(own.before))).collect()
}

fn pair(label: &Label) -> (Cow<'_, str>, Cow<'_, str>) {
    (label.key.as_str().into(), label.value.as_str().into())
}

/// The steps that add labels or annotations: one by one to those that are there, else all as one object, for there is
/// nothing to add one to.
fn texts<'a>(
    path: &str,
    there: Option<&Texts<'_>>,
    mut new: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
) -> Vec<Change<'a>> {
    new.retain(|key, value| there.and_then(|there| there.get(&**key)).is_none_or(|own| **own != **value));
    let add = |path, value| Change { op: "add", path, value };
    match there {
        _ if new.is_empty() => Vec::new(),
        None => vec![add(path.to_owned(), New::Texts(new))],
        Some(_) => {
            let one =
                |(key, value): (Cow<'_, str>, _)| add(format!("{path}/{}", escaped(&key)), New::Text(value));
            new.into_iter().map(one).collect()
        }
    }
}

/// A key as a part of a path (RFC 6901).
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

impl<'a> Moved<'a> {
    fn change(self) -> Change<'a> {
        Change { op: "replace", path: self.path, value: New::Text(self.after.into()) }
    }
}
