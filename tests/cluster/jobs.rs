//! Pods of real Jobs: evicted where the Job goes on, else left with what to do.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::batch::v1::Job;
use kube::api::{Api, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use crate::nudging::Bed;
use crate::setup::changes;
use crate::testbed::audit::AuditEvent;

/// Makes a Job and writes how many of its pods failed; its uid.
async fn job(bed: &Bed, namespace: &str, name: &str, spec: &Value, failed: i32) -> String {
    let api = Api::<Job>::namespaced(bed.place.admin.clone(), namespace);
    let mut job = json!({
        "metadata": {"name": name},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "app", "image": bed.image()}]}}},
    });
    for (key, value) in spec.as_object().unwrap() {
        job["spec"][key] = value.clone();
    }
    let made = api.create(&PostParams::default(), &serde_json::from_value(job).unwrap()).await.unwrap();
    if failed > 0 {
        let status = json!({"status": {"failed": failed, "startTime": made.metadata.creation_timestamp}});
        api.patch_status(name, &PatchParams::default(), &Patch::Merge(status)).await.unwrap();
    }
    made.metadata.uid.unwrap()
}

#[tokio::test]
async fn a_jobs_pod_is_evicted_if_the_job_bears_it() {
    let bed = Bed::new("jobs").await;
    let a = bed.place.namespace("a").await;
    let policy = |action: &str| {
        let rule = json!({"action": action, "onPodConditions": [{"type": "DisruptionTarget"}]});
        json!({"backoffLimit": 0, "podFailurePolicy": {"rules": [rule]}})
    };
    let indexed =
        json!({"completionMode": "Indexed", "completions": 2, "parallelism": 2, "backoffLimitPerIndex": 1});
    let fails = "it counts an eviction as a failure, and has had";
    let table = [
        ("one-left", json!({"backoffLimit": 1}), 0, None),
        ("none-left", json!({"backoffLimit": 1}), 1, Some(fails)),
        ("no-retry", json!({"backoffLimit": 0}), 0, Some(fails)),
        ("by-default", json!({}), 0, None),
        ("ignores", policy("Ignore"), 0, None),
        ("gives-up", policy("FailJob"), 0, Some("the podFailurePolicy of its Job would fail that")),
        ("indexed", indexed, 0, Some("counts an eviction as a failure of its index")),
    ];
    for (name, spec, failed, _) in &table {
        let uid = job(&bed, &a, name, spec, *failed).await;
        bed.make(bed.unnamed(name).owned_by_object("Job", name, &uid), &a).await;
    }
    bed.make(bed.unnamed("orphan").owned_by("Job"), &a).await;
    // It names our Secret: in place, nothing counts as a failure.
    let uid = job(&bed, &a, "named", &json!({"backoffLimit": 0}), 0).await;
    bed.make(bed.named("named").owned_by_object("Job", "named", &uid), &a).await;

    let (config, mark) = (bed.config(""), bed.place.mark());
    let report = bed.place.pass(&config).await;
    assert!(report.errors.is_empty(), "{report}");
    let done: Vec<_> = changes(&report).into_iter().filter(|change| change.contains(" Pod ")).collect();
    let mut expected = vec![format!("nudge Pod {a}/named")];
    expected.extend(table.iter().filter(|row| row.3.is_none()).map(|row| format!("evict Pod {a}/{}", row.0)));
    expected.sort();
    assert_eq!(done, expected);
    let told: BTreeMap<_, _> = report
        .findings
        .iter()
        .map(|finding| (finding.subject.name.as_str(), finding.message.as_str()))
        .collect();
    let untold = table.iter().filter_map(|row| Some((row.0, row.3?))).chain([("orphan", "its Job is gone")]);
    for (name, part) in untold {
        assert!(told.get(name).is_some_and(|message| message.contains(part)), "{name}: {report}");
    }
    assert_eq!(told.len(), 5, "{report}");

    let is_job = |event: &AuditEvent| event.resource == "jobs";
    let asked: Vec<_> = bed.place.since(mark).into_iter().filter(is_job).collect();
    assert!(asked.iter().all(|event| event.verb == "get"), "{asked:?}");
    let names: BTreeSet<_> = asked.iter().filter_map(|event| event.name.as_deref()).collect();
    // That of the pod that is nudged isn't asked for.
    assert_eq!((asked.len(), names.len(), names.contains("named")), (8, 8, false), "{names:?}");
    bed.place.assert_settled(&config).await;
}
