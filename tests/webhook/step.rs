//! The webhook over time: passes keep its configuration in step and its certificate fresh, as the shipped user.

use serde_json::json;

use crate::setup::changes;
use crate::site::Site;

/// Nobody calls it.
const PORT: u16 = 1;

async fn installed(prefix: &'static str) -> Site {
    let site = Site::new(prefix, PORT).await;
    site.place.namespace("one").await;
    site.install();
    site
}

fn update(site: &Site) -> String {
    format!("update MutatingWebhookConfiguration {}", site.name())
}

fn count(bundle: &str) -> usize {
    bundle.matches("BEGIN CERTIFICATE").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_that_finds_all_well_writes_nothing() {
    let site = installed("team-well").await;
    let before = site.versions().await;
    let report = site.place.assert_settled(&site.config()).await;
    assert!(report.errors.is_empty(), "{report}");
    assert!(report.findings.iter().all(|finding| finding.reason == "ProxyUnreachable"), "{report}");
    assert_eq!(site.versions().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_was_edited_is_put_right() {
    let site = installed("team-edited").await;
    let bundle = site.trusted().await;
    let condition = json!([{"name": "never", "expression": "false"}]);
    for (path, value) in [
        ("failurePolicy", json!("Fail")),
        ("timeoutSeconds", json!(30)),
        ("matchConditions", condition),
        ("objectSelector", json!({})),
        ("rules/0/operations", json!(["CREATE", "DELETE"])),
        ("clientConfig/caBundle", json!("bm9uZQ==")),
        ("clientConfig/url", json!("https://127.0.0.1:2/mutate")),
    ] {
        site.edit(json!([{"op": "add", "path": format!("/webhooks/0/{path}"), "value": value}])).await;
        let report = site.place.pass(&site.config()).await;
        assert_eq!(changes(&report), [update(&site)], "{path}: {report}");
        site.place.assert_settled(&site.config()).await;
    }
    assert_eq!(site.trusted().await, bundle);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_deleted_stays_deleted_and_its_certificate_is_left() {
    let site = installed("team-deleted").await;
    site.age(250).await;
    site.delete_configuration().await;
    let before = site.versions().await;
    let report = site.place.assert_settled(&site.config()).await;
    assert!(report.errors.is_empty(), "{report}");
    assert_eq!(site.versions().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_renewed_in_time_and_the_one_before_is_trusted_while_it_lasts() {
    let site = installed("team-renewed").await;
    let secret = "update Secret home-of-team-renewed/pullkeeper-webhook".to_owned();
    for (days, trusted) in [(250, 2), (400, 1)] {
        site.age(days).await;
        let (before, old) = (site.pair().await, site.text("ca.crt").await);
        let report = site.place.pass(&site.config()).await;
        assert_eq!(changes(&report), [update(&site), secret.clone()], "{report}");
        assert_ne!(site.pair().await, before);
        let bundle = site.text("ca.crt").await;
        assert_eq!((count(&bundle), bundle.ends_with(&old)), (trusted, trusted == 2));
        assert_eq!(site.trusted().await, Some(bundle));
        let kind = site.secret().await.unwrap().type_;
        assert_eq!(kind.as_deref(), Some("kubernetes.io/tls"));
        site.place.assert_settled(&site.config()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_was_deleted_is_made_again() {
    let site = installed("team-lost").await;
    site.delete_secret().await;
    let report = site.place.pass(&site.config()).await;
    let secret = "create Secret home-of-team-lost/pullkeeper-webhook".to_owned();
    assert_eq!(changes(&report), [secret, update(&site)], "{report}");
    site.place.assert_settled(&site.config()).await;
}
