//! Label selectors, taken apart: for who matches labels, or writes a selector in another form.

use std::collections::BTreeMap;
use std::fmt;

use super::selector::{is_dns_name, is_label_value};

/// A label selector: all of its requirements must be met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelSelector(Vec<Requirement>);

/// What a selector asks of one label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The label's key.
    pub key: String,
    /// What is asked of its value.
    pub operator: Operator,
    /// The values that count; none for those that ask only whether the label is there.
    pub values: Vec<String>,
}

/// How a label is asked for; named as in the API's `LabelSelectorRequirement`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// It is one of the values.
    In,
    /// It is none of the values, or not there.
    NotIn,
    /// It is there.
    Exists,
    /// It isn't there.
    DoesNotExist,
}

impl LabelSelector {
    /// Reads the syntax of `kubectl get -l`; `None` is no such selector, or one that compares numbers.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        split(text)?.into_iter().map(Requirement::parse).collect::<Option<Vec<_>>>().map(Self)
    }

    /// Its requirements, in the order in which they were written.
    #[must_use]
    pub fn requirements(&self) -> &[Requirement] {
        &self.0
    }

    /// Are these the labels that it asks for?
    #[must_use]
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.0.iter().all(|own| own.is_met_by(labels.get(&own.key)))
    }
}

impl Requirement {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (key, operator, values) = if let Some(key) = text.strip_prefix('!') {
            (key, Operator::DoesNotExist, Vec::new())
        } else if let Some((head, values)) = text.strip_suffix(')').and_then(|text| text.split_once('(')) {
            let (key, word) = head.trim().rsplit_once(' ')?;
            let operator = match word {
                "in" => Operator::In,
                "notin" => Operator::NotIn,
                _ => return None,
            };
            (key, operator, values.split(',').collect())
        } else if let Some((key, value)) = text.split_once("!=") {
            (key, Operator::NotIn, vec![value])
        } else if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
            (key, Operator::In, vec![value])
        } else {
            (text, Operator::Exists, Vec::new())
        };
        let (key, values) = (key.trim(), values.into_iter().map(str::trim).collect::<Vec<_>>());
        let fit = values.iter().all(|value| value.is_empty() || is_label_value(value));
        let owned = values.into_iter().map(str::to_owned).collect();
        (is_label_key(key) && fit).then(|| Self { key: key.to_owned(), operator, values: owned })
    }

    fn is_met_by(&self, value: Option<&String>) -> bool {
        let listed = value.is_some_and(|value| self.values.contains(value));
        match self.operator {
            Operator::In => listed,
            Operator::NotIn => !listed,
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    }
}

impl Operator {
    /// As the API spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::In => "In",
            Self::NotIn => "NotIn",
            Self::Exists => "Exists",
            Self::DoesNotExist => "DoesNotExist",
        }
    }
}

impl fmt::Display for LabelSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Requirement { key, operator, values }) in self.0.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "," })?;
            match operator {
                Operator::In => write!(f, "{key} in ({})", values.join(","))?,
                Operator::NotIn => write!(f, "{key} notin ({})", values.join(","))?,
                Operator::Exists => f.write_str(key)?,
                Operator::DoesNotExist => write!(f, "!{key}")?,
            }
        }
        Ok(())
    }
}

/// Is `text` a label's key: a name, maybe behind a DNS name and a slash?
#[must_use]
pub(super) fn is_label_key(text: &str) -> bool {
    let (prefix, name) = text.split_once('/').map_or((None, text), |(prefix, name)| (Some(prefix), name));
    is_label_value(name) && prefix.is_none_or(is_dns_name)
}

/// The requirements, divided by the commas outside of brackets.
fn split(text: &str) -> Option<Vec<&str>> {
    let mut depth = 0_u32;
    let mut parts = Vec::new();
    let mut rest = text;
    let mut from = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1)?,
            ',' if depth == 0 => {
                parts.push(text.get(from..at)?);
                from = at + 1;
                rest = text.get(from..)?;
            }
            _ => {}
        }
    }
    parts.push(rest);
    (depth == 0).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_matched_as_the_api_server_does() {
        let labels: BTreeMap<_, _> =
            [("a", "b"), ("x.io/y", "")].map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let table = [
            ("a=b", true),
            ("a==b", true),
            ("a = b", true),
            ("a=c", false),
            ("a!=b", false),
            ("a!=c", true),
            ("z!=c", true),
            ("a", true),
            ("z", false),
            ("!z", true),
            ("!a", false),
            ("a in (c, b)", true),
            ("a notin (c, b)", false),
            ("z notin (c)", true),
            ("x.io/y=", true),
            ("a=b,!z", true),
            ("a in (b,c),z", false),
        ];
        for (text, matches) in table {
            let selector = LabelSelector::parse(text).unwrap();
            assert_eq!(selector.matches(&labels), matches, "{text}");
            assert_eq!(LabelSelector::parse(&selector.to_string()), Some(selector), "{text}");
        }
    }

    #[test]
    fn what_is_no_selector() {
        for text in [
            "",
            " ",
            "a=b,",
            ",a",
            "a in (b",
            "a in b)",
            "a in ((b))",
            "a>1",
            "a b",
            "a of (b)",
            "a=-",
            "/a",
            "=a",
        ] {
            assert_eq!(LabelSelector::parse(text), None, "{text}");
        }
    }
}
