//! Grants as manifests: YAML for people, with what each rule is for above it, and JSON for programs.

use std::fmt::Write;

use serde_json::{Value, json};

use super::{Grant, Holder, Rule};

const API: &str = "rbac.authorization.k8s.io";
/// No line of a comment is longer.
const WIDTH: usize = 120;
/// What YAML takes for something else than text.
const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];

/// A stream of documents, for `kubectl apply`.
#[must_use]
pub fn yaml(grants: &[Grant], holder: &Holder) -> String {
    let documents = grants.iter().flat_map(|grant| [role(grant), binding(grant, holder)]);
    documents.collect::<Vec<_>>().join("---\n")
}

/// A `List` of the same objects.
#[must_use]
pub fn json(grants: &[Grant], holder: &Holder) -> Value {
    let items = grants.iter().flat_map(|grant| {
        let metadata = json!({
            "name": grant.name,
            "namespace": grant.namespace,
            "labels": {"app.kubernetes.io/name": "pullkeeper"},
        });
        let metadata = without_null(metadata);
        let rules: Vec<_> = grant.rules.iter().map(Rule::to_json).collect();
        let (kind, version) = (grant.kind(), format!("{API}/v1"));
        [
            json!({"apiVersion": version, "kind": kind, "metadata": metadata, "rules": rules}),
            json!({
                "apiVersion": version,
                "kind": format!("{kind}Binding"),
                "metadata": metadata,
                "roleRef": {"apiGroup": API, "kind": kind, "name": grant.name},
                "subjects": [{
                    "kind": "ServiceAccount",
                    "name": holder.service_account,
                    "namespace": holder.namespace,
                }],
            }),
        ]
    });
    json!({"apiVersion": "v1", "kind": "List", "items": items.collect::<Vec<_>>()})
}

fn role(grant: &Grant) -> String {
    let rules: String = grant.rules.iter().map(Rule::to_yaml).collect();
    format!("{}{}rules:\n{rules}", comment(grant.why, ""), head(grant, grant.kind()))
}

fn binding(grant: &Grant, holder: &Holder) -> String {
    let head = head(grant, &format!("{}Binding", grant.kind()));
    let (kind, name) = (grant.kind(), text(&grant.name));
    let (account, namespace) = (text(&holder.service_account), text(&holder.namespace));
    format!(
        "{head}roleRef:\n  apiGroup: {API}\n  kind: {kind}\n  name: {name}\n\
         subjects:\n  - kind: ServiceAccount\n    name: {account}\n    namespace: {namespace}\n"
    )
}

fn head(grant: &Grant, kind: &str) -> String {
    let place = grant.namespace.as_deref().map(text);
    let place = place.map(|namespace| format!("  namespace: {namespace}\n")).unwrap_or_default();
    let name = text(&grant.name);
    format!(
        "apiVersion: {API}/v1\nkind: {kind}\nmetadata:\n  name: {name}\n{place}  labels:\n    \
         app.kubernetes.io/name: pullkeeper\n"
    )
}

impl Grant {
    fn kind(&self) -> &'static str {
        if self.namespace.is_some() { "Role" } else { "ClusterRole" }
    }
}

impl Rule {
    fn to_yaml(&self) -> String {
        let mut lines = comment(&self.why, "  ");
        let names: Vec<_> = self.names.iter().map(String::as_str).collect();
        let parts = [
            ("  - apiGroups", &[self.group][..]),
            ("    resources", &self.resources),
            ("    resourceNames", &names),
            ("    verbs", &self.verbs),
        ];
        for (key, values) in parts.into_iter().filter(|(_, values)| !values.is_empty()) {
            let values: Vec<_> = values.iter().map(|value| text(value)).collect();
            // Writing to a string doesn't fail.
            let _ = writeln!(lines, "{key}: [{}]", values.join(", "));
        }
        lines
    }

    fn to_json(&self) -> Value {
        let names = (!self.names.is_empty()).then_some(&self.names);
        without_null(json!({
            "apiGroups": [self.group],
            "resources": self.resources,
            "resourceNames": names,
            "verbs": self.verbs,
        }))
    }
}

fn without_null(mut object: Value) -> Value {
    if let Some(map) = object.as_object_mut() {
        map.retain(|_, value| !value.is_null());
    }
    object
}

/// A comment, as many lines as it takes; a line break in it is kept.
fn comment(why: &str, indent: &str) -> String {
    let mut lines = String::new();
    for part in why.lines() {
        let mut line = format!("{indent}#");
        for word in part.split(' ') {
            if line.len() + 1 + word.len() > WIDTH {
                lines += &line;
                lines.push('\n');
                line = format!("{indent}#");
            }
            line.push(' ');
            line += word;
        }
        lines += &line;
        lines.push('\n');
    }
    lines
}

/// A text, in quotes where YAML would take it for something else.
fn text(value: &str) -> String {
    let plain = value.starts_with(|c: char| c.is_ascii_alphabetic())
        && value.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c))
        && !WORDS.contains(&value.to_ascii_lowercase().as_str());
    if plain { value.to_owned() } else { format!("\"{value}\"") }
}
