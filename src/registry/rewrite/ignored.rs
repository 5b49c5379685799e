//! Images that no rule is for.

use regex_lite::Regex;

use super::super::image::{HUB, Image, is_host};
use super::LIBRARY;

/// Images that stay as they are: a name with or without tag and digest, in which `*` stands for any text.
#[derive(Debug, Clone)]
pub struct Ignored {
    pattern: String,
    regex: Regex,
}

/// Why a text is no pattern of images; says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IgnoredError {
    /// Nothing before the tag.
    #[error("names no image; write one such as nginx, docker.io/team/* or registry:2")]
    Empty,
    /// A character that no image reference has.
    #[error("has the character '{0}', which no image reference has; take it out")]
    Character(char),
    /// It can't be matched.
    #[error("is no pattern of images; write one such as nginx, docker.io/team/* or registry:2")]
    Unfit,
}

impl Ignored {
    /// Reads a pattern as a user writes it. `nginx` is Docker Hub's official image with any tag, `nginx:1.*` with
    /// those tags; `docker.io/*` is all of Docker Hub.
    pub fn parse(text: &str) -> Result<Self, IgnoredError> {
        let fit = |c: char| c.is_ascii_alphanumeric() || "._-:/@[]+*".contains(c);
        if let Some(bad) = text.chars().find(|c| !fit(*c)) {
            return Err(IgnoredError::Character(bad));
        }
        let (named, digest) = text.split_once('@').map_or((text, None), |(name, rest)| (name, Some(rest)));
        let (host, rest) = match named.split_once('/') {
            Some((first, rest)) if is_host(first) => (Some(first), rest),
            _ => (None, named),
        };
        let (path, tag) = rest.rsplit_once(':').map_or((rest, None), |(path, tag)| (path, Some(tag)));
        if path.is_empty() || [digest, tag].contains(&Some("")) {
            return Err(IgnoredError::Empty);
        }
        let hub = host.is_none_or(|host| host == HUB || host == "index.docker.io");
        let all_of_hub = host.is_some() && path.contains('*');
        let library = if hub && !path.contains('/') && !all_of_hub { LIBRARY } else { "" };
        let host = if hub { HUB } else { host.unwrap_or(HUB) };
        let tag = tag.map_or("(?::[^@]*)?".to_owned(), |tag| format!(":{}", any(tag, "[^@]*")));
        let digest = digest.map_or("(?:@.*)?".to_owned(), |digest| format!("@{}", any(digest, ".*")));
        let path = any(path, "[^:@]*");
        let pattern = format!("^{}/{library}{path}{tag}{digest}$", any(host, "[^/]*"));
        let regex = Regex::new(&pattern).map_err(|_| IgnoredError::Unfit)?;
        Ok(Self { pattern, regex })
    }

    /// The regular expression of the images that are ignored, all spelled out: of the common part of Rust's syntax and
    /// RE2's.
    #[must_use]
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// Is it ignored?
    #[must_use]
    pub fn matches(&self, image: &Image) -> bool {
        self.regex.is_match(&image.to_string())
    }
}

/// The regular expression of a text in which `*` stands for `any`.
fn any(text: &str, any: &str) -> String {
    text.split('*').map(regex_lite::escape).collect::<Vec<_>>().join(any)
}
