//! A webhook that `pullkeeper images install` had the API server call, and its certificate, as the administrator sees
//! and changes them.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::ByteString;
use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::api::rbac::v1::PolicyRule;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use pullkeeper::admission::Pair;
use pullkeeper::config::Config;
use serde_json::{Value, json};

use crate::program::{ConfigFile, Ran, pullkeeper};
use crate::setup::{Place, parse, shipped_rules};
use crate::testbed::ControlPlane;
use crate::testbed::users::{Role, Scope, bind};

/// The host by which the API server calls.
pub(crate) const HOST: &str = "127.0.0.1";
const SECRET: &str = "pullkeeper-webhook";

/// The place of a test, and the port of its webhook.
pub(crate) struct Site {
    pub(crate) place: Place,
    /// The namespace of the Secret.
    pub(crate) home: String,
    server: &'static ControlPlane,
    port: u16,
}

impl Site {
    /// On the shared server.
    pub(crate) async fn new(prefix: &'static str, port: u16) -> Self {
        Self::on(ControlPlane::shared(), prefix, port).await
    }

    /// Its user may do what is shipped, for another instance and in another namespace than the usual ones.
    pub(crate) async fn on(server: &'static ControlPlane, prefix: &'static str, port: u16) -> Self {
        let files = [
            include_str!("../../manifests/images/policy.yaml"),
            include_str!("../../manifests/webhook/rbac.yaml"),
        ];
        let cluster = files.map(|text| rules(text, "ClusterRole", prefix)).concat();
        let all = Role::Rules([shipped_rules(), cluster].concat());
        let place = Place::with(server, prefix, all, Scope::Cluster).await;
        let home = format!("home-of-{prefix}");
        let role = Role::Rules(rules(files[1], "Role", prefix));
        bind(&place.admin, &home, "pullkeeper", role, Scope::Namespaces(&[&home])).await;
        Self { place, home, server, port }
    }

    /// The settings by which admission is by that way; `more` is said of the webhook.
    pub(crate) fn settings(&self, admission: &str, more: &str) -> String {
        let (prefix, home, port) = (self.place.prefix, &self.home, self.port);
        let webhook = format!("{{url: 'https://{HOST}:{port}/mutate', namespace: {home}{more}}}");
        let rewrite = "rewrite: [{from: docker.io, to: proxy.example.com}]";
        format!(
            "namespaces: [\"{prefix}-*\"]\ninstance: {prefix}\nimages: {{{rewrite}, admission: {admission}, webhook: {webhook}}}\n"
        )
    }

    pub(crate) fn config(&self) -> Config {
        parse(&self.settings("webhook", ""))
    }

    /// `pullkeeper images`, as the administrator.
    pub(crate) fn images(&self, settings: &str, words: &[&str]) -> Ran {
        let file = ConfigFile::new(settings);
        let mut command = pullkeeper();
        command.arg("images").args(words).arg("--config").arg(file.path());
        command.arg("--kubeconfig").arg(self.server.kubeconfig(self.server.admin_token()));
        crate::program::run(command)
    }

    /// Installs the webhook.
    pub(crate) fn install(&self) -> Ran {
        let ran = self.images(&self.settings("webhook", ""), &["install"]);
        assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
        ran
    }

    pub(crate) fn name(&self) -> String {
        format!("pullkeeper-images-{}", self.place.prefix)
    }

    fn configurations(&self) -> Api<MutatingWebhookConfiguration> {
        Api::all(self.place.admin.clone())
    }

    pub(crate) async fn configuration(&self) -> Option<MutatingWebhookConfiguration> {
        self.configurations().get_opt(&self.name()).await.unwrap()
    }

    /// Edits the configuration.
    pub(crate) async fn edit(&self, patch: Value) {
        let patch: json_patch::Patch = serde_json::from_value(patch).unwrap();
        let patch = Patch::<()>::Json(patch);
        self.configurations().patch(&self.name(), &PatchParams::default(), &patch).await.unwrap();
    }

    /// Makes one of that name that lacks our labels.
    pub(crate) async fn make_foreign(&self) {
        let foreign = MutatingWebhookConfiguration {
            metadata: kube::api::ObjectMeta { name: Some(self.name()), ..Default::default() },
            webhooks: None,
        };
        self.configurations().create(&PostParams::default(), &foreign).await.unwrap();
    }

    pub(crate) async fn delete_configuration(&self) {
        self.configurations().delete(&self.name(), &DeleteParams::default()).await.unwrap();
    }

    /// The CAs that the API server trusts, as PEM.
    pub(crate) async fn trusted(&self) -> Option<String> {
        let hook = self.configuration().await?.webhooks?.remove(0);
        Some(String::from_utf8(hook.client_config.ca_bundle?.0).unwrap())
    }

    /// Has the API server trust other CAs.
    pub(crate) async fn trust(&self, bundle: &str) {
        let value = BASE64_STANDARD.encode(bundle);
        self.edit(json!([{"op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": value}])).await;
    }

    fn secrets(&self) -> Api<Secret> {
        self.place.secrets(&self.home)
    }

    pub(crate) async fn secret(&self) -> Option<Secret> {
        self.secrets().get_opt(SECRET).await.unwrap()
    }

    pub(crate) async fn make_foreign_secret(&self) {
        let mut foreign = Secret::default();
        foreign.metadata.name = Some(SECRET.to_owned());
        self.secrets().create(&PostParams::default(), &foreign).await.unwrap();
    }

    pub(crate) async fn delete_secret(&self) {
        self.secrets().delete(SECRET, &DeleteParams::default()).await.unwrap();
    }

    /// Every version of what was installed.
    pub(crate) async fn versions(&self) -> [Option<String>; 2] {
        let (secret, configuration) = (self.secret().await, self.configuration().await);
        [secret.map(|own| own.metadata), configuration.map(|own| own.metadata)]
            .map(|metadata| metadata?.resource_version)
    }

    /// What the Secret holds under a name.
    pub(crate) async fn text(&self, key: &str) -> String {
        let data = self.secret().await.expect("the Secret is there").data.unwrap();
        String::from_utf8(data[key].0.clone()).unwrap()
    }

    /// The certificate with its key.
    pub(crate) async fn pair(&self) -> (String, String) {
        (self.text("tls.crt").await, self.text("tls.key").await)
    }

    /// Puts a certificate in the place of the one that was installed, as if it had been installed that many days ago.
    pub(crate) async fn age(&self, days: i64) {
        use secrecy::ExposeSecret;
        let then = Timestamp::now() - SignedDuration::from_hours(24 * days);
        let old = Pair::issue(HOST, "", then).unwrap();
        let data = BTreeMap::from([
            ("ca.crt", old.bundle.clone()),
            ("tls.crt", old.certificate.clone()),
            ("tls.key", old.key.expose_secret().to_owned()),
        ]);
        let data: BTreeMap<_, _> =
            data.into_iter().map(|(key, text)| (key, ByteString(text.into_bytes()))).collect();
        let patch = Patch::Merge(json!({"data": data}));
        self.secrets().patch(SECRET, &PatchParams::default(), &patch).await.unwrap();
        self.trust(&old.bundle).await;
    }
}

/// The rules of a file's role of that kind, for another instance.
fn rules(text: &str, kind: &str, instance: &str) -> Vec<PolicyRule> {
    let text = text.replace("[pullkeeper-images]", &format!("[pullkeeper-images-{instance}]"));
    let documents = text.split("\n---\n").map(|own| serde_saphyr::from_str::<Value>(own).expect("YAML"));
    let role = documents.into_iter().find(|own| own["kind"] == kind).expect("a role");
    serde_json::from_value(role["rules"].clone()).expect("rules")
}
