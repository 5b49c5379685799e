//! The errors of AWS as one line each: what failed, the cause, and what to do about it.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use aws_config::imds::client::error::ImdsError;
use aws_credential_types::provider::error::CredentialsError;

use super::codes::{Kind, kind};
use super::fault::{Fault, Refusal};
use super::words::{self, quoted};
use super::{Caller, Variable, places};
use crate::config::AwsRole;

/// The service whose token is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Ecr,
    EcrPublic,
}

/// What was asked, for the messages.
pub(super) struct Asked<'a> {
    step: Step,
    /// Where the keys are, if they are not the environment's.
    keys: Option<String>,
    role: Option<&'a AwsRole>,
    /// The region that was settled on.
    pub(super) region: String,
    variable: Variable,
}

/// No answer within the whole deadline.
pub(super) fn too_late(service: &str, deadline: Duration) -> String {
    format!(
        "{service}: no token within {}; see whether AWS can be reached from here, and whether a proxy is needed \
         (HTTPS_PROXY)",
        humantime::format_duration(deadline)
    )
}

impl<'a> Asked<'a> {
    /// Nothing is known of the region yet.
    pub(super) fn new(step: Step, caller: &Caller<'a>, variable: &Variable) -> Self {
        Self {
            step,
            keys: caller.keys.as_ref().map(|keys| keys.place.clone()),
            role: caller.role,
            region: String::new(),
            variable: Arc::clone(variable),
        }
    }

    /// The call for the token failed.
    pub(super) fn failed(&self, error: &(dyn Error + 'static)) -> String {
        let service = self.service();
        match Fault::of(error) {
            Fault::Said(refusal) => self.refused(&refusal),
            fault => self.unanswered(service, &fault),
        }
    }

    /// The role could not be assumed.
    pub(super) fn no_role(&self, error: &(dyn Error + 'static), role: &AwsRole) -> String {
        match Fault::of(error) {
            Fault::Said(refusal) => self.refused(&refusal),
            fault => format!("role {}: {}", role.arn, self.unanswered("STS", &fault)),
        }
    }

    /// There are no credentials to ask with.
    pub(super) fn no_credentials(&self, error: &CredentialsError) -> String {
        if matches!(error, CredentialsError::CredentialsNotLoaded(_)) {
            return format!(
                "AWS: no credentials found; tried {}; give the ServiceAccount a role (IRSA or Pod Identity), \
                 write ecr.credentialsSecret, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
                places::tried(&self.variable)
            );
        }
        match Fault::of(error) {
            Fault::Said(refusal) => self.refused(&refusal),
            Fault::Other(_) if matches!(error, CredentialsError::Unhandled(_)) => {
                "AWS: the endpoint for credentials gave an answer that can't be read; see what answers at \
                 AWS_CONTAINER_CREDENTIALS_FULL_URI"
                    .to_owned()
            }
            Fault::Other(words) if is_metadata(error) => format!(
                "AWS: the instance's metadata gives no credentials: {}; give the ServiceAccount a role (IRSA or Pod \
                 Identity) or write ecr.credentialsSecret, or open the metadata to pods",
                quoted(&words)
            ),
            Fault::Other(words) if words.contains("cargo feature") => {
                "AWS: the profile asks for single sign-on or for a program (credential_process), which are not \
                 supported here; write ecr.credentialsSecret, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
                    .to_owned()
            }
            Fault::Other(words) => format!(
                "AWS: the credentials can't be read: {}; tried {}; mend what the environment or the profile says of them",
                quoted(&words),
                places::tried(&self.variable)
            ),
            fault => self.unanswered("the credentials' source", &fault),
        }
    }

    /// AWS said no.
    fn refused(&self, refusal: &Refusal) -> String {
        let action = refusal.action.unwrap_or(self.action());
        let request = refusal.request.as_deref().and_then(words::request);
        let request = request.map(|id| format!(", request {id}")).unwrap_or_default();
        let code = format!("{}{request}", words::code(&refusal.code));
        let said = |what: &str, remedy: &str| format!("AWS {what} ({code}); {remedy}");
        match kind(refusal) {
            Kind::Denied => {
                let words = words::sentence(&refusal.message);
                let colon = if words.is_empty() { "" } else { ": " };
                format!(
                    "AWS denies {action} ({}{colon}{words}{request}); {}",
                    refusal.code,
                    self.grant(action)
                )
            }
            Kind::Key => said(&format!("does not know the key that asks for {action}"), &self.renew()),
            Kind::Expired => said(&format!("says that what asks for {action} has expired"), &self.renew()),
            Kind::Signature => {
                let remedy = format!("the secret does not belong to the key: {}", self.renew());
                said(&format!("finds the signature of {action} wrong"), &remedy)
            }
            Kind::Clock => said(
                &format!("finds the time of the request for {action} wrong"),
                "set the clock of this machine right",
            ),
            Kind::Throttled => said(
                &format!("throttles {action}, after all retries too"),
                "wait for the next pass, and see who else asks that often",
            ),
            Kind::Region => said(
                &format!("does not serve {action} in {}", self.region),
                "write a region that has it, and is switched on for the account",
            ),
            Kind::Token => said(
                "does not accept the web identity token",
                "see that the cluster's OIDC provider is one of the account's identity providers",
            ),
            Kind::Role => said(
                &format!("can't read the request for {action}"),
                "write the ARN of a role, and an external id of 2 to 1224 characters",
            ),
            Kind::Other => said(
                &format!("refuses {action} in {}", self.region),
                "look the code up in the documentation of AWS; the next pass tries again",
            ),
        }
    }

    /// No answer of AWS at all.
    fn unanswered(&self, whom: &str, fault: &Fault) -> String {
        let at = self.endpoint(whom);
        match fault {
            Fault::Answered(status @ 500..) => {
                format!("{at} answered {status}, after all retries too; wait for the next pass")
            }
            Fault::Answered(status) => format!("{at} answered {status} and no code; {ODD}"),
            Fault::Unreadable => format!("{at} gave an answer that can't be read; {ODD}"),
            Fault::Late => format!(
                "{at} did not answer in time; see whether it can be reached from here, and whether a proxy is \
                 needed (HTTPS_PROXY)"
            ),
            Fault::NoSuchHost => {
                format!(
                    "{at} has no address; see that it is a region of AWS that serves this, and see to DNS"
                )
            }
            Fault::Tls(why) => format!(
                "{at}: TLS failed: {}; see that nothing stands between, and that the image's root certificates \
                 are those in use here (SSL_CERT_FILE)",
                quoted(why)
            ),
            Fault::Unreachable(why) | Fault::Other(why) => format!(
                "{at} can't be reached: {}; see to the network, the proxy (HTTPS_PROXY) and AWS_ENDPOINT_URL",
                quoted(why)
            ),
            Fault::Said(refusal) => self.refused(refusal),
        }
    }

    fn service(&self) -> &'static str {
        match self.step {
            Step::Ecr => "ECR",
            Step::EcrPublic => "ECR Public",
        }
    }

    fn action(&self) -> &'static str {
        match self.step {
            Step::Ecr => "ecr:GetAuthorizationToken",
            Step::EcrPublic => "ecr-public:GetAuthorizationToken",
        }
    }

    /// Who must allow `action`.
    fn grant(&self, action: &str) -> String {
        match (action, self.role.and_then(|role| role.external_id.as_deref())) {
            ("sts:AssumeRole", external_id) => {
                let arn = self.role.map_or("the profile's role", |role| role.arn.as_str());
                let hint = match external_id {
                    Some(_) => "with this externalId",
                    None => "or write the externalId that it asks for",
                };
                format!(
                    "allow that on {arn} to who asks, and let the trust policy of the role name who asks, {hint}"
                )
            }
            ("sts:AssumeRoleWithWebIdentity", _) => {
                "let the trust policy of AWS_ROLE_ARN name the cluster's OIDC provider and this ServiceAccount"
                    .to_owned()
            }
            ("ecr-public:GetAuthorizationToken", _) => {
                "allow ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken to who asks".to_owned()
            }
            _ => format!("allow {action} on resource * to who asks"),
        }
    }

    fn renew(&self) -> String {
        match &self.keys {
            Some(place) => format!("write a valid access key to {place}"),
            None => "renew the credentials in the environment or the profile".to_owned(),
        }
    }

    /// `ECR in eu-west-1`, or the endpoint that the environment puts in its place.
    fn endpoint(&self, whom: &str) -> String {
        let own = match whom {
            "STS" => "AWS_ENDPOINT_URL_STS",
            "ECR" => "AWS_ENDPOINT_URL_ECR",
            "ECR Public" => "AWS_ENDPOINT_URL_ECR_PUBLIC",
            _ => return whom.to_owned(),
        };
        let set = |name: &&'static str| Some((*name, (self.variable)(name).filter(|url| !url.is_empty())?));
        match [own, "AWS_ENDPOINT_URL"].iter().find_map(set) {
            Some((name, url)) => match words::place(&url) {
                Some(place) => format!("{whom} at {place}"),
                None => format!("{whom} at the URL in {name}"),
            },
            None => format!("{whom} in {}", self.region),
        }
    }
}

const ODD: &str = "see that the endpoint is AWS', and that nothing between here and AWS changes answers";

/// Was it the instance's metadata that failed, other than by not being there?
fn is_metadata(error: &CredentialsError) -> bool {
    error.source().is_some_and(<dyn Error>::is::<ImdsError>)
}
