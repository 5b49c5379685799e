//! AWS' error codes, by what to do about them. Each of its protocols spells them its own way.

use super::fault::Refusal;

/// What a refusal means for who reads of it.
pub(super) enum Kind {
    /// The identity is known, and may not.
    Denied,
    /// There is no such key.
    Key,
    /// What was signed with is too old.
    Expired,
    /// The secret isn't the key's.
    Signature,
    /// The clocks are apart.
    Clock,
    /// Too many ask.
    Throttled,
    /// The region doesn't have it.
    Region,
    /// The web identity token isn't believed.
    Token,
    /// The ARN or the external id can't be one.
    Role,
    /// None of these.
    Other,
}

/// The common errors of AWS: <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/CommonErrors.html>.
pub(super) fn kind(refusal: &Refusal) -> Kind {
    let timed = ["not yet current", "Signature expired"].iter().any(|words| refusal.message.contains(words));
    match refusal.code.as_str() {
        "RequestTimeTooSkewed" | "RequestExpired" | "RequestInTheFuture" => Kind::Clock,
        "InvalidSignatureException" | "SignatureDoesNotMatch" if timed => Kind::Clock,
        "InvalidSignatureException" | "SignatureDoesNotMatch" | "IncompleteSignature" => Kind::Signature,
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "NotAuthorized" => Kind::Denied,
        "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidAccessKeyId"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException" => Kind::Key,
        "ExpiredToken" | "ExpiredTokenException" => Kind::Expired,
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "TooManyRequestsException"
        | "RequestLimitExceeded"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "SlowDown" => Kind::Throttled,
        "RegionDisabledException"
        | "OptInRequired"
        | "UnsupportedCommandException"
        | "UnknownOperationException"
        | "InvalidAction" => Kind::Region,
        "InvalidIdentityToken" | "IDPRejectedClaim" | "IDPCommunicationError" => Kind::Token,
        "ValidationError" if refusal.action.is_some() => Kind::Role,
        _ => Kind::Other,
    }
}
