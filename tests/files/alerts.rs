//! `manifests/alerts`, and the table in README: they speak of metrics that there are.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, StatusCode};
use pullkeeper::cluster::Tally;
use pullkeeper::plan::{Applied, Cause, Change, Plan, Stuck, Subject, Verb};
use pullkeeper::registry::Host;
use pullkeeper::report::{Format, Metrics, Report};
use serde_json::Value;

use crate::api::documents;
use crate::{file, read};

/// The text of metrics that recorded a pass in which a bit of everything happened.
fn text() -> String {
    let tally = Arc::<Tally>::default();
    tally.count(&Request::get("/api/v1/namespaces").body(()).unwrap(), Some(StatusCode::OK));
    let subject = || Subject::new("Secret", "a", "b");
    let changes = vec![Change { verb: Verb::Create, subject: subject(), why: "missing".into() }];
    let applied =
        Applied { changes, errors: vec![subject().finding("WriteFailed", "")], ..Applied::default() };
    let now = jiff::Timestamp::now();
    let plan = Plan {
        findings: vec![subject().finding("ForeignSecret", "")],
        stuck: Stuck::from_iter([(Cause::Access, "report", 1)]),
        ends: [(Host::parse("registry.example.com").unwrap(), now)].into_iter().collect(),
        ..Plan::default()
    };
    let metrics = Metrics::new(tally);
    metrics.record(&Report::new(false, plan, applied, 1, (0, 0), Duration::ZERO), now);
    metrics.text(Format::Prometheus)
}

/// The names of all samples.
fn samples() -> BTreeSet<String> {
    let text = text();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split(['{', ' ']).next().unwrap().to_owned()).collect()
}

/// The words of a text that could be names of our metrics.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let ours = |word: &&str| {
        word.starts_with("pullkeeper_") || matches!(*word, "secrets_created_total" | "secret_renewals_total")
    };
    words.filter(ours).map(str::to_owned).collect()
}

fn rules() -> Vec<Value> {
    let documents = documents(&file("manifests/alerts/rules.yaml"));
    assert_eq!(documents.len(), 1);
    let rule = &documents[0].value;
    assert_eq!(
        (&rule["apiVersion"], &rule["kind"]),
        (&"monitoring.coreos.com/v1".into(), &"PrometheusRule".into())
    );
    let groups = rule["spec"]["groups"].as_array().unwrap();
    groups.iter().flat_map(|group| group["rules"].as_array().unwrap().clone()).collect()
}

#[test]
fn alerts_use_only_metrics_that_exist() {
    let (samples, rules) = (samples(), rules());
    assert!(rules.len() >= 5, "{rules:?}");
    for rule in rules {
        let expression = rule["expr"].as_str().unwrap();
        let used = names(expression);
        assert!(
            !used.is_empty() && used.is_subset(&samples),
            "{expression}: of {used:?} there are only {samples:?}"
        );
        assert!(rule["alert"].as_str().is_some_and(|name| name.starts_with("Pullkeeper")), "{rule}");
        for text in ["summary", "description"] {
            assert!(rule["annotations"][text].as_str().is_some_and(|text| text.ends_with('.')), "{rule}");
        }
        assert!(rule["labels"]["severity"].is_string() && rule["for"].is_string(), "{rule}");
    }
}

/// A label that there isn't matches nothing, or everything.
#[test]
fn alerts_use_only_labels_that_exist() {
    let text = text();
    let known =
        |label: &str| text.contains(&format!("{{{label}=\"")) || text.contains(&format!(",{label}=\""));
    // Of these Prometheus itself makes labels.
    let by_prometheus = ["job", "instance", "namespace"];
    for rule in rules() {
        let expression = rule["expr"].as_str().unwrap();
        let matched = expression.split('{').skip(1).map(|rest| rest.split('}').next().unwrap());
        let matched = matched
            .flat_map(|labels| labels.split("\","))
            .map(|label| label.split(['=', '!']).next().unwrap());
        let by = expression.split("by (").skip(1).map(|rest| rest.split(')').next().unwrap());
        let by = by.flat_map(|labels| labels.split(", "));
        for label in matched.chain(by) {
            assert!(known(label) || by_prometheus.contains(&label), "{label} in {expression}");
        }
    }
}

/// What they ask of causes and verdicts are words that a pass says.
#[test]
fn alerts_ask_for_causes_that_exist() {
    let words: BTreeSet<_> =
        [Cause::Access, Cause::Expired, Cause::Denied, Cause::RateLimit, Cause::Malformed]
            .map(Cause::word)
            .into();
    let stuck = rules().into_iter().find(|rule| rule["alert"] == "PullkeeperPodsStuck").unwrap();
    let causes = stuck["expr"]
        .as_str()
        .unwrap()
        .split("cause=~\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    assert_eq!(causes.split('|').collect::<BTreeSet<_>>(), words);
}

#[test]
fn the_readme_has_every_metric_and_no_other() {
    let readme = read(&file("README.md"));
    let section = readme.split("\n## Metrics\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows: BTreeSet<_> = section.lines().filter(|line| line.starts_with("| `")).flat_map(names).collect();
    let histogram = ["_bucket", "_sum", "_count"];
    let metrics = samples().into_iter().map(|name| {
        let base = histogram.iter().find_map(|suffix| name.strip_suffix(suffix)).map(str::to_owned);
        base.unwrap_or(name)
    });
    assert_eq!(rows, metrics.collect());
}
