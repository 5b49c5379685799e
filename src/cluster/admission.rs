//! The objects of the policy that rewrites images when pods are made.

use http::{Method, Request};
use serde_json::Value;

use super::client::Cluster;
use super::error::{ApiError, Meaning, found};
use super::requests;
use super::webhook::{Renewal, WebhookError};
use crate::admission::{Installed, Object, Policy, PolicyError, Step, step};
use crate::config::{Admission, Config};
use crate::plan::{Applied, Change, Finding, Subject, Verb};

/// The API that has policies: Kubernetes 1.36 and later.
const API: &str = "/apis/admissionregistration.k8s.io/v1";

/// Why an object of a policy was not written.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The API server would not take it.
    #[error("refused in a rehearsal: {}", shortly(.0))]
    Rehearsed(#[source] ApiError),
    /// It was not written, though the API server would have taken it.
    #[error("{}", shortly(.0))]
    Written(#[source] ApiError),
}

impl Cluster {
    /// Does the API server know such policies?
    pub async fn has_policies(&self) -> Result<bool, ApiError> {
        let resources: Value = self.json(&requests::read(API)).await?;
        let listed = resources.get("resources").and_then(Value::as_array).into_iter().flatten();
        let names: Vec<_> = listed.filter_map(|own| own.get("name")?.as_str()).collect();
        Ok(Object::OF_POLICY.iter().all(|object| names.contains(&object.resource())))
    }

    /// What there is of a configuration's policy.
    pub async fn policy(&self, config: &Config) -> Result<Installed, ApiError> {
        let name = Policy::name(&config.instance);
        let Some(policy) = self.policy_object(Object::Policy, &name).await? else {
            return Ok(Installed::default());
        };
        Ok(Installed { policy: Some(policy), binding: self.policy_object(Object::Binding, &name).await? })
    }

    /// One of its objects, if it is there.
    pub async fn policy_object(&self, object: Object, name: &str) -> Result<Option<Value>, ApiError> {
        found(self.json(&requests::read(&path(object, Some(name)))).await)
    }

    /// Writes one of its objects, once the API server has said in a rehearsal that it takes it. One that has a
    /// `resourceVersion` takes the place of what is there.
    pub async fn write_policy(&self, step: &Step) -> Result<(), StepError> {
        self.rehearse_policy(step).await?;
        self.send(&write(step, false)).await.map_err(StepError::Written)?;
        Ok(())
    }

    /// Asks whether one of its objects could be written, and writes nothing.
    pub async fn rehearse_policy(&self, step: &Step) -> Result<(), StepError> {
        self.send(&write(step, true)).await.map(|_| ()).map_err(StepError::Rehearsed)
    }

    /// Deletes one of its objects; was it there?
    pub async fn delete_policy(&self, object: Object, name: &str) -> Result<bool, ApiError> {
        let deleted = self.send(&requests::delete_named(&path(object, Some(name)))).await;
        Ok(found(deleted)?.is_some())
    }

    /// What is to be done about what rewrites images when pods are made, and what can't be seen of it. Nothing is asked
    /// where the configuration says nothing of it.
    pub async fn look_at_admission(&self, config: &Config) -> Kept {
        let mut kept = Kept::default();
        let admission = config.images.admission;
        if matches!(admission, Admission::Auto | Admission::Policy) {
            let (step, unseen) = self.policy_step(config).await;
            kept.steps.extend(step);
            kept.unseen.extend(unseen);
        }
        if matches!(admission, Admission::Auto | Admission::Webhook) && config.images.admits() {
            match self.webhook_steps(config).await {
                Ok((step, renewal)) => {
                    kept.steps.extend(step);
                    kept.renewal = renewal;
                }
                Err(WebhookError::Api(error)) if error.meaning() == Meaning::Forbidden => {
                    untold(Object::Webhook, config);
                }
                Err(error) => {
                    kept.unseen.push(unseen(
                        Object::Webhook,
                        &error.to_string(),
                        &Policy::name(&config.instance),
                    ));
                }
            }
        }
        kept
    }

    async fn policy_step(&self, config: &Config) -> (Option<Step>, Option<Finding>) {
        let name = Policy::name(&config.instance);
        let policy = match Policy::of(config) {
            Ok(policy) => policy,
            Err(PolicyError::NoRule) => return (None, None),
            Err(error) => return (None, Some(unseen(Object::Policy, &error.to_string(), &name))),
        };
        match self.policy(config).await {
            Ok(installed) => (step(config, &policy, &installed), None),
            // Who never installed it needs no right to it.
            Err(error) if error.meaning() == Meaning::Forbidden => {
                untold(Object::Policy, config);
                (None, None)
            }
            Err(error) => {
                (None, Some(unseen(Object::Policy, &format!("{error}; the next pass looks again"), &name)))
            }
        }
    }

    /// Keeps it in step. The API server trusts a new certificate before anybody serves it.
    pub async fn keep_admission(&self, config: &Config, kept: &Kept) -> Applied {
        let (mut applied, mut trusted) = (Applied::default(), true);
        for step in &kept.steps {
            let kept = self.keep(step).await;
            trusted &= step.object != Object::Webhook || !kept.changes.is_empty();
            applied = applied.and(kept);
        }
        match kept.renewal.as_ref().filter(|_| trusted) {
            Some(renewal) => applied.and(self.renew(config, renewal).await),
            None => applied,
        }
    }

    async fn renew(&self, config: &Config, renewal: &Renewal) -> Applied {
        let (mut changes, mut errors) = (Vec::new(), Vec::new());
        match self.write_certificate(config, renewal).await {
            Ok(()) => changes.push(renewal.change()),
            // Another has written one.
            Err(error) if has_code(&error, &[409]) => {}
            Err(error) if has_code(&error, &[422]) => {
                let message = format!(
                    "{}; it can't be replaced: delete it, and the next pass makes it anew",
                    shortly(&error)
                );
                errors.push(renewal.subject().clone().finding("WriteFailed", message));
            }
            Err(error) => {
                let message = format!("{error}; the next pass tries again");
                errors.push(renewal.subject().clone().finding("WriteFailed", message));
            }
        }
        Applied { changes, errors, ..Applied::default() }
    }

    /// What fails leaves what is there as it was.
    async fn keep(&self, step: &Step) -> Applied {
        let subject = Subject::global(step.object.kind(), step.name());
        let (mut changes, mut errors) = (Vec::new(), Vec::new());
        match self.write_policy(step).await {
            Ok(()) => changes.push(step.change()),
            Err(error) if error.is_conflict() => {}
            Err(error) => errors.push(error.finding(&subject)),
        }
        Applied { changes, errors, ..Applied::default() }
    }
}

/// What keeps in step what rewrites images when pods are made.
#[derive(Default)]
pub struct Kept {
    /// The objects that differ.
    pub steps: Vec<Step>,
    /// The webhook's certificate, where it must be renewed.
    pub renewal: Option<Renewal>,
    /// What can't be looked at.
    pub unseen: Vec<Finding>,
}

impl Kept {
    /// The changes that it makes.
    pub fn changes(&self) -> impl Iterator<Item = Change> {
        self.steps.iter().map(Step::change).chain(self.renewal.iter().map(Renewal::change))
    }
}

impl Step {
    /// What it does, for a report.
    #[must_use]
    pub fn change(&self) -> Change {
        Change {
            verb: Verb::Update,
            subject: Subject::global(self.object.kind(), self.name()),
            why: "differs from the configuration".to_owned(),
        }
    }
}

impl StepError {
    /// Another has written or taken it away meanwhile. 422, which a patch is refused with for that, says here that what
    /// is written is no good.
    fn is_conflict(&self) -> bool {
        let (Self::Rehearsed(error) | Self::Written(error)) = self;
        has_code(error, &[404, 409])
    }

    /// Is a right missing?
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        let (Self::Rehearsed(error) | Self::Written(error)) = self;
        error.meaning() == Meaning::Forbidden
    }

    fn finding(&self, subject: &Subject) -> Finding {
        let (reason, next) = match self {
            Self::Rehearsed(_) => ("PolicyRefused", "the rules that are in the cluster go on"),
            Self::Written(_) => ("WriteFailed", "the next pass tries again"),
        };
        subject.clone().finding(reason, format!("update: {self}; {next}"))
    }
}

fn has_code(error: &ApiError, codes: &[u16]) -> bool {
    matches!(error, ApiError::Refused { status, .. } if codes.contains(&status.code))
}

/// An API server that refuses an expression quotes all of it.
fn shortly(error: &ApiError) -> String {
    const ENOUGH: usize = 400;
    let text = error.to_string();
    match text.char_indices().nth(ENOUGH) {
        Some((end, _)) => format!("{} …", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Of a right that is missing only the log tells: who never installed it needs none.
fn untold(object: Object, config: &Config) {
    log::info!(
        "{} {} may not be read, so it isn't kept in step with images.rewrite where it was installed; grant what pullkeeper rbac prints, or set images.admission: off",
        object.kind(),
        Policy::name(&config.instance)
    );
}

fn unseen(object: Object, why: &str, name: &str) -> Finding {
    let message = format!("is not kept in step with the rules: {why}");
    Subject::global(object.kind(), name).finding("PolicyUnseen", message)
}

fn path(object: Object, name: Option<&str>) -> String {
    let name = name.map(|name| format!("/{name}")).unwrap_or_default();
    format!("{API}/{}{name}", object.resource())
}

fn write(step: &Step, rehearse: bool) -> Request<Vec<u8>> {
    let (method, name) = match step.value.pointer("/metadata/resourceVersion") {
        Some(_) => (Method::PUT, Some(step.name())),
        None => (Method::POST, None),
    };
    requests::write_object(method, &path(step.object, name), &step.value, rehearse)
}
