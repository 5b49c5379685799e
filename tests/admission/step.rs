//! The policy over time: installed, kept in step by passes, and taken away by whom it pleases.

use kube::api::{
    Api, ApiResource, DeleteParams, DynamicObject, GroupVersionKind, Patch, PatchParams, PostParams,
};
use pullkeeper::admission::{Object, Policy};
use pullkeeper::config::Config;
use serde_json::{Value, json};

use crate::installed::{config, holds, images, install, made, place, pod, run, settings};
use crate::setup::{Place, changes, shipped_rules};
use crate::testbed::ControlPlane;
use crate::testbed::audit::tally;
use crate::testbed::users::{Role, Scope};

const HUB: &str = "{rewrite: [{from: docker.io, to: proxy.example.com}]}";
const OTHER: &str = "{rewrite: [{from: docker.io, to: other.example.com}]}";

fn api(place: &Place, object: Object) -> Api<DynamicObject> {
    let kind = GroupVersionKind::gvk("admissionregistration.k8s.io", "v1", object.kind());
    Api::all_with(place.admin.clone(), &ApiResource::from_gvk_with_plural(&kind, object.resource()))
}

async fn version(place: &Place, config: &Config, object: Object) -> Option<String> {
    api(place, object).get_opt(&Policy::name(&config.instance)).await.unwrap()?.metadata.resource_version
}

async fn installed(prefix: &'static str) -> (Place, String) {
    let place = place(prefix).await;
    let name = place.namespace("one").await;
    install(&place, HUB, &name, "nginx").await;
    (place, name)
}

#[tokio::test(flavor = "multi_thread")]
async fn installing_twice_changes_nothing_and_removing_takes_all_away() {
    let (place, name) = installed("twice").await;
    let own = config(&place, HUB);
    let before = version(&place, &own, Object::Policy).await;
    let ran = run(&settings(&place, HUB), &["images", "install"]);
    assert_eq!(ran.code, Some(0));
    assert!(!ran.stdout.contains("update") && !ran.stdout.contains("create"), "{}", ran.stdout);
    assert_eq!(version(&place, &own, Object::Policy).await, before);

    let dry = run(&settings(&place, HUB), &["images", "remove", "--dry-run"]);
    assert!(
        dry.stdout.contains("would delete MutatingAdmissionPolicyBinding pullkeeper-images-twice"),
        "{}",
        dry.stdout
    );
    assert_eq!(version(&place, &own, Object::Policy).await, before);

    let ran = run(&settings(&place, HUB), &["images", "remove"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    for object in Object::OF_POLICY {
        assert_eq!(version(&place, &own, object).await, None);
    }
    let ran = run(&settings(&place, HUB), &["images", "remove"]);
    assert_eq!((ran.code, ran.stdout.trim()), (Some(0), "nothing to remove"));
    let _ = name;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_installs_nothing_and_shows_the_manifests() {
    let place = place("dry").await;
    let ran = run(&settings(&place, HUB), &["images", "install", "--dry-run", "--output", "json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let list: Value = serde_json::from_str(&ran.stdout).unwrap();
    let kinds: Vec<_> = list["items"].as_array().unwrap().iter().map(|item| item["kind"].clone()).collect();
    assert_eq!(kinds, ["MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"]);
    assert_eq!(version(&place, &config(&place, HUB), Object::Policy).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_keeps_it_in_step_with_the_rules() {
    let (place, name) = installed("in-step").await;
    // A pass that finds it as it should be reads it, and that is all.
    let mark = place.mark();
    let report = place.assert_settled(&config(&place, HUB)).await;
    assert!(report.findings.iter().all(|finding| finding.reason == "ProxyUnreachable"), "{report}");
    let reads = tally(&place.since(mark));
    let of = |resource: &str| reads.get(&format!("get {resource}")).copied();
    assert_eq!(
        [of(Object::Policy.resource()), of(Object::Binding.resource())],
        [Some(1), Some(1)],
        "{reads:?}"
    );

    let report = place.pass(&config(&place, OTHER)).await;
    assert_eq!(changes(&report), ["update MutatingAdmissionPolicy pullkeeper-images-in-step"], "{report}");
    let rewritten =
        async || images(&made(&place.admin, &name, &pod(&["nginx"])).await, "containers").remove(0);
    for _ in 0..200 {
        if rewritten().await.starts_with("other") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(rewritten().await, "other.example.com/library/nginx:latest");

    // What somebody edits is put right.
    for edit in [
        json!({"spec": {"failurePolicy": "Fail"}}),
        json!({"spec": {"matchConstraints": {"objectSelector": {"matchLabels": {"never": "so"}}}}}),
    ] {
        let (own, edit) = (Policy::name(place.prefix), Patch::Merge(edit));
        api(&place, Object::Policy).patch(&own, &PatchParams::default(), &edit).await.unwrap();
        let report = place.pass(&config(&place, OTHER)).await;
        assert_eq!(
            changes(&report),
            ["update MutatingAdmissionPolicy pullkeeper-images-in-step"],
            "{report}"
        );
        place.assert_settled(&config(&place, OTHER)).await;
    }
    // But for labels and annotations, which are nobody's in particular.
    let edit = Patch::Merge(json!({"metadata": {"labels": {"team": "a"}, "annotations": {"note": "b"}}}));
    api(&place, Object::Policy)
        .patch(&Policy::name(place.prefix), &PatchParams::default(), &edit)
        .await
        .unwrap();
    place.assert_settled(&config(&place, OTHER)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_deleted_to_unblock_a_cluster_stays_deleted() {
    let (place, _) = installed("deleted").await;
    let own = config(&place, OTHER);
    let name = Policy::name(&own.instance);
    api(&place, Object::Binding).delete(&name, &DeleteParams::default()).await.unwrap();
    let report = place.pass(&own).await;
    assert!(report.changes.is_empty(), "{report}");
    assert_eq!(version(&place, &own, Object::Binding).await, None);
    api(&place, Object::Policy).delete(&name, &DeleteParams::default()).await.unwrap();
    let report = place.pass(&own).await;
    assert!(report.changes.is_empty() && report.errors.is_empty(), "{report}");
    assert_eq!(version(&place, &own, Object::Policy).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_without_rules_or_with_admission_off_asks_nothing_of_it() {
    let (place, _) = installed("unasked").await;
    let off = "{rewrite: [{from: docker.io, to: other.example.com}], admission: off}";
    for own in [place.config("instance: unasked\n"), config(&place, off)] {
        let mark = place.mark();
        let report = place.pass(&own).await;
        assert!(!report.changes.iter().any(|change| change.subject.kind.contains("Policy")), "{report}");
        let asked = place.since(mark);
        assert!(
            asked.iter().all(|event| !event.uri.contains("admissionregistration")),
            "{:?}",
            tally(&asked)
        );
    }
    let ran = run(&settings(&place, off), &["images", "install"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("images.admission is off"), "{}", ran.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_somebody_elses_is_left() {
    let place = place("foreign").await;
    let own = config(&place, HUB);
    let policy = Policy::of(&own).unwrap();
    for (object, mut value) in [(Object::Policy, policy.policy), (Object::Binding, policy.binding)] {
        value["metadata"]["labels"] = json!({});
        let value: DynamicObject = serde_json::from_value(value).unwrap();
        api(&place, object).create(&PostParams::default(), &value).await.unwrap();
    }
    for action in ["install", "remove"] {
        let ran = run(&settings(&place, HUB), &["images", action]);
        assert_eq!(ran.code, Some(1), "{}", ran.stdout);
        assert!(ran.stderr.contains("pullkeeper-images-foreign is somebody else's"), "{}", ran.stderr);
    }
    let report = place.pass(&config(&place, OTHER)).await;
    assert!(report.changes.is_empty(), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_right_to_look_all_else_goes_on() {
    let rules = Role::Rules(shipped_rules());
    let place = Place::with(ControlPlane::shared(), "unseen", rules, Scope::Cluster).await;
    place.namespace("one").await;
    let both = format!("instance: unseen\nimages: {HUB}\n");
    let report = place.pass(&place.config(&both)).await;
    assert!(report.findings.is_empty() && report.errors.is_empty(), "{report}");
    assert_eq!(report.changes.len(), 2, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_holds_again_once_it_is_installed_again() {
    let (place, name) = installed("again").await;
    assert_eq!(run(&settings(&place, HUB), &["images", "remove"]).code, Some(0));
    assert_eq!(run(&settings(&place, HUB), &["images", "install"]).code, Some(0));
    holds(&place, &name, "nginx").await;
}
