//! Planning against the applied plan is empty, over random clusters and configurations; and no pod is
//! ever recreated twice, not even where a webhook strips our Secret's name.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::builders::{ago, config, evidence, failed, now, owner, pod, registry, secret, waiting, written};
use crate::config::{Adopt, Config, Heal, NameSet, ServiceAccounts};
use crate::plan::secrets::MANAGED_BY;
use crate::plan::{Evidence, Namespace, Plan, Pod, Secret, ServiceAccount, Snapshot, Waiting, plan};

/// The cluster after `plan` was applied to `before`. Recreated pods wait again, each made a second after
/// the pass; `strips` is a webhook that takes pull secrets out of new pods.
fn applied(plan: &Plan, before: &Snapshot, at: Timestamp, strips: bool) -> Snapshot {
    let mut after = before.clone();
    for own in &plan.namespaces {
        let namespace = after.namespaces.get_mut(&own.name).unwrap();
        for change in &own.secrets {
            let mut made = written(&change.action, namespace.secrets.get(&change.wanted.name), at);
            if made.managed_by.is_some() {
                made.instance = Some(change.wanted.instance.clone());
            }
            namespace.secrets.insert(change.wanted.name.clone(), made);
        }
        for change in &own.service_accounts {
            let account = ServiceAccount {
                pull_secrets: change.list.clone(),
                changed: Some(at),
                ..ServiceAccount::default()
            };
            namespace.service_accounts.insert(change.name.clone(), account);
        }
        for change in &own.pods {
            let account = namespace.service_accounts.get(&change.pod.service_account);
            let list = account.filter(|_| !strips).map(|account| account.pull_secrets.clone());
            let again = namespace.pods.iter_mut().find(|pod| pod.name == change.pod.name).unwrap();
            again.created = Some(at + SignedDuration::from_secs(1));
            again.pull_secrets = list.unwrap_or_default();
        }
    }
    after
}

fn any_secret() -> impl Strategy<Value = Option<Secret>> {
    let host = prop_oneof![Just("harbor.example.com"), Just("docker.io"), Just("theirs.example.com")];
    let made = (host, "[a-c]", any::<[bool; 5]>(), 0..4).prop_map(|(host, password, flags, form)| {
        let [ours, immutable, opaque, stateless, other] = flags;
        let mut made = secret(host, &password);
        made.immutable = immutable;
        made.managed_by = ours.then(|| MANAGED_BY.to_owned());
        made.instance = ours.then(|| if other { "other" } else { "default" }.to_owned());
        made.state =
            (!stateless).then(|| r#"{"gone.example.com":{"source":"static:x","sha256":"0"}}"#.to_owned());
        if opaque {
            made.type_ = "Opaque".into();
        }
        match form {
            0 => made.docker_config = Some("garbage".into()),
            1 => made.docker_config = None,
            _ => {}
        }
        made
    });
    prop::option::of(made)
}

fn any_pod() -> impl Strategy<Value = Pod> {
    // What is acted on comes often, or the properties would hold for want of cases.
    let kind = prop_oneof![4 => Just("ReplicaSet"), 1 => Just("Job"), 1 => Just(""), 1 => Just("Workflow")];
    let others = prop::sample::select(vec!["not found", "dial tcp", "pull access denied", "?"]);
    let message = prop_oneof![3 => Just("401 Unauthorized"), 1 => others];
    let others = prop::sample::select(vec!["nginx", "theirs.example.com/x", "::"]);
    let image = prop_oneof![3 => Just("harbor.example.com/a:1"), 1 => others];
    let list = prop::collection::vec(prop::sample::select(vec!["pullkeeper", "second", "theirs"]), 0..2);
    (kind, message, image, list, prop::array::uniform2(prop::bool::weighted(0.2)), 1..200i64).prop_map(
        |(kind, message, image, list, flags, age)| Pod {
            controller: owner(kind).filter(|_| !kind.is_empty()),
            waiting: vec![Waiting { image: image.into(), ..waiting(message) }],
            pull_secrets: list.into_iter().map(str::to_owned).collect(),
            running: flags[0],
            terminating: flags[1],
            created: Some(ago(age)),
            ..pod()
        },
    )
}

fn any_namespace() -> impl Strategy<Value = Namespace> {
    let list = prop::collection::vec(prop::sample::select(vec!["pullkeeper", "second", "theirs", ""]), 0..4);
    let accounts = prop::collection::btree_map(prop::sample::select(vec!["default", "ci"]), list, 0..3);
    let pods = prop::collection::vec(any_pod(), 0..4);
    (any_secret(), any_secret(), accounts, pods, prop::array::uniform2(prop::bool::weighted(0.2))).prop_map(
        |(first, second, accounts, pods, [paused, unread])| {
            let own = |list: Vec<&str>| ServiceAccount {
                pull_secrets: list.into_iter().map(str::to_owned).collect(),
                changed: Some(ago(100)),
                ..ServiceAccount::default()
            };
            let named = |(index, pod): (usize, Pod)| Pod { name: format!("pod-{index}"), ..pod };
            let named_secrets = [("pullkeeper", first), ("second", second)];
            let unread = unread.then(|| "pullkeeper".to_owned());
            Namespace {
                paused,
                unread_secrets: unread.into_iter().collect(),
                secrets: named_secrets
                    .into_iter()
                    .filter_map(|(name, secret)| Some((name.to_owned(), secret?)))
                    .collect(),
                service_accounts: accounts
                    .into_iter()
                    .map(|(name, list)| (name.to_owned(), own(list)))
                    .collect(),
                pods: pods.into_iter().enumerate().map(named).collect(),
                ..Namespace::default()
            }
        },
    )
}

fn any_snapshot() -> impl Strategy<Value = Snapshot> {
    let names = prop::sample::select(vec!["team-a", "team-b", "kube-system"]);
    let namespaces = prop::collection::btree_map(names, any_namespace(), 1..3);
    namespaces.prop_map(|namespaces| Snapshot {
        namespaces: namespaces.into_iter().map(|(name, own)| (name.to_owned(), own)).collect(),
        ..Snapshot::default()
    })
}

/// A configuration and what its sources give.
#[derive(Debug)]
struct Case {
    config: Config,
    /// Which of the three sources give a credential.
    good: [bool; 3],
    password: String,
}

impl Case {
    fn evidence(&self) -> Evidence {
        let source = |good| if good { evidence(&self.password) } else { failed() };
        Evidence { credentials: self.good.into_iter().flat_map(|good| source(good).credentials).collect() }
    }

    fn plan(&self, seen: &Snapshot, minutes: i64) -> Plan {
        plan(&self.config, seen, &self.evidence(), now() + SignedDuration::from_mins(minutes))
    }
}

/// Three registries in two Secrets, one of them for `team-a` only; sources that may fail.
fn any_case() -> impl Strategy<Value = Case> {
    let adopt = prop::sample::select(vec![Adopt::No, Adopt::Merge, Adopt::Replace]);
    let accounts = prop::sample::select(vec!["all", "default", "none"]);
    (adopt, accounts, any::<bool>(), any::<[bool; 3]>(), "[a-c]").prop_map(
        |(adopt, accounts, create, good, password)| {
            let mut config = Config { create, adopt, ..config() };
            config.service_accounts = match accounts {
                "all" => ServiceAccounts::All,
                "default" => ServiceAccounts::Default,
                _ => ServiceAccounts::None,
            };
            config.registries.push(registry("docker.io"));
            let mut second = registry("harbor.example.com");
            second.secret_name = "second".into();
            second.namespaces = Some(NameSet::new(&["team-a"], &[]).unwrap());
            config.registries.push(second);
            Case { config, good, password }
        },
    )
}

proptest! {
    #[test]
    fn planning_against_the_applied_plan_is_empty(before in any_snapshot(), case in any_case(), strips in any::<bool>()) {
        let after = applied(&case.plan(&before, 0), &before, now(), strips);
        let second = case.plan(&after, 1);
        prop_assert!(second.is_empty(), "{:?}", second.changes().collect::<Vec<_>>());
    }

    #[test]
    fn the_oldest_tools_way_is_quiet_too_where_a_new_pod_names_our_secret(before in any_snapshot(), mut case in any_case()) {
        case.config.pods.heal = Heal::All;
        let after = applied(&case.plan(&before, 0), &before, now(), false);
        for own in &case.plan(&after, 1).namespaces {
            prop_assert!(own.secrets.is_empty() && own.service_accounts.is_empty());
            for change in &own.pods {
                let ours = |name: &String| change.act.secrets.contains(name);
                prop_assert!(!change.pod.pull_secrets.iter().any(ours), "{:?}", change.pod);
            }
        }
    }

    #[test]
    fn two_instances_never_fight(before in any_snapshot(), mut case in any_case()) {
        let one = applied(&case.plan(&before, 0), &before, now(), false);
        let password = std::mem::replace(&mut case.password, "another".into());
        case.config.instance = "other".into();
        let both = applied(&case.plan(&one, 0), &one, now(), false);
        (case.config.instance, case.password) = ("default".into(), password);
        prop_assert!(case.plan(&both, 1).namespaces.iter().all(|own| own.secrets.is_empty()));
    }

    #[test]
    fn nothing_is_planned_where_it_is_paused(mut before in any_snapshot(), case in any_case()) {
        before.namespaces.values_mut().for_each(|own| own.paused = true);
        prop_assert!(case.plan(&before, 0).is_empty());
    }
}
