//! ServiceAccounts: which are patched, and that everything else in their lists survives.

use crate::setup::{Place, changes};
use crate::testbed::fixtures::service_account;

#[tokio::test]
async fn the_chosen_ones_are_patched() {
    let place = Place::new("accounts").await;
    let a = place.namespace("a").await;
    for name in ["builder", "ci-one", "ci-two"] {
        service_account(&place.admin, &a, name, &[]).await;
    }
    let patched = |report: &pullkeeper::report::Report| -> Vec<String> {
        let mut names: Vec<_> = report.changes.iter().map(|change| change.subject.clone()).collect();
        names.retain(|subject| subject.kind == "ServiceAccount");
        names.into_iter().map(|subject| subject.name).collect()
    };
    let none = place.pass(&place.config("serviceAccounts: none")).await;
    assert_eq!(changes(&none), [format!("create Secret {a}/pullkeeper")]);
    let table = [
        ("default", vec!["default"]),
        ("[builder]", vec!["builder"]),
        ("[\"ci-*\", default]", vec!["ci-one", "ci-two"]),
        ("all", vec![]),
    ];
    for (chosen, names) in table {
        let config = place.config(&format!("serviceAccounts: {chosen}"));
        let mark = place.mark();
        assert_eq!(patched(&place.pass(&config).await), names, "{chosen}");
        let lists: Vec<_> = place
            .since(mark)
            .into_iter()
            .filter(|e| e.resource == "serviceaccounts" && e.verb == "list")
            .collect();
        let by_name = lists.iter().any(|event| event.uri.contains("fieldSelector=metadata.name"));
        assert_eq!(by_name, chosen == "default" || chosen == "[builder]", "one name is asked for by name");
    }
}

#[tokio::test]
async fn other_entries_keep_their_place_and_ours_is_there_once() {
    let place = Place::new("lists").await;
    let a = place.namespace("a").await;
    service_account(&place.admin, &a, "mixed", &["z-theirs", "a-theirs"]).await;
    service_account(&place.admin, &a, "twice", &["pullkeeper", "theirs", "pullkeeper"]).await;
    service_account(&place.admin, &a, "done", &["theirs", "pullkeeper"]).await;
    let config = place.config("");
    let report = place.pass(&config).await;
    assert!(!changes(&report).contains(&format!("patch ServiceAccount {a}/done")));
    assert_eq!(place.pull_secrets(&a, "mixed").await, ["z-theirs", "a-theirs", "pullkeeper"]);
    assert_eq!(place.pull_secrets(&a, "twice").await, ["pullkeeper", "theirs"]);
    place.assert_settled(&config).await;
}
