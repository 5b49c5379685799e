//! What is taken away where a namespace is no longer chosen, and what stays.

use super::builders::{added, ago, config, evidence, namespace, now, secret, written};
use crate::config::Config;
use crate::plan::secrets::MANAGED_BY;
use crate::plan::{NO_LONGER_CHOSEN, Namespace, Secret, ServiceAccount, Snapshot, plan};

const HOST: &str = "harbor.example.com";

/// A Secret as we make it.
fn ours() -> Secret {
    let snapshot = namespace().service_account("default", &[]).in_("team-a");
    let first = plan(&config(), &snapshot, &evidence("pass"), now());
    let made = written(&first.namespaces[0].secrets[0].action, None, ago(5));
    Secret {
        managed_by: Some(MANAGED_BY.into()),
        instance: Some("default".into()),
        uid: "uid".into(),
        ..made
    }
}

/// A ServiceAccount that names it, by us or by its author.
fn account(by_us: bool) -> ServiceAccount {
    ServiceAccount {
        pull_secrets: vec!["theirs".into(), "pullkeeper".into()],
        added: if by_us { added("pullkeeper", ago(5)) } else { ServiceAccount::default().added },
        ..ServiceAccount::default()
    }
}

fn left(secret: Secret) -> Namespace {
    Namespace {
        secrets: [("pullkeeper".to_owned(), secret)].into(),
        service_accounts: [("default".to_owned(), account(true)), ("authors".to_owned(), account(false))]
            .into(),
        ..Namespace::default()
    }
}

/// What a pass does about it, and says of it.
fn judged(prune: bool, left: Namespace) -> (Vec<String>, Vec<String>) {
    let config = Config { prune, ..config() };
    let snapshot = Snapshot { left: [("gone".to_owned(), left)].into(), ..Snapshot::default() };
    let plan = plan(&config, &snapshot, &evidence("pass"), now());
    let findings = plan.findings.iter().filter(|finding| finding.reason == NO_LONGER_CHOSEN);
    let told = findings.map(ToString::to_string).collect();
    assert_eq!(plan.len(), plan.changes().count());
    (plan.changes().map(|change| change.to_string()).collect(), told)
}

#[test]
fn ours_is_taken_away_if_asked_for_and_told_of_else() {
    let because = "its namespace is no longer chosen";
    let taken = vec![
        format!("patch ServiceAccount gone/default: remove pullkeeper: {because}"),
        format!("delete Secret gone/pullkeeper: {because}"),
    ];
    assert_eq!(judged(true, left(ours())), (taken, vec![]));
    let told = "Setting namespaces: chooses no longer a namespace that still holds Secrets of ours (gone); set secret.prune: true, or delete them there, and their names in ServiceAccounts";
    assert_eq!(judged(false, left(ours())), (vec![], vec![told.to_owned()]));
}

#[test]
fn what_is_not_ours_stays_in_silence() {
    let table = [
        ("somebody else's", left(secret(HOST, "pass"))),
        ("another instance's", left(Secret { instance: Some("other".into()), ..ours() })),
        ("going already", left(Secret { terminating: true, ..ours() })),
        ("paused", Namespace { paused: true, ..left(ours()) }),
        ("its namespace goes", Namespace { terminating: true, ..left(ours()) }),
        ("nothing there", Namespace::default()),
    ];
    for (what, left) in table {
        assert_eq!(judged(true, left.clone()), (vec![], vec![]), "{what}");
        assert_eq!(judged(false, left), (vec![], vec![]), "{what}");
    }
}
