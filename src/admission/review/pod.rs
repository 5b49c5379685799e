//! As much of a pod as is read, which borrows from the request.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

/// The annotation of pods that are a node's own, whose files the API server only mirrors.
pub(super) const MIRROR: &str = "kubernetes.io/config.mirror";

/// A pod.
#[derive(serde::Deserialize)]
pub(super) struct Pod<'a> {
    #[serde(borrow)]
    pub(super) metadata: Metadata<'a>,
    #[serde(borrow)]
    pub(super) spec: Spec<'a>,
}

#[derive(serde::Deserialize)]
pub(super) struct Metadata<'a> {
    /// `None` where there is no such object; and so below.
    #[serde(borrow)]
    pub(super) labels: Option<Texts<'a>>,
    #[serde(borrow)]
    pub(super) annotations: Option<Texts<'a>>,
}

pub(super) type Texts<'a> = BTreeMap<Text<'a>, Text<'a>>;

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Spec<'a> {
    #[serde(borrow, default)]
    pub(super) service_account_name: Text<'a>,
    #[serde(borrow, default, deserialize_with = "few")]
    pub(super) containers: Option<Vec<Container<'a>>>,
    #[serde(borrow, default, deserialize_with = "few")]
    pub(super) init_containers: Option<Vec<Container<'a>>>,
    #[serde(borrow, default, deserialize_with = "few")]
    pub(super) ephemeral_containers: Option<Vec<Container<'a>>>,
    #[serde(borrow, default, deserialize_with = "few")]
    pub(super) volumes: Option<Vec<Volume<'a>>>,
    #[serde(borrow, default, deserialize_with = "few")]
    pub(super) image_pull_secrets: Option<Vec<Reference<'a>>>,
}

#[derive(serde::Deserialize)]
pub(super) struct Reference<'a> {
    #[serde(borrow, default)]
    pub(super) name: Text<'a>,
}

#[derive(serde::Deserialize)]
pub(super) struct Container<'a> {
    #[serde(borrow, default)]
    pub(super) name: Text<'a>,
    #[serde(borrow, default)]
    pub(super) image: Text<'a>,
}

#[derive(serde::Deserialize)]
pub(super) struct Volume<'a> {
    #[serde(borrow, default)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) image: Option<ImageVolume<'a>>,
}

#[derive(serde::Deserialize)]
pub(super) struct ImageVolume<'a> {
    #[serde(borrow, default)]
    pub(super) reference: Text<'a>,
}

/// More than any pod has: what is sent in three bytes would take many times that.
const MOST: usize = 2000;

/// A list that isn't too long.
fn few<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Vec<T>>, D::Error> {
    struct Few<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Few<T> {
        type Value = Option<Vec<T>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            let mut all = Vec::new();
            while let Some(item) = items.next_element()? {
                if all.len() == MOST {
                    return Err(A::Error::custom("it is too long"));
                }
                all.push(item);
            }
            Ok(Some(all))
        }
    }
    deserializer.deserialize_any(Few(PhantomData))
}

impl Pod<'_> {
    /// All of its images.
    pub(super) fn images(&self) -> impl Iterator<Item = &str> {
        let (spec, lists) = (&self.spec, [&self.spec.containers, &self.spec.init_containers]);
        let containers = lists.into_iter().flatten().flatten().map(|own| &*own.image);
        let volumes = spec.volumes.iter().flatten().filter_map(|own| Some(&*own.image.as_ref()?.reference));
        containers.chain(volumes)
    }

    /// Is it a node's own?
    pub(super) fn is_static(&self) -> bool {
        self.metadata.annotations.as_ref().is_some_and(|own| own.contains_key(MIRROR))
    }
}

/// A text that is borrowed where it has no escapes, wherever it stands; of a [`Cow`] in a map serde makes a copy. An
/// empty one where there is none.
#[derive(Debug, Default, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl std::ops::Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Text<'_> {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }

            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(Text::default())
            }
        }
        deserializer.deserialize_any(Reader)
    }
}
