//! Which credential the kubelet tries for which image: the rules of its keyring
//! (k8s.io/kubernetes/pkg/credentialprovider/keyring.go), which are not docker's. A test asks that
//! keyring itself (tests/registries).

use std::borrow::Cow;

use globset::{GlobBuilder, GlobMatcher};

use super::image::HUB;
use super::{Host, Image};

/// Does the kubelet try the credential under `key` of a docker config for `image`?
///
/// Scheme and a leading `/v1/` or `/v2/` are dropped. Labels must be equal in number and match one by
/// one, the port must be exactly equal, and the rest is a plain text prefix of the repository. What no
/// key matches falls to `index.docker.io` where the registry's name has neither a dot nor a port.
#[must_use]
pub fn key_matches(key: &str, image: &Image) -> bool {
    let (name, registry) = (image.name(), image.registry());
    let path = name.strip_prefix(registry).unwrap_or_default();
    Key::of(key).is_some_and(|key| key.is_hub_for(registry) || key.matches(registry, path))
}

impl Host {
    /// Does the kubelet try the credential for this registry for `image`?
    #[must_use]
    pub fn serves(&self, image: &Image) -> bool {
        self.keys().iter().any(|key| key_matches(key, image))
    }
}

/// Are two keys of a docker config one registry to the kubelet, path included?
#[must_use]
pub fn same_registry(one: &str, other: &str) -> bool {
    one == other || Key::of(one).is_some_and(|key| Key::of(other) == Some(key))
}

/// A key as the kubelet compares it. It reads keys as URLs, which is why an account before the host
/// and a query behind the path are left out, and `%61` is an `a`.
#[derive(PartialEq, Eq)]
struct Key {
    name: String,
    /// Empty is none.
    port: String,
    /// With its first slash; empty is none.
    path: String,
}

impl Key {
    /// `None` is a key that the kubelet ignores.
    fn of(key: &str) -> Option<Self> {
        let url = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
        let (authority, path) = url_parts(url)?;
        let versioned = path.starts_with("/v1/") || path.starts_with("/v2/");
        let path = if versioned { path.get(3..)? } else { &path };
        // It is read twice: when it is put into the keyring, and again at each look.
        let stored = format!("{authority}{}", if path == "/" { "" } else { path });
        let (authority, path) = url_parts(&stored)?;
        let (name, port) = split_port(authority)?;
        Some(Self { name: name.to_owned(), port: port.to_owned(), path: path.into_owned() })
    }

    fn is_hub_for(&self, registry: &str) -> bool {
        let hub = registry == HUB || !registry.contains(['.', ':']);
        hub && self.name == "index.docker.io" && self.port.is_empty() && self.path.is_empty()
    }

    fn matches(&self, registry: &str, path: &str) -> bool {
        let Some((name, port)) = split_port(registry) else { return false };
        let labels = || self.name.split('.').zip(name.split('.'));
        self.port == port
            && self.name.split('.').count() == name.split('.').count()
            && path.starts_with(&self.path)
            && labels().all(|(pattern, label)| label_matches(pattern, label))
    }
}

/// Host with port, and path, of a URL without its scheme, by the rules of Go's net/url.
fn url_parts(url: &str) -> Option<(&str, Cow<'_, str>)> {
    if url.contains(|c: char| c.is_ascii_control()) {
        return None;
    }
    let url = url.split('#').next()?.split('?').next()?;
    let (authority, path) = url.split_at(url.find('/').unwrap_or(url.len()));
    let (account, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let in_account = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:%@".contains(c);
    let in_host = |c: char| !c.is_ascii() || !" %[\\^`{|}".contains(c);
    let good = account.chars().all(in_account) && host.strip_prefix('[').unwrap_or(host).chars().all(in_host);
    Some((good.then_some(host)?, decode(path)?))
}

/// Percent signs resolved; `None` where one is followed by no two hex digits, or the result is no text.
fn decode(path: &str) -> Option<Cow<'_, str>> {
    if !path.contains('%') {
        return Some(Cow::Borrowed(path));
    }
    let mut pieces = path.split('%');
    let mut bytes = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        bytes.push(u8::from_str_radix(piece.get(..2).filter(|hex| !hex.starts_with('+'))?, 16).ok()?);
        bytes.extend_from_slice(piece.get(2..)?.as_bytes());
    }
    Some(Cow::Owned(String::from_utf8(bytes).ok()?))
}

/// Name and port. The name of `[::1]:5000` is `::1`, but that of `[::1]` is `[::1]`: without a port the
/// brackets stay, and mean a set of characters, so that such a key matches no such host.
fn split_port(authority: &str) -> Option<(&str, &str)> {
    let split = authority.rsplit_once(':').filter(|_| !authority.ends_with(']'));
    let Some((name, port)) = split else { return Some((authority, "")) };
    let name = match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        None if name.contains(':') => return None,
        inner => inner.unwrap_or(name),
    };
    port.bytes().all(|byte| byte.is_ascii_digit()).then_some((name, port))
}

fn label_matches(pattern: &str, label: &str) -> bool {
    let glob = || GlobBuilder::new(pattern).build().map(|g| g.compile_matcher());
    let plain = !pattern.starts_with('[');
    plain
        && (pattern == label
            || (pattern.contains('*') && glob().is_ok_and(|g: GlobMatcher| g.is_match(label))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_as_the_kubelet_does() {
        let table = [
            ("harbor.example.com", "harbor.example.com/a/b", true),
            ("https://harbor.example.com/v2/", "harbor.example.com/a", true),
            ("harbor.example.com/boe", "harbor.example.com/boeboe/app", true),
            ("harbor.example.com/boeboe", "harbor.example.com/other/app", false),
            ("*.example.com", "harbor.example.com/a", true),
            ("*.example.com", "a.b.example.com/a", false),
            ("*.com", "harbor.example.com/a", false),
            ("{harbor,x}.example.com", "harbor.example.com/a", false),
            ("harbor.example.com", "harbor.example.com:443/a", false),
            ("harbor.example.com:", "harbor.example.com/a", true),
            ("reg.io:5000", "reg.io:5000/a", true),
            ("*:5000", "[::1]:5000/a", true),
            ("[::1]:5000", "[::1]:5000/a", true),
            ("[::1]", "[::1]/a", false),
            ("*", "[::1]/a", true),
            ("a_b.c", "a_b.c/app", true),
            ("a_b.c/app", "a_b.c/app", true),
            ("index.docker.io", "a_b.c/app", false),
            ("docker.io", "nginx", true),
            ("https://index.docker.io/v1/", "nginx", true),
            ("https://index.docker.io/v1", "nginx", false),
            ("https://index.docker.io/v1/", "localhost/a", true),
            ("https://index.docker.io/v1/", "localhost:5000/a", false),
            ("registry-1.docker.io", "nginx", false),
            ("me:x@harbor.example.com", "harbor.example.com/a", true),
            ("m e@harbor.example.com", "harbor.example.com/a", false),
            ("https://https://harbor.example.com", "harbor.example.com/a", false),
            ("harbor.example.com/te%61m?x#y", "harbor.example.com/team/a", true),
            ("harbor.example.com/te%zzm", "harbor.example.com/team/a", false),
        ];
        for (key, image, matches) in table {
            assert_eq!(key_matches(key, &Image::parse(image).unwrap()), matches, "{key} for {image}");
        }
    }

    #[test]
    fn knows_the_spellings_of_one_registry() {
        let table = [
            ("harbor.example.com", "https://harbor.example.com/v2/", true),
            ("harbor.example.com", "http://harbor.example.com", true),
            ("harbor.example.com", "harbor.example.com:", true),
            ("harbor.example.com/team", "https://harbor.example.com/v1/team", true),
            ("harbor.example.com", "harbor.example.com:443", false),
            ("harbor.example.com", "harbor.example.com/v2", false),
            ("not a host", "not a host", true),
            ("not a host", "no host either", false),
        ];
        for (one, other, same) in table {
            assert_eq!(same_registry(one, other), same, "{one} and {other}");
        }
    }
}
