//! `pullkeeper images install` and `images remove`: the policy that rewrites images when pods are made.

use std::fmt;

use serde_json::{Value, json};

use crate::admission::{Object, Policy, Step, is_ours};
use crate::cluster::{ApiError, Cluster, Meaning};
use crate::config::{Admission, Config, Webhook};
use crate::credentials::{self, Memory};
use crate::plan;

/// What was done, or in a dry run would be.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Done {
    dry_run: bool,
    lines: Vec<Line>,
    json: Value,
    next: String,
}

impl Done {
    /// As JSON: the objects as they are wanted, for who keeps manifests; or what was deleted.
    #[must_use]
    pub(super) fn to_json(&self) -> &Value {
        &self.json
    }
}

/// Makes what rewrites images for a configuration, or brings it in step. New pods are led to the proxies at once, so that these are
/// asked first, unless that is left `unchecked`. An error says what was not done and what to do.
pub(super) async fn install(
    cluster: &Cluster,
    config: &Config,
    unchecked: bool,
    dry_run: bool,
) -> Result<Done, String> {
    if config.images.admission == Admission::Off {
        return Err(
            "images.admission is off; take that out of the configuration, or set it to auto".to_owned()
        );
    }
    if !unchecked {
        proxies_serve(config).await?;
    }
    let way = way(cluster, config).await?;
    let work = Work { cluster, instance: &config.instance, dry_run };
    let (mut lines, items, switch) = match way {
        Way::Policy => {
            let (lines, items) = work.make_policy(config).await?;
            (lines, items, Object::Binding)
        }
        Way::Webhook => {
            let (lines, items) = work.make_webhook(config).await?;
            (lines, items, Object::Webhook)
        }
    };
    // The other way would do the same again.
    let others: &[Object] = match way {
        Way::Policy => &[Object::Webhook],
        Way::Webhook => &[Object::Binding, Object::Policy],
    };
    for object in others {
        lines.extend(work.delete(*object).await?);
    }
    let next = format!(
        "From now on new pods of the chosen namespaces are rewritten, but for those of {}. If a proxy runs in this cluster, its own namespace must be among these: see images.exclude.\nTo stop that at once: kubectl delete {} {}",
        config.images.exclude.join(", "),
        switch.resource(),
        Policy::name(&config.instance),
    );
    let json = json!({"apiVersion": "v1", "kind": "List", "items": items});
    Ok(Done { dry_run, lines, json, next })
}

#[derive(Debug, Clone, Copy)]
enum Way {
    Policy,
    Webhook,
}

async fn way(cluster: &Cluster, config: &Config) -> Result<Way, String> {
    if config.images.admission == Admission::Webhook {
        return Ok(Way::Webhook);
    }
    let has_policies = cluster.has_policies().await;
    let has_policies = has_policies.map_err(|error| format!("look for MutatingAdmissionPolicy: {error}"))?;
    match config.images.admission {
        Admission::Policy if !has_policies => Err("this API server has no MutatingAdmissionPolicy v1, which came with Kubernetes 1.36; set images.admission: auto, and the webhook is installed".to_owned()),
        _ if has_policies => Ok(Way::Policy),
        _ => Ok(Way::Webhook),
    }
}

/// Takes away what rewrites images for an installation. Where there is none, there is nothing to do.
pub(super) async fn remove(
    cluster: &Cluster,
    instance: &str,
    webhook: &Webhook,
    dry_run: bool,
) -> Result<Done, String> {
    let work = Work { cluster, instance, dry_run };
    // Without its binding the policy does nothing.
    let mut lines = Vec::new();
    for object in [Object::Binding, Object::Policy] {
        lines.extend(work.delete(object).await?);
    }
    if let Some(line) = work.delete(Object::Webhook).await? {
        lines.push(line);
        // Its key is of no use to anybody.
        lines.extend(work.delete_certificate(webhook).await?);
    }
    let next =
        if lines.is_empty() { "nothing to remove" } else { "New pods are made with their own images again." };
    let deleted: Vec<_> = lines.iter().map(|(_, subject)| subject).collect();
    Ok(Done { dry_run, json: json!({"deleted": deleted}), lines, next: next.to_owned() })
}

async fn proxies_serve(config: &Config) -> Result<(), String> {
    let said = credentials::proxies(&plan::proxies(config), &Memory::default()).await;
    let bad = plan::bad_proxies(config, &said);
    match bad.first() {
        Some(finding) => {
            Err(format!("{finding}; nothing was installed; with --unchecked it is, all the same"))
        }
        None => Ok(()),
    }
}

/// What one command does to objects.
struct Work<'a> {
    cluster: &'a Cluster,
    instance: &'a str,
    dry_run: bool,
}

type Line = (&'static str, String);

impl Work<'_> {
    async fn make_policy(&self, config: &Config) -> Result<(Vec<Line>, Vec<Value>), String> {
        let policy = Policy::of(config).map_err(|error| error.to_string())?;
        let mut lines = Vec::from_iter(self.write(Object::Policy, &policy.policy).await?);
        lines.extend(self.write(Object::Binding, &policy.binding).await?);
        Ok((lines, vec![policy.policy, policy.binding]))
    }

    /// The API server trusts a new certificate before anybody serves it; and where the configuration is somebody else's,
    /// nothing is written.
    async fn make_webhook(&self, config: &Config) -> Result<(Vec<Line>, Vec<Value>), String> {
        let seen = self.look(Object::Webhook).await?;
        let wanted = self.cluster.wanted_webhook(config, seen.as_ref()).await;
        let (wanted, renewal) = wanted.map_err(|error| error.to_string())?;
        let mut lines = Vec::from_iter(self.write_over(Object::Webhook, &wanted, seen.as_ref()).await?);
        if let Some(renewal) = renewal {
            let change = renewal.change();
            if !self.dry_run {
                let written = self.cluster.write_certificate(config, &renewal).await;
                let failed = |error: ApiError| {
                    format!("{} {}: {error}{}", change.verb, change.subject, remedy(is_forbidden(&error)))
                };
                written.map_err(failed)?;
            }
            lines.push((change.verb.word(), change.subject.to_string()));
        }
        Ok((lines, vec![wanted]))
    }

    async fn write(&self, object: Object, wanted: &Value) -> Result<Option<Line>, String> {
        let seen = self.look(object).await?;
        self.write_over(object, wanted, seen.as_ref()).await
    }

    async fn write_over(
        &self,
        object: Object,
        wanted: &Value,
        seen: Option<&Value>,
    ) -> Result<Option<Line>, String> {
        let (verb, step) = match seen {
            Some(seen) => ("update", Step::over(object, wanted, seen)),
            None => ("create", Some(Step::new(object, wanted))),
        };
        let Some(step) = step else { return Ok(None) };
        let subject = self.subject(object);
        let written = if self.dry_run {
            self.cluster.rehearse_policy(&step).await
        } else {
            self.cluster.write_policy(&step).await
        };
        written.map_err(|error| format!("{verb} {subject}: {error}{}", remedy(error.is_forbidden())))?;
        Ok(Some((verb, subject)))
    }

    async fn delete(&self, object: Object) -> Result<Option<Line>, String> {
        let subject = self.subject(object);
        if self.look(object).await?.is_none() {
            return Ok(None);
        }
        let name = Policy::name(self.instance);
        let deleted = if self.dry_run { Ok(true) } else { self.cluster.delete_policy(object, &name).await };
        let failed = |error: ApiError| format!("delete {subject}: {error}{}", remedy(is_forbidden(&error)));
        Ok(deleted.map_err(failed)?.then(|| ("delete", subject.clone())))
    }

    async fn delete_certificate(&self, webhook: &Webhook) -> Result<Option<Line>, String> {
        let subject = format!("Secret {}/{}", webhook.namespace, webhook.secret);
        let deleted = self.cluster.delete_certificate(webhook, self.instance, self.dry_run).await;
        let failed = |error: ApiError| format!("delete {subject}: {error}{}", remedy(is_forbidden(&error)));
        Ok(deleted.map_err(failed)?.then(|| ("delete", subject.clone())))
    }

    /// What is there of our name; somebody else's is an error.
    async fn look(&self, object: Object) -> Result<Option<Value>, String> {
        let subject = self.subject(object);
        let seen = self.cluster.policy_object(object, &Policy::name(self.instance)).await;
        match seen.map_err(|error| format!("get {subject}: {error}{}", remedy(is_forbidden(&error))))? {
            Some(seen) if !is_ours(&seen, self.instance) => Err(format!(
                "{subject} is somebody else's: it lacks our labels; rename it, or give this installation another instance"
            )),
            seen => Ok(seen),
        }
    }

    fn subject(&self, object: Object) -> String {
        format!("{} {}", object.kind(), Policy::name(self.instance))
    }
}

fn is_forbidden(error: &ApiError) -> bool {
    error.meaning() == Meaning::Forbidden
}

fn remedy(is_forbidden: bool) -> &'static str {
    if is_forbidden { "; run this as somebody who may write what admits pods" } else { "" }
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (verb, subject) in &self.lines {
            let would = if self.dry_run { "would " } else { "" };
            writeln!(f, "{would}{verb} {subject}")?;
        }
        f.write_str(if self.dry_run && !self.lines.is_empty() { "nothing was written" } else { &self.next })
    }
}
