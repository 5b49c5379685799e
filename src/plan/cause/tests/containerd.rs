//! Texts of containerd, from its `remotes/docker` and `cri`: 1.6.20 (Debian 12), 1.7.28 and 2.4.2.

use super::super::Cause::{
    Access, Denied, InvalidName, Local, Network, NotFound, Platform, RateLimit, Signature, Unknown,
};
use super::judge;

#[test]
fn refusals() {
    judge(&[
        (
            "1.6",
            r#"failed to pull and unpack image "h.io/team/app:1": failed to resolve reference "h.io/team/app:1": pulling from host h.io failed with status code [manifests 1]: 401 Unauthorized"#,
            Access,
        ),
        (
            "1.7, 2",
            r#"failed to pull and unpack image "h.io/team/app:1": failed to resolve reference "h.io/team/app:1": unexpected status from HEAD request to https://h.io/v2/team/app/manifests/1: 403 Forbidden"#,
            Access,
        ),
        (
            "2.4, which asks again for the words",
            "failed to pull and unpack image \"h.io/team/app:1\": failed to resolve reference \"h.io/team/app:1\": unexpected status from HEAD request to https://h.io/v2/team/app/manifests/1: 403 Forbidden\ndenied: User: arn:aws:iam::123456789012:user/ci is not authorized to perform: ecr:BatchGetImage",
            Access,
        ),
        (
            "2, a registry that wants a password",
            r#"failed to pull and unpack image "h.io/team/app:1": failed to resolve reference "h.io/team/app:1": pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials"#,
            Access,
        ),
        (
            "a refused bearer token",
            r#"failed to resolve reference "h.io/team/app:1": pull access denied, repository does not exist or may require authorization: server message: invalid_token: authorization failed"#,
            Access,
        ),
        (
            "Docker Hub, missing or private",
            r#"failed to pull and unpack image "docker.io/me/app:1": failed to resolve reference "docker.io/me/app:1": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed"#,
            Denied,
        ),
        (
            "2, the transfer service",
            r#"failed to pull and unpack image "h.io/team/app:1": failed to resolve image: unexpected status from HEAD request to https://h.io/v2/team/app/manifests/1: 401 UNAUTHORIZED"#,
            Access,
        ),
        (
            "a layer",
            r#"failed to pull and unpack image "h.io/team/app:1": failed to copy: httpReadSeeker: failed open: unexpected status code https://h.io/v2/team/app/blobs/sha256:0a: 401 Unauthorized"#,
            Access,
        ),
        ("basic", "failed to handle basic auth because missing username or secret", Access),
        ("NTLM", "failed to find supported auth scheme: not implemented", Unknown),
    ]);
}

#[test]
fn refused_tokens() {
    let failed = |rest: &str| format!("failed to authorize: failed to fetch {rest}");
    for (rest, expected) in [
        ("anonymous token: unexpected status: 401 Unauthorized", Access), // 1.6
        ("anonymous token: unexpected status: 403 Forbidden", Denied),    // 1.6
        (
            "anonymous token: unexpected status from GET request to https://h.io/token?scope=repository%3Ateam%2Fapp%3Apull&service=h.io: 401 Unauthorized",
            Access,
        ),
        (
            "anonymous token: unexpected status from GET request to https://ghcr.io/token?scope=repository%3Ateam%2Fapp%3Apull&service=ghcr.io: 403 Forbidden",
            Denied,
        ),
        (
            "oauth token: unexpected status from GET request to https://auth.docker.io/token?service=registry.docker.io: 401 Unauthorized",
            Access,
        ),
        ("oauth token: unexpected status from POST request to https://h.io/token: 403 Forbidden", Denied),
        ("oauth token: unexpected status from POST request to https://h.io/token: 400 Bad Request", Access),
        ("oauth token: unexpected status from GET request to https://h.io/token: 502 Bad Gateway", Network),
        ("oauth token: unexpected status from GET request to https://h.io/token: 521 ", Network),
        (r#"anonymous token: Get "https://auth.docker.io/token": dial tcp: i/o timeout"#, Network),
    ] {
        judge(&[("containerd", &failed(rest), expected)]);
    }
}

#[test]
fn what_is_not_there() {
    judge(&[
        (
            "any",
            r#"rpc error: code = NotFound desc = failed to pull and unpack image "h.io/team/app:2": failed to resolve reference "h.io/team/app:2": h.io/team/app:2: not found"#,
            NotFound,
        ),
        (
            "a manifest",
            "failed to copy: httpReadSeeker: failed open: content at https://h.io/v2/team/app/manifests/sha256:0a not found: not found",
            NotFound,
        ),
        (
            "a layer",
            "could not fetch content descriptor sha256:0a (application/vnd.oci.image.layer.v1.tar) from remote: not found",
            NotFound,
        ),
        (
            "another platform",
            r#"rpc error: code = NotFound desc = failed to pull and unpack image "h.io/team/app:1": no match for platform in manifest: not found"#,
            Platform,
        ),
        (
            "status",
            "unexpected status from HEAD request to https://h.io/v2/a/manifests/1: 404 Not Found",
            NotFound,
        ),
        (
            "the name",
            r#"failed to parse image reference "h.io/Team/app": invalid reference format: repository name (Team/app) must be lowercase"#,
            InvalidName,
        ),
    ]);
}

#[test]
fn too_much() {
    judge(&[
        (
            "1.6",
            r#"failed to resolve reference "docker.io/library/nginx:1": pulling from host registry-1.docker.io failed with status code [manifests 1]: 429 Too Many Requests"#,
            RateLimit,
        ),
        (
            "1.7",
            "failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/nginx/manifests/sha256:0a: 429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit",
            RateLimit,
        ),
        ("2", "429 Too Many Requests\ntoomanyrequests: Rate exceeded, denied: later", RateLimit),
    ]);
}

#[test]
fn the_way_there() {
    for error in [
        "dial tcp 10.0.0.1:443: connect: connection refused",
        "dial tcp: lookup h.io on 10.96.0.10:53: no such host",
        "dial tcp: lookup h.io: Temporary failure in name resolution",
        "dial tcp 10.0.0.1:443: connect: no route to host",
        "dial tcp [2001:db8::1]:443: connect: network is unreachable",
        "read tcp 10.0.0.2:40000->10.0.0.1:443: read: connection reset by peer",
        "net/http: TLS handshake timeout",
        "tls: failed to verify certificate: x509: certificate signed by unknown authority",
        "x509: certificate has expired or is not yet valid: current time 2026-11-21T00:00:00Z is after 2026-11-20T00:00:00Z",
        "remote error: tls: handshake failure",
        "http: server gave HTTP response to HTTPS client",
        "proxyconnect tcp: dial tcp 10.0.0.9:3128: connect: connection refused",
        "Proxy Authentication Required",
        "Forbidden",
        "Service Unavailable",
        "EOF",
        "context deadline exceeded",
        "http2: client connection lost",
        "stream error: stream ID 5; INTERNAL_ERROR",
    ] {
        let message = format!(
            r#"failed to pull and unpack image "h.io/team/app:1": failed to resolve reference "h.io/team/app:1": failed to do request: Head "https://h.io/v2/team/app/manifests/1": {error}"#
        );
        judge(&[("containerd", &message, Network)]);
    }
    judge(&[
        ("nothing moved", r#"failed to pull and unpack image "h.io/team/app:1": context canceled"#, Network),
        (
            "half a layer",
            r#"failed to pull and unpack image "h.io/team/app:1": failed to copy: unexpected EOF"#,
            Network,
        ),
        (
            "a proxy",
            "unexpected status from HEAD request to https://h.io/v2/a/manifests/1: 407 Proxy Authentication Required",
            Network,
        ),
        (
            "1.6",
            "pulling from host h.io failed with status code [manifests 1]: 503 Service Unavailable",
            Network,
        ),
    ]);
}

#[test]
fn the_node() {
    judge(&[
        (
            "a full disk",
            r#"failed to pull and unpack image "h.io/team/app:1": failed to copy: write /var/lib/containerd/ingest/data: no space left on device"#,
            Local,
        ),
        (
            "a broken layer",
            r#"failed to pull and unpack image "h.io/team/app:1": failed to extract layer sha256:0a: archive/tar: invalid tar header: unknown"#,
            Local,
        ),
        (
            "no runtime",
            r#"rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix /run/containerd/containerd.sock: connect: connection refused""#,
            Local,
        ),
        (
            "an old image",
            r#"failed to resolve image: not implemented: media type "application/vnd.docker.distribution.manifest.v1+prettyjws" is no longer supported since containerd v2.0, please rebuild the image as "a" or "b""#,
            Local,
        ),
        ("an old image", "schema 1 image manifests are no longer supported: invalid argument", Local),
        (
            "other bytes than the digest's",
            r#"failed commit on ref "layer-sha256:0a": unexpected commit digest sha256:0b, expected sha256:0a: failed precondition"#,
            Unknown,
        ),
        (
            "a verifier",
            "image verifier cosign blocked pull of h.io/team/app:1 with digest sha256:0a for reason: unsigned",
            Signature,
        ),
    ]);
}
