//! `pullkeeper image REF…`: what references mean, and where rules lead them. Asks nobody.

use std::fmt;

use serde::Serialize;

use crate::registry::{Image, Rewrites};

/// A reference, and what becomes of it. Its JSON is an element of the output of `--output json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Read {
    /// As it was given.
    pub(super) input: String,
    /// With everything spelled out; `None` where it is no reference.
    pub(super) normal: Option<String>,
    /// Where it is pulled from instead; `None` where it stays.
    pub(super) rewritten: Option<String>,
    /// What the rule is for that leads it there.
    pub(super) rule: Option<String>,
    /// Why it is no reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
}

/// Reads a reference as the kubelet does.
#[must_use]
pub(super) fn read(input: &str, rewrites: &Rewrites) -> Read {
    let unread = Read { input: input.to_owned(), normal: None, rewritten: None, rule: None, error: None };
    let image = match Image::parse(input) {
        Ok(image) => image,
        Err(error) => return Read { error: Some(error.to_string()), ..unread },
    };
    let (rewritten, rule) = rewrites.rewrite(&image).unzip();
    Read {
        normal: Some(image.to_string()),
        rewritten: rewritten.map(|image| image.to_string()),
        rule: rule.map(|rule| rule.from.to_string()),
        ..unread
    }
}

impl fmt::Display for Read {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.input.escape_debug())?;
        if let Some(error) = &self.error {
            return write!(f, "\n  is no image reference: it {error}");
        }
        write!(f, "\n  means         {}", self.normal.as_deref().unwrap_or_default())?;
        match (&self.rewritten, &self.rule) {
            (Some(rewritten), Some(rule)) => write!(f, "\n  pulled from   {rewritten}   (rule for {rule})"),
            _ => Ok(()),
        }
    }
}
