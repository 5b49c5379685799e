//! A source of several hosts: what is told of each is true of that one.

use std::path::PathBuf;

use super::builders::{ago, config, credential, given, namespace, now, registry, written};
use crate::config::{Config, DockerConfigFrom, Programs, Registry, Source};
use crate::plan::{Credential, Evidence, Given, Plan, Secret, SourceFailure, Trust, plan};
use crate::registry::Host;

const ONE: &str = "one.example.com";
const TWO: &str = "two.example.com";

/// A docker config alone, which tells its hosts when it is read.
fn docker_config() -> Config {
    let from = DockerConfigFrom::File(PathBuf::from("config.json"));
    let source = Source::DockerConfig { from, programs: Programs::default() };
    Config { registries: vec![Registry { source, hosts: Vec::new(), ..registry(ONE) }], ..config() }
}

fn trusted(host: &str, password: &str, trust: Trust) -> Credential {
    Credential { trust, ..credential(host, password) }
}

fn refused(host: &str, password: &str) -> Credential {
    trusted(host, password, Trust::Refused("no".to_owned()))
}

fn unverified(host: &str, password: &str) -> Credential {
    trusted(host, password, Trust::Unverified("it is down".to_owned()))
}

/// The Secret that both were written to.
fn made() -> Secret {
    let both = vec![credential(ONE, "old"), credential(TWO, "old")];
    let evidence = Evidence::of(vec![given(both)]);
    let plan = plan(&docker_config(), &namespace().in_("a"), &evidence, now());
    written(&plan.namespaces[0].secrets[0].action, None, ago(60))
}

/// A pass over `full` with that Secret, and `empty` without.
fn planned(answer: Option<Result<Given, SourceFailure>>) -> Plan {
    let mut snapshot = namespace().secret("pullkeeper", made()).in_("full");
    snapshot.namespaces.extend(namespace().in_("empty").namespaces);
    plan(&docker_config(), &snapshot, &Evidence::of(vec![answer]), now())
}

#[test]
fn a_refusal_tells_what_pods_find_meanwhile() {
    let plan = planned(given(vec![refused(ONE, "old"), refused(TWO, "new")]));
    let told: Vec<_> = plan.errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "Registry one.example.com: no. 1 Secret still holds the refused one; 1 Secret stays without",
            "Registry two.example.com: no. 1 Secret keeps the last good one; 1 Secret stays without",
        ]
    );
    assert!(plan.is_empty());
}

#[test]
fn a_failure_is_told_of_its_host_or_of_the_whole_source() {
    let host = Host::parse(TWO).unwrap();
    let failures = vec![(Some(host), SourceFailure("no helper".into()))];
    let partly = Given { credentials: vec![credential(ONE, "old")], failures, ..Given::default() };
    let plan = planned(Some(Ok(partly)));
    assert_eq!(
        plan.errors[0].to_string(),
        "Registry two.example.com: no helper. 1 Secret keeps the last good one; 1 Secret stays without"
    );

    let plan = planned(Some(Err(SourceFailure("no file".into()))));
    assert_eq!(
        plan.errors[0].to_string(),
        "Registry docker config config.json: no file. 1 Secret keeps the last good one; 1 Secret stays without"
    );
}

#[test]
fn only_what_is_written_is_told_to_be_unverified() {
    let of = |credentials| {
        let snapshot = namespace().secret("pullkeeper", made()).in_("full");
        let plan = plan(&docker_config(), &snapshot, &Evidence::of(vec![given(credentials)]), now());
        plan.findings.iter().map(|finding| finding.subject.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(of(vec![unverified(ONE, "old"), unverified(TWO, "new")]), [TWO]);
    assert_eq!(of(vec![unverified(ONE, "new"), unverified(TWO, "new")]), [ONE, TWO]);
    assert!(of(vec![unverified(ONE, "old"), unverified(TWO, "old")]).is_empty());
}
