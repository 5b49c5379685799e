//! A registry, with whole segments of a path within it.

use std::fmt;

use super::super::host::{Host, HostError};
use super::super::image::{HUB, Image};

/// A registry, maybe with a path of whole segments within it: `docker.io`, `proxy.example.com:5000/hub`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix(Host);

/// Why a text is no prefix of images; says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrefixError {
    /// It is no host.
    #[error(transparent)]
    Host(#[from] HostError),
    /// No image reference can begin with it.
    #[error("can't begin an image reference; write HOST, HOST:PORT or HOST/PATH in lower case")]
    Unfit,
}

impl Prefix {
    /// Reads a prefix as a user writes it. Every spelling of Docker Hub is `docker.io`.
    pub fn parse(text: &str) -> Result<Self, PrefixError> {
        let host = Host::parse(text)?;
        // With two segments behind it nothing is taken for an official image of Docker Hub.
        let image = Image::parse(&format!("{host}/a/b")).map_err(|_| PrefixError::Unfit)?;
        if image.host == host.authority() { Ok(Self(host)) } else { Err(PrefixError::Unfit) }
    }

    /// As one text: `proxy.example.com:5000/hub`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The registry, as credentials know it.
    #[must_use]
    pub fn as_host(&self) -> &Host {
        &self.0
    }

    /// The registry alone.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.authority()
    }

    /// The path alone, without a slash before it.
    #[must_use]
    pub fn path(&self) -> &str {
        self.as_str().strip_prefix(self.host()).unwrap_or_default().trim_start_matches('/')
    }

    /// Is it Docker Hub as a whole? There `HOST/NAME` is another image than it says.
    #[must_use]
    pub fn is_hub(&self) -> bool {
        self.as_str() == HUB
    }

    /// What follows it in `name`, a registry with a repository; empty where it is all of it, and `None` where `name`
    /// doesn't begin with it.
    #[must_use]
    pub fn rest_of<'a>(&self, name: &'a str) -> Option<&'a str> {
        match name.strip_prefix(self.as_str())? {
            "" => Some(""),
            rest => rest.strip_prefix('/'),
        }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
