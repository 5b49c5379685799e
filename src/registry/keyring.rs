//! Which credential the kubelet tries for which image: the rules of its keyring
//! (k8s.io/kubernetes/pkg/credentialprovider/keyring.go), which are not docker's.

use globset::{GlobBuilder, GlobMatcher};

use super::Image;
use super::image::HUB;

/// Does the kubelet try the credential under `key` of a docker config for `image`?
///
/// Scheme and a leading `/v1/` or `/v2/` are dropped. Labels must be equal in number and match one by
/// one, the port must be exactly equal, and the rest is a plain text prefix of the repository.
#[must_use]
pub fn key_matches(key: &str, image: &Image) -> bool {
    let (authority, path) = parts(key);
    if image.host == HUB && authority == "index.docker.io" && path.is_empty() {
        return true;
    }
    authority_matches(authority, &image.host) && image.repository.starts_with(path)
}

/// Are two keys of a docker config one registry to the kubelet, path included?
#[must_use]
pub fn same_registry(one: &str, other: &str) -> bool {
    parts(one) == parts(other)
}

/// A key's host with port, and its path, as the kubelet compares them.
fn parts(key: &str) -> (&str, &str) {
    let key = key.trim_start_matches("https://").trim_start_matches("http://");
    let (authority, path) = key.split_at(key.find('/').unwrap_or(key.len()));
    let path = match path {
        "/" => "",
        _ if path.starts_with("/v1/") || path.starts_with("/v2/") => path.get(3..).unwrap_or_default(),
        _ => path,
    };
    (authority, path.strip_prefix('/').unwrap_or(path))
}

fn authority_matches(pattern: &str, host: &str) -> bool {
    if pattern.starts_with('[') || host.starts_with('[') {
        return pattern == host;
    }
    let ((pattern, pattern_port), (host, port)) = (split_port(pattern), split_port(host));
    pattern_port == port
        && pattern.split('.').count() == host.split('.').count()
        && pattern.split('.').zip(host.split('.')).all(|(p, label)| label_matches(p, label))
}

fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (authority, None),
    }
}

fn label_matches(pattern: &str, label: &str) -> bool {
    let glob = || GlobBuilder::new(pattern).build().map(|g| g.compile_matcher());
    pattern == label || (pattern.contains('*') && glob().is_ok_and(|g: GlobMatcher| g.is_match(label)))
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
            ("harbor.example.com", "harbor.example.com:443/a", false),
            ("reg.io:5000", "reg.io:5000/a", true),
            ("docker.io", "nginx", true),
            ("https://index.docker.io/v1/", "nginx", true),
            ("https://index.docker.io/v1", "nginx", false),
            ("registry-1.docker.io", "nginx", false),
            ("[::1]:5000", "[::1]:5000/a", true),
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
            ("harbor.example.com/team", "https://harbor.example.com/v1/team", true),
            ("harbor.example.com", "harbor.example.com:443", false),
            ("harbor.example.com", "harbor.example.com/v2", false),
        ];
        for (one, other, same) in table {
            assert_eq!(same_registry(one, other), same, "{one} and {other}");
        }
    }
}
