//! The table of causes, in lower case. Texts are those of the kubelet 1.31 to 1.36, containerd 1.6, 1.7 and
//! 2, CRI-O with containers/image, and the registries themselves; `_` stands for a name or an address.

use super::Cause::{
    self, Access, Denied, Expired, InvalidName, Local, Malformed, Network, NotFound, Platform, RateLimit,
    Signature,
};

/// Reasons that say enough by themselves: the kubelet's `images/types.go` and cri-api's `errors.go`.
const REASONS: &[(&str, Cause)] = &[
    ("invalidimagename", InvalidName),
    ("errimageneverpull", Local),
    ("imageinspecterror", Local),
    ("registryunavailable", Network), // CRI-O, on a refused connection only
    ("signaturevalidationfailed", Signature),
];

/// How an error of the kubelet itself starts. Registries that answer with a web page make the runtimes
/// say the same of JSON, but never at the start.
const STARTS: &[(&str, Cause)] = &[
    ("illegal base64 data", Malformed),
    ("unable to parse auth field", Malformed),
    ("invalid character ", Malformed),
    ("unexpected end of json input", Malformed),
    ("json: ", Malformed),
    ("jsontext: ", Malformed), // Go's second JSON package
    ("couldn't parse image name", InvalidName),
    ("invalid image name", InvalidName),
    ("failed to record image pull intent", Local),
    ("pull qps exceeded", Local), // the kubelet's own limit, not the registry's
];

/// Parts of messages. The first row that fits decides. The more telling an answer, the earlier: a rate
/// limit that also says "denied", or a token request that met a dead network, is what it is. The kubelet
/// joins the answers to all credentials that it tried, so one that says "not found" goes before one that
/// refuses: some credential was good enough to learn it.
const PARTS: &[(&str, Cause)] = &[
    // ECR, Docker Hub, Artifactory, and those that put it like them
    ("authorization token has expired", Expired),
    ("token has expired", Expired),
    ("token is expired", Expired),
    ("token failed verification: expired", Expired),
    //
    ("429 too many requests", RateLimit),
    ("toomanyrequests", RateLimit),
    ("too many requests to registry", RateLimit), // CRI-O
    ("statuscode: 429", RateLimit),               // CRI-O
    //
    ("signaturevalidationfailed", Signature),
    ("source image rejected", Signature), // CRI-O
    ("image verifier", Signature),        // containerd 2
    //
    ("invalid reference format", InvalidName),
    ("failed to parse image reference", InvalidName),
    ("short-name _ did not resolve", InvalidName), // CRI-O without a default registry
    ("short-name resolution enforced", InvalidName),
    ("short name mode is enforcing", InvalidName),
    //
    ("dial unix", Local), // the runtime is down, not the registry
    ("no space left on device", Local),
    ("disk quota exceeded", Local),
    ("read-only file system", Local),
    ("input/output error", Local),
    ("failed to extract layer", Local),
    ("failed to unpack image", Local),
    ("unable to prepare extraction snapshot", Local),
    ("adding layer with blob", Local), // CRI-O
    ("schema 1", Local),
    ("is no longer supported since containerd", Local),
    ("unsupported media type", Local),
    ("unimplemented manifest mime type", Local), // CRI-O
    //
    ("registryunavailable", Network),
    ("dial tcp", Network),
    ("i/o timeout", Network),
    ("tls handshake timeout", Network),
    ("client.timeout exceeded", Network),
    ("connection timed out", Network),
    ("context deadline exceeded", Network),
    ("context canceled", Network), // containerd and CRI-O, when nothing moves
    ("no such host", Network),
    ("temporary failure in name resolution", Network),
    ("server misbehaving", Network),
    ("no route to host", Network),
    ("network is unreachable", Network),
    ("connection refused", Network),
    ("connection reset", Network),
    ("connection lost", Network),
    ("use of closed network connection", Network),
    ("broken pipe", Network),
    ("stream error: ", Network),
    ("unexpected eof", Network),
    ("_ eof", Network),
    ("x509: ", Network),
    ("tls: ", Network),
    ("server gave http response to https client", Network),
    ("malformed http response", Network),
    ("stopped after 10 redirects", Network),
    // what Go says of a proxy that refuses: the status without its number
    ("proxyconnect ", Network),
    ("proxy authentication required", Network),
    ("_ forbidden", Network),
    ("_ bad gateway", Network),
    ("_ service unavailable", Network),
    ("_ gateway timeout", Network),
    // a server that is there and doesn't serve
    ("500 internal server error", Network),
    ("502 bad gateway", Network),
    ("503 service unavailable", Network),
    ("504 gateway timeout", Network),
    ("request to _ 5", Network),                     // containerd 1.7, 2
    ("received unexpected http status: 5", Network), // CRI-O
    ("pinging container registry", Network),         // CRI-O: no registry answers there
    ("pinging docker registry", Network),
    ("is not allowed access", Network), // the firewall of ACR
    //
    ("no match for platform", Platform), // containerd, which also says "not found"
    ("no image found in manifest list", Platform), // CRI-O
    ("no image found in image index", Platform), // CRI-O
    ("code = notfound", NotFound),
    ("_ not found", NotFound),
    ("manifest unknown", NotFound),
    ("name unknown", NotFound),
    ("repository name not known to registry", NotFound),
    // clear, though containerd 2 says "pull access denied" before them
    ("no basic auth credentials", Access),
    ("invalid_token", Access),
    // what registries also say of a repository that isn't there
    ("pull access denied", Denied), // containerd
    ("insufficient_scope", Denied),
    ("requested access to the resource is denied", Denied), // Docker Hub, with CRI-O
    ("access to the requested resource is not authorized", Denied), // Quay
    ("or it may not exist", Denied),                        // Google
    ("unauthorized to access repository", Denied),          // Harbor
    ("access forbidden", Denied),                           // GitLab
    ("denied: denied", Denied),                             // GitHub
    // a refused token: GitHub, GitLab and Google do so for a missing repository
    ("failed to fetch anonymous token: unexpected status from get request to _ 403 forbidden", Denied),
    ("failed to fetch anonymous token: unexpected status: 403 forbidden", Denied), // containerd 1.6
    ("failed to fetch oauth token: unexpected status from get request to _ 403 forbidden", Denied),
    ("failed to fetch oauth token: unexpected status from post request to _ 403 forbidden", Denied),
    ("failed to fetch oauth token: unexpected status: 403 forbidden", Denied), // containerd 1.6
    ("requesting bearer token: received unexpected http status: 403 forbidden", Denied), // CRI-O
    ("requesting bear token: invalid status code from registry 403", Denied),  // older CRI-O
    //
    ("401 unauthorized", Access),
    ("403 forbidden", Access),
    ("statuscode: 401", Access), // CRI-O
    ("statuscode: 403", Access), // CRI-O
    ("authorization failed", Access),
    ("missing username or secret", Access),
    ("failed to fetch anonymous token", Access),
    ("failed to fetch oauth token", Access),
    ("unable to retrieve auth token", Access),
    ("invalid username/password", Access),
    ("invalid status code from registry 401", Access), // older CRI-O
    ("authentication required", Access),
    ("unauthorized", Access),
    ("denied: ", Access),
    // on its own it may be said of anything that a refusal mentions
    ("statuscode: 404", NotFound), // CRI-O
    ("not found", NotFound),
];

/// What a reason says by itself, in lower case.
pub(super) fn by_reason(reason: &str) -> Option<Cause> {
    REASONS.iter().find(|(own, _)| *own == reason).map(|(_, cause)| *cause)
}

/// What an error of the kubelet itself is about, in lower case.
pub(super) fn by_start(text: &str) -> Option<Cause> {
    STARTS.iter().find(|(start, _)| text.starts_with(start)).map(|(_, cause)| *cause)
}

/// What a runtime's message, in lower case and without names, is about.
pub(super) fn by_part(text: &str) -> Option<Cause> {
    PARTS.iter().find(|(part, _)| says(text, part)).map(|(_, cause)| *cause)
}

/// Whether a part starts a word of the text: names such as `10.0.0.1:407` hold parts too.
fn says(text: &str, part: &str) -> bool {
    let starts_word = |at: usize| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        before.is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '.' | '-' | '_' | '/' | ':' | '@' | '%'))
    };
    text.match_indices(part).any(|(at, _)| starts_word(at))
}

/// The texts of the table, for tests that put them into names.
#[cfg(test)]
pub(super) fn texts() -> impl Iterator<Item = &'static str> {
    REASONS.iter().chain(STARTS).chain(PARTS).map(|(text, _)| *text)
}
