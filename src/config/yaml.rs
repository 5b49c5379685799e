//! Reads YAML into a tree that keeps every scalar's exact text and the line it is on.
//!
//! The YAML readers behind serde turn `012345` into a number and lose lines and repeated keys, so
//! this one builds its own tree from a parser's events. It reads what is not trusted to be small:
//! depth and the growth through aliases are bounded. No message quotes the source, which may hold
//! a password.

use std::collections::{BTreeMap, HashMap};

use serde_saphyr::granit_parser::{Event, Options, Parser, ScalarStyle, ScanError, StrInput, Tag};

use super::tree::{Entry, Node, Value};

/// The deepest nesting; the deepest setting is on the fifth level.
const MAX_DEPTH: usize = 32;
/// The most that all aliases together may add, in bytes of text and nodes.
const MAX_ALIASED: usize = 1 << 16;

/// Reads a document that is a mapping; an empty one is an empty mapping.
pub(super) fn read(text: &str) -> Result<Node, SyntaxError> {
    let mut node = read_value(text)?;
    match node.value {
        Value::Map(_) => Ok(node),
        Value::Null => {
            node.value = Value::Map(BTreeMap::new());
            Ok(node)
        }
        _ => Err(error(node.line, "is not a mapping; write keys, such as namespaces: [default]")),
    }
}

/// Reads a document that may be any one value; an empty one is nothing at all.
pub(super) fn read_value(text: &str) -> Result<Node, SyntaxError> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader {
        events: Parser::new_from_str_with_options(text, options),
        anchors: HashMap::new(),
        aliased: 0,
    };
    reader.document()
}

/// What is wrong with the text, and the line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SyntaxError {
    pub(super) line: usize,
    pub(super) what: String,
}

struct Reader<'a> {
    events: Parser<'a, StrInput<'a>>,
    anchors: HashMap<usize, Node>,
    aliased: usize,
}

/// Where in the tree the reader is.
#[derive(Clone, Copy)]
struct At {
    depth: usize,
    /// Below a key named `password`, where even a key may be one: `password: {hunter2, hunter2}`.
    password: bool,
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Result<Node, SyntaxError> {
        let mut root = None;
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => break,
                (Event::DocumentStart(..), line) if root.is_some() => {
                    return Err(error(line, "a second document starts here; keep one"));
                }
                (Event::DocumentStart(..), _) => {
                    let (event, line) = self.next()?;
                    let at = At { depth: 1, password: false };
                    root = Some(self.node(event, line, at)?);
                }
                _ => {}
            }
        }
        Ok(root.unwrap_or(Node { line: 1, value: Value::Null }))
    }

    fn next(&mut self) -> Result<(Event<'a>, usize), SyntaxError> {
        match self.events.next_event() {
            Some(Ok((event, span))) => Ok((event, span.start.line().max(1))),
            Some(Err(e)) => Err(e.into()),
            None => Err(error(1, "is not valid YAML: it ends too early")),
        }
    }

    fn node(&mut self, event: Event<'a>, line: usize, at: At) -> Result<Node, SyntaxError> {
        if at.depth > MAX_DEPTH {
            return Err(too_deep(line));
        }
        let (value, anchor) = match event {
            Event::Alias(id) => return self.alias(id, line, at),
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && !is_core(tag.as_deref(), line)?;
                let null = plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                let scalar = || Value::Scalar(text.into_owned());
                (if null { Value::Null } else { scalar() }, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                is_core(tag.as_deref(), line)?;
                (self.seq(at)?, anchor)
            }
            Event::MappingStart(_, anchor, tag) => {
                is_core(tag.as_deref(), line)?;
                (self.map(at)?, anchor)
            }
            _ => return Err(error(line, "is not valid YAML: a value was expected")),
        };
        let node = Node { line, value };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn seq(&mut self, at: At) -> Result<Value, SyntaxError> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::Seq(items)),
                (event, line) => items.push(self.node(event, line, at.below(""))?),
            }
        }
    }

    fn map(&mut self, at: At) -> Result<Value, SyntaxError> {
        let mut map = BTreeMap::<String, Entry>::new();
        loop {
            let (key, line) = match self.next()? {
                (Event::MappingEnd, _) => return Ok(Value::Map(map)),
                (Event::Scalar(text, ScalarStyle::Plain, ..), line) if text == "<<" => {
                    let what = "the merge key '<<' is not supported; repeat the keys instead";
                    return Err(error(line, what));
                }
                (Event::Scalar(text, ..), line) => (text.into_owned(), line),
                (_, line) => return Err(error(line, "a key is not plain text; write a name")),
            };
            if let Some(first) = map.get(&key) {
                let name = if at.password { String::new() } else { format!(" '{}'", key.escape_debug()) };
                let first = first.line;
                let what = format!("the key{name} is on line {first} already; keep one of them");
                return Err(error(line, &what));
            }
            let (event, value_line) = self.next()?;
            let node = self.node(event, value_line, at.below(&key))?;
            map.insert(key, Entry { line, node });
        }
    }

    fn alias(&mut self, id: usize, line: usize, at: At) -> Result<Node, SyntaxError> {
        let Some(node) = self.anchors.get(&id) else {
            return Err(error(line, "an alias stands within its own anchor; write the value out"));
        };
        let (depth, size) = node.measure();
        if at.depth + depth > MAX_DEPTH + 1 {
            return Err(too_deep(line));
        }
        self.aliased += size;
        if self.aliased > MAX_ALIASED {
            return Err(error(line, "the aliases add too much; write the values out"));
        }
        Ok(node.clone())
    }
}

impl At {
    fn below(self, key: &str) -> Self {
        Self { depth: self.depth + 1, password: self.password || key == "password" }
    }
}

/// Is there a tag that makes text of a scalar? Any tag that is not YAML's own is refused.
fn is_core(tag: Option<&Tag>, line: usize) -> Result<bool, SyntaxError> {
    match tag.map(Tag::core_suffix) {
        None => Ok(false),
        Some(Some(core)) => Ok(core == "str"),
        Some(None) => Err(error(line, "a value has a YAML tag; put text that starts with ! in quotes")),
    }
}

fn too_deep(line: usize) -> SyntaxError {
    error(line, "is nested too deeply; no setting is that deep")
}

fn error(line: usize, what: &str) -> SyntaxError {
    SyntaxError { line, what: what.to_owned() }
}

impl From<ScanError> for SyntaxError {
    fn from(e: ScanError) -> Self {
        error(
            e.marker().line().max(1),
            &format!("is not valid YAML: {}; check quotes, brackets and indentation there", e.info()),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(dotted: &str) -> Vec<String> {
        dotted.split('.').map(str::to_owned).collect()
    }

    fn good(text: &str) -> Node {
        read(text).unwrap_or_else(|e| panic!("{e:?}"))
    }

    #[test]
    fn lines_are_those_of_keys_and_items() {
        let tree = good("a:\n  b:\n  - c\n  -\n    d:\n      e\nf: &x\n  g: h\ni: *x\n");
        let table =
            [("a", 1), ("a.b", 2), ("a.b.0", 3), ("a.b.1.d", 5), ("a.b.1.none", 5), ("a.b.7", 3), ("i.g", 9)];
        for (dotted, line) in table {
            assert_eq!(tree.line_of(&path(dotted)), line, "{dotted}");
        }
    }

    #[test]
    fn keys_are_removed_where_they_are() {
        let mut tree = good("a: [{b: c, d: e}]");
        assert!(tree.remove(&path("a.0.b")));
        assert!(!tree.remove(&path("a.0.b")) && !tree.remove(&path("a.1.b")));
        assert!(tree.has(&path("a.0.d")) && !tree.has(&path("a.0.b")));
    }

    #[test]
    fn aliases_are_bounded_in_size_and_depth() {
        let chain = |times: usize| {
            let line = |i: usize| {
                let aliases = vec![format!("*a{}", i - 1); times].join(", ");
                format!("a{i}: &a{i} [{aliases}]\n")
            };
            "a0: &a0 [lol, lol]\n".to_owned() + &(1..40).map(line).collect::<Vec<_>>().concat()
        };
        let what = |text: &str| read(text).err().unwrap().what;
        assert_eq!(what(&chain(10)), "the aliases add too much; write the values out");
        assert_eq!(what(&chain(1)), "is nested too deeply; no setting is that deep");
    }
}
