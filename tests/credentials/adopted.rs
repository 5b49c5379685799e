//! Secrets that somebody else made: a refused credential takes no place there either.

use serde_json::json;

use crate::desk::{Desk, USER, entry, is_untouched, raw_entry};
use crate::setup::{changes, parse};
use crate::testbed::fixtures::{docker_config, docker_config_secret};
use crate::testbed::registry::Registry;

const THEIRS: &str = "theirs.example.com";

#[tokio::test]
async fn what_is_theirs_stays_until_the_right_password_comes() {
    for (prefix, adopt) in [("merged", "merge"), ("replaced", "replace")] {
        let desk = Desk::new(prefix).await;
        let a = desk.place.namespace("a").await;
        let registry = Registry::htpasswd(USER, "second");
        let mut theirs = docker_config(registry.host(), USER, "first");
        theirs["auths"][THEIRS] = docker_config(THEIRS, "them", "hunter2")["auths"][THEIRS].clone();
        docker_config_secret(&desk.place.admin, &a, "pullkeeper", &theirs).await;
        let before = desk.secret(&a).await;
        let file = desk.file("password", "first");
        let text = desk.text(&json!([entry(&registry, &file)]));
        let config = parse(&format!("{text}secret: {{adopt: {adopt}}}\n"));

        // What it holds is refused: nothing is known that would be better.
        let report = desk.place.pass(&config).await;
        assert_eq!(report.errors.len(), 1, "{report}");
        assert!(report.errors[0].message.ends_with(". 1 Secret still holds the refused one"), "{report}");
        let held = desk.secret(&a).await;
        assert!(is_untouched(&before, &held), "{adopt}: {report}");

        std::fs::write(&file, "a typo").unwrap();
        // Nothing is known against the entry that is there, so it counts as good, and is named.
        let report = desk.place.pass(&config).await;
        assert_eq!(changes(&report), [format!("patch ServiceAccount {a}/default")], "{adopt}");
        assert!(report.errors[0].message.ends_with(". 1 Secret keeps the last good one"), "{report}");
        assert!(is_untouched(&held, &desk.secret(&a).await), "{adopt}");

        std::fs::write(&file, "second").unwrap();
        desk.writes(&config).await;
        assert_eq!(desk.password(&a, &registry).await.as_deref(), Some("second"));
        let after = desk.secret(&a).await;
        if adopt == "merge" {
            assert_eq!(raw_entry(&before, THEIRS), raw_entry(&after, THEIRS), "to the byte");
        }
    }
}
