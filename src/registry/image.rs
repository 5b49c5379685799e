//! Image references, by the rules of the distribution project's reference grammar.
//!
//! Only what decides where a pull goes is taken apart: registry, repository, tag and digest. Which characters those may
//! have is in [`grammar`].

use std::fmt;

use super::grammar;

/// An image reference with everything spelled out that its author left to defaults.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Image {
    /// The registry with its port: `docker.io`, `reg.example.com:5000`.
    ///
    /// It is empty where the first component looks like a registry, but only a repository may have such a name:
    /// `a_b.c/app` is a repository of no registry to distribution. [`Image::registry`] has it there, too.
    pub host: String,
    /// The repository within it: `library/nginx`; of at most 255 bytes.
    pub repository: String,
    /// The tag; `latest` where neither tag nor digest was written.
    pub tag: Option<String>,
    /// The digest: `sha256:…`, or one of sha384 or sha512.
    pub digest: Option<String>,
}

/// Why a text is no image reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// Nothing before the tag or the digest.
    #[error("names no repository")]
    Empty,
    /// A registry outside of the grammar.
    #[error("has a bad registry")]
    Host,
    /// A character or an empty part that the grammar forbids.
    #[error("has a repository that is not lower-case words joined by . _ - and /")]
    Repository,
    /// More than 255 bytes of repository.
    #[error("has a repository of more than 255 bytes")]
    TooLong,
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
    /// Reads a reference as the kubelet does before it pulls: `ParseNormalizedNamed` of
    /// github.com/distribution/reference, then the default tag.
    pub fn parse(text: &str) -> Result<Self, ImageError> {
        if text.len() == 64 && grammar::is_lower_hex(text) {
            return Err(ImageError::Id);
        }
        let (named, digest) = text.split_once('@').map_or((text, None), |(name, rest)| (name, Some(rest)));
        let (host, rest) = match named.split_once('/') {
            Some((first, rest)) if is_host(first) => (first, rest),
            _ => (HUB, named),
        };
        let (path, tag) = rest.rsplit_once(':').map_or((rest, None), |(path, tag)| (path, Some(tag)));
        let (host, repository) = place(host, path)?;
        if !tag.is_none_or(grammar::is_tag) {
            return Err(ImageError::Tag);
        }
        if !digest.is_none_or(grammar::is_digest) {
            return Err(ImageError::Digest);
        }
        let tag = tag.or(digest.is_none().then_some("latest"));
        Ok(Self { host, repository, tag: tag.map(str::to_owned), digest: digest.map(str::to_owned) })
    }

    /// The registry that a pull asks and a credential is for. Where the grammar sees none, that is still the first
    /// component: keyring and container runtime take the name apart by its first slash.
    #[must_use]
    pub fn registry(&self) -> &str {
        let first = self.repository.split('/').next().unwrap_or_default();
        if self.host.is_empty() { first } else { &self.host }
    }

    /// Registry and repository, as the kubelet's keyring compares them.
    #[must_use]
    pub fn name(&self) -> String {
        if self.host.is_empty() {
            return self.repository.clone();
        }
        format!("{}/{}", self.host, self.repository)
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())?;
        self.tag.iter().try_for_each(|tag| write!(f, ":{tag}"))?;
        self.digest.iter().try_for_each(|digest| write!(f, "@{digest}"))
    }
}

/// The longest repository, in bytes (`RepositoryNameTotalLengthMax`).
pub const LONGEST_REPOSITORY: usize = 255;
/// Docker Hub's name in image references.
pub(super) const HUB: &str = "docker.io";

/// Is the first component a registry rather than the first part of a repository?
pub(super) fn is_host(first: &str) -> bool {
    first == "localhost" || first.contains(|c: char| c == '.' || c == ':' || c.is_ascii_uppercase())
}

/// Host and repository, from those that were written.
fn place(host: &str, path: &str) -> Result<(String, String), ImageError> {
    if path.is_empty() {
        return Err(ImageError::Empty);
    }
    if !grammar::is_path(path) {
        return Err(ImageError::Repository);
    }
    let (host, repository) = if host == HUB || host == "index.docker.io" {
        (HUB, if path.contains('/') { path.to_owned() } else { format!("library/{path}") })
    } else if grammar::is_domain(host) {
        (host, path.to_owned())
    } else if grammar::is_path(host) {
        ("", format!("{host}/{path}"))
    } else {
        return Err(ImageError::Host);
    };
    if repository.len() > LONGEST_REPOSITORY {
        return Err(ImageError::TooLong);
    }
    Ok((host.to_owned(), repository))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spells_out_defaults() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let long = format!("{}:1", "a".repeat(255 - "library/".len()));
        let table = [
            ("nginx", "docker.io/library/nginx:latest"),
            ("index.docker.io/nginx:1", "docker.io/library/nginx:1"),
            ("bitnami/nginx", "docker.io/bitnami/nginx:latest"),
            ("Index.docker.io/nginx:1", "Index.docker.io/nginx:1"),
            ("docker.io:443/nginx:1", "docker.io:443/nginx:1"),
            ("localhost/app", "localhost/app:latest"),
            ("localhost:5000", "docker.io/library/localhost:5000"),
            ("Harbor/app", "Harbor/app:latest"),
            ("reg:5000/app", "reg:5000/app:latest"),
            ("reg:0123456789/app", "reg:0123456789/app:latest"),
            ("[::1]:5000/app:2", "[::1]:5000/app:2"),
            ("[AB]/app:2", "[AB]/app:2"),
            ("h.io/a__b/c---d:_", "h.io/a__b/c---d:_"),
            ("a_b/app:1", "docker.io/a_b/app:1"),
            // Neither a registry nor Docker Hub's.
            ("a_b.c/app", "a_b.c/app:latest"),
            (&format!("h.io/a/b:1@{digest}"), &format!("h.io/a/b:1@{digest}")),
            (&format!("h.io/a/b@{digest}"), &format!("h.io/a/b@{digest}")),
            (&long, &format!("docker.io/library/{long}")),
        ];
        for (text, spelled) in table {
            let image = Image::parse(text).unwrap();
            assert_eq!(image.to_string(), spelled, "{text}");
            assert_eq!(Image::parse(spelled), Ok(image), "{spelled}");
        }
    }

    #[test]
    fn refuses_what_no_kubelet_pulls() {
        let table = [
            (String::new(), ImageError::Empty),
            ("docker.io/".into(), ImageError::Empty),
            (":1".into(), ImageError::Empty),
            ("a".repeat(64), ImageError::Id),
            ("h_.io/a".into(), ImageError::Host),
            ("-h.io/a".into(), ImageError::Host),
            ("h.io:/a".into(), ImageError::Host),
            ("[]:1/a".into(), ImageError::Host),
            ("[fe80::1%eth0]/a".into(), ImageError::Host),
            ("Team_1/app".into(), ImageError::Host),
            ("[ab]/app".into(), ImageError::Repository),
            ("h.io/Upper".into(), ImageError::Repository),
            ("h.io//a".into(), ImageError::Repository),
            ("h.io/a._b".into(), ImageError::Repository),
            ("h.io/a___b".into(), ImageError::Repository),
            ("h.io/a/".into(), ImageError::Repository),
            ("h.io/ä".into(), ImageError::Repository),
            (format!("h.io/{}", "a".repeat(256)), ImageError::TooLong),
            ("a".repeat(255 - "library".len()), ImageError::TooLong),
            ("h.io/a:".into(), ImageError::Tag),
            ("h.io/a:b c".into(), ImageError::Tag),
            (format!("h.io/a:{}", "b".repeat(129)), ImageError::Tag),
            ("h.io/a@sha256:12".into(), ImageError::Digest),
            (format!("h.io/a@sha256:{}", "A".repeat(64)), ImageError::Digest),
            (format!("h.io/a@sha512:{}", "a".repeat(64)), ImageError::Digest),
            (format!("h.io/a@sha1:{}", "a".repeat(40)), ImageError::Digest),
        ];
        for (text, error) in table {
            assert_eq!(Image::parse(&text), Err(error), "{text}");
        }
    }
}
