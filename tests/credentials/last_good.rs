//! Last good wins: what a registry refuses never takes the place of what is there.

use std::path::Path;

use serde_json::json;

use crate::desk::{Desk, USER, assert_silent, entry, is_untouched, raw_entry};
use crate::setup::changes;
use crate::testbed::registry::{Anonymous, Registry};

#[tokio::test]
async fn a_revoked_password_changes_nothing_until_the_right_one_comes() {
    for (prefix, registry) in [
        ("basic", Registry::htpasswd(USER, "first")),
        ("bearer", Registry::with_tokens(USER, "first", Anonymous::Yes)),
    ] {
        let desk = Desk::new(prefix).await;
        let a = desk.place.namespace("a").await;
        let file = desk.file("password", "first");
        let config = desk.config(&json!([entry(&registry, &file)]));
        desk.writes(&config).await;
        let before = desk.secret(&a).await;

        registry.change_password("second");
        for (password, kept) in
            [("first", "still holds the refused one"), ("a typo", "keeps the last good one")]
        {
            write(&file, password);
            let errors = desk.fails(&config).await;
            assert_eq!(errors.len(), 1, "{errors:?}");
            assert!(
                errors[0].starts_with(&format!("CredentialRefused: Registry {}: ", registry.host()))
                    && errors[0].contains(" refuses admin (401 Unauthorized); write the right password, ")
                    && errors[0].contains(&format!(". 1 Secret {kept}")),
                "{errors:?}"
            );
            assert!(is_untouched(&before, &desk.secret(&a).await), "{password}");
        }

        // A namespace made meanwhile is given nothing, least of all what another one has.
        let b = desk.place.namespace("b").await;
        let errors = desk.fails(&config).await;
        assert!(
            errors[0].ends_with(". 1 Secret keeps the last good one; 1 Secret stays without"),
            "{errors:?}"
        );
        assert!(!desk.has_secret(&b).await);
        assert!(desk.place.pull_secrets(&b, "default").await.is_empty());

        write(&file, "second");
        let report = desk.writes(&config).await;
        let expected = [
            format!("create Secret {b}/pullkeeper"),
            format!("patch ServiceAccount {b}/default"),
            format!("update Secret {a}/pullkeeper"),
        ];
        assert_eq!(changes(&report), expected);
        for namespace in [&a, &b] {
            assert_eq!(desk.password(namespace, &registry).await.as_deref(), Some("second"));
        }
        assert_eq!(desk.secret(&a).await.metadata.uid, before.metadata.uid);
        assert_silent(&desk.place.assert_settled(&config).await);
    }
}

#[tokio::test]
async fn a_refused_entry_takes_no_other_down() {
    let desk = Desk::new("neighbours").await;
    let a = desk.place.namespace("a").await;
    let (good, bad) = (Registry::htpasswd(USER, "first"), Registry::htpasswd(USER, "first"));
    let (good_file, bad_file) = (desk.file("good", "first"), desk.file("bad", "first"));
    let config = desk.config(&json!([entry(&bad, &bad_file), entry(&good, &good_file)]));
    desk.writes(&config).await;
    let before = desk.secret(&a).await;

    good.change_password("second");
    bad.change_password("second");
    write(&good_file, "second");
    write(&bad_file, "a typo");
    let report = desk.place.pass(&config).await;
    assert_eq!(changes(&report), [format!("update Secret {a}/pullkeeper")]);
    assert_eq!(report.errors.len(), 1, "{report}");
    assert_eq!(report.errors[0].subject.name, bad.host());
    assert!(report.findings.is_empty(), "{report}");
    let after = desk.secret(&a).await;
    assert_eq!(raw_entry(&before, bad.host()), raw_entry(&after, bad.host()), "to the byte");
    assert_eq!(desk.password(&a, &good).await.as_deref(), Some("second"));
    desk.fails(&config).await;

    // In a new namespace the Secret is made of what is good.
    let b = desk.place.namespace("b").await;
    let report = desk.place.pass(&config).await;
    assert!(report.errors[0].message.ends_with("1 Secret stays without"), "{report}");
    assert_eq!(desk.password(&b, &good).await.as_deref(), Some("second"));
    assert_eq!(desk.password(&b, &bad).await, None);
    assert_eq!(desk.place.pull_secrets(&b, "default").await, ["pullkeeper"]);
}

/// Between delete and create there is nothing: a Secret that must be made anew stays while one of its
/// entries is refused.
#[tokio::test]
async fn a_secret_is_not_recreated_around_a_refused_entry() {
    let desk = Desk::new("recreated").await;
    let a = desk.place.namespace("a").await;
    let (good, bad) = (Registry::htpasswd(USER, "first"), Registry::htpasswd(USER, "first"));
    let (good_file, bad_file) = (desk.file("good", "first"), desk.file("bad", "first"));
    let config = desk.config(&json!([entry(&bad, &bad_file), entry(&good, &good_file)]));
    desk.writes(&config).await;
    let immutable = kube::api::Patch::Merge(json!({"immutable": true}));
    desk.place.secrets(&a).patch("pullkeeper", &kube::api::PatchParams::default(), &immutable).await.unwrap();
    let before = desk.secret(&a).await;

    good.change_password("second");
    bad.change_password("second");
    write(&good_file, "second");
    let report = desk.place.assert_settled(&config).await;
    assert!(report.findings.iter().any(|finding| finding.reason == "SecretNotRecreated"), "{report}");
    assert!(is_untouched(&before, &desk.secret(&a).await));

    write(&bad_file, "second");
    desk.writes(&config).await;
    assert_eq!(desk.password(&a, &bad).await.as_deref(), Some("second"));
}

fn write(file: &Path, text: &str) {
    std::fs::write(file, text).unwrap();
}
