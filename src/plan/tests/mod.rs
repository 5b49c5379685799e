//! What is planned, case by case, and the property that holds the design together: planning against
//! the applied plan is empty.

mod builders;
mod credentials;
mod hosts;
mod idempotence;
mod left;
mod plugins;
mod pods;
mod proxies;
mod safety;
mod secrets;
mod seen;
mod sources;
mod turns;

use builders::{Seen, config, evidence, namespace, secret};

use super::{Evidence, needs, plan};
use crate::config::{NameSet, Password, SecretKey, Source};

#[test]
fn an_empty_cluster_gets_a_secret_and_its_name_everywhere() {
    let seen = namespace().service_account("default", &[]).service_account("ci", &["theirs"]);
    let plan = plan(&config(), &seen.in_("team-a"), &evidence("pass"), builders::now());
    let changes: Vec<_> = plan.changes().map(|change| change.to_string()).collect();
    assert_eq!(
        changes,
        [
            "create Secret team-a/pullkeeper: missing",
            "patch ServiceAccount team-a/ci: add pullkeeper",
            "patch ServiceAccount team-a/default: add pullkeeper",
        ]
    );
    let list = |name: &str| {
        let accounts = &plan.namespaces[0].service_accounts;
        accounts.iter().find(|account| account.name == name).unwrap().list.clone()
    };
    assert_eq!(list("ci"), ["theirs", "pullkeeper"]);
    assert!(plan.findings.is_empty() && plan.errors.is_empty());
}

#[test]
fn a_paused_or_terminating_namespace_is_left_alone() {
    let mut snapshot = namespace().service_account("default", &[]).in_("paused");
    snapshot.namespaces.get_mut("paused").unwrap().paused = true;
    let mut gone = namespace().in_("gone");
    gone.namespaces.get_mut("gone").unwrap().terminating = true;
    snapshot.namespaces.append(&mut gone.namespaces);
    let plan = plan(&config(), &snapshot, &evidence("pass"), builders::now());
    assert!(plan.is_empty());
    let findings: Vec<_> = plan.findings.iter().map(|finding| finding.reason).collect();
    assert_eq!(findings, ["NamespaceTerminating"]);
    // And nothing is fetched for them.
    assert!(needs(&config(), &snapshot, builders::now()).registries.is_empty());
}

#[test]
fn a_failed_source_is_an_error_and_changes_nothing() {
    let snapshot = namespace().service_account("default", &[]).in_("team-a");
    let plan = plan(&config(), &snapshot, &builders::failed(), builders::now());
    assert!(plan.is_empty(), "no empty Secret, and no ServiceAccount that names one");
    assert_eq!(plan.errors[0].to_string(), "Registry harbor.example.com: no luck. 1 Secret stays without");
}

#[test]
fn a_secret_that_could_not_be_read_is_not_written() {
    let mut snapshot = namespace().service_account("default", &[]).in_("team-a");
    snapshot.namespaces.get_mut("team-a").unwrap().unread_secrets.insert("pullkeeper".into());
    assert!(plan(&config(), &snapshot, &evidence("pass"), builders::now()).is_empty());
}

#[test]
fn registries_may_narrow_and_have_secrets_of_their_own() {
    let mut config = config();
    let mut own = config.registries[0].clone();
    own.secret_name = "team-b-pull".into();
    own.namespaces = Some(NameSet::new(&["team-b"], &[]).unwrap());
    config.registries.push(own);
    let mut snapshot = namespace().service_account("default", &[]).in_("team-a");
    snapshot.namespaces.append(&mut namespace().service_account("default", &[]).in_("team-b").namespaces);
    let mut evidence = evidence("pass");
    let mut second = builders::evidence("other");
    evidence.answers.append(&mut second.answers);
    let plan = plan(&config, &snapshot, &evidence, builders::now());
    let lists: Vec<_> = plan.namespaces.iter().map(|own| own.service_accounts[0].list.clone()).collect();
    assert_eq!(lists, [vec!["pullkeeper"], vec!["pullkeeper", "team-b-pull"]]);
}

#[test]
fn only_what_a_chosen_namespace_wants_is_fetched() {
    let key = SecretKey { namespace: "ops".into(), name: "registry".into(), key: "password".into() };
    let mut config = config();
    let Source::Static { password, .. } = &mut config.registries[0].source else { unreachable!() };
    *password = Password::Secret(key.clone());
    let snapshot = namespace().in_("team-a");
    assert_eq!(needs(&config, &snapshot, builders::now()).secret_keys.into_iter().collect::<Vec<_>>(), [key]);
    config.registries[0].namespaces = Some(NameSet::new(&["team-b"], &[]).unwrap());
    assert!(needs(&config, &snapshot, builders::now()).secret_keys.is_empty());
    let plan = plan(&config, &snapshot, &Evidence::of(vec![None]), builders::now());
    assert!(plan.is_empty());
}

#[test]
fn a_foreign_secret_that_serves_is_named_and_one_that_does_not_is_not() {
    for (host, patched) in [("harbor.example.com", 1), ("elsewhere.example.com", 0)] {
        let foreign = secret(host, "theirs");
        let seen: Seen = namespace().service_account("default", &[]).secret("pullkeeper", foreign);
        let plan = plan(&config(), &seen.in_("team-a"), &evidence("pass"), builders::now());
        assert_eq!(plan.len(), patched, "{host}");
        assert_eq!(plan.findings[0].reason, "ForeignSecret");
    }
}
