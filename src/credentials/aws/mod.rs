//! Tokens of ECR and ECR Public: who asks, the call itself, and what came back.
//!
//! Who asks is settled before the call and apart from it, for the SDK would else count the search for
//! credentials as part of one attempt, and say of a failure only that the attempt took too long.
mod answer;
mod codes;
mod failure;
mod fault;
mod http;
mod identity;
mod places;
mod proxy;
#[cfg(test)]
mod tests;
mod words;

use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_sdk_ecr::config::SharedHttpClient;
use secrecy::SecretString;

use crate::config::AwsRole;
use crate::registry::{Entry, Host};
use failure::{Asked, Step};

/// One token takes no longer than this, the search for credentials and every try included.
const DEADLINE: Duration = Duration::from_secs(20);
const CONNECT: Duration = Duration::from_secs(3);
const ATTEMPT: Duration = Duration::from_secs(5);
const ATTEMPTS: u32 = 4;

/// The only region that gives tokens of ECR Public in its own partition:
/// <https://docs.aws.amazon.com/AmazonECR/latest/public/public-registry-auth.html>.
const PUBLIC_REGION: &str = "us-east-1";

/// Keys read from a Secret, line breaks already trimmed by the caller.
pub(super) struct Keys {
    /// The access key's id, which is no secret.
    pub(super) id: String,
    /// The secret access key.
    pub(super) secret: SecretString,
    /// Where they are, for messages: `Secret ops/aws`.
    pub(super) place: String,
}

/// Who asks for a token, and where.
#[derive(Default)]
pub(super) struct Caller<'a> {
    /// The written region; it wins over the environment's.
    pub(super) region: Option<&'a str>,
    /// The keys to ask with; `None` is the SDK's own chain.
    pub(super) keys: Option<Keys>,
    /// The role to assume first, with either.
    pub(super) role: Option<&'a AwsRole>,
}

/// What AWS gave.
pub(super) struct Token {
    /// User and password.
    pub(super) entry: Entry,
    /// The registry of the account that asked, if the answer names one.
    pub(super) own_host: Option<Host>,
    /// When it ends, as the answer says: maybe absurd.
    pub(super) expires: Option<jiff::Timestamp>,
}

/// A token for every registry of ECR that the caller may read in its region. The error is one line, with
/// what to do about it.
pub(super) async fn ecr(caller: &Caller<'_>) -> Result<Token, String> {
    ecr_in(caller, Surroundings::real()?).await
}

/// A token of ECR Public, which comes from us-east-1 alone, whatever the caller's region.
pub(super) async fn ecr_public(caller: &Caller<'_>) -> Result<Token, String> {
    ecr_public_in(caller, Surroundings::real()?).await
}

/// Looks a variable of the environment up.
type Variable = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What a call depends on beside what was written; tests bring their own.
struct Surroundings {
    loader: ConfigLoader,
    variable: Variable,
    http: SharedHttpClient,
    deadline: Duration,
    back_off: Duration,
}

impl Surroundings {
    fn real() -> Result<Self, String> {
        Ok(Self {
            loader: aws_config::defaults(BehaviorVersion::latest()),
            variable: Arc::new(|name: &str| std::env::var(name).ok()),
            http: http::shared()?,
            deadline: DEADLINE,
            back_off: Duration::from_secs(1),
        })
    }

    /// The SDK's configuration, with the region that was settled.
    async fn load(self, region: Option<Region>, keys: Option<&Keys>) -> SdkConfig {
        let retry = RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(self.back_off);
        let times = TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT);
        let mut loader = self.loader.http_client(self.http).retry_config(retry).timeout_config(times.build());
        if let Some(region) = region {
            loader = loader.region(region);
        }
        if let Some(keys) = keys {
            loader = loader.credentials_provider(identity::fixed(keys));
        }
        loader.load().await
    }
}

async fn ecr_in(caller: &Caller<'_>, around: Surroundings) -> Result<Token, String> {
    let mut asked = Asked::new(Step::Ecr, caller, &around.variable);
    let (deadline, written) = (around.deadline, identity::region(caller.region, &around.variable));
    let minted = async {
        let config = around.load(written, caller.keys.as_ref()).await;
        asked.region = identity::settled(&config)?;
        let config = identity::proven(config, caller, &asked).await?;
        let answer = aws_sdk_ecr::Client::new(&config).get_authorization_token().send().await;
        answer::ecr(&answer.map_err(|error| asked.failed(&error))?)
    };
    let timed = tokio::time::timeout(deadline, Box::pin(minted)).await;
    timed.unwrap_or_else(|_| Err(failure::too_late("ECR", deadline)))
}

async fn ecr_public_in(caller: &Caller<'_>, around: Surroundings) -> Result<Token, String> {
    let mut asked = Asked::new(Step::EcrPublic, caller, &around.variable);
    PUBLIC_REGION.clone_into(&mut asked.region);
    let deadline = around.deadline;
    let minted = async {
        let config = around.load(Some(Region::from_static(PUBLIC_REGION)), caller.keys.as_ref()).await;
        let config = identity::proven(config, caller, &asked).await?;
        let answer = aws_sdk_ecrpublic::Client::new(&config).get_authorization_token().send().await;
        answer::ecr_public(&answer.map_err(|error| asked.failed(&error))?)
    };
    let timed = tokio::time::timeout(deadline, Box::pin(minted)).await;
    timed.unwrap_or_else(|_| Err(failure::too_late("ECR Public", deadline)))
}
