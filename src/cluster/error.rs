//! What can go wrong with a request to the API server, told apart as far as a pass acts on it.

use std::error::Error as StdError;
use std::time::Duration;

use kube::core::Status;

/// Why a request brought no answer that could be used.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The API server said no.
    #[error("{}", status_text(.status, *.attempts))]
    Refused {
        /// Its words.
        status: Box<Status>,
        /// How often it was tried: an earlier attempt, whose answer was lost, may have done the work.
        attempts: u32,
    },
    /// No answer came, however often it was tried.
    #[error("no answer from {url} after {attempts} attempts in {elapsed:.1?}: {cause}")]
    Unreachable {
        /// The API server.
        url: String,
        /// How often it was tried.
        attempts: u32,
        /// How long that took.
        elapsed: Duration,
        /// What the last attempt met.
        cause: String,
    },
    /// An answer came that is not what the API promises. The body isn't quoted: it may hold a Secret.
    #[error("the answer of {url} is not understood: {cause}; is it a Kubernetes API server?")]
    Garbled {
        /// The API server.
        url: String,
        /// The place in the body and what was expected there.
        cause: String,
    },
    /// The request could not be made at all: a credential plugin failed, say.
    #[error("{0}")]
    Unsendable(String),
}

/// What was asked for, if it is there.
pub(super) fn found<T>(answer: Result<T, ApiError>) -> Result<Option<T>, ApiError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.meaning() == Meaning::Gone => Ok(None),
        Err(error) => Err(error),
    }
}

/// What an error means for the pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The object changed, or a tested value differs: read again and decide anew.
    Conflict,
    /// It is there already.
    AlreadyExists,
    /// The object is gone.
    Gone,
    /// The namespace is being deleted.
    NamespaceTerminating,
    /// The namespace is gone.
    NamespaceGone,
    /// A right is missing: the authorizer says so.
    Forbidden,
    /// Refused for another reason: an admission plugin, a quota, a proxy.
    Denied,
    /// A disruption budget forbids the eviction.
    DisruptionBudget,
    /// The pod has more than one disruption budget, with which no eviction can be.
    SeveralBudgets,
    /// The continue token of a list is too old.
    Expired,
    /// The answer can't be given in the form that was asked for.
    NotAcceptable,
    /// None of the above.
    Other,
}

impl ApiError {
    /// What it means for the pass.
    #[must_use]
    pub fn meaning(&self) -> Meaning {
        let Self::Refused { status, .. } = self else { return Meaning::Other };
        let details = status.details.as_ref();
        let cause = |reason| has_cause(status, reason);
        match status.code {
            _ if is_denied(&status.message) => Meaning::Denied,
            403 if cause("NamespaceTerminating") => Meaning::NamespaceTerminating,
            403 if lacks_right(&status.message) => Meaning::Forbidden,
            403 => Meaning::Denied,
            404 if details.is_some_and(|d| d.kind == "namespaces") => Meaning::NamespaceGone,
            404 if status.reason == "NotFound" => Meaning::Gone,
            409 if status.reason == "AlreadyExists" => Meaning::AlreadyExists,
            409 | 422 => Meaning::Conflict,
            410 => Meaning::Expired,
            406 | 415 => Meaning::NotAcceptable,
            429 if cause("DisruptionBudget") => Meaning::DisruptionBudget,
            500 if has_several_budgets(status) => Meaning::SeveralBudgets,
            _ => Meaning::Other,
        }
    }

    /// Did nothing come that could be an answer of an API server?
    #[must_use]
    pub fn is_silence(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Garbled { .. } | Self::Unsendable(_))
    }

    /// May an earlier attempt, whose answer was lost, have done the work?
    #[must_use]
    pub fn was_retried(&self) -> bool {
        matches!(self, Self::Refused { attempts: 2.., .. })
    }
}

/// Is this among the causes that a refusal gives?
pub(super) fn has_cause(status: &Status, reason: &str) -> bool {
    let mut causes = status.details.iter().flat_map(|details| &details.causes);
    causes.any(|cause| cause.reason == reason)
}

/// The words for a pod with more than one disruption budget (`pkg/registry/core/pod/storage/eviction.go`): they come with a
/// code that else may pass, and without a reason.
pub(super) fn has_several_budgets(status: &Status) -> bool {
    status.message.contains("more than one PodDisruptionBudget")
}

/// The words for a refusal by a webhook or a `ValidatingAdmissionPolicy` (`ToStatusErr` of the webhooks' `statuserror.go`,
/// and `dispatcher.go` of the policies). Their authors choose the code: a webhook that names none gets 400, a policy 422.
fn is_denied(message: &str) -> bool {
    message.contains("admission webhook \"") && message.contains("\" denied the request")
        || message.contains("ValidatingAdmissionPolicy '") && message.contains("' denied request")
}

/// The form in which the API server tells what an authorizer refused, RBAC or another.
fn lacks_right(message: &str) -> bool {
    message.contains(" cannot ") && message.contains(" resource ")
}

/// The server's words, or its code where it has none.
fn status_text(status: &Status, attempts: u32) -> String {
    let text = match (status.code, status.message.as_str()) {
        (401, _) => {
            "the API server doesn't know who asks (401); check the token or the certificate in use".to_owned()
        }
        (404, "") => "the answer is a plain 404 Not Found; is it a Kubernetes API server?".to_owned(),
        (code, "") => format!("the answer is a plain {code} {}", status.reason),
        (code, message) => format!("{message} ({code})"),
    };
    if attempts > 1 { format!("{text} after {attempts} attempts") } else { text }
}

/// An error with all of its causes, each once: wrappers like to repeat what they wrap.
pub(super) fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        source = cause.source();
    }
    text
}
