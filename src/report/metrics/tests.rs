//! The text that a scrape gets, and the rules that it follows.

use std::collections::{BTreeMap, BTreeSet};

use http::{Request, StatusCode};

use super::*;
use crate::plan::secrets::Ends;
use crate::plan::{Applied, Cause, Change, Finding, Plan, Stuck, Subject};
use crate::registry::Host;

const NOON: &str = "2026-11-21T12:00:00Z";

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

fn change(verb: Verb, kind: &'static str) -> Change {
    Change { verb, subject: Subject::new(kind, "team-a", "an-object"), why: "a reason".into() }
}

fn finding(reason: &'static str) -> Finding {
    Subject::new("Pod", "team-a", "a-pod").finding(reason, "a message")
}

/// The report of a pass in which a bit of everything happened.
fn report() -> Report {
    let changes = vec![
        change(Verb::Create, "Secret"),
        change(Verb::Create, "Secret"),
        change(Verb::Update, "Secret"),
        change(Verb::Recreate, "Secret"),
        change(Verb::Patch, "ServiceAccount"),
        change(Verb::Evict, "Pod"),
    ];
    let applied = Applied { changes, errors: vec![finding("WriteFailed")], ..Applied::default() };
    let ends = [("harbor.example.com", "2026-11-21T13:00:00Z"), ("public.ecr.aws", "2026-11-22T00:00:00Z")];
    let plan = Plan {
        findings: vec![finding("PodNotHealed"), finding("PodNotHealed"), finding("ForeignSecret")],
        errors: vec![finding("SourceFailed"), finding("SourceFailed")],
        stuck: Stuck::from_iter([(Cause::Access, "evict", 1), (Cause::NotFound, "report", 2)]),
        ends: ends.into_iter().map(|(host, end)| (Host::parse(host).unwrap(), at(end))).collect(),
        ..Plan::default()
    };
    Report::new(false, plan, applied, 2, (7, 6), Duration::from_millis(1500))
}

/// The report of a pass with nothing to do.
fn quiet() -> Report {
    Report::new(false, Plan::default(), Applied::default(), 2, (4, 0), Duration::from_millis(300))
}

fn recorded() -> Metrics {
    let tally = Arc::<Tally>::default();
    let request = |uri: &str| Request::get(uri).body(()).unwrap();
    tally.count(&request("/api/v1/namespaces"), Some(StatusCode::OK));
    tally.count(&request("/api/v1/namespaces/a/pods/b"), None);
    let metrics = Metrics::new(tally);
    metrics.record(&report(), at(NOON));
    metrics.record(&quiet(), at(NOON));
    metrics.record(&report(), at(NOON) + Duration::from_hours(1));
    metrics.record_failed(Duration::from_secs(70));
    metrics.record_reload(true);
    metrics.record_reload(false);
    metrics
}

/// The text with the samples of each metric in order, which they are not, and without our version.
fn sorted(text: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines() {
        let sample = !line.starts_with('#') && !line.contains("_bucket{");
        let after = |other: &&str| !other.starts_with('#') && sample && *other > line;
        let place = lines.iter().rposition(|other| !after(other)).map_or(0, |place| place + 1);
        lines.insert(place, line);
    }
    lines.join("\n").replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

/// The samples, by name and labels.
fn samples(text: &str) -> BTreeMap<&str, f64> {
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(name, value)| (name, value.parse().unwrap()))
        .collect()
}

fn has(metrics: &Metrics, name: &str) -> Option<f64> {
    samples(&metrics.text(Format::Prometheus)).get(name).copied()
}

#[test]
fn a_scrape_reads_this() {
    insta::assert_snapshot!("openmetrics", sorted(&recorded().text(Format::OpenMetrics)));
}

#[test]
fn an_older_scraper_and_a_pushgateway_read_this() {
    insta::assert_snapshot!("prometheus", sorted(&recorded().text(Format::Prometheus)));
}

/// By <https://prometheus.io/docs/practices/naming/>, and by what the older text's parser knows.
#[test]
fn names_follow_the_conventions() {
    for format in [Format::Prometheus, Format::OpenMetrics] {
        let text = recorded().text(format);
        let (mut types, mut told) = (BTreeMap::new(), BTreeSet::new());
        for line in text.lines() {
            let words: Vec<_> = line.splitn(4, ' ').collect();
            match words.as_slice() {
                ["#", "HELP", name, help] => {
                    assert!(told.insert((*name).to_owned()) && !help.is_empty(), "{line}");
                }
                ["#", "TYPE", name, kind @ ("counter" | "gauge" | "histogram")] => {
                    assert!(types.insert((*name).to_owned(), (*kind).to_owned()).is_none(), "{line}");
                }
                ["#", "UNIT", name, unit] => assert!(name.ends_with(&format!("_{unit}")), "{line}"),
                ["#", "EOF"] => assert_eq!(format, Format::OpenMetrics),
                _ => assert!(!line.starts_with('#'), "{line}"),
            }
        }
        assert!(types.keys().all(|name| told.contains(name)));
        let eatr = ["secrets_created", "secret_renewals"];
        for (sample, value) in samples(&text) {
            let name = sample.split('{').next().unwrap();
            let family = family(name, &types, format);
            assert!(
                name.starts_with("pullkeeper_") || eatr.iter().any(|own| name == format!("{own}_total")),
                "{sample}"
            );
            assert_eq!(family.1 == "counter", name.ends_with("_total"), "{sample}");
            assert!(!family.0.contains("_total_") && !name.ends_with("_total_total"), "{sample}");
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{sample}");
            assert!(value >= 0.0, "{sample} {value}");
            assert_eq!(sample.contains('{'), sample.ends_with("\"}"), "{sample}");
        }
    }
}

/// The metric that a sample is of, and its type.
fn family<'a>(name: &str, types: &'a BTreeMap<String, String>, format: Format) -> (&'a str, &'a str) {
    let of = |suffixes: &[&str], kind: &str| {
        suffixes.iter().find_map(|suffix| {
            types.get_key_value(name.strip_suffix(suffix)?).filter(|(_, own)| *own == kind)
        })
    };
    let counter = if format == Format::OpenMetrics { "_total" } else { "" };
    let found =
        of(&[counter], "counter").or(of(&[""], "gauge")).or(of(&["_sum", "_count", "_bucket"], "histogram"));
    let (name, kind) = found.unwrap_or_else(|| panic!("{name} has no type"));
    (name, kind)
}

#[test]
fn pods_that_wait_no_longer_are_gone() {
    let metrics = Metrics::new(Arc::default());
    let evicted = r#"pullkeeper_stuck_pods{cause="access",verdict="evict"}"#;
    metrics.record(&report(), at(NOON));
    assert_eq!(has(&metrics, evicted), Some(1.0));
    // What is seen by a pass that was ended early, or that looked at a part, is not all there is.
    metrics.record(&Report::interrupted(false, Duration::from_secs(1)), at(NOON));
    metrics.record_part(&quiet());
    assert_eq!(has(&metrics, evicted), Some(1.0));
    metrics.record(&quiet(), at(NOON));
    assert_eq!(has(&metrics, evicted), None);
    assert_eq!(has(&metrics, r#"pullkeeper_findings{reason="PodNotHealed"}"#), None);
}

#[test]
fn only_a_complete_pass_is_a_success() {
    let metrics = Metrics::new(Arc::default());
    let success = |metrics: &Metrics| has(metrics, "pullkeeper_last_success_timestamp_seconds");
    assert_eq!(success(&metrics), Some(0.0));
    metrics.record(&report(), at(NOON));
    metrics.record_failed(Duration::from_secs(1));
    metrics.record_part(&quiet());
    assert_eq!(success(&metrics), Some(0.0));
    metrics.record(&quiet(), at(NOON));
    assert_eq!(success(&metrics), Some(1_795_262_400.0));
}

#[test]
fn a_part_of_the_cluster_counts_what_it_writes() {
    let metrics = Metrics::new(Arc::default());
    metrics.record_part(&report());
    assert_eq!(has(&metrics, "secrets_created_total"), Some(2.0));
    assert_eq!(has(&metrics, "secret_renewals_total"), Some(2.0));
    assert_eq!(has(&metrics, r#"pullkeeper_errors_total{reason="SourceFailed"}"#), Some(2.0));
    assert_eq!(has(&metrics, r#"pullkeeper_passes_total{result="incomplete"}"#), Some(0.0));
    assert_eq!(has(&metrics, "pullkeeper_pass_duration_seconds_count"), Some(0.0));
}

#[test]
fn a_dry_run_writes_nothing() {
    let metrics = Metrics::new(Arc::default());
    let mut report = report();
    report.summary.dry_run = true;
    metrics.record(&report, at(NOON));
    assert_eq!(has(&metrics, "secrets_created_total"), Some(0.0));
    assert!(!metrics.text(Format::Prometheus).contains("pullkeeper_writes_total{"));
}

#[test]
fn of_too_many_registries_those_that_end_first_are_told() {
    let metrics = Metrics::new(Arc::default());
    let mut report = quiet();
    let end = |index: u32| {
        (Host::parse(&format!("r{index}.example.com")).unwrap(), at(NOON) - Duration::from_secs(index.into()))
    };
    report.seen.as_mut().unwrap().ends = (0..130).map(end).collect::<Ends>();
    metrics.record(&report, at(NOON));
    let told = |index: u32| {
        has(
            &metrics,
            &format!("pullkeeper_credential_expiry_timestamp_seconds{{registry=\"r{index}.example.com\"}}"),
        )
        .is_some()
    };
    assert_eq!((0..130).filter(|index| told(*index)).collect::<Vec<_>>(), (30..130).collect::<Vec<_>>());
    assert_eq!(has(&metrics, "pullkeeper_credential_expiry_omitted"), Some(30.0));
}

#[test]
fn who_asks_gets_what_it_reads() {
    let prometheus =
        "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.1";
    assert_eq!(Format::accepted(prometheus), Format::OpenMetrics);
    for other in ["", "*/*", "text/plain", "text/html,application/xml;q=0.9"] {
        assert_eq!(Format::accepted(other), Format::Prometheus, "{other}");
    }
}
