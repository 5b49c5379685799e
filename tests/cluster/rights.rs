//! The shipped ClusterRole with one of its healing rules taken out: that feature is off with one finding, and
//! everything else works.

use k8s_openapi::api::rbac::v1::PolicyRule;

use crate::nudging::Bed;
use crate::setup::{Place, changes, findings, shipped_rules};
use crate::testbed::ControlPlane;
use crate::testbed::users::{Role, Scope};

/// The shipped rules without those that grant this verb on this resource.
fn without(verb: &str, resource: &str) -> Vec<PolicyRule> {
    let grants = |rule: &PolicyRule| {
        let has = |list: &Option<Vec<String>>, text: &str| list.iter().flatten().any(|own| own == text);
        has(&rule.resources, resource) && rule.verbs.iter().any(|own| own == verb)
    };
    let (gone, rules): (Vec<_>, Vec<_>) = shipped_rules().into_iter().partition(grants);
    assert_eq!(gone.len(), 1, "{verb} on {resource}");
    rules
}

#[tokio::test]
async fn a_right_that_is_missing_turns_off_one_thing_with_one_finding() {
    type Row = (&'static str, &'static str, &'static str, &'static [&'static str], &'static str);
    let table: [Row; 3] = [
        ("no-patch", "patch", "pods", &["evict", "evict"], "grant patch on pods, or set pods.nudge: false"),
        (
            "no-events",
            "create",
            "events",
            &["nudge", "nudge", "evict", "evict"],
            "pods are healed without an Event that says so. Grant create on events",
        ),
        (
            "no-evict",
            "create",
            "pods/eviction",
            &["nudge", "nudge"],
            "grant create on pods/eviction, or set pods.heal: off",
        ),
    ];
    for (prefix, verb, resource, done, remedy) in table {
        let role = Role::Rules(without(verb, resource));
        let place = Place::with(ControlPlane::shared(), prefix, role, Scope::Cluster).await;
        let bed = Bed::at(place).await;
        let a = bed.place.namespace("a").await;
        for name in ["one", "two"] {
            bed.make(bed.named(&format!("named-{name}")), &a).await;
            bed.make(bed.unnamed(&format!("unnamed-{name}")), &a).await;
        }
        let report = bed.place.pass(&bed.config("")).await;
        assert!(report.errors.is_empty(), "{prefix}: {report}");
        let mut verbs: Vec<_> = report.changes.iter().filter(|change| change.subject.kind == "Pod").collect();
        verbs.sort_by_key(|change| change.verb);
        let verbs: Vec<_> = verbs.into_iter().map(|change| change.verb.to_string()).collect();
        assert_eq!(verbs, done, "{prefix}: {report}");
        assert_eq!(findings(&report), ["Forbidden"], "{prefix}: {report}");
        assert!(report.findings[0].message.ends_with(remedy), "{prefix}: {report}");
        assert_eq!(bed.all_events(&a).await.is_empty(), resource == "events", "{prefix}");
    }
}

#[tokio::test]
async fn without_the_right_to_read_jobs_their_pods_are_left_and_told() {
    let role = Role::Rules(without("get", "jobs"));
    let place = Place::with(ControlPlane::shared(), "no-jobs", role, Scope::Cluster).await;
    let bed = Bed::at(place).await;
    let a = bed.place.namespace("a").await;
    bed.make(bed.unnamed("of-job").owned_by("Job"), &a).await;
    bed.make(bed.unnamed("web"), &a).await;
    let config = bed.config("");
    let report = bed.place.pass(&config).await;
    assert!(report.errors.is_empty(), "{report}");
    assert!(changes(&report).contains(&format!("evict Pod {a}/web")), "{report}");
    assert_eq!(findings(&report), ["PodNotHealed"], "{report}");
    let message = &report.findings[0].message;
    assert!(
        message.contains("its Job can't be read: ") && message.ends_with("; grant get on jobs"),
        "{message}"
    );
    bed.place.assert_settled(&config).await;
}
