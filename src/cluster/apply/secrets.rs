//! Writing Secrets. A conflict is no failure: the Secret is read again and judged anew by the same
//! rules that planned the write, so that what somebody else did meanwhile is respected.

use super::{Missing, Writer};
use crate::cluster::error::{ApiError, Meaning};
use crate::cluster::{requests, wire};
use crate::plan::secrets::{Action, Content, judge};
use crate::plan::{Applied, Finding, SecretChange, Verb};

/// How often a Secret is judged anew before the next pass has to try.
const ROUNDS: usize = 5;

/// How the writing of one Secret ended.
enum End {
    /// Written by us, for this reason.
    Made(Verb, &'static str),
    /// Somebody else did it meanwhile.
    Settled,
    /// It may no longer be written; does it serve all the same?
    Left { finding: Option<Finding>, serves: bool },
}

impl Writer<'_> {
    pub(super) async fn write_secrets(&self, applied: &mut Applied, missing: &mut Missing) {
        for change in &self.own.secrets {
            let name = change.wanted.name.clone();
            let there = matches!(change.action, Action::Update { .. });
            if missing.namespace {
                missing.absent.insert(name);
                continue;
            }
            let Some(_turn) = self.turn().await else {
                applied.undone += 1;
                missing.absent.insert(name);
                continue;
            };
            let subject = self.subject("Secret", &name);
            match self.write_secret(change).await {
                Ok(End::Made(verb, why)) => self.made(applied, verb, subject, why),
                Ok(End::Settled) => (self.writing.progress)(),
                Ok(End::Left { finding, serves }) => {
                    applied.findings.extend(finding);
                    if !serves {
                        missing.absent.insert(name);
                    }
                }
                Err(error) => {
                    let remedy = format!("grant {} on secrets", grant(change.action.verb()));
                    self.failed(applied, missing, subject, &error, &remedy);
                    if there { &mut missing.stale } else { &mut missing.absent }.insert(name);
                }
            }
        }
    }

    async fn write_secret(&self, change: &SecretChange) -> Result<End, ApiError> {
        let (mut action, mut why) = (change.action.clone(), change.why);
        let planned = action.verb();
        let mut rounds = 0;
        loop {
            let error = match self.send_secret(change, &action).await {
                // What is left of a recreation is a creation, but was announced as the whole.
                Ok(()) => {
                    return Ok(End::Made(
                        if planned == Verb::Recreate { planned } else { action.verb() },
                        why,
                    ));
                }
                Err(error) => error,
            };
            rounds += 1;
            let settles =
                matches!(error.meaning(), Meaning::Conflict | Meaning::AlreadyExists | Meaning::Gone);
            if !settles || rounds == ROUNDS {
                return Err(error);
            }
            let seen = match self
                .cluster
                .object::<wire::Secret>(&requests::get("secrets", &self.own.name, &change.wanted.name))
                .await
            {
                Ok(seen) => Some(seen.observe()),
                Err(error) if error.meaning() == Meaning::Gone => None,
                Err(error) => return Err(error),
            };
            let judgement = judge(&change.wanted, &self.own.name, seen.as_ref());
            let serves = !judgement.serves.is_empty();
            match judgement.action {
                Some(anew) => (action, why) = anew,
                // The answer to our own write was lost, and the retry met what it had done.
                None if error.was_retried() && serves => return Ok(End::Made(action.verb(), why)),
                None if judgement.finding.is_none() && serves => return Ok(End::Settled),
                None => return Ok(End::Left { finding: judgement.finding, serves }),
            }
        }
    }

    async fn send_secret(&self, change: &SecretChange, action: &Action) -> Result<(), ApiError> {
        let (namespace, name) = (self.own.name.as_str(), change.wanted.name.as_str());
        let content = match action {
            Action::Update { resource_version, content } => {
                return self.update_secret(name, resource_version, content).await;
            }
            Action::Recreate { uid, resource_version, content } => {
                // Between delete and create there is nothing, so first: may it be created at all? An API server asks
                // its authorizer and admission plugins before it sees that the name is taken.
                let rehearsal =
                    requests::rehearse_create_secret(namespace, name, &change.wanted.instance, content);
                match self.cluster.send(&rehearsal).await {
                    Err(error) if error.meaning() != Meaning::AlreadyExists => return Err(error),
                    _ => {}
                }
                match self
                    .cluster
                    .send(&requests::delete("secrets", namespace, name, uid, resource_version))
                    .await
                {
                    Err(error) if error.meaning() != Meaning::Gone => return Err(error),
                    _ => content,
                }
            }
            Action::Create(content) => content,
        };
        let request = requests::create_secret(namespace, name, &change.wanted.instance, content);
        self.cluster.send(&request).await.map(drop)
    }

    /// Patches a Secret. Where only its replacement is allowed, as by eatr's role, it is read whole for that, so that
    /// nothing is lost that we don't know.
    async fn update_secret(&self, name: &str, version: &str, content: &Content) -> Result<(), ApiError> {
        let namespace = self.own.name.as_str();
        let patch = requests::update_secret(namespace, name, version, content);
        let refusal = match self.cluster.send(&patch).await {
            Err(error) if error.meaning() == Meaning::Forbidden => error,
            sent => return sent.map(drop),
        };
        let replace = async || {
            let whole = self.cluster.json(&requests::get("secrets", namespace, name)).await?;
            let replacement = requests::replace_secret(namespace, name, version, content, whole);
            self.cluster.send(&replacement).await.map(drop)
        };
        match replace().await {
            Err(error) if error.meaning() == Meaning::Forbidden => Err(refusal),
            replaced => replaced,
        }
    }
}

/// The RBAC verbs that a write of a Secret takes.
fn grant(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "create",
        Verb::Recreate => "delete and create",
        _ => "patch",
    }
}
