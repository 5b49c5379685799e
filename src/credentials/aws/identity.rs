//! Who asks: the region, then the credentials, then the role assumed with them.

use aws_config::sts::AssumeRoleProvider;
use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use secrecy::ExposeSecret;

use super::failure::Asked;
use super::{Caller, Keys, Variable};
use crate::config::AwsRole;

/// The name that AWS' logs show for what was done under a role.
const SESSION: &str = "pullkeeper";

/// The region that was written, else the environment's; `None` leaves it to the SDK's chain. An
/// empty variable is none: the SDK would take it for a name.
pub(super) fn region(written: Option<&str>, variable: &Variable) -> Option<Region> {
    let set = |name: &str| variable(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let written = written.map(str::to_owned);
    written.or_else(|| set("AWS_REGION")).or_else(|| set("AWS_DEFAULT_REGION")).map(Region::new)
}

/// The region in the end.
pub(super) fn settled(config: &SdkConfig) -> Result<String, String> {
    let region = config.region().map(|region| region.as_ref().trim().to_owned());
    region
        .filter(|region| !region.is_empty())
        .ok_or_else(|| "AWS: no region; write ecr.region or set AWS_REGION".to_owned())
}

/// The keys of a Secret, as the SDK wants them.
pub(super) fn fixed(keys: &Keys) -> Credentials {
    Credentials::new(&keys.id, keys.secret.expose_secret(), None, None, "Secret")
}

/// The configuration with the credentials in it that the call is signed with.
pub(super) async fn proven(
    config: SdkConfig,
    caller: &Caller<'_>,
    asked: &Asked<'_>,
) -> Result<SdkConfig, String> {
    let Some(provider) = config.credentials_provider() else { return Ok(config) };
    let found = provider.provide_credentials().await;
    let mut credentials = found.map_err(|error| asked.no_credentials(&error))?;
    if let Some(role) = caller.role {
        let assumed = assume(role, &config, credentials).await;
        credentials = assumed.map_err(|error| asked.no_role(&error, role))?;
    }
    let provider = SharedCredentialsProvider::new(credentials);
    Ok(config.into_builder().credentials_provider(provider).build())
}

async fn assume(
    role: &AwsRole,
    config: &SdkConfig,
    credentials: Credentials,
) -> Result<Credentials, CredentialsError> {
    let mut provider = AssumeRoleProvider::builder(&role.arn).session_name(SESSION).configure(config);
    if let Some(id) = &role.external_id {
        provider = provider.external_id(id);
    }
    provider.build_from_provider(credentials).await.provide_credentials().await
}
