//! `pullkeeper images install` and `images remove`, where admission is by the webhook.

use std::collections::BTreeSet;

use pullkeeper::admission::Object;
use serde_json::json;

use crate::setup::{changes, parse};
use crate::site::Site;
use crate::testbed::ControlPlane;

/// Nobody calls it.
const PORT: u16 = 1;

#[tokio::test(flavor = "multi_thread")]
async fn installing_makes_the_certificate_and_the_configuration_and_removing_ends_the_calls() {
    let site = Site::new("team-made", PORT).await;
    let dry = site.images(&site.settings("webhook", ""), &["install", "--dry-run"]);
    assert_eq!(dry.code, Some(0), "{}", dry.stderr);
    assert!(
        dry.stdout.contains("would create Secret home-of-team-made/pullkeeper-webhook"),
        "{}",
        dry.stdout
    );
    assert_eq!(site.versions().await, [None, None]);

    let ran = site.install();
    for line in [
        "create Secret home-of-team-made/pullkeeper-webhook",
        "create MutatingWebhookConfiguration pullkeeper-images-team-made",
    ] {
        assert!(ran.stdout.lines().any(|own| own == line), "{}", ran.stdout);
    }
    let secret = site.secret().await.unwrap();
    assert_eq!(secret.type_.as_deref(), Some("kubernetes.io/tls"));
    let keys: BTreeSet<_> = secret.data.unwrap().into_keys().collect();
    assert_eq!(keys, ["ca.crt", "tls.crt", "tls.key"].map(str::to_owned).into());
    assert_eq!(site.trusted().await, Some(site.text("ca.crt").await));

    let before = site.versions().await;
    let again = site.install();
    assert!(!again.stdout.contains("create") && !again.stdout.contains("update"), "{}", again.stdout);
    assert_eq!(site.versions().await, before);

    let ran = site.images(&site.settings("webhook", ""), &["remove"]);
    let line = "delete MutatingWebhookConfiguration pullkeeper-images-team-made";
    assert!(ran.code == Some(0) && ran.stdout.lines().any(|own| own == line), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(site.configuration().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_way_takes_the_place_of_the_other() {
    let site = Site::new("team-ways", PORT).await;
    site.install();
    let ran = site.images(&site.settings("policy", ""), &["install"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let lines: Vec<_> = ran.stdout.lines().take(3).collect();
    let own = "pullkeeper-images-team-ways";
    assert_eq!(
        lines,
        [
            format!("create MutatingAdmissionPolicy {own}"),
            format!("create MutatingAdmissionPolicyBinding {own}"),
            format!("delete MutatingWebhookConfiguration {own}"),
        ]
    );
    assert_eq!(site.configuration().await, None);
    let ran = site.install();
    let lines: Vec<_> = ran.stdout.lines().take(3).collect();
    assert_eq!(
        lines,
        [
            format!("create MutatingWebhookConfiguration {own}"),
            format!("delete MutatingAdmissionPolicyBinding {own}"),
            format!("delete MutatingAdmissionPolicy {own}"),
        ]
    );
    assert!(site.configuration().await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_api_server_has_policies_auto_is_the_policy() {
    let site = Site::new("team-auto", PORT).await;
    let ran = site.images(&site.settings("auto", ""), &["install"]);
    assert!(ran.stdout.starts_with("create MutatingAdmissionPolicy "), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(site.versions().await, [None, None]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_of_somebody_else_is_left_and_nothing_is_made() {
    let site = Site::new("team-foreign", PORT).await;
    site.make_foreign().await;
    let before = site.versions().await;
    for action in ["install", "remove"] {
        let ran = site.images(&site.settings("webhook", ""), &[action]);
        assert_eq!(ran.code, Some(1), "{}", ran.stdout);
        let told = "MutatingWebhookConfiguration pullkeeper-images-team-foreign is somebody else's";
        assert!(ran.stderr.contains(told), "{}", ran.stderr);
    }
    let report = site.place.pass(&site.config()).await;
    assert!(report.changes.is_empty() && report.errors.is_empty(), "{report}");
    assert_eq!(site.versions().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_of_somebody_else_is_left_and_nothing_is_made() {
    let site = Site::new("team-theirs", PORT).await;
    site.make_foreign_secret().await;
    let before = site.versions().await;
    let ran = site.images(&site.settings("webhook", ""), &["install"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stdout);
    let told = "Secret home-of-team-theirs/pullkeeper-webhook is somebody else's";
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
    assert_eq!(site.versions().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_others_issue_nothing_is_issued_and_their_bundle_stays() {
    let site = Site::new("team-brought", PORT).await;
    let settings = site.settings("webhook", ", issue: false");
    let install = || {
        let ran = site.images(&settings, &["install"]);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    };
    install();
    assert_eq!((site.secret().await, site.trusted().await), (None, None));

    let theirs = "-----BEGIN CERTIFICATE-----\ntheirs\n-----END CERTIFICATE-----\n";
    site.trust(theirs).await;
    let before = site.versions().await;
    let config = parse(&settings);
    site.place.assert_settled(&config).await;
    install();
    assert_eq!(site.versions().await, before);

    // What else is edited is put right around it, by either.
    let edit = json!([{"op": "replace", "path": "/webhooks/0/timeoutSeconds", "value": 30}]);
    site.edit(edit.clone()).await;
    let report = site.place.pass(&config).await;
    let line = "update MutatingWebhookConfiguration pullkeeper-images-team-brought";
    assert_eq!(changes(&report), [line], "{report}");
    site.edit(edit).await;
    install();
    site.place.assert_settled(&config).await;
    assert_eq!((site.secret().await, site.trusted().await.as_deref()), (None, Some(theirs)));
}

/// One such as Kubernetes before 1.36.
fn without_policies() -> &'static ControlPlane {
    let off = |resource: &str| format!("admissionregistration.k8s.io/v1/{resource}=false");
    let [policies, bindings] = Object::OF_POLICY.map(|object| off(object.resource()));
    let served = format!("--runtime-config={policies},{bindings}");
    let flags = [&served, "--disable-admission-plugins=MutatingAdmissionPolicy"];
    Box::leak(Box::new(ControlPlane::start_with(&flags).expect("a control plane")))
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_api_server_has_no_policies_auto_is_the_webhook_and_passes_keep_it() {
    let site = Site::on(without_policies(), "team-older", PORT).await;
    site.place.namespace("one").await;
    let ran = site.images(&site.settings("policy", ""), &["install"]);
    let told = "this API server has no MutatingAdmissionPolicy v1";
    assert!(ran.code == Some(1) && ran.stderr.contains(told), "{}{}", ran.stdout, ran.stderr);

    let auto = site.settings("auto", "");
    let ran = site.images(&auto, &["install"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.starts_with("create MutatingWebhookConfiguration "), "{}", ran.stdout);
    let config = parse(&auto);
    let report = site.place.assert_settled(&config).await;
    assert!(report.findings.is_empty() && report.errors.is_empty(), "{report}");
    site.edit(json!([{"op": "replace", "path": "/webhooks/0/timeoutSeconds", "value": 30}])).await;
    let report = site.place.pass(&config).await;
    assert_eq!(changes(&report), ["update MutatingWebhookConfiguration pullkeeper-images-team-older"]);

    let ran = site.images(&auto, &["remove"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(site.configuration().await, None);
}
