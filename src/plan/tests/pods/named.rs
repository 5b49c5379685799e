//! Pods that name our Secret: nudged once for each change of it, else left to their node.

use jiff::{SignedDuration, Timestamp};

use super::super::builders::{DIGEST, answered, nudge, readable, written};
use super::{
    Config, IMAGE, Pod, Pods, Waiting, ago, config, evidence, namespace, now, plan, pod, told, waiting,
};
use crate::plan::{Containers, Plan, PodAction, Probed, Snapshot, Spelling};

/// A pod that names our Secret.
fn named() -> Pod {
    Pod { pull_secrets: vec!["pullkeeper".into()], ..pod() }
}

/// Its namespace, where our Secret was written some minutes ago; `None` is by this very pass.
fn seen(pod: Pod, minutes: Option<i64>) -> Snapshot {
    let mut snapshot = namespace().service_account("default", &["pullkeeper"]).pod(pod).in_("team-a");
    if let Some(minutes) = minutes {
        let first = plan(&config(), &snapshot, &evidence("pass"), now());
        let made = written(&first.namespaces[0].secrets[0].action, None, ago(minutes));
        snapshot.namespaces.get_mut("team-a").unwrap().secrets.insert("pullkeeper".into(), made);
    }
    snapshot
}

fn planned(config: &Config, snapshot: &Snapshot, probed: &Probed, at: Timestamp) -> Plan {
    let none = Err("no Job".to_owned());
    plan(config, snapshot, &answered(config, snapshot, evidence("pass"), probed, &none, at), at)
}

/// The spellings that are planned, and what is told.
fn outcome(plan: &Plan) -> (Vec<Spelling>, String) {
    let pods = plan.namespaces.iter().flat_map(|own| &own.pods);
    let spelled = pods.flat_map(|change| match &change.action {
        PodAction::Nudge(spellings) => spellings.clone(),
        other => panic!("{other:?}"),
    });
    let finding = plan.findings.iter().find(|finding| finding.reason == "PodNotHealed");
    (spelled.collect(), finding.map(|finding| finding.message.clone()).unwrap_or_default())
}

fn untold() -> Probed {
    Probed::Untold("no way there".into())
}

type Row<'a> = (Pod, Option<i64>, Probed, Result<&'a str, &'static str>);

#[test]
fn what_is_done_and_told() {
    let (digested, by_digest) =
        (format!("{IMAGE}@{DIGEST}"), format!("harbor.example.com/team/app@{DIGEST}"));
    let image = |image: &str| Pod {
        waiting: vec![Waiting { image: image.into(), ..waiting("401 Unauthorized") }],
        ..named()
    };
    let says = |message: &str| Pod { waiting: vec![waiting(message)], ..named() };
    let anyone = Probed::Readable { digest: None, anonymously: true };
    let missing = Probed::Missing("it has no such image".into());
    let tries = "";
    // The pod; how many minutes ago our Secret was written; what the registry says; the new spelling, or what is told.
    let table: [Row<'_>; 16] = [
        (named(), None, readable(), Ok(&digested)),
        (named(), Some(3), readable(), Ok(&digested)),
        (named(), Some(600), readable(), Ok(&digested)),
        (says("pull access denied"), None, readable(), Ok(&digested)),
        (says("pull access denied"), None, anyone.clone(), Err("anybody may pull it")),
        (named(), Some(600), anyone, Err("within five minutes; if it doesn't, delete the pod")),
        (says("pull access denied"), None, missing.clone(), Err("it has no such image")),
        (named(), None, missing, Err("it has no such image")),
        (says("429 Too Many Requests"), Some(3), readable(), Ok(&digested)),
        (
            says("429 Too Many Requests"),
            Some(600),
            readable(),
            Err("limited as the account in Secret pullkeeper"),
        ),
        (
            says("429 Too Many Requests"),
            Some(600),
            untold(),
            Err("limited as the account in Secret pullkeeper"),
        ),
        // The registry can't be asked from here: what has another spelling without a digest is nudged.
        (named(), Some(3), untold(), Err(tries)),
        (
            named(),
            Some(600),
            untold(),
            Err(
                "though the pod names our Secret pullkeeper; check that its account may pull this image (the registry can't tell from here: no way there)",
            ),
        ),
        (image(&digested), Some(3), untold(), Ok(&by_digest)),
        (image(&by_digest), Some(3), readable(), Err(tries)),
        (image(&by_digest), Some(600), readable(), Err("delete the pod by hand")),
    ];
    for (pod, minutes, probed, expected) in table {
        let snapshot = seen(pod, minutes);
        let (spelled, told) = outcome(&planned(&config(), &snapshot, &probed, now()));
        let case = format!("{:?} {minutes:?} {probed:?}", snapshot.namespaces["team-a"].pods[0].waiting);
        match expected {
            Ok(to) => {
                assert_eq!(spelled.len(), 1, "{case}: {told}");
                assert_eq!(spelled[0].to, to, "{case}");
            }
            Err(part) => {
                assert_eq!(spelled, [], "{case}");
                assert!(told.contains(part) && part.is_empty() == told.is_empty(), "{case}: {told}");
            }
        }
    }
}

#[test]
fn nudged_once_for_each_change_of_the_secret() {
    let mut snapshot = seen(named(), Some(3));
    let (spelled, _) = outcome(&planned(&config(), &snapshot, &readable(), now()));
    nudge(&mut snapshot.namespaces.get_mut("team-a").unwrap().pods[0], &spelled, now());
    let later = |minutes| now() + SignedDuration::from_mins(minutes);
    let silent = (vec![], String::new());
    assert_eq!(outcome(&planned(&config(), &snapshot, &readable(), later(2))), silent);
    let (spelled, told) = outcome(&planned(&config(), &snapshot, &readable(), later(20)));
    assert_eq!(spelled, []);
    assert!(told.contains("its pull was begun anew since Secret pullkeeper changed"), "{told}");
    // The Secret changes again.
    let own = snapshot.namespaces.get_mut("team-a").unwrap();
    own.secrets.get_mut("pullkeeper").unwrap().changed = Some(later(30));
    let (spelled, _) = outcome(&planned(&config(), &snapshot, &readable(), later(31)));
    assert_eq!(spelled[0].to, format!("harbor.example.com/team/app@{DIGEST}"));
}

#[test]
fn not_where_it_is_switched_off_nor_where_it_is_impossible() {
    let off = Config { pods: Pods { nudge: false, ..config().pods }, ..config() };
    let ephemeral = Waiting { list: Containers::Ephemeral, ..waiting("401 Unauthorized") };
    let debug = Pod { waiting: vec![ephemeral.clone()], ..named() };
    for (config, pod, debugged) in [(off, named(), false), (config(), debug, true)] {
        assert_eq!(
            outcome(&planned(&config, &seen(pod.clone(), Some(3)), &readable(), now())),
            (vec![], String::new())
        );
        let (spelled, told) = outcome(&planned(&config, &seen(pod, Some(60)), &readable(), now()));
        assert_eq!(spelled, []);
        assert!(told.contains("its node may when it tries again"), "{told}");
        let last_resort = if debugged { "start another debug container" } else { "delete the pod by hand" };
        assert!(told.ends_with(last_resort), "{told}");
    }
    let running = Pod { running: true, ..named() };
    let off = Config { pods: Pods { nudge: false, ..config().pods }, ..config() };
    let (_, told) = outcome(&planned(&off, &seen(running, Some(60)), &readable(), now()));
    assert!(told.ends_with("delete the pod by hand, though another of its containers runs"), "{told}");
}

#[test]
fn a_malformed_secret_of_ours_that_is_mended_is_no_ones_else() {
    let malformed = |list: &[&str]| Pod {
        waiting: vec![Waiting { reason: "illegal base64 data at input byte 0".into(), ..waiting("") }],
        pull_secrets: list.iter().map(|name| (*name).to_owned()).collect(),
        ..pod()
    };
    let (spelled, _) =
        outcome(&planned(&config(), &seen(malformed(&["pullkeeper"]), None), &readable(), now()));
    assert_eq!(spelled.len(), 1);
    // What the kubelet said may be of before ours was mended; if it says so still, it is another's.
    for (minutes, nudged) in [(None, 1), (Some(3), 1), (Some(6), 0), (Some(600), 0)] {
        let both = seen(malformed(&["pullkeeper", "theirs", "more"]), minutes);
        let (spelled, told) = outcome(&planned(&config(), &both, &readable(), now()));
        assert_eq!(spelled.len(), nudged, "{minutes:?}: {told}");
        let blamed = told.contains("one of the Secrets theirs, more is no good docker config");
        assert_eq!(blamed, nudged == 0, "{minutes:?}: {told}");
    }
    let late = Pod { created: Some(ago(1)), ..malformed(&["pullkeeper", "theirs"]) };
    let (spelled, told) = outcome(&planned(&config(), &seen(late, Some(3)), &readable(), now()));
    assert_eq!(spelled, []);
    assert!(told.contains("Secret theirs is no good docker config"), "{told}");
}

#[test]
fn containers_are_nudged_each_by_itself_and_the_others_are_told() {
    let typo = Waiting {
        container: "typo".into(),
        image: "harbor.example.com/team/typo:1".into(),
        ..waiting("not found")
    };
    let init = Waiting { container: "init".into(), list: Containers::Init, ..waiting("401 Unauthorized") };
    let pod = Pod { waiting: vec![waiting("401 Unauthorized"), typo, init], ..named() };
    let plan = planned(&config(), &seen(pod, None), &readable(), now());
    let (spelled, message) = outcome(&plan);
    let containers: Vec<_> = spelled.iter().map(|spelling| &*spelling.container).collect();
    assert_eq!(containers, ["app", "init"]);
    assert!(message.contains("container typo waits for"), "{message}");
    assert_eq!(told(&plan).0, Some("nudge"));
}
