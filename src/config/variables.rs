//! Environment variables as layers: `PULLKEEPER_SECRET__NAME` is `secret.name`.
//!
//! Two underscores divide the keys; within a key, case and underscores don't matter. A variable
//! that names no key is a misspelling and an error, except those that Kubernetes itself adds for
//! a Service named `pullkeeper`.

use std::collections::BTreeMap;

use super::error::{ConfigError, nearest};
use super::presets::Preset;
use super::tree::{Entry, Layer, Node, Source, Value};
use super::yaml;

const PREFIX: &str = "PULLKEEPER_";
/// The variables of ours that are not keys.
const NOT_KEYS: [&str; 1] = [super::file::CONFIG_VARIABLE];

/// Every key that a variable can set. A list is one value.
const KEYS: [&str; 58] = [
    "images",
    "images.admission",
    "images.exclude",
    "images.ignore",
    "images.injectPullSecret",
    "images.label",
    "images.namespaceSelector",
    "images.podSelector",
    "images.rewrite",
    "images.webhook",
    "images.webhook.issue",
    "images.webhook.namespace",
    "images.webhook.secret",
    "images.webhook.service",
    "images.webhook.url",
    "instance",
    "metrics",
    "metrics.listen",
    "metrics.pushgateway",
    "namespaces",
    "namespaces.exclude",
    "namespaces.include",
    "namespaces.selector",
    "pods",
    "pods.evictRunning",
    "pods.heal",
    "pods.maxEvictions",
    "pods.nudge",
    "programs",
    "refresh",
    "refresh.before",
    "refresh.every",
    "registries",
    "registry",
    "registry.email",
    "registry.host",
    "registry.password",
    "registry.password.env",
    "registry.password.file",
    "registry.password.secret",
    "registry.password.secret.key",
    "registry.password.secret.name",
    "registry.password.secret.namespace",
    "registry.pullSecretName",
    "registry.username",
    "secret",
    "secret.adopt",
    "secret.create",
    "secret.name",
    "secret.prune",
    "serviceAccounts",
    "time",
    "time.interval",
    "time.pods",
    "time.resync",
    "time.runtime",
    "time.until",
    "verify",
];

/// One layer for each variable of ours; the one with the longer key wins.
pub(super) fn read(env: &BTreeMap<String, String>) -> Result<Vec<Layer>, ConfigError> {
    let mut seen = BTreeMap::<&str, &str>::new();
    let mut layers = Vec::new();
    for (name, value) in env {
        let Some(rest) = name.strip_prefix(PREFIX) else {
            continue;
        };
        let Some(key) = key_of(rest) else {
            if NOT_KEYS.contains(&&**name) || is_service_link(rest) {
                continue;
            }
            return Err(unknown(name, rest));
        };
        if let Some(other) = seen.insert(key, name) {
            return Err(ConfigError::new(name, key, format!("is set by {other} too; keep one of them")));
        }
        let wrong = |e: yaml::SyntaxError| ConfigError::new(name, key, e.what);
        let root = yaml::read_value(value).map_err(wrong)?;
        layers.push((key.len(), Layer { source: Source::Variable(name.clone()), tree: under(key, root) }));
    }
    layers.sort_by_key(|(length, _)| *length);
    Ok(layers.into_iter().map(|(_, layer)| layer).collect())
}

/// One layer for each variable of an older tool. Their values are texts, not YAML.
pub(super) fn of_preset(preset: Preset, env: &BTreeMap<String, String>) -> Vec<Layer> {
    let layer = |(name, key, value): (&str, &str, String)| Layer {
        source: Source::Variable(name.to_owned()),
        tree: under(key, Node { line: 1, value: Value::Scalar(value) }),
    };
    preset.variables(env).into_iter().map(layer).collect()
}

/// A tree with nothing but `node`, under `key`.
pub(super) fn under(key: &str, node: Node) -> Node {
    key.rsplit('.').fold(node, |node, step| Node {
        line: node.line,
        value: Value::Map(BTreeMap::from([(step.to_owned(), Entry { line: node.line, node })])),
    })
}

fn key_of(rest: &str) -> Option<&'static str> {
    let bare = |segment: &str| segment.replace('_', "").to_lowercase();
    let given: Vec<_> = rest.split("__").map(bare).collect();
    KEYS.into_iter().find(|key| key.split('.').map(str::to_lowercase).eq(given.iter().cloned()))
}

/// Is it one of the variables that Kubernetes gives pods for each Service of their namespace?
fn is_service_link(rest: &str) -> bool {
    rest == "PORT"
        || rest.starts_with("PORT_")
        || rest.contains("_PORT")
        || rest == "SERVICE_HOST"
        || rest.ends_with("_SERVICE_HOST")
}

fn unknown(name: &str, rest: &str) -> ConfigError {
    let what = match nearest(rest, KEYS.into_iter()) {
        Some(key) => format!("unknown variable; did you mean {}?", variable(key)),
        None => "unknown variable; write the keys after PULLKEEPER_ with two underscores between them, \
                 such as PULLKEEPER_SECRET__NAME"
            .to_owned(),
    };
    ConfigError::new(name.escape_debug(), "", what)
}

/// The variable's name as the documentation spells it.
fn variable(key: &str) -> String {
    let mut name = PREFIX.to_owned();
    for c in key.chars() {
        match c {
            '.' => name.push_str("__"),
            c if c.is_ascii_uppercase() => name.extend(['_', c]),
            c => name.push(c.to_ascii_uppercase()),
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::raw::RawConfig;

    /// The keys that the raw form knows beside one that it doesn't.
    fn known_beside(key: &str) -> &'static [&'static str] {
        let error = figment::Figment::from((key, "x")).extract::<RawConfig>().err().unwrap();
        match error.kind {
            figment::error::Kind::UnknownField(_, known) => known,
            other => panic!("{key}: {other}"),
        }
    }

    #[test]
    fn the_table_is_that_of_the_raw_form() {
        let blocks = [
            "",
            "images.",
            "images.webhook.",
            "metrics.",
            "namespaces.",
            "pods.",
            "refresh.",
            "registry.",
            "registry.password.secret.",
            "secret.",
            "time.",
        ];
        let mut expected = Vec::new();
        for block in blocks {
            let known = known_beside(&format!("{block}unknown"));
            expected.extend(known.iter().map(|key| format!("{block}{key}")));
        }
        expected.extend(["env", "file", "secret"].map(|key| format!("registry.password.{key}")));
        expected.sort();
        assert_eq!(KEYS.to_vec(), expected);
    }

    #[test]
    fn each_key_has_a_variable() {
        for key in KEYS {
            assert_eq!(key_of(variable(key).strip_prefix(PREFIX).unwrap()), Some(key));
        }
    }
}
