//! Why a container waits for its image: a table over the kubelet's reason and the container runtime's
//! message, for containerd and CRI-O. Messages are prose and change; what no row knows is `Unknown`, and
//! nothing is done on an unknown cause.

use super::snapshot::Waiting;
use crate::registry::Image;

/// Why an image could not be pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cause {
    /// The registry wants a credential, or a better one.
    Access,
    /// The registry says that the token has expired.
    Expired,
    /// Missing or unauthorised: the registry doesn't tell which.
    Denied,
    /// The registry has no such repository, tag or platform.
    NotFound,
    /// The registry has had enough of us.
    RateLimit,
    /// The registry was not reached.
    Network,
    /// The reference is no image name.
    InvalidName,
    /// A Secret that the pod names holds what the kubelet can't decode.
    Malformed,
    /// The pod forbids pulling, or the node can't read the image it has.
    Local,
    /// The image's signature was refused.
    Signature,
    /// The kubelet doesn't say.
    Untold,
    /// None of the above.
    Unknown,
}

use Cause::{
    Access, Denied, Expired, InvalidName, Local, Malformed, Network, NotFound, RateLimit, Signature, Unknown,
    Untold,
};

/// Reasons that say enough by themselves.
const REASONS: &[(&str, Cause)] = &[
    ("InvalidImageName", InvalidName),
    ("ErrImageNeverPull", Local),
    ("ImageInspectError", Local),
    ("RegistryUnavailable", Network),
    ("SignatureValidationFailed", Signature),
];

/// Parts of messages, in lower case. The first row that fits decides, so that a rate limit that also
/// says "denied", or a token request that met a dead network, is what it is.
const MESSAGES: &[(&str, Cause)] = &[
    ("authorization token has expired", Expired),
    ("429 too many requests", RateLimit),
    ("toomanyrequests", RateLimit),
    ("dial tcp", Network),
    ("x509:", Network),
    ("i/o timeout", Network),
    ("no such host", Network),
    ("connection refused", Network),
    ("connection reset", Network),
    ("tls: ", Network),
    ("context deadline exceeded", Network),
    ("500 internal server error", Network),
    ("502 bad gateway", Network),
    ("503 service unavailable", Network),
    ("504 gateway timeout", Network),
    ("illegal base64 data", Malformed),
    ("pull access denied", Denied),
    ("401 unauthorized", Access),
    ("403 forbidden", Access),
    ("insufficient_scope", Access),
    ("authorization failed", Access),
    ("no basic auth credentials", Access),
    ("failed to fetch anonymous token", Access),
    ("failed to fetch oauth token", Access),
    ("unable to retrieve auth token", Access),
    ("invalid username/password", Access),
    ("authentication required", Access),
    ("unauthorized: ", Access),
    ("denied: ", Access),
    ("pinging container registry", Network),
    ("code = notfound", NotFound),
    ("manifest unknown", NotFound),
    ("name unknown", NotFound),
    ("not found", NotFound),
];

/// Why this container waits.
#[must_use]
pub fn cause(waiting: &Waiting) -> Cause {
    if let Some((_, cause)) = REASONS.iter().find(|(reason, _)| *reason == waiting.reason) {
        return *cause;
    }
    let text = format!("{} {}", waiting.reason, waiting.message).to_lowercase();
    MESSAGES.iter().find(|(part, _)| text.contains(part)).map_or(Unknown, |(_, cause)| *cause)
}

/// Does a waiting reason speak of the container's image at all?
///
/// The kubelet puts a raw Go error where a credential can't be decoded: the only reasons with blanks.
#[must_use]
pub fn is_about_image(reason: &str) -> bool {
    matches!(reason, "ErrImagePull" | "ImagePullBackOff")
        || REASONS.iter().any(|(own, _)| *own == reason)
        || reason.contains(' ')
}

/// The image that the message quotes, if it is another than the container's: the wait is then for an
/// image volume, which shows up on the container.
#[must_use]
pub(super) fn other_image(waiting: &Waiting) -> Option<String> {
    let (_, rest) = waiting.message.split_once("image \"")?;
    let (quoted, _) = rest.split_once('"')?;
    let names = |text: &str| Image::parse(text).ok().map(|image| image.name());
    let (quoted_name, own) = (names(quoted)?, names(&waiting.image)?);
    (quoted_name != own).then(|| quoted.to_owned())
}

impl Cause {
    /// May it be a matter of access, or not: is the registry to be asked?
    #[must_use]
    pub fn is_ambiguous(self) -> bool {
        matches!(self, Denied | Untold)
    }

    /// The cause in a few words, for a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Access => "the registry refuses access",
            Expired => "the registry says that the token has expired",
            Denied => "the image is missing or access is refused; the registry doesn't tell which",
            NotFound => "the registry has no such image",
            RateLimit => "the registry limits the rate of pulls",
            Network => "the registry was not reached",
            InvalidName => "this is no image name",
            Malformed => "a pull secret of the pod can't be decoded",
            Local => "the image is not on the node or can't be read there",
            Signature => "the image's signature was refused",
            Untold => "the kubelet doesn't say why",
            Unknown => "the cause is not known",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_messages_have_their_cause() {
        let table = [
            (
                r#"failed to pull and unpack image "127.0.0.1:5000/app:1": failed to resolve reference "127.0.0.1:5000/app:1": unexpected status from HEAD request to http://127.0.0.1:5000/v2/app/manifests/1: 401 Unauthorized"#,
                Access,
            ),
            (
                r#"Back-off pulling image "h.io/app:1": ErrImagePull: failed to resolve reference "h.io/app:1": unexpected status from HEAD request to https://h.io/v2/app/manifests/1: 403 Forbidden"#,
                Access,
            ),
            (
                r#"failed to resolve reference "docker.io/me/app:1": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed"#,
                Denied,
            ),
            (
                r#"failed to resolve reference "h.io/app:1": failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://h.io/token: 401 Unauthorized"#,
                Access,
            ),
            (
                r#"failed to authorize: failed to fetch anonymous token: Get "https://auth.docker.io/token": dial tcp: lookup auth.docker.io: i/o timeout"#,
                Network,
            ),
            (
                r"failed to resolve reference: failed to authorize: failed to fetch oauth token: unexpected status: 401 Unauthorized",
                Access,
            ),
            ("no basic auth credentials", Access),
            (
                "reading manifest 1 in h.io/app: unable to retrieve auth token: invalid username/password: unauthorized: authentication required",
                Access,
            ),
            ("reading manifest 1 in h.io/app: denied: requested access to the resource is denied", Access),
            ("denied: Your authorization token has expired. Reauthenticate and try again.", Expired),
            (
                r#"rpc error: code = NotFound desc = failed to pull and unpack image "h.io/app:2": failed to resolve reference "h.io/app:2": h.io/app:2: not found"#,
                NotFound,
            ),
            ("reading manifest 2 in h.io/app: manifest unknown", NotFound),
            (
                "429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit.",
                RateLimit,
            ),
            (
                r#"Get "https://h.io/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority"#,
                Network,
            ),
            (
                "pinging container registry h.io: Get \"https://h.io/v2/\": dial tcp 10.0.0.1:443: connect: connection refused",
                Network,
            ),
            ("something new", Unknown),
        ];
        for (message, expected) in table {
            let waiting =
                Waiting { reason: "ErrImagePull".into(), message: message.into(), ..Waiting::default() };
            assert_eq!(cause(&waiting), expected, "{message}");
        }
    }

    #[test]
    fn reasons_that_say_enough() {
        let table = [
            ("InvalidImageName", InvalidName, true),
            ("illegal base64 data at input byte 0", Malformed, true),
            ("RegistryUnavailable", Network, true),
            ("CrashLoopBackOff", Unknown, false),
            ("ContainerCreating", Unknown, false),
        ];
        for (reason, expected, about) in table {
            let waiting = Waiting { reason: reason.into(), ..Waiting::default() };
            assert_eq!((cause(&waiting), is_about_image(reason)), (expected, about), "{reason}");
        }
    }

    #[test]
    fn sees_the_image_of_a_volume() {
        let waiting = |message: &str| Waiting {
            image: "h.io/app:1".into(),
            message: message.into(),
            ..Waiting::default()
        };
        let other = r#"Back-off pulling image "h.io/models:3": ErrImagePull: 401 Unauthorized"#;
        assert_eq!(other_image(&waiting(other)), Some("h.io/models:3".into()));
        assert_eq!(other_image(&waiting(r#"Back-off pulling image "h.io/app:1""#)), None);
        assert_eq!(other_image(&waiting("no quote")), None);
    }
}
