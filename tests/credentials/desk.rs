//! What these tests share: a place on the API server, the files that a configuration names, entries for
//! registries, and words for what happened.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::api::rbac::v1::PolicyRule;
use kube::ResourceExt;
use pullkeeper::config::Config;
use pullkeeper::plan::Finding;
use pullkeeper::report::{ExitStatus, Report};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::setup::{Place, parse, shipped_rules};
use crate::testbed::ControlPlane;
use crate::testbed::registry::Registry;
use crate::testbed::users::{Role, Scope};

pub(crate) const USER: &str = "admin";

/// A place, and a folder of files.
pub(crate) struct Desk {
    pub(crate) place: Place,
    folder: TempDir,
}

impl Desk {
    pub(crate) async fn new(prefix: &'static str) -> Self {
        Self { place: Place::new(prefix).await, folder: tempfile::tempdir().unwrap() }
    }

    /// As a user who may write Secrets of these names too, as `secretName` wants it.
    pub(crate) async fn with_secrets(prefix: &'static str, names: &[&str]) -> Self {
        let widened = |mut rule: PolicyRule| {
            let more = names.iter().map(|name| (*name).to_owned());
            rule.resource_names.iter_mut().for_each(|known| known.extend(more.clone()));
            rule
        };
        let rules = shipped_rules().into_iter().map(widened).collect();
        let place = Place::with(ControlPlane::shared(), prefix, Role::Rules(rules), Scope::Cluster).await;
        Self { place, folder: tempfile::tempdir().unwrap() }
    }

    /// Writes a file; its path.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// A program, written by another process: one that we ourselves hold open for writing can't be
    /// executed while another test's child has inherited it (ETXTBSY).
    pub(crate) fn script(&self, name: &str, body: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        let mut writer = Command::new("/bin/sh");
        writer.args(["-c", r#"cat >"$1" && chmod 755 "$1""#, "sh"]).arg(&path).stdin(Stdio::piped());
        let mut writer = writer.spawn().unwrap();
        writer.stdin.take().unwrap().write_all(format!("#!/bin/sh\n{body}\n").as_bytes()).unwrap();
        assert!(writer.wait().unwrap().success());
        path
    }

    /// The text of a configuration with these registries, which verifies.
    pub(crate) fn text(&self, registries: &Value) -> String {
        format!("namespaces: [\"{}-*\"]\nverify: true\nregistries: {registries}\n", self.place.prefix)
    }

    pub(crate) fn config(&self, registries: &Value) -> Config {
        parse(&self.text(registries))
    }

    /// A pass that changes something, and of which there is nothing to say.
    pub(crate) async fn writes(&self, config: &Config) -> Report {
        let report = self.place.pass(config).await;
        assert!(!report.changes.is_empty(), "{report}");
        assert_silent(&report);
        report
    }

    /// A pass that writes nothing and fails; its errors.
    pub(crate) async fn fails(&self, config: &Config) -> Vec<String> {
        let report = self.place.assert_settled(config).await;
        assert_eq!(report.exit_status(), ExitStatus::Incomplete, "{report}");
        told(&report.errors)
    }

    /// Our Secret there.
    pub(crate) async fn secret(&self, namespace: &str) -> Secret {
        self.place.secrets(namespace).get("pullkeeper").await.expect("the Secret is there")
    }

    pub(crate) async fn has_secret(&self, namespace: &str) -> bool {
        self.place.secrets(namespace).get_opt("pullkeeper").await.unwrap().is_some()
    }

    /// The password that our Secret there holds for a registry.
    pub(crate) async fn password(&self, namespace: &str, registry: &Registry) -> Option<String> {
        self.place.password(namespace, "pullkeeper", registry.host()).await
    }
}

/// The entry of a registry whose password is in a file.
pub(crate) fn entry(registry: &Registry, password: &Path) -> Value {
    reached(registry, json!({"host": registry.host(), "username": USER, "password": {"file": password}}))
}

/// An entry that says how the registry is reached.
pub(crate) fn reached(registry: &Registry, mut entry: Value) -> Value {
    if registry.url().starts_with("https:") {
        entry["ca"] = json!(registry.ca());
    } else {
        entry["insecure"] = json!(true);
    }
    entry
}

/// An entry of this source that says how the registry is reached.
pub(crate) fn source(registry: &Registry, key: &str, source: &Value) -> Value {
    reached(registry, json!({key: source}))
}

/// Findings or errors, each with its reason.
pub(crate) fn told(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|finding| format!("{}: {finding}", finding.reason)).collect()
}

/// Nothing failed, and there is nothing that the user should know.
pub(crate) fn assert_silent(report: &Report) {
    assert_eq!(report.exit_status(), ExitStatus::Success, "{report}");
    assert!(report.findings.is_empty(), "{report}");
}

/// What a registry and its token server were asked, and by whom: `"/v2/ Basic admin 200"`.
pub(crate) fn asked(registry: &Registry) -> Vec<String> {
    let path = |uri: &str| uri.split('?').next().unwrap_or_default().to_owned();
    let words = |login: String| if login.is_empty() { "nobody".to_owned() } else { login };
    let requests = registry.requests().into_iter();
    requests.map(|seen| format!("{} {} {}", path(&seen.uri), words(seen.login), seen.status)).collect()
}

/// The bytes of one registry's entry in a Secret.
pub(crate) fn raw_entry(secret: &Secret, host: &str) -> String {
    #[derive(serde::Deserialize)]
    struct Auths<'a> {
        #[serde(borrow)]
        auths: std::collections::BTreeMap<String, &'a RawValue>,
    }
    let config: Auths<'_> =
        serde_json::from_slice(&secret.data.as_ref().unwrap()[".dockerconfigjson"].0).unwrap();
    config.auths[host].get().to_owned()
}

/// Did nobody write to it in between?
pub(crate) fn is_untouched(before: &Secret, after: &Secret) -> bool {
    before.resource_version() == after.resource_version() && before.data == after.data
}
