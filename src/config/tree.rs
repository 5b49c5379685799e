//! A document as a tree that keeps every scalar's exact text, and the line of every value and key.
//!
//! It is what the layers are made of; the lines are what lets an error name its place.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::presets::Preset;

/// A tree and where it came from.
pub(super) struct Layer {
    pub(super) source: Source,
    pub(super) tree: Node,
}

/// Where a tree came from.
pub(super) enum Source {
    Preset(Preset),
    File(PathBuf),
    Variable(String),
    Flag(&'static str),
}

/// A value and the line it starts on, counted from 1.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) value: Value,
}

/// A value as it was written. It may be a password: there is no `Debug`.
#[derive(Clone)]
pub(super) enum Value {
    /// A plain `null` or `~`, or nothing at all.
    Null,
    /// Any other scalar, quoted or not.
    Scalar(String),
    Seq(Vec<Node>),
    Map(BTreeMap<String, Entry>),
}

/// A mapping's value and the line of its key.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) line: usize,
    pub(super) node: Node,
}

impl Node {
    /// The line of the value at `path`, or of the deepest one on the way to it.
    pub(super) fn line_of(&self, path: &[String]) -> usize {
        let Some((first, rest)) = path.split_first() else {
            return self.line;
        };
        match &self.value {
            Value::Map(map) => map.get(first).map(|entry| match rest {
                [] => entry.line,
                _ => entry.node.line_of(rest).max(entry.line),
            }),
            Value::Seq(items) => item(items, first).map(|node| node.line_of(rest)),
            Value::Null | Value::Scalar(_) => None,
        }
        .unwrap_or(self.line)
    }

    /// Is there anything at `path`, even nothing set?
    pub(super) fn has(&self, path: &[String]) -> bool {
        let Some((first, rest)) = path.split_first() else {
            return true;
        };
        match &self.value {
            Value::Map(map) => map.get(first).is_some_and(|entry| entry.node.has(rest)),
            Value::Seq(items) => item(items, first).is_some_and(|node| node.has(rest)),
            Value::Null | Value::Scalar(_) => false,
        }
    }

    /// Has the top-level `key` a value?
    pub(super) fn sets(&self, key: &str) -> bool {
        let Value::Map(map) = &self.value else {
            return false;
        };
        map.get(key).is_some_and(|entry| !matches!(entry.node.value, Value::Null))
    }

    /// Takes the mapping's key at `path` away; tells whether it was there.
    pub(super) fn remove(&mut self, path: &[String]) -> bool {
        match (path, &mut self.value) {
            ([key], Value::Map(map)) => map.remove(key).is_some(),
            ([first, rest @ ..], Value::Map(map)) => {
                map.get_mut(first).is_some_and(|entry| entry.node.remove(rest))
            }
            ([first, rest @ ..], Value::Seq(items)) => first
                .parse()
                .ok()
                .and_then(|index: usize| items.get_mut(index))
                .is_some_and(|node| node.remove(rest)),
            _ => false,
        }
    }

    /// Its depth, and its size as aliases are charged for it.
    pub(super) fn measure(&self) -> (usize, usize) {
        let join = |(depth, size): (usize, usize), (d, s)| (depth.max(d + 1), size + s);
        match &self.value {
            Value::Null => (1, 1),
            Value::Scalar(text) => (1, 1 + text.len()),
            Value::Seq(items) => items.iter().map(Self::measure).fold((1, 1), join),
            Value::Map(map) => map
                .iter()
                .map(|(key, entry)| {
                    let (depth, size) = entry.node.measure();
                    (depth, size + key.len())
                })
                .fold((1, 1), join),
        }
    }
}

fn item<'a>(items: &'a [Node], index: &str) -> Option<&'a Node> {
    items.get(index.parse::<usize>().ok()?)
}
