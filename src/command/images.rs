//! `pullkeeper images install` and `images remove`: the policy that rewrites images when pods are made.

use std::fmt;

use serde_json::{Value, json};

use crate::admission::{Object, Policy, Step, is_ours};
use crate::cluster::{ApiError, Cluster, Meaning};
use crate::config::{Admission, Config};
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

/// Makes the policy of a configuration, or brings it in step. New pods are led to the proxies at once, so that these are
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
    let policy = Policy::of(config).map_err(|error| error.to_string())?;
    if !unchecked {
        proxies_serve(config).await?;
    }
    let has_policies = cluster.has_policies().await;
    if !has_policies.map_err(|error| format!("look for MutatingAdmissionPolicy: {error}"))? {
        return Err("this API server has no MutatingAdmissionPolicy v1, which came with Kubernetes 1.36; pods that wait are rewritten by each pass all the same".to_owned());
    }
    let work = Work { cluster, instance: &config.instance, dry_run };
    let mut lines = Vec::from_iter(work.write(Object::Policy, &policy.policy).await?);
    lines.extend(work.write(Object::Binding, &policy.binding).await?);
    let name = Policy::name(&config.instance);
    let next = format!(
        "From now on new pods of the chosen namespaces are rewritten, but for those of {}. If a proxy runs in this cluster, its own namespace must be among these: see images.exclude.\nTo stop that at once: kubectl delete {} {name}",
        config.images.exclude.join(", "),
        Object::Binding.resource(),
    );
    let json = json!({"apiVersion": "v1", "kind": "List", "items": [policy.policy, policy.binding]});
    Ok(Done { dry_run, lines, json, next })
}

/// Takes the policy of an installation away. Where there is none, there is nothing to do.
pub(super) async fn remove(cluster: &Cluster, instance: &str, dry_run: bool) -> Result<Done, String> {
    let work = Work { cluster, instance, dry_run };
    // Without its binding the policy does nothing.
    let mut lines = Vec::from_iter(work.delete(Object::Binding).await?);
    lines.extend(work.delete(Object::Policy).await?);
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
    async fn write(&self, object: Object, wanted: &Value) -> Result<Option<Line>, String> {
        let (verb, step) = match self.look(object).await? {
            Some(seen) => ("update", Step::over(object, wanted, &seen)),
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
    if is_forbidden { "; run this as somebody who may write admission policies" } else { "" }
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
