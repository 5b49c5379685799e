//! The webhook that rewrites images when pods are made: its configuration, and the Secret with its certificate.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::client::Cluster;
use super::error::{ApiError, Meaning, found};
use super::{requests, wire};
use crate::admission::{IssueError, Object, Pair, Policy, PolicyError, Step, is_ours, webhook};
use crate::config::{Config, Webhook};
use crate::plan::secrets::{INSTANCE_LABEL, MANAGED_BY, MANAGER_LABEL};
use crate::plan::{Change, Subject, Verb};

/// A certificate that is to be written.
pub struct Renewal {
    pair: Pair,
    /// The version of the Secret that it takes the place of, if there is one.
    version: Option<String>,
    subject: Subject,
}

/// Why the webhook can't be seen to; says what to do.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The API server didn't answer as it should.
    #[error("{0}")]
    Api(#[from] ApiError),
    /// There is none for this configuration.
    #[error("{0}")]
    Configuration(#[from] PolicyError),
    /// There is no certificate.
    #[error("{0}")]
    Issue(#[from] IssueError),
    /// The Secret may not be read: its certificate would end unseen.
    #[error("{0}; grant what pullkeeper rbac prints, or set images.webhook.issue: false")]
    Unread(#[source] ApiError),
    /// The Secret isn't ours.
    #[error(
        "Secret {0} is somebody else's: it lacks our labels; name another in images.webhook.secret, or set issue: false"
    )]
    Foreign(String),
}

impl Cluster {
    /// What keeps the webhook in step, and its certificate fresh: nothing where its configuration is gone, for whoever
    /// took it away to unblock a cluster is not overruled.
    pub async fn webhook_steps(
        &self,
        config: &Config,
    ) -> Result<(Option<Step>, Option<Renewal>), WebhookError> {
        let seen = self.policy_object(Object::Webhook, &Policy::name(&config.instance)).await?;
        let Some(seen) = seen.filter(|seen| is_ours(seen, &config.instance)) else { return Ok((None, None)) };
        let (wanted, renewal) = self.wanted_webhook(config, Some(&seen)).await?;
        Ok((Step::over(Object::Webhook, &wanted, &seen), renewal))
    }

    /// The webhook's configuration as it should be, and the certificate where it must be renewed first or after.
    /// What is trusted by the configuration that is `seen` stays so.
    pub async fn wanted_webhook(
        &self,
        config: &Config,
        seen: Option<&Value>,
    ) -> Result<(Value, Option<Renewal>), WebhookError> {
        let own = &config.images.webhook;
        if !own.issue {
            return Ok((webhook(config, None)?, None));
        }
        let trusted = seen.and_then(trusted).unwrap_or_default();
        let (pair, renewal) = self.certificate(own, &config.instance, &trusted).await?;
        Ok((webhook(config, Some(&pair.bundle))?, renewal))
    }

    /// The certificate in use, or a new one where that is no longer good.
    async fn certificate(
        &self,
        own: &Webhook,
        instance: &str,
        trusted: &str,
    ) -> Result<(Pair, Option<Renewal>), WebhookError> {
        let seen = self.certificate_secret(own).await.map_err(|error| match error.meaning() {
            Meaning::Forbidden => WebhookError::Unread(error),
            _ => error.into(),
        })?;
        let subject = Subject::new("Secret", &own.namespace, &own.secret);
        if seen.as_ref().is_some_and(|seen| !seen.metadata.is_ours(instance)) {
            return Err(WebhookError::Foreign(format!("{}/{}", own.namespace, own.secret)));
        }
        let held = seen.as_ref().and_then(|seen| {
            Some(Pair {
                bundle: seen.text("ca.crt")?.expose_secret().to_owned(),
                certificate: seen.text("tls.crt")?.expose_secret().to_owned(),
                key: seen.text("tls.key")?,
            })
        });
        let now = self.now();
        if let Some(held) = held.as_ref().filter(|held| held.is_good(&own.host(), now)) {
            return Ok((held.clone(), None));
        }
        let bundle = seen.as_ref().and_then(|seen| seen.text("ca.crt"));
        let before = format!("{}{trusted}", bundle.as_ref().map_or("", |own| own.expose_secret()));
        let pair = Pair::issue(&own.host(), &before, now)?;
        let version = seen.map(|seen| seen.metadata.resource_version);
        Ok((pair.clone(), Some(Renewal { pair, version, subject })))
    }

    /// Deletes the Secret with the certificate, if it is ours; was it there?
    pub async fn delete_certificate(
        &self,
        own: &Webhook,
        instance: &str,
        dry_run: bool,
    ) -> Result<bool, ApiError> {
        let seen = self.certificate_secret(own).await?;
        let is_ours = seen.is_some_and(|seen| seen.metadata.is_ours(instance));
        if is_ours && !dry_run {
            let path = requests::path("secrets", Some(&own.namespace), Some(&own.secret));
            self.send(&requests::delete_named(&path)).await?;
        }
        Ok(is_ours)
    }

    async fn certificate_secret(&self, own: &Webhook) -> Result<Option<wire::Secret>, ApiError> {
        found(self.object(&requests::get("secrets", &own.namespace, &own.secret)).await)
    }

    /// Writes a certificate that was issued.
    pub async fn write_certificate(&self, config: &Config, renewal: &Renewal) -> Result<(), ApiError> {
        let own = &config.images.webhook;
        let encode = |text: &str| BASE64_STANDARD.encode(text);
        let secret = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "kubernetes.io/tls",
            "metadata": {
                "name": own.secret,
                "namespace": own.namespace,
                "resourceVersion": renewal.version.as_deref().unwrap_or_default(),
                "labels": {MANAGER_LABEL: MANAGED_BY, INSTANCE_LABEL: config.instance},
            },
            "data": {
                "ca.crt": encode(&renewal.pair.bundle),
                "tls.crt": encode(&renewal.pair.certificate),
                "tls.key": encode(renewal.pair.key.expose_secret()),
            },
        });
        let (method, name) = match &renewal.version {
            Some(_) => (Method::PUT, Some(own.secret.as_str())),
            None => (Method::POST, None),
        };
        let path = requests::path("secrets", Some(&own.namespace), name);
        self.send(&requests::write_object(method, &path, &secret, false)).await.map(|_| ())
    }
}

/// The CAs that the API server trusts, as PEM.
fn trusted(configuration: &Value) -> Option<String> {
    let bundle = configuration.pointer("/webhooks/0/clientConfig/caBundle")?.as_str()?;
    String::from_utf8(BASE64_STANDARD.decode(bundle).ok()?).ok()
}

impl Renewal {
    /// What it does, for a report.
    #[must_use]
    pub fn change(&self) -> Change {
        let (verb, why) = match self.version {
            Some(_) => (Verb::Update, "its certificate is no longer good for long"),
            None => (Verb::Create, "the webhook has no certificate"),
        };
        Change { verb, subject: self.subject.clone(), why: why.to_owned() }
    }

    /// The Secret that it is for.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.subject
    }
}
