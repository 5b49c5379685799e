//! Why a container waits for its image, from the kubelet's reason and the container runtime's message.
//! Messages are prose and change: what no row of the [table] knows is [`Cause::Unknown`], and nothing is
//! done on an unknown cause.

mod names;
mod other;
mod table;
#[cfg(test)]
mod tests;

use super::snapshot::Waiting;
pub(super) use other::other_image;

/// Why an image could not be pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cause {
    /// The registry wants a credential, or a better one.
    Access,
    /// The registry says that the token has expired.
    Expired,
    /// Missing or unauthorised: the registry doesn't tell which.
    Denied,
    /// The registry has no such repository or tag.
    NotFound,
    /// The image is there, but for other platforms.
    Platform,
    /// The registry has had enough of us.
    RateLimit,
    /// The registry was not reached, or something in between answered.
    Network,
    /// The reference is no image name, or too short a one for this node.
    InvalidName,
    /// A Secret that the pod names holds what the kubelet can't decode.
    Malformed,
    /// The pod forbids pulling, or the node can't keep or read the image.
    Local,
    /// The image's signature was refused.
    Signature,
    /// A kubelet before 1.32, or one that has just restarted, says that it backs off and no more.
    Untold,
    /// None of the above.
    Unknown,
}

/// Why this container waits.
#[must_use]
pub fn cause(waiting: &Waiting) -> Cause {
    let reason = waiting.reason.to_ascii_lowercase();
    let message = waiting.message.to_ascii_lowercase();
    match reason.as_str() {
        "errimagepull" => of_failed_pull(&message),
        "imagepullbackoff" => of_back_off(&message),
        // The kubelet's own error, which a message only repeats.
        _ => table::by_reason(&reason).or_else(|| table::by_start(&reason)).unwrap_or(Cause::Unknown),
    }
}

/// Does a waiting reason speak of the container's image at all?
///
/// Since 1.33 the kubelet puts a raw Go error where a pull secret can't be decoded
/// (`EnsureImageExists` in its `image_manager.go`): the only reasons with blanks, but for a missing
/// `RuntimeClass` behind an alpha feature gate.
#[must_use]
pub fn is_about_image(reason: &str) -> bool {
    let reason = reason.to_ascii_lowercase();
    matches!(reason.as_str(), "errimagepull" | "imagepullbackoff")
        || table::by_reason(&reason).is_some()
        || reason.contains(' ') && !reason.contains("runtimeclass")
}

/// `Back-off pulling image "X": REASON: MESSAGE`, of which a kubelet before 1.32 has the first part only.
fn of_back_off(message: &str) -> Cause {
    let Some(quoted) = message.strip_prefix("back-off pulling image \"") else {
        return of_failed_pull(message);
    };
    let told = quoted.split_once('"').map_or("", |(_, told)| told).trim_start_matches([':', ' ']);
    let (reason, message) = told.split_once(": ").unwrap_or((told, ""));
    match table::by_reason(reason) {
        Some(cause) => cause,
        None if reason == "errimagepull" => of_failed_pull(message),
        None => of_failed_pull(told),
    }
}

/// What the runtime said, or, before 1.33, the kubelet that could not decode a pull secret.
fn of_failed_pull(message: &str) -> Cause {
    if message.trim().is_empty() {
        return Cause::Untold;
    }
    table::by_start(message)
        .or_else(|| table::by_part(&names::without(of_the_registry(message))))
        .unwrap_or(Cause::Unknown)
}

/// The answer of the image's own registry, where CRI-O tells those of its mirrors too
/// (`docker_image_src.go` of containers/image): credentials of pods are for the former.
fn of_the_registry(message: &str) -> &str {
    match message.split_once(" also failed: [") {
        Some((_, others)) => others.rsplit_once("]): ").map_or(message, |(_, own)| own),
        None => message,
    }
}

impl Cause {
    /// Whether only a look at the registry, with the credential we would hand out, tells what to do.
    #[must_use]
    pub fn is_ambiguous(self) -> bool {
        matches!(self, Self::Denied | Self::Untold)
    }

    /// The cause in a word, for machines.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Expired => "expired",
            Self::Denied => "denied",
            Self::NotFound => "not_found",
            Self::Platform => "platform",
            Self::RateLimit => "rate_limit",
            Self::Network => "network",
            Self::InvalidName => "invalid_name",
            Self::Malformed => "malformed",
            Self::Local => "local",
            Self::Signature => "signature",
            Self::Untold => "untold",
            Self::Unknown => "unknown",
        }
    }

    /// The cause in a few words, for a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Access => "the registry refuses access",
            Self::Expired => "the registry says that the token has expired",
            Self::Denied => "the image is missing or access is refused; the registry doesn't tell which",
            Self::NotFound => "the registry has no such image",
            Self::Platform => "the image isn't made for the platform of the pod's node",
            Self::RateLimit => "the registry limits the rate of pulls",
            Self::Network => "the registry was not reached",
            Self::InvalidName => "this is no image name",
            Self::Malformed => "a pull secret of the pod can't be decoded",
            Self::Local => "the image is not on the node, or the node can't keep or read it",
            Self::Signature => "the image's signature was refused",
            Self::Untold => "the kubelet doesn't say why",
            Self::Unknown => "the cause is not known",
        }
    }
}
