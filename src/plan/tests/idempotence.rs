//! Planning against the applied plan is empty, but for pods that were put off, over random clusters and
//! configurations; and no pod is ever recreated twice, not even where a webhook strips our Secret's name.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use secrecy::ExposeSecret;

use super::builders::{
    ECR, ago, answered, config, credential, ecr, failed, given, now, nudge, owner, pod, readable, registry,
    rewrite, rule, secret, waiting, written,
};
use crate::config::{Adopt, Config, Heal, Images, NameSet, ServiceAccounts};
use crate::plan::secrets::MANAGED_BY;
use crate::plan::{
    Added, Credential, Evidence, Job, Life, Namespace, Plan, Pod, PodAction, PodChange, Probed, Secret,
    ServiceAccount, Snapshot, Verb, Waiting, needs, plan,
};
use crate::registry::{DockerConfig, Rewrites};

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
                added: Added::to_account(&change.seen, &change.ours, at),
                ..ServiceAccount::default()
            };
            namespace.service_accounts.insert(change.name.clone(), account);
        }
        for change in &own.pods {
            let account = namespace.service_accounts.get(&change.pod.service_account);
            let list = account.filter(|_| !strips).map(|account| account.pull_secrets.clone());
            let again = namespace.pods.iter_mut().find(|pod| pod.name == change.pod.name).unwrap();
            match &change.action {
                PodAction::Rewrite { spellings, .. } => rewrite(again, spellings),
                PodAction::Nudge(spellings) => nudge(again, spellings, at),
                PodAction::Evict | PodAction::Delete => {
                    again.created = Some(at + SignedDuration::from_secs(1));
                    again.pull_secrets = list.unwrap_or_default();
                }
            }
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
    // A day later, whoever took our names out is no reason to wait.
    let added = prop::sample::select(vec![100, 60 * 25]);
    let secrets = (any_secret(), any_secret());
    (secrets, accounts, pods, prop::array::uniform2(prop::bool::weighted(0.2)), added).prop_map(
        |((first, second), accounts, pods, [paused, unread], added)| {
            let own = |list: Vec<&str>| ServiceAccount {
                pull_secrets: list.into_iter().map(str::to_owned).collect(),
                added: Added::parse(&ago(added).to_string()),
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

/// The keys of our registries that hold a good entry.
fn usable(secret: &Secret) -> BTreeSet<String> {
    let text = secret.docker_config.as_ref().map_or("", |text| text.expose_secret());
    let config = DockerConfig::parse(text).unwrap_or_default();
    let ours = ["harbor.example.com", "docker.io", ECR];
    ours.into_iter().filter(|key| config.is_usable(key)).map(str::to_owned).collect()
}

/// Where somebody has taken our names out since, pods wait for a second pass.
fn was_patched_lately(account: &ServiceAccount) -> bool {
    account.added.of("pullkeeper").is_some_and(|at| at > ago(60 * 24))
}

/// A configuration and what its sources give.
#[derive(Debug)]
struct Case {
    config: Config,
    /// Which of the four sources give a credential.
    good: [bool; 4],
    password: String,
}

impl Case {
    /// What the sources give that are asked; the one that mints gives something else each time.
    fn evidence(&self, seen: &Snapshot, at: Timestamp) -> Evidence {
        let needs = needs(&self.config, seen, at);
        let minted = || {
            let life = Life { issued: at, expires: Some(at + SignedDuration::from_hours(12)), until: None };
            let token = credential(ECR, &format!("{}{at}", self.password));
            given(vec![Credential { life: Some(life), ..token }])
        };
        let answer = |(index, good): (usize, bool)| match good {
            _ if !needs.registries.contains(&index) => None,
            false => failed().answers.remove(0),
            true if index == 3 => minted(),
            true => given(vec![credential(self.config.registries[index].hosts[0].as_str(), &self.password)]),
        };
        Evidence::of(self.good.into_iter().enumerate().map(answer).collect())
    }

    fn plan(&self, seen: &Snapshot, minutes: i64) -> Plan {
        let at = now() + SignedDuration::from_mins(minutes);
        plan(&self.config, seen, &self.evidence(seen, at), at)
    }
}

fn any_probed() -> impl Strategy<Value = Probed> {
    let anyone = Probed::Readable { digest: None, anonymously: true };
    let said = || "said".to_owned();
    prop::sample::select(vec![
        readable(),
        readable(),
        anyone,
        Probed::Missing(said()),
        Probed::Refused(said()),
        Probed::Untold(said()),
    ])
}

/// Four registries in two Secrets, one of them for `team-a` only and one minted, whose host it tells itself; sources
/// that may fail; and maybe rules that lead images elsewhere.
fn any_case() -> impl Strategy<Value = Case> {
    let adopt = prop::sample::select(vec![Adopt::No, Adopt::Merge, Adopt::Replace]);
    let accounts = prop::sample::select(vec!["all", "default", "none"]);
    let led = || ["docker.io", "theirs.example.com"].map(|from| rule(from, "proxy.example.com/all"));
    let rules = prop::sample::select(vec![Vec::new(), led().to_vec()]);
    (adopt, accounts, any::<bool>(), any::<[bool; 4]>(), "[a-c]", rules).prop_map(
        |(adopt, accounts, create, good, password, rules)| {
            let images = Images { rewrites: Rewrites::new(rules, Vec::new()), ..Images::default() };
            let mut config = Config { create, adopt, images, ..config() };
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
            config.registries.push(ecr());
            Case { config, good, password }
        },
    )
}

proptest! {
    #[test]
    fn planning_against_the_applied_plan_is_empty_but_for_what_was_put_off(before in any_snapshot(), case in any_case(), strips in any::<bool>()) {
        let after = applied(&case.plan(&before, 0), &before, now(), strips);
        let put_off = case.plan(&after, 1);
        for own in &put_off.namespaces {
            prop_assert!(own.secrets.is_empty() && own.service_accounts.is_empty());
            let accounts = &before.namespaces[&own.name].service_accounts;
            let of = |change: &PodChange| &accounts[&change.pod.service_account];
            prop_assert!(own.pods.iter().all(|change| was_patched_lately(of(change))));
        }
        let later = applied(&put_off, &after, now() + SignedDuration::from_mins(1), strips);
        let second = case.plan(&later, 2);
        prop_assert!(second.is_empty(), "{:?}", second.changes().collect::<Vec<_>>());
    }

    #[test]
    fn actions_on_a_pod_come_to_an_end(before in any_snapshot(), case in any_case(), probed in any_probed(), strips in any::<bool>()) {
        let (mut seen, mut done) = (before, BTreeMap::<_, (usize, usize, usize)>::new());
        let job = Ok(Job { backoff_limit: 6, ..Job::default() });
        let mut last = Vec::new();
        for pass in 0..12 {
            let at = now() + SignedDuration::from_mins(20 * pass);
            let evidence = answered(&case.config, &seen, case.evidence(&seen, at), &probed, &job, at);
            let plan = plan(&case.config, &seen, &evidence, at);
            last = plan.namespaces.iter().flat_map(|own| own.pods.iter().map(|pod| (own.name.clone(), pod.pod.name.clone(), pod.action.verb()))).collect();
            for (namespace, pod, verb) in &last {
                let (rewrites, nudges, evictions) = done.entry((namespace.clone(), pod.clone())).or_default();
                *match verb {
                    Verb::Rewrite => rewrites,
                    Verb::Nudge => nudges,
                    _ => evictions,
                } += 1;
            }
            seen = applied(&plan, &seen, at, strips);
        }
        // Three spellings for the pod that was there, and for its successor.
        for (pod, (rewrites, nudges, evictions)) in done {
            prop_assert!(nudges <= 6 && evictions <= 1, "{:?}: {} nudges, {} evictions", pod, nudges, evictions);
            prop_assert!(rewrites <= 1, "{:?}: {} rewrites", pod, rewrites);
        }
        prop_assert!(last.is_empty(), "{:?}", last);
    }

    #[test]
    fn what_was_minted_is_asked_for_again_when_due_and_not_before(before in any_snapshot(), mut case in any_case()) {
        case.good = [true; 4];
        let asks = |seen: &Snapshot, hours: i64| {
            needs(&case.config, seen, now() + SignedDuration::from_hours(hours)).registries.contains(&3)
        };
        let after = applied(&case.plan(&before, 0), &before, now(), false);
        prop_assert!(!asks(&after, 5));
        prop_assert_eq!(asks(&before, 0), asks(&after, 6));
    }

    #[test]
    fn failed_sources_take_no_good_entry_away(before in any_snapshot(), mut case in any_case()) {
        let good = applied(&case.plan(&before, 0), &before, now(), false);
        case.good = [false; 4];
        // A day later, when all that ends has ended.
        let after = applied(&case.plan(&good, 60 * 24), &good, now(), false);
        for (name, own) in &good.namespaces {
            for (secret, seen) in &own.secrets {
                let left = usable(&after.namespaces[name].secrets[secret]);
                prop_assert!(usable(seen).is_subset(&left), "{:?} of {:?}", left, usable(seen));
            }
        }
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
