//! `pullkeeper images install` and `images remove`: the policy that rewrites images when pods are made.

use std::fmt;

use serde_json::{Value, json};

use crate::admission::{Object, Policy, Step, is_ours};
use crate::cluster::Cluster;
use crate::config::{Admission, Config};

/// What was done, or in a dry run would be.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Done {
    dry_run: bool,
    lines: Vec<(&'static str, Object, String)>,
    objects: Vec<Value>,
    next: String,
}

impl Done {
    /// As JSON: the objects as they are wanted, for who keeps manifests.
    #[must_use]
    pub(super) fn to_json(&self) -> Value {
        json!({"apiVersion": "v1", "kind": "List", "items": self.objects})
    }
}

/// Makes the policy of a configuration, or brings it in step. An error says what was not done and what to do.
pub(super) async fn install(cluster: &Cluster, config: &Config, dry_run: bool) -> Result<Done, String> {
    if config.images.admission == Admission::Off {
        return Err(
            "images.admission is off; take that out of the configuration, or set it to auto".to_owned()
        );
    }
    let policy = Policy::of(config).map_err(|error| error.to_string())?;
    let name = Policy::name(config);
    let has_policies = cluster.has_policies().await;
    if !has_policies.map_err(|error| format!("look for MutatingAdmissionPolicy: {error}"))? {
        return Err("this API server has no MutatingAdmissionPolicy v1, which came with Kubernetes 1.36; pods that wait are rewritten by each pass all the same".to_owned());
    }
    let mut steps = Vec::new();
    for (object, wanted) in [(Object::Policy, &policy.policy), (Object::Binding, &policy.binding)] {
        match look(cluster, object, &name, config).await? {
            Some(seen) => steps.extend(Step::over(object, wanted, &seen).map(|step| ("update", step))),
            None => steps.push(("create", Step::new(object, wanted))),
        }
    }
    let mut lines = Vec::new();
    for (verb, step) in steps {
        let written =
            if dry_run { cluster.rehearse_policy(&step).await } else { cluster.write_policy(&step).await };
        written.map_err(|error| format!("{verb} {} {name}: {error}", step.object.kind()))?;
        lines.push((verb, step.object, name.clone()));
    }
    let next = format!(
        "From now on new pods of the chosen namespaces are rewritten, but for {}.\nTo stop that at once: kubectl delete {} {name}",
        config.images.exclude.join(", "),
        Object::Binding.resource(),
    );
    Ok(Done { dry_run, lines, objects: vec![policy.policy, policy.binding], next })
}

/// Takes the policy away. Where there is none, there is nothing to do.
pub(super) async fn remove(cluster: &Cluster, config: &Config, dry_run: bool) -> Result<Done, String> {
    let name = Policy::name(config);
    let mut lines = Vec::new();
    // Without its binding the policy does nothing.
    for object in [Object::Binding, Object::Policy] {
        if look(cluster, object, &name, config).await?.is_none() {
            continue;
        }
        let deleted = if dry_run { Ok(true) } else { cluster.delete_policy(object, &name).await };
        if deleted.map_err(|error| format!("delete {} {name}: {error}", object.kind()))? {
            lines.push(("delete", object, name.clone()));
        }
    }
    let next =
        if lines.is_empty() { "nothing to remove" } else { "New pods are made with their own images again." };
    Ok(Done { dry_run, lines, objects: Vec::new(), next: next.to_owned() })
}

/// What is there of our name; somebody else's is an error.
async fn look(
    cluster: &Cluster,
    object: Object,
    name: &str,
    config: &Config,
) -> Result<Option<Value>, String> {
    let kind = object.kind();
    let seen =
        cluster.policy_object(object, name).await.map_err(|error| format!("get {kind} {name}: {error}"))?;
    match seen {
        Some(seen) if !is_ours(&seen, &config.instance) => Err(format!(
            "{kind} {name} is somebody else's: it lacks our labels; rename it, or give this installation another instance"
        )),
        seen => Ok(seen),
    }
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (verb, object, name) in &self.lines {
            let would = if self.dry_run { "would " } else { "" };
            writeln!(f, "{would}{verb} {} {name}", object.kind())?;
        }
        f.write_str(if self.dry_run && !self.lines.is_empty() { "nothing was written" } else { &self.next })
    }
}
