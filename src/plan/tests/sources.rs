//! Several sources for one Secret, and those that tell their hosts only when they are asked.

use jiff::SignedDuration;

use super::builders::{
    ECR, ago, config, credential, ecr, entry, evidence, failed, given, namespace, now, registry, secret,
    text, written,
};
use crate::config::{Adopt, AwsLogin, AwsRole, Config, DockerConfigFrom, Programs, Registry, Source};
use crate::plan::{Credential, Evidence, Life, Secret, Snapshot, needs, plan};
use crate::registry::{DockerConfig, Host};

const OTHER: &str = "222222222222.dkr.ecr.eu-west-1.amazonaws.com";

/// ECR by a role of another account.
fn by_role() -> Registry {
    let role = AwsRole { arn: "arn:aws:iam::222222222222:role/pull".into(), external_id: None };
    let login = AwsLogin { role: Some(role), ..AwsLogin::default() };
    Registry { source: Source::Ecr { region: Some("eu-west-1".into()), account: None, login }, ..ecr() }
}

/// The other account's registry, by the token of whoever asks.
fn written_out() -> Registry {
    let (region, account) = (Some("eu-west-1".into()), Some("222222222222".into()));
    let source = Source::Ecr { region, account, login: AwsLogin::default() };
    Registry { source, hosts: vec![Host::parse(OTHER).unwrap()], ..ecr() }
}

fn with(registries: Vec<Registry>) -> Config {
    Config { registries, ..config() }
}

fn token(host: &str) -> Credential {
    let life = Life { issued: now(), expires: Some(now() + SignedDuration::from_hours(12)), until: None };
    Credential { life: Some(life), ..credential(host, "token") }
}

fn asked(config: &Config, snapshot: &Snapshot) -> Vec<usize> {
    needs(config, snapshot, now()).registries.into_iter().collect()
}

/// The Secret after a pass in which these answered.
fn made(config: &Config, seen: Option<&Secret>, answers: &Evidence) -> Secret {
    let snapshot = match seen {
        Some(seen) => namespace().secret("pullkeeper", seen.clone()),
        None => namespace(),
    };
    let plan = plan(config, &snapshot.in_("a"), answers, now());
    written(&plan.namespaces[0].secrets[0].action, seen, ago(60))
}

fn holding(secret: Secret) -> Snapshot {
    namespace().secret("pullkeeper", secret).in_("a")
}

#[test]
fn each_source_that_is_unknown_is_asked_by_the_first_pass() {
    let config = with(vec![by_role(), ecr()]);
    assert_eq!(asked(&config, &namespace().in_("a")), [0, 1]);
    let answers = Evidence::of(vec![given(vec![token(OTHER)]), given(vec![token(ECR)])]);
    let secret = made(&config, None, &answers);
    let both = DockerConfig::parse(text(&secret)).unwrap();
    assert!(both.holds(OTHER, &entry("token")) && both.holds(ECR, &entry("token")));
    assert!(asked(&config, &holding(secret)).is_empty());
}

#[test]
fn one_that_is_added_beside_another_of_the_same_principal_is_asked() {
    let before = with(vec![written_out()]);
    let secret = made(&before, None, &Evidence::of(vec![given(vec![token(OTHER)])]));
    let after = with(vec![written_out(), ecr()]);
    assert_eq!(asked(&after, &holding(secret.clone())), [1], "the other one's host is not its own");
    let answers = Evidence::of(vec![None, given(vec![token(ECR)])]);
    let secret = made(&after, Some(&secret), &answers);
    let both = DockerConfig::parse(text(&secret)).unwrap();
    assert!(both.holds(OTHER, &entry("token")) && both.holds(ECR, &entry("token")));
    assert!(asked(&after, &holding(secret)).is_empty());
}

/// That can't be seen before it is asked, so it must not be asked for ever.
#[test]
fn one_that_tells_only_what_another_names_is_asked_once() {
    let own = |login| {
        let (region, account) = (Some("eu-west-1".into()), Some("123456789012".into()));
        Registry {
            source: Source::Ecr { region, account, login },
            hosts: vec![Host::parse(ECR).unwrap()],
            ..ecr()
        }
    };
    let role = AwsRole { arn: "arn:aws:iam::123456789012:role/pull".into(), external_id: None };
    for login in [AwsLogin::default(), AwsLogin { role: Some(role), ..AwsLogin::default() }] {
        let config = with(vec![own(login), ecr()]);
        assert_eq!(asked(&config, &namespace().in_("a")), [0, 1]);
        let answers = Evidence::of(vec![given(vec![token(ECR)]), given(vec![token(ECR)])]);
        let secret = made(&config, None, &answers);
        assert!(asked(&config, &holding(secret)).is_empty());
    }
}

#[test]
fn a_failure_of_one_whose_hosts_are_unknown_has_its_consequence_told() {
    let told = |config: &Config, snapshot: &Snapshot| {
        let plan = plan(config, snapshot, &failed(), now());
        assert!(plan.is_empty());
        plan.errors.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let mut snapshot = namespace().in_("a");
    let config = with(vec![ecr()]);
    assert_eq!(told(&config, &snapshot), ["Registry ECR eu-west-1: no luck. 1 Secret stays without"]);

    // What an older tool left may be good still.
    snapshot
        .namespaces
        .append(&mut namespace().secret("pullkeeper", secret(ECR, "good")).in_("b").namespaces);
    let config = Config { adopt: Adopt::Replace, create: false, ..config };
    let keeps = "Registry ECR eu-west-1: no luck. 1 Secret keeps the last good one";
    assert_eq!(told(&config, &snapshot), [keeps], "and none is missed where none is made");
}

#[test]
fn a_host_that_one_entry_names_is_not_anothers() {
    let from = DockerConfigFrom::File("/config.json".into());
    let source = Source::DockerConfig { from, programs: Programs::default() };
    let mut config = config();
    config.registries.insert(0, Registry { source, hosts: Vec::new(), ..registry(ECR) });
    let copies = vec![credential("harbor.example.com", "copied"), credential("b.example.com", "copied")];
    let answers = vec![given(copies), evidence("written").answers.remove(0)];
    let plan = plan(&config, &namespace().in_("a"), &Evidence::of(answers), now());
    let made = written(&plan.namespaces[0].secrets[0].action, None, now());
    let made = DockerConfig::parse(text(&made)).unwrap();
    assert!(made.holds("harbor.example.com", &entry("written")));
    assert!(made.holds("b.example.com", &entry("copied")));
}
