//! `ServiceAccounts` out of which somebody else takes our Secret's name.

use jiff::{SignedDuration, Timestamp};

use super::{Snapshot, ago, evidence, namespace, now, ours, plan, pod, told};
use crate::plan::{Secret, ServiceAccount};

/// A pod that waits in a namespace whose ServiceAccount has no names, though we added some at this time.
fn taken_out(added: Option<Timestamp>, secret: Option<Secret>) -> Snapshot {
    let mut snapshot = namespace().service_account("default", &[]).pod(pod()).in_("team-a");
    let own = snapshot.namespaces.get_mut("team-a").unwrap();
    own.secrets.extend(secret.map(|secret| ("pullkeeper".to_owned(), secret)));
    own.service_accounts.get_mut("default").unwrap().changed = added;
    snapshot
}

#[test]
fn its_pods_are_recreated_once_the_name_has_stayed_there() {
    let mut snapshot = taken_out(Some(ago(60)), Some(ours()));
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
    let account = ServiceAccount { pull_secrets: list, changed: Some(now()), ..ServiceAccount::default() };
    accounts.insert("default".into(), account);
    let later = now() + SignedDuration::from_mins(60);
    assert_eq!(told(&plan(&super::config(), &snapshot, &evidence("pass"), later)).0, Some("evict"));
}

#[test]
fn at_once_where_it_happens_seldom_or_the_secret_is_new() {
    let table = [
        ("a day ago", Some(ago(60 * 25)), Some(ours())),
        ("never by us", None, Some(ours())),
        ("a second Secret", Some(ago(60)), None),
    ];
    for (case, added, secret) in table {
        let plan = plan(&super::config(), &taken_out(added, secret), &evidence("pass"), now());
        assert_eq!(told(&plan).0, Some("evict"), "{case}");
    }
}
