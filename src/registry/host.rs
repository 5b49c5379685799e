//! A registry as the user writes it: a host, maybe a port, maybe a path within it.

use std::fmt;

use super::image::HUB;

/// Docker's own key for Docker Hub; without its last slash the kubelet never matches it.
const HUB_KEY: &str = "https://index.docker.io/v1/";

/// A registry, with the path its credential is for: `harbor.example.com/team`.
///
/// All spellings of Docker Hub are one host: `docker.io`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Host(String);

/// Why a text is no registry host; says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// Nothing was written.
    #[error("is empty; write the registry's host, such as harbor.example.com")]
    Empty,
    /// A URL instead of a host.
    #[error("has a scheme; write '{0}'")]
    Scheme(Host),
    /// A user's name, maybe with the password: never repeated.
    #[error("holds an '@'; write the host alone, and the account in username and password")]
    Account,
    /// A space, tab or line break.
    #[error("has blanks; write it without them")]
    Blank,
    /// The port is no number from 1 to 65535.
    #[error("has the bad port '{0}'; write a number from 1 to 65535")]
    Port(String),
    /// A character that neither a host nor a path may hold.
    #[error("has the character '{0}', which no registry host may hold; take it out")]
    Character(char),
    /// A host part that no image reference can name.
    #[error("'{0}' can't be a registry in an image reference; write one with a dot or a port, or localhost")]
    NotARegistry(String),
    /// An empty part between two dots or slashes.
    #[error("has an empty part between dots or slashes; write it without")]
    EmptyPart,
}

impl Host {
    /// Reads a host as a user writes it. A slash at the end is dropped; every spelling of Docker
    /// Hub, Docker's own key for it among them, becomes `docker.io`.
    pub fn parse(text: &str) -> Result<Self, HostError> {
        if text.trim().is_empty() {
            return Err(HostError::Empty);
        }
        if text == HUB_KEY {
            return Ok(Self(HUB.to_owned()));
        }
        if text.contains(char::is_whitespace) {
            return Err(HostError::Blank);
        }
        if text.contains('@') {
            return Err(HostError::Account);
        }
        if let Some((_, rest)) = text.split_once("://") {
            return Err(HostError::Scheme(Self::parse(rest)?));
        }
        let text = text.trim_end_matches('/');
        let (authority, path) = split(text);
        check_authority(authority)?;
        check_path(path)?;
        match (authority, path) {
            ("index.docker.io" | "registry-1.docker.io" | HUB, "" | "/v1" | "/v2") => {
                Ok(Self(HUB.to_owned()))
            }
            ("index.docker.io" | "registry-1.docker.io", _) => Ok(Self(format!("{HUB}{path}"))),
            _ => Ok(Self(text.to_owned())),
        }
    }

    /// The host as one text, without scheme: `harbor.example.com/team`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The registry alone, without the path within it: `harbor.example.com:8443`.
    #[must_use]
    pub fn authority(&self) -> &str {
        split(&self.0).0
    }

    /// The keys to write into a docker config, so that both the kubelet and docker find the
    /// credential: for Docker Hub the two spellings that work, else the host itself.
    #[must_use]
    pub fn keys(&self) -> Vec<&str> {
        if self.0 == HUB { vec![HUB, HUB_KEY] } else { vec![&self.0] }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Splits `host:port/path` before the path's slash.
fn split(text: &str) -> (&str, &str) {
    text.split_at(text.find('/').unwrap_or(text.len()))
}

fn check_authority(authority: &str) -> Result<(), HostError> {
    let (name, port) = if let Some(rest) = authority.strip_prefix('[') {
        let (address, after) = rest.split_once(']').ok_or(HostError::Character('['))?;
        let parsed = address.parse::<std::net::Ipv6Addr>();
        parsed.map_err(|_| HostError::NotARegistry(authority.to_owned()))?;
        (None, after)
    } else {
        let (name, port) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
        (Some(name), port)
    };
    if let Some(port) = port.strip_prefix(':') {
        let valid = port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|p| p > 0);
        valid.then_some(()).ok_or_else(|| HostError::Port(port.to_owned()))?;
    } else if let Some(other) = port.chars().next() {
        return Err(HostError::Character(other));
    }
    let Some(name) = name else { return Ok(()) };
    if let Some(bad) = name.chars().find(|c| !(c.is_ascii_alphanumeric() || "-.*_".contains(*c))) {
        return Err(HostError::Character(bad));
    }
    if name.split('.').any(str::is_empty) {
        return Err(HostError::EmptyPart);
    }
    let nameable = name == "localhost"
        || !port.is_empty()
        || name.contains(|c: char| c == '.' || c.is_ascii_uppercase());
    nameable.then_some(()).ok_or_else(|| HostError::NotARegistry(name.to_owned()))
}

fn check_path(path: &str) -> Result<(), HostError> {
    let Some(path) = path.strip_prefix('/') else { return Ok(()) };
    if path.split('/').any(str::is_empty) {
        return Err(HostError::EmptyPart);
    }
    match path.chars().find(|c| !(c.is_ascii_alphanumeric() || "-._/".contains(*c))) {
        Some(bad) => Err(HostError::Character(bad)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_docker_hub_are_one() {
        for text in ["docker.io", "index.docker.io", "registry-1.docker.io", "index.docker.io/v1/", HUB_KEY] {
            assert_eq!(Host::parse(text).unwrap().keys(), [HUB, HUB_KEY], "{text}");
        }
    }

    #[test]
    fn keeps_port_path_and_glob() {
        for text in [
            "harbor.example.com/boeboe",
            "localhost",
            "reg:5000",
            "[::1]:5000",
            "*.example.com",
            "10.0.0.1:80/a/b",
        ] {
            assert_eq!(Host::parse(text).unwrap().as_str(), text);
        }
        assert_eq!(Host::parse("harbor.example.com/").unwrap().as_str(), "harbor.example.com");
    }

    #[test]
    fn says_what_is_wrong() {
        let table = [
            ("", HostError::Empty),
            ("  ", HostError::Empty),
            ("https://harbor.example.com/", HostError::Scheme(Host("harbor.example.com".into()))),
            ("https://index.docker.io/v1", HostError::Scheme(Host("docker.io".into()))),
            ("https://me:secret@harbor.example.com", HostError::Account),
            ("har bor.example.com", HostError::Blank),
            ("harbor.example.com\n", HostError::Blank),
            ("harbor.example.com:http", HostError::Port("http".into())),
            ("harbor.example.com:", HostError::Port(String::new())),
            ("harbor.example.com:70000", HostError::Port("70000".into())),
            ("admin@harbor.example.com", HostError::Account),
            ("harbor", HostError::NotARegistry("harbor".into())),
            ("harbor..com", HostError::EmptyPart),
            ("harbor.example.com//a", HostError::EmptyPart),
        ];
        for (text, error) in table {
            assert_eq!(Host::parse(text), Err(error), "{text}");
        }
    }
}
