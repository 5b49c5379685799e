//! Texts of CRI-O 1.34 and before, which are those of containers/image: `docker_client.go`, `errors.go`.

use super::super::Cause::{
    Access, Denied, InvalidName, Local, Network, NotFound, Platform, RateLimit, Signature, Unknown,
};
use super::judge;

const SOURCE: &str = "initializing source docker://h.io/team/app:1: ";

#[test]
fn what_it_says_of_the_registry() {
    for (rest, expected) in [
        (
            "unable to retrieve auth token: invalid username/password: unauthorized: incorrect username or password",
            Access,
        ),
        ("reading manifest 1 in h.io/team/app: unauthorized: authentication required", Access),
        ("reading manifest 1 in h.io/team/app: authentication required", Access),
        (
            "reading manifest 1 in h.io/team/app: denied: User: arn:aws:iam::1:user/ci is not authorized",
            Access,
        ),
        (
            r#"reading manifest 1 in h.io/team/app: StatusCode: 403, "<html>\r\n<head><title>403 not found""#,
            Access,
        ),
        ("reading manifest 1 in h.io/team/app: requested access to the resource is denied", Denied),
        (
            "reading manifest 1 in h.io/team/app: errors:\ndenied: requested access to the resource is denied\nunauthorized: authentication required\n",
            Denied,
        ),
        ("Requesting bearer token: received unexpected HTTP status: 403 Forbidden", Denied),
        ("Requesting bear token: invalid status code from registry 403 (Forbidden)", Denied),
        ("Requesting bear token: invalid status code from registry 401 (Unauthorized)", Access),
        ("reading manifest 1 in h.io/team/app: manifest unknown", NotFound),
        (
            "reading manifest 1 in h.io/team/app: manifest unknown: The named manifest is not known to the registry.",
            NotFound,
        ),
        (
            "reading manifest 1 in h.io/team/app: name unknown: The repository with name 'team/app' does not exist in the registry with id '123456789012'",
            NotFound,
        ),
        (r#"reading manifest 1 in h.io/team/app: StatusCode: 404, "404 page not found\n""#, NotFound),
        ("reading manifest 1 in h.io/team/app: too many requests to registry", RateLimit),
        (
            "reading manifest 1 in h.io/team/app: toomanyrequests: You have reached your pull rate limit.",
            RateLimit,
        ),
        (
            r#"pinging container registry h.io: Get "https://h.io/v2/": dial tcp 10.0.0.1:443: connect: no route to host"#,
            Network,
        ),
        (r#"pinging container registry h.io: StatusCode: 404, "<!DOCTYPE html>...""#, Network),
        (
            r#"pinging container registry h.io: Get "https://h.io/v2/": http: server gave HTTP response to HTTPS client"#,
            Network,
        ),
        ("reading manifest 1 in h.io/team/app: received unexpected HTTP status: 521 ", Network),
        ("registry h.io is blocked in one of /etc/containers/registries.conf", Unknown),
    ] {
        judge(&[("CRI-O", &format!("{SOURCE}{rest}"), expected), ("older CRI-O", rest, expected)]);
    }
}

#[test]
fn what_it_says_of_the_image() {
    judge(&[
        (
            "another platform",
            r#"choosing an image from manifest list docker://h.io/team/app:1: no image found in manifest list for architecture "arm64", variant "v8", OS "linux""#,
            Platform,
        ),
        (
            "another platform",
            r#"choosing an image from manifest list docker://h.io/team/app:1: no image found in image index for architecture "arm64", variant "", OS "linux""#,
            Platform,
        ),
        (
            "a policy",
            "SignatureValidationFailed: Source image rejected: Running image docker://h.io/team/app:1 is rejected by policy.",
            Signature,
        ),
        (
            "a short name",
            r#"short-name "app:1" did not resolve to an alias and no unqualified-search registries are defined in "/etc/containers/registries.conf""#,
            InvalidName,
        ),
        (
            "a full disk",
            "copying system image from manifest list: writing blob: adding layer with blob \"sha256:0a\": processing tar file(write /bin/app: no space left on device): exit status 1",
            Local,
        ),
        (
            "half a layer",
            "copying system image from manifest list: reading blob sha256:0a: unexpected EOF",
            Network,
        ),
        ("signatures of none", "reading signatures: something new", Unknown),
    ]);
}

/// Credentials of pods are for the image's own registry: what a mirror says is another matter.
#[test]
fn the_answer_of_the_registry_counts_not_those_of_mirrors() {
    let mirror = |said: &str, own: &str| {
        format!("{SOURCE}(Mirrors also failed: [mirror.local/team/app:1: {said}]): h.io/team/app:1: {own}")
    };
    let refused = "reading manifest 1 in h.io/team/app: unauthorized: authentication required";
    let silent =
        r#"pinging container registry mirror.local: Get "https://mirror.local/v2/": dial tcp: i/o timeout"#;
    let missing = "reading manifest 1 in mirror.local/team/app: manifest unknown";
    judge(&[
        ("a mirror is down", &mirror(silent, refused), Access),
        ("a mirror lacks it", &mirror(missing, refused), Access),
        ("a mirror refuses", &mirror(refused, silent), Network),
    ]);
}
