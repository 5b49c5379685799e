//! `ServiceAccounts` out of which somebody else takes our Secret's name.

use jiff::SignedDuration;

use super::{Snapshot, added, ago, evidence, namespace, now, ours, plan, pod, told};
use crate::plan::{Added, Secret, ServiceAccount};

/// A pod that waits in a namespace whose ServiceAccount has no names, though we noted so of ours.
fn taken_out(noted: Added, secret: Option<Secret>) -> Snapshot {
    let mut snapshot = namespace().service_account("default", &[]).pod(pod()).in_("team-a");
    let own = snapshot.namespaces.get_mut("team-a").unwrap();
    own.secrets.extend(secret.map(|secret| ("pullkeeper".to_owned(), secret)));
    own.service_accounts.get_mut("default").unwrap().added = noted;
    snapshot
}

#[test]
fn its_pods_are_recreated_once_the_name_has_stayed_there() {
    let mut snapshot = taken_out(added("pullkeeper", ago(60)), Some(ours()));
    let first = plan(&super::config(), &snapshot, &evidence("pass"), now());
    assert_eq!(first.namespaces[0].service_accounts.len(), 1, "it is put back");
    let (verb, message) = told(&first);
    assert_eq!(verb, None);
    assert!(
        message.contains("somebody takes Secret pullkeeper out of its ServiceAccount default"),
        "{message}"
    );
    // It stays.
    let accounts = &mut snapshot.namespaces.get_mut("team-a").unwrap().service_accounts;
    let list = first.namespaces[0].service_accounts[0].list.clone();
    let account =
        ServiceAccount { pull_secrets: list, added: added("pullkeeper", now()), ..ServiceAccount::default() };
    accounts.insert("default".into(), account);
    let later = now() + SignedDuration::from_mins(60);
    assert_eq!(told(&plan(&super::config(), &snapshot, &evidence("pass"), later)).0, Some("evict"));
}

#[test]
fn at_once_where_it_happens_seldom_or_the_name_is_new() {
    let old_form = |minutes| Added::parse(&ago(minutes).to_string());
    let table = [
        ("an hour ago", added("pullkeeper", ago(60)), Some(ours()), None),
        ("the same, noted the old way", old_form(60), Some(ours()), None),
        ("a day ago", added("pullkeeper", ago(60 * 25)), Some(ours()), Some("evict")),
        ("never by us", Added::default(), Some(ours()), Some("evict")),
        ("another name", added("another", ago(60)), Some(ours()), Some("evict")),
        ("a new Secret", old_form(60), None, Some("evict")),
        // Who took it out removed our annotation, too.
        (
            "as our Secret tells",
            Added::default(),
            Some(Secret { added: added("default", ago(60)), ..ours() }),
            None,
        ),
        (
            "of another",
            Added::default(),
            Some(Secret { added: added("ci", ago(60)), ..ours() }),
            Some("evict"),
        ),
    ];
    for (case, noted, secret, verb) in table {
        let plan = plan(&super::config(), &taken_out(noted, secret), &evidence("pass"), now());
        assert_eq!(told(&plan).0, verb, "{case}");
    }
}

/// Of two Secrets only the other one's name was taken out, or stands there twice.
#[test]
fn a_change_for_another_secret_is_none_for_this_one() {
    let mut config = super::config();
    let other = crate::config::Registry {
        secret_name: "other".into(),
        ..super::super::builders::registry("b.example.com")
    };
    config.registries.push(other);
    let mut evidence = evidence("pass");
    let credential = super::super::builders::credential("b.example.com", "pass");
    evidence.answers.push(super::super::builders::given(vec![credential]));
    // A webhook stripped the pod's pull secrets: it was made after its ServiceAccount named ours.
    let stripped = super::Pod { created: Some(ago(30)), ..pod() };
    for (list, noted) in [
        (&["pullkeeper"][..], added("pullkeeper", ago(60))),
        (&["pullkeeper"], Added::parse(&ago(60).to_string())),
        (&["pullkeeper", "other", "other"], added("pullkeeper", ago(60))),
    ] {
        let mut snapshot = namespace().service_account("default", list).pod(stripped.clone()).in_("team-a");
        snapshot.namespaces.get_mut("team-a").unwrap().service_accounts.get_mut("default").unwrap().added =
            noted;
        let plan = plan(&config, &snapshot, &evidence, now());
        assert_eq!(plan.namespaces[0].service_accounts.len(), 1, "{list:?}");
        let (verb, message) = told(&plan);
        assert_eq!(verb, None, "{list:?}");
        assert!(message.contains("does a webhook strip pull secrets?"), "{message}");
    }
}
