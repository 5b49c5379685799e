//! Image references, by the rules of the distribution project's reference grammar.
//!
//! Only what decides where a pull goes is taken apart: registry, repository, tag and digest.

use std::fmt;

/// An image reference with everything spelled out that its author left to defaults.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Image {
    /// The registry with its port: `docker.io`, `reg.example.com:5000`.
    pub host: String,
    /// The repository within it: `library/nginx`.
    pub repository: String,
    /// The tag; `latest` where neither tag nor digest was written.
    pub tag: Option<String>,
    /// The digest: `sha256:…`.
    pub digest: Option<String>,
}

/// Why a text is no image reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// Nothing before the tag or the digest.
    #[error("names no repository")]
    Empty,
    /// A character or an empty part that the grammar forbids.
    #[error("has a repository that is not lower-case words joined by . _ - and /")]
    Repository,
    /// A tag outside of the grammar.
    #[error("has a bad tag")]
    Tag,
    /// A digest outside of the grammar.
    #[error("has a bad digest")]
    Digest,
    /// 64 hex digits: the id of a local image, which no registry serves.
    #[error("is an image id, not a name")]
    Id,
}

impl Image {
    /// Reads a reference as the kubelet does before it pulls.
    pub fn parse(text: &str) -> Result<Self, ImageError> {
        if text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(ImageError::Id);
        }
        let (named, digest) = match text.split_once('@') {
            Some((named, digest)) => (named, Some(digest)),
            None => (text, None),
        };
        let (host, rest) = match named.split_once('/') {
            Some((first, rest)) if is_host(first) => (first, rest),
            _ => (HUB, named),
        };
        let (path, tag) = match rest.rsplit_once(':') {
            Some((path, tag)) => (path, Some(tag)),
            None => (rest, None),
        };
        check(path, tag, digest)?;
        let hub = host == HUB || host == "index.docker.io";
        Ok(Self {
            host: if hub { HUB } else { host }.to_owned(),
            repository: if hub && !path.contains('/') { format!("library/{path}") } else { path.to_owned() },
            tag: tag.or(digest.is_none().then_some("latest")).map(str::to_owned),
            digest: digest.map(str::to_owned),
        })
    }

    /// Registry and repository, as the kubelet's keyring compares them.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.host, self.repository)
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.repository)?;
        self.tag.iter().try_for_each(|tag| write!(f, ":{tag}"))?;
        self.digest.iter().try_for_each(|digest| write!(f, "@{digest}"))
    }
}

/// Docker Hub's name in image references.
pub(super) const HUB: &str = "docker.io";

/// Is the first component a registry rather than the first part of a repository?
fn is_host(first: &str) -> bool {
    first == "localhost" || first.contains(|c: char| c == '.' || c == ':' || c.is_ascii_uppercase())
}

fn check(path: &str, tag: Option<&str>, digest: Option<&str>) -> Result<(), ImageError> {
    if path.is_empty() {
        return Err(ImageError::Empty);
    }
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let part = |part: &str| {
        part.bytes().all(|b| word(b) || b"._-".contains(&b))
            && part.bytes().next().is_some_and(word)
            && part.bytes().next_back().is_some_and(word)
    };
    if !path.split('/').all(part) {
        return Err(ImageError::Repository);
    }
    let tag_byte = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    if tag.is_some_and(|t| {
        t.is_empty() || t.len() > 128 || t.starts_with(['.', '-']) || !t.bytes().all(tag_byte)
    }) {
        return Err(ImageError::Tag);
    }
    let good_digest = |digest: &str| {
        digest.split_once(':').is_some_and(|(algorithm, hex)| {
            !algorithm.is_empty() && hex.len() >= 32 && hex.bytes().all(|b| b.is_ascii_hexdigit())
        })
    };
    match digest {
        Some(digest) if !good_digest(digest) => Err(ImageError::Digest),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spells_out_defaults() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let table = [
            ("nginx", "docker.io/library/nginx:latest".to_owned()),
            ("index.docker.io/nginx:1", "docker.io/library/nginx:1".to_owned()),
            ("bitnami/nginx", "docker.io/bitnami/nginx:latest".to_owned()),
            ("localhost/app", "localhost/app:latest".to_owned()),
            ("Harbor/app", "Harbor/app:latest".to_owned()),
            ("reg:5000/app", "reg:5000/app:latest".to_owned()),
            ("[::1]:5000/app:2", "[::1]:5000/app:2".to_owned()),
            (&format!("h.io/a/b:1@{digest}"), format!("h.io/a/b:1@{digest}")),
            (&format!("h.io/a/b@{digest}"), format!("h.io/a/b@{digest}")),
        ];
        for (text, spelled) in table {
            assert_eq!(Image::parse(text).unwrap().to_string(), spelled, "{text}");
        }
    }

    #[test]
    fn refuses_what_no_kubelet_pulls() {
        let table = [
            (String::new(), ImageError::Empty),
            ("a".repeat(64), ImageError::Id),
            ("h.io/Upper".into(), ImageError::Repository),
            ("h.io//a".into(), ImageError::Repository),
            ("h.io/a:b c".into(), ImageError::Tag),
            ("h.io/a@sha256:12".into(), ImageError::Digest),
        ];
        for (text, error) in table {
            assert_eq!(Image::parse(&text), Err(error), "{text}");
        }
    }
}
