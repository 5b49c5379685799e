//! Where credentials come from, as the configuration has it. What a source does is in
//! [`credentials`](crate::credentials); what tells two of them apart is here, for planning needs it.

use std::path::PathBuf;

use super::types::{Password, SecretKey};
use crate::registry::sha256;

/// Where the credentials of one entry of `registries` come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A user name and a password that the user wrote or pointed at.
    Static {
        /// The account at the registry.
        username: String,
        /// Where its password is.
        password: Password,
        /// Written into the docker config when given; the kubelet ignores it.
        email: Option<String>,
    },
    /// Amazon ECR.
    Ecr {
        /// The region; `None` is what the AWS configuration says.
        region: Option<String>,
        /// The account, 12 digits, whose registry the token is for; `None` is the principal's own.
        account: Option<String>,
        /// Who asks.
        login: AwsLogin,
    },
    /// Amazon ECR Public.
    EcrPublic {
        /// Who asks.
        login: AwsLogin,
    },
    /// The entries of a docker config, their helpers asked and their identity tokens resolved.
    DockerConfig {
        /// Where the docker config is.
        from: DockerConfigFrom,
        /// How its helpers are started.
        programs: Programs,
    },
    /// A docker credential helper.
    CredentialHelper {
        /// Its program; a name without a slash is looked for in [`Programs::folder`].
        program: PathBuf,
        /// How it is started.
        programs: Programs,
    },
    /// A credential provider plugin of the kubelet.
    CredentialProvider {
        /// Its program; a name without a slash is looked for in [`Programs::folder`].
        command: PathBuf,
        /// Its arguments.
        args: Vec<String>,
        /// The images it is for, as the kubelet matches them: `*.azurecr.io`.
        images: Vec<String>,
        /// How it is started.
        programs: Programs,
    },
}

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

impl Source {
    /// Does it give credentials that end, and that cost a call to fetch? Those are fetched only when due.
    #[must_use]
    pub fn is_minted(&self) -> bool {
        !matches!(self, Self::Static { .. } | Self::DockerConfig { .. })
    }

    /// May it give credentials for more hosts than are known before it is asked?
    #[must_use]
    pub fn is_open_ended(&self) -> bool {
        match self {
            Self::Ecr { account, .. } => account.is_none(),
            Self::DockerConfig { .. } | Self::CredentialProvider { .. } => true,
            Self::Static { .. } | Self::EcrPublic { .. } | Self::CredentialHelper { .. } => false,
        }
    }

    /// What a message calls it, where none of its hosts is known.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Static { username, .. } => username.clone(),
            Self::Ecr { region, .. } => {
                format!("ECR {}", region.as_deref().unwrap_or_default()).trim_end().to_owned()
            }
            Self::EcrPublic { .. } => "ECR Public".to_owned(),
            Self::DockerConfig { from: DockerConfigFrom::File(file), .. } => {
                format!("docker config {}", file.display())
            }
            Self::DockerConfig { from: DockerConfigFrom::Secret(key), .. } => {
                format!("docker config in {key}")
            }
            Self::CredentialHelper { program, .. } => format!("helper {}", program.display()),
            Self::CredentialProvider { command, .. } => format!("plugin {}", command.display()),
        }
    }

    /// Is it asked about some of its hosts at a time, so that what it gives is never all of them?
    #[must_use]
    pub fn is_asked_in_part(&self) -> bool {
        matches!(self, Self::CredentialProvider { .. })
    }

    /// Tells one source from another, for the state annotation, without telling a secret. Of ECR it is the
    /// region and who asks: that is what a token depends on.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        match self {
            Self::Static { username, .. } => format!("static:{username}"),
            Self::Ecr { region, login, .. } => {
                format!("ecr:{}:{}", region.as_deref().unwrap_or_default(), login.fingerprint())
            }
            Self::EcrPublic { login } => format!("ecrPublic:{}", login.fingerprint()),
            Self::DockerConfig { from: DockerConfigFrom::File(file), .. } => {
                format!("dockerConfig:{}", file.display())
            }
            Self::DockerConfig { from: DockerConfigFrom::Secret(key), .. } => {
                format!("dockerConfig:{}/{}/{}", key.namespace, key.name, key.key)
            }
            Self::CredentialHelper { program, .. } => format!("credentialHelper:{}", program.display()),
            Self::CredentialProvider { command, args, .. } => {
                format!("credentialProvider:{}:{}", command.display(), digest(&args.join("\0")))
            }
        }
    }
}

impl AwsLogin {
    fn fingerprint(&self) -> String {
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
    sha256(text).chars().take(12).collect()
}
