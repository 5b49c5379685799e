//! From `OpenMetrics` to Prometheus' older text, which a Pushgateway reads and nothing else.
//!
//! The two differ in what is told of a counter: the older one knows it by its full name, with `_total`. It knows
//! no units, and no end. (`TextParser` of prometheus/common, `expfmt/text_parse.go`; a Pushgateway's
//! `handler/push.go` uses it whatever the content type, but for protobuf.)

use std::borrow::Cow;
use std::collections::BTreeSet;

/// The same metrics, in version 0.0.4 of Prometheus' text.
pub(super) fn prometheus(open_metrics: &str) -> String {
    let counter = |line: &'_ str| Some(line.strip_prefix("# TYPE ")?.strip_suffix(" counter")?.to_owned());
    let counters: BTreeSet<String> = open_metrics.lines().filter_map(counter).collect();
    let lines = open_metrics.lines().filter_map(|line| older(line, &counters));
    lines.fold(String::with_capacity(open_metrics.len()), |text, line| text + &line + "\n")
}

fn older<'a>(line: &'a str, counters: &BTreeSet<String>) -> Option<Cow<'a, str>> {
    let Some(comment) = line.strip_prefix("# ") else { return Some(line.into()) };
    let mut words = comment.splitn(3, ' ');
    match (words.next()?, words.next(), words.next()) {
        ("EOF" | "UNIT", ..) => None,
        (what @ ("HELP" | "TYPE"), Some(name), Some(rest)) if counters.contains(name) => {
            Some(format!("# {what} {name}_total {rest}").into())
        }
        _ => Some(line.into()),
    }
}
