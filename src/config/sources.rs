//! Where credentials come from, as the configuration has it. What a source does is in
//! [`credentials`](crate::credentials); what tells two of them apart is here, for planning needs it.

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::types::SecretKey;

/// Who asks AWS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AwsLogin {
    /// Keys in a Secret; `None` is the AWS configuration's own chain.
    pub keys: Option<AwsKeys>,
    /// The role to assume with them.
    pub role: Option<AwsRole>,
    /// What the environment says of who the chain will find, without any secret.
    pub ambient: String,
}

/// The keys of a Secret that hold an access key of AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsKeys {
    /// `aws_access_key_id`.
    pub id: SecretKey,
    /// `aws_secret_access_key`.
    pub secret: SecretKey,
    /// `aws_region`, which may be absent.
    pub region: SecretKey,
}

/// A role to assume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsRole {
    /// Its ARN.
    pub arn: String,
    /// What its trust policy may ask for.
    pub external_id: Option<String>,
}

/// Where a docker config is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DockerConfigFrom {
    /// In a file.
    File(PathBuf),
    /// In a key of a Secret.
    Secret(SecretKey),
}

/// How programs of others are started: without a shell, with little of our environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Programs {
    /// The folder of those that are named without a path.
    pub folder: Option<PathBuf>,
    /// Variables of ours that they get, names and globs, beside the few that every program needs.
    pub env: Vec<String>,
}

impl AwsLogin {
    /// Tells one principal from another, without telling a secret.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let keys = self.keys.as_ref().map(|keys| format!("{}/{}", keys.id.namespace, keys.id.name));
        let role = self.role.as_ref();
        let parts = [
            keys.as_deref().unwrap_or(&self.ambient),
            role.map_or("", |role| role.arn.as_str()),
            role.and_then(|role| role.external_id.as_deref()).unwrap_or_default(),
        ];
        digest(&parts.join("\0"))
    }
}

/// The first characters of a hash: enough to tell two apart.
fn digest(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(6).fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
