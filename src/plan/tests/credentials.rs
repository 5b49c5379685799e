//! Credentials that end, that are refused, that fail: what is asked for, what is written, what stays.

use std::time::Duration;

use jiff::SignedDuration;

use super::builders::{
    ECR, TYPE, ago, config, credential, ecr, entry, failed, given, namespace, now, pod, registry, secret,
    text, written,
};
use crate::config::{Adopt, AwsLogin, Config, Refresh, Registry, Source};
use crate::plan::secrets::MANAGED_BY;
use crate::plan::{
    Credential, Evidence, Given, Life, Plan, Secret, Snapshot, SourceFailure, Trust, needs, plan,
};
use crate::registry::{DockerConfig, Form, Host};

/// ECR alone.
fn only_ecr() -> Config {
    Config { registries: vec![ecr()], ..config() }
}

/// A token that was minted so many hours ago, and is good for twelve.
fn token(password: &str, hours: i64) -> Credential {
    let issued = now() - SignedDuration::from_hours(hours);
    let life = Life { issued, expires: Some(issued + SignedDuration::from_hours(12)), until: None };
    Credential { life: Some(life), ..credential(ECR, password) }
}

fn gave(credential: Credential) -> Evidence {
    Evidence::of(vec![given(vec![credential])])
}

/// The Secret as a pass made it from this credential.
fn made(config: &Config, credential: Credential) -> Secret {
    let plan = plan(config, &namespace().in_("a"), &gave(credential), now());
    written(&plan.namespaces[0].secrets[0].action, None, ago(60))
}

fn with(secrets: &[(&str, Option<Secret>)]) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for (name, secret) in secrets {
        let seen = match secret {
            Some(secret) => namespace().secret("pullkeeper", secret.clone()),
            None => namespace(),
        };
        snapshot.namespaces.append(&mut seen.in_(name).namespaces);
    }
    snapshot
}

fn changes(plan: &Plan) -> Vec<String> {
    plan.changes().map(|change| change.to_string()).collect()
}

fn asks(config: &Config, snapshot: &Snapshot) -> bool {
    !needs(config, snapshot, now()).registries.is_empty()
}

#[test]
fn a_fresh_token_is_written_only_where_it_is_missing_drifted_or_due() {
    let config = only_ecr();
    let mut drifted = made(&config, token("old", 1));
    drifted.docker_config = Some(r#"{"auths":{}}"#.into());
    let snapshot = with(&[
        ("drifted", Some(drifted)),
        ("due", Some(made(&config, token("old", 7)))),
        ("fresh", Some(made(&config, token("old", 1)))),
        ("missing", None),
    ]);
    assert!(asks(&config, &snapshot));
    let plan = plan(&config, &snapshot, &gave(token("new", 0)), now());
    assert_eq!(
        changes(&plan),
        [
            "update Secret drifted/pullkeeper: content differs",
            "update Secret due/pullkeeper: credential renewed",
            "create Secret missing/pullkeeper: missing",
        ]
    );
}

fn note(secret: &mut Secret, from: &str, to: &str) {
    secret.state = secret.state.take().map(|text| text.replace(from, to));
}

#[test]
fn nothing_is_asked_while_all_is_in_place() {
    type Edit = fn(&mut Secret);
    let config = only_ecr();
    let fresh = made(&config, token("old", 5));
    assert!(!asks(&config, &with(&[("a", Some(fresh.clone()))])));
    let every = Config { refresh: Refresh::Every(Duration::from_hours(4)), ..only_ecr() };
    assert!(asks(&every, &with(&[("a", Some(fresh.clone()))])));

    // Each of these is repaired.
    let edits: [(&str, Edit); 9] = [
        ("no annotation", |s| s.state = None),
        ("spoilt annotation", |s| s.state = Some("{".into())),
        ("another hash", |s| note(s, "sha256\":\"", "sha256\":\"0")),
        ("another source", |s| note(s, "ecr:eu-west-1", "ecr:eu-west-2")),
        ("issued in the future", |s| note(s, "issued\":\"2026", "issued\":\"2126")),
        ("ended before it was issued", |s| note(s, "expires\":\"2026", "expires\":\"1926")),
        ("ends far too late", |s| note(s, "expires\":\"2026", "expires\":\"9026")),
        ("another password", |s| s.docker_config = Some(text(s).replace("old", "0ld").into())),
        ("no data", |s| s.docker_config = None),
    ];
    for (what, edit) in edits {
        let mut spoilt = fresh.clone();
        edit(&mut spoilt);
        let snapshot = with(&[("a", Some(spoilt.clone()))]);
        assert!(asks(&config, &snapshot), "{what}");
        let plan = plan(&config, &snapshot, &gave(token("new", 0)), now());
        let mended = written(&plan.namespaces[0].secrets[0].action, Some(&spoilt), now());
        assert!(DockerConfig::parse(text(&mended)).unwrap().holds(ECR, &entry("new")), "{what}");
        assert!(!asks(&config, &with(&[("a", Some(mended))])), "{what}");
    }
}

#[test]
fn nothing_is_asked_for_a_secret_that_may_not_be_written() {
    let theirs = secret("theirs.example.com", "x");
    let other =
        Secret { managed_by: Some(MANAGED_BY.into()), instance: Some("other".into()), ..theirs.clone() };
    let opaque = Secret { type_: "Opaque".into(), ..theirs.clone() };
    let adopting = |adopt| Config { adopt, ..only_ecr() };
    let table = [
        (only_ecr(), Some(theirs.clone()), false),
        (only_ecr(), Some(other), false),
        (adopting(Adopt::Replace), Some(opaque), false),
        (adopting(Adopt::Replace), Some(theirs.clone()), true),
        (adopting(Adopt::Merge), Some(Secret { immutable: true, ..theirs.clone() }), false),
        (adopting(Adopt::Merge), Some(Secret { docker_config: None, ..theirs }), false),
        (Config { create: false, ..only_ecr() }, None, false),
        (only_ecr(), None, true),
    ];
    for (index, (config, seen, expected)) in table.into_iter().enumerate() {
        assert_eq!(asks(&config, &with(&[("a", seen)])), expected, "row {index}");
    }
}

#[test]
fn last_good_wins_and_the_report_says_so() {
    let config = only_ecr();
    let snapshot = with(&[("due", Some(made(&config, token("old", 7)))), ("missing", None)]);
    let partly = Given { failures: vec![(None, SourceFailure("no luck".into()))], ..Given::default() };
    for answer in [failed().answers.remove(0), Some(Ok(partly))] {
        let plan = plan(&config, &snapshot, &Evidence::of(vec![answer]), now());
        assert!(plan.is_empty());
        let told: Vec<_> = plan.errors.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "Registry ECR eu-west-1: no luck. 1 Secret keeps the last good one, which ends 2026-11-21T08:00:00Z; 1 Secret stays without"
            ]
        );
    }
}

#[test]
fn what_the_registry_refuses_takes_nobodys_place() {
    let refused = |password: &str| {
        let trust = Trust::Refused("refuses admin (401 Unauthorized)".into());
        gave(Credential { trust, ..credential("harbor.example.com", password) })
    };
    let good = made(&config(), credential("harbor.example.com", "good"));
    let account = namespace().service_account("default", &["pullkeeper"]);
    let snapshot = account.secret("pullkeeper", good).pod(pod()).in_("a");

    // A new password that is wrong: the old one stays, and still serves.
    let wrong = plan(&config(), &snapshot, &refused("wrong"), now());
    assert!(wrong.namespaces.iter().all(|own| own.secrets.is_empty()));
    assert_eq!(wrong.errors[0].reason, "CredentialRefused");
    assert!(wrong.errors[0].message.ends_with(". 1 Secret keeps the last good one"), "{}", wrong.errors[0]);
    assert_eq!(wrong.namespaces[0].pods.len(), 1, "the old one serves");

    // The very one that is there was revoked: it stays, but no pod is recreated for it.
    let revoked = plan(&config(), &snapshot, &refused("good"), now());
    assert!(revoked.is_empty(), "{:?}", changes(&revoked));
    assert_eq!(revoked.findings[0].reason, "PodNotHealed");

    // And none is made where there is none.
    let empty = namespace().service_account("default", &[]).in_("a");
    assert!(plan(&config(), &empty, &refused("wrong"), now()).is_empty());
}

#[test]
fn what_could_not_be_verified_is_written_and_told_once() {
    let trust = Trust::Unverified("it can't be reached".into());
    let unverified = gave(Credential { trust, ..credential("harbor.example.com", "pass") });
    let first = plan(&config(), &namespace().in_("a"), &unverified, now());
    assert_eq!(changes(&first), ["create Secret a/pullkeeper: missing"]);
    assert_eq!(first.findings[0].reason, "CredentialUnverified");
    let made = written(&first.namespaces[0].secrets[0].action, None, now());
    let second = plan(&config(), &with(&[("a", Some(made))]), &unverified, now());
    assert!(second.is_empty() && second.findings.is_empty());
}

#[test]
fn an_expired_entry_that_blocks_public_pulls_is_taken_out_of_ours() {
    let table = [
        ("public.ecr.aws", 13, true, true),
        ("docker.io", 13, true, true),
        ("public.ecr.aws", 11, true, false),
        ("public.ecr.aws", 13, false, false),
        ("harbor.example.com", 13, true, false),
    ];
    for (host, hours, owned, gone) in table {
        let source = Source::EcrPublic { login: AwsLogin::default() };
        let adopt = if owned { Adopt::No } else { Adopt::Replace };
        let config = Config { registries: vec![Registry { source, ..registry(host) }], adopt, ..config() };
        let old = Credential { host: Host::parse(host).unwrap(), ..token("old", hours) };
        let mut seen = made(&config, old);
        if !owned {
            seen.managed_by = None;
        }
        let done = plan(&config, &with(&[("a", Some(seen.clone()))]), &failed(), now());
        assert_eq!(done.len(), usize::from(gone), "{host} {hours} {owned}");
        assert_eq!(done.errors.len(), 1);
        assert_eq!(done.findings.iter().any(|f| f.reason == "ExpiredCredentialRemoved"), gone);
        if gone {
            let after = written(&done.namespaces[0].secrets[0].action, Some(&seen), now());
            assert_eq!((text(&after), after.state.as_deref()), (r#"{"auths":{}}"#, Some("{}")));
            let again = plan(&config, &with(&[("a", Some(after))]), &failed(), now());
            assert!(again.is_empty() && again.findings.is_empty());
        }
    }
}

#[test]
fn the_legacy_type_is_kept_and_served() {
    let config = Config { adopt: Adopt::Replace, ..only_ecr() };
    let theirs = format!(r#"{{"https://{ECR}":{{"username":"AWS","password":"old"}}}}"#);
    let legacy =
        Secret { type_: Form::Cfg.type_().into(), docker_config: Some(theirs.into()), ..secret(ECR, "") };
    let snapshot = with(&[("a", Some(legacy.clone()))]);
    let done = plan(&config, &snapshot, &gave(token("new", 0)), now());
    let after = written(&done.namespaces[0].secrets[0].action, Some(&legacy), now());
    let after_config = DockerConfig::parse_as(Form::Cfg, text(&after)).unwrap();
    assert_eq!(after_config.keys().collect::<Vec<_>>(), [ECR]);
    assert!(after_config.holds(ECR, &entry("new")));
    assert!(!asks(&config, &with(&[("a", Some(after))])));
    // Nothing came: what is there stays, under its own spelling.
    assert!(plan(&config, &snapshot, &failed(), now()).is_empty());
}

#[test]
fn merging_takes_the_place_of_every_spelling_of_our_host() {
    let theirs = format!(
        r#"{{"auths":{{"https://{ECR}":{{"auth":"eDp5"}},"{ECR}:443":{{"auth":"eDp5"}},"a.io":{{"auth":"eDp5"}}}}}}"#
    );
    let theirs = Secret { type_: TYPE.into(), docker_config: Some(theirs.into()), ..secret(ECR, "") };
    let config = Config { adopt: Adopt::Merge, ..only_ecr() };
    let done = plan(&config, &with(&[("a", Some(theirs.clone()))]), &gave(token("new", 0)), now());
    let after = written(&done.namespaces[0].secrets[0].action, Some(&theirs), now());
    let after = DockerConfig::parse(text(&after)).unwrap();
    assert_eq!(after.keys().collect::<Vec<_>>(), [&format!("{ECR}:443"), "a.io", ECR]);
}

#[test]
fn sources_that_tell_their_hosts_themselves_are_all_asked() {
    let mut config = only_ecr();
    let region = Some("eu-west-2".into());
    let source = Source::Ecr { region, account: None, login: AwsLogin::default() };
    config.registries.push(Registry { source, ..ecr() });
    assert_eq!(needs(&config, &with(&[("a", None)]), now()).registries.len(), 2);
}
