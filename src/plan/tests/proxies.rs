//! The registries to which rules lead images: which are asked, and what is told of their answers.

use super::builders::{config, ecr, evidence, namespace, now, registry, rule};
use crate::config::{Config, Images, NameSet, Reach, Registry};
use crate::plan::{Evidence, ProxySaid, plan, proxies};
use crate::registry::Rewrites;

fn led(rules: &[(&str, &str)]) -> Config {
    let rules = rules.iter().map(|(from, to)| rule(from, to));
    let rewrites = Rewrites::new(rules.collect(), Vec::new());
    Config { images: Images { rewrites, ..Images::default() }, ..config() }
}

const RULES: [(&str, &str); 3] =
    [("docker.io", "p.example.com/hub"), ("quay.io", "p.example.com/quay"), ("ghcr.io", "q.example.com")];

/// What is told where all of them answer so.
fn told(config: &Config, said: &ProxySaid) -> Vec<String> {
    let proxies = proxies(config).into_iter().map(|proxy| (proxy, said.clone())).collect();
    let evidence = Evidence { proxies, ..evidence("pass") };
    let snapshot = namespace().service_account("default", &[]).in_("shop");
    let plan = plan(config, &snapshot, &evidence, now());
    let findings = plan.findings.iter().filter(|finding| finding.subject.kind == "Proxy");
    findings.map(|finding| format!("{} {finding}", finding.reason)).collect()
}

#[test]
fn each_registry_is_asked_once_and_nobody_where_nobody_is_to_be() {
    let asked = |config: &Config| {
        let all = proxies(config).into_iter();
        all.map(|proxy| (proxy.authority, proxy.targets.len())).collect::<Vec<_>>()
    };
    assert_eq!(asked(&led(&RULES)), [("p.example.com".to_owned(), 2), ("q.example.com".to_owned(), 1)]);
    assert_eq!(asked(&Config { verify: false, ..led(&RULES) }), []);
    assert_eq!(asked(&config()), []);
    let mut own = led(&RULES);
    own.registries.push(registry("p.example.com/quay"));
    own.registries[1].reach = Reach { insecure: true, ca: None };
    assert_eq!(asked(&own).len(), 3, "where the ways differ each is gone");
}

#[test]
fn what_is_wrong_is_told_with_what_to_do() {
    assert_eq!(told(&led(&RULES), &ProxySaid::Open), [""; 0]);
    let away = ProxySaid::Away("it can't be reached: refused; see that it runs".into());
    let told_of = |host: &str| {
        format!(
            "ProxyUnreachable Proxy {host}: images are to be pulled from it, but it can't be reached: refused; see that it runs"
        )
    };
    assert_eq!(told(&led(&RULES), &away), ["p.example.com", "q.example.com"].map(told_of));
}

#[test]
fn a_login_is_missing_only_where_no_registry_is_for_it() {
    let needs = |config: &Config| -> Vec<String> {
        let told = told(config, &ProxySaid::WantsLogin);
        let of = |line: &String| line.split(": ").next().unwrap_or_default().to_owned();
        told.iter().map(of).collect()
    };
    let lacking = |at: &str| format!("ProxyNeedsCredential Proxy {at}");
    let all = ["p.example.com/hub", "p.example.com/quay", "q.example.com"].map(lacking);
    let mut own = led(&RULES);
    let mut sorted = needs(&own);
    sorted.sort();
    assert_eq!(sorted, all);
    own.registries.push(registry("p.example.com/hub"));
    own.registries.push(registry("q.example.com"));
    assert_eq!(needs(&own), [lacking("p.example.com/quay")]);
    own.registries.push(registry("*.example.com"));
    assert_eq!(needs(&own), [""; 0]);
}

#[test]
fn a_login_that_some_namespaces_lack_is_told() {
    let mut config = led(&[("docker.io", "p.example.com/hub")]);
    let only = NameSet::new(&["shop"], &[]).unwrap();
    config.registries.push(Registry { namespaces: Some(only), ..registry("p.example.com") });
    assert_eq!(told(&config, &ProxySaid::WantsLogin), [""; 0]);
    config.registries[1].namespaces = Some(NameSet::new(&["team-*"], &[]).unwrap());
    let [line] = told(&config, &ProxySaid::WantsLogin).try_into().unwrap();
    assert!(line.contains("no registry of the configuration is for it"), "{line}");
}

#[test]
fn a_registry_that_only_its_source_knows_is_known_by_what_that_gave() {
    let host = super::builders::ECR;
    let to = format!("{host}/docker-hub");
    let config = Config { registries: vec![ecr()], ..led(&[("docker.io", &to)]) };
    let gave = Evidence::of(vec![super::builders::given(vec![super::builders::credential(host, "t")])]);
    let asked = proxies(&config).into_iter().map(|proxy| (proxy, ProxySaid::WantsLogin)).collect();
    let snapshot = namespace().service_account("default", &[]).in_("shop");
    let plan = plan(&config, &snapshot, &Evidence { proxies: asked, ..gave }, now());
    assert!(plan.findings.is_empty(), "{:?}", plan.findings);
}
