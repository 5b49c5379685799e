//! Who listed a pod's pull secrets: its author, or the API server from its ServiceAccount? Only the real
//! admission of the API server shows that the managed fields tell.

use std::collections::BTreeMap;

use crate::nudging::Bed;
use crate::setup::changes;
use crate::testbed::fixtures::service_account;

#[tokio::test]
async fn what_the_service_account_gave_is_told_from_what_the_author_listed() {
    let bed = Bed::new("lists-of").await;
    let a = bed.place.namespace("a").await;
    let admin = &bed.place.admin;
    service_account(admin, &a, "default", &["theirs"]).await;
    service_account(admin, &a, "moved", &["theirs"]).await;
    let injected = bed.make(bed.unnamed("injected"), &a).await;
    let pull_secrets = injected.spec.unwrap().image_pull_secrets.unwrap();
    assert_eq!(pull_secrets.iter().map(|secret| secret.name.as_str()).collect::<Vec<_>>(), ["theirs"]);
    // The same list, but written by hand: a new pod would have it again.
    bed.make(bed.unnamed("listed").pull_secret("theirs"), &a).await;
    // Somebody changes the ServiceAccount: what it gave before looks like a list of the author's.
    bed.make(bed.unnamed("injected-before").service_account("moved"), &a).await;
    bed.make(bed.unnamed("listed-before").service_account("moved").pull_secret("theirs"), &a).await;
    service_account(admin, &a, "moved", &["others"]).await;

    let config = bed.config("");
    let report = bed.place.pass(&config).await;
    assert!(report.errors.is_empty(), "{report}");
    let evicted: Vec<_> = changes(&report).into_iter().filter(|change| change.starts_with("evict")).collect();
    assert_eq!(evicted, ["injected", "injected-before"].map(|name| format!("evict Pod {a}/{name}")));
    let told: BTreeMap<_, _> = report
        .findings
        .iter()
        .map(|finding| (finding.subject.name.as_str(), finding.message.as_str()))
        .collect();
    assert_eq!(told.keys().copied().collect::<Vec<_>>(), ["listed", "listed-before"]);
    for message in told.values() {
        let remedy = "the pod lists its own pull secrets; add pullkeeper to them in its template";
        assert!(message.contains(remedy), "{message}");
    }
    bed.place.assert_settled(&config).await;
}
