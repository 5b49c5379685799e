//! What guards pods against change is respected: admission policies and disruption budgets. It is told, and
//! everything else is done.

use std::time::Duration;

use k8s_openapi::api::admissionregistration::v1::{
    ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::api::{Api, Patch, PatchParams, PostParams};
use serde_json::json;

use crate::nudging::{Bed, image_of};
use crate::setup::{changes, findings};

/// Forbids, in this namespace, to change the image of a pod; back when that is in force for this pod.
async fn fix_images(bed: &Bed, namespace: &str, pod: &str) {
    let admin = || bed.place.admin.clone();
    let params = PostParams::default();
    let rule =
        json!({"apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["pods"]});
    let same = "object.spec.containers.map(c, c.image) == oldObject.spec.containers.map(c, c.image)";
    let policy = json!({
        "metadata": {"name": namespace},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [rule]},
            "validations": [{"expression": same, "message": "images are fixed here"}],
        },
    });
    let policy = serde_json::from_value(policy).unwrap();
    Api::<ValidatingAdmissionPolicy>::all(admin()).create(&params, &policy).await.unwrap();
    let selector = json!({"matchLabels": {"kubernetes.io/metadata.name": namespace}});
    let binding = json!({
        "metadata": {"name": namespace},
        "spec": {
            "policyName": namespace,
            "validationActions": ["Deny"],
            "matchResources": {"namespaceSelector": selector},
        },
    });
    let binding = serde_json::from_value(binding).unwrap();
    Api::<ValidatingAdmissionPolicyBinding>::all(admin()).create(&params, &binding).await.unwrap();
    let change =
        Patch::Strategic(json!({"spec": {"containers": [{"name": "app", "image": "elsewhere/app:2"}]}}));
    let rehearsal = PatchParams { dry_run: true, ..PatchParams::default() };
    for _ in 0..500 {
        if bed.place.pods(namespace).patch(pod, &rehearsal, &change).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the policy of {namespace} is not in force");
}

#[tokio::test]
async fn an_admission_policy_that_fixes_images_is_told_and_the_others_healed() {
    let bed = Bed::new("fixed").await;
    let (fixed, free) = (bed.place.namespace("fixed").await, bed.place.namespace("free").await);
    bed.make(bed.named("web"), &fixed).await;
    bed.make(bed.unnamed("other"), &fixed).await;
    bed.make(bed.named("web"), &free).await;
    fix_images(&bed, &fixed, "web").await;

    let config = bed.config("");
    let report = bed.place.pass(&config).await;
    assert!(report.errors.is_empty(), "{report}");
    let done: Vec<_> = changes(&report).into_iter().filter(|change| change.contains(" Pod ")).collect();
    assert_eq!(done, [format!("evict Pod {fixed}/other"), format!("nudge Pod {free}/web")]);
    assert_eq!(findings(&report), ["Denied"], "{report}");
    let told = report.findings[0].to_string();
    for part in
        [&*format!("Pod {fixed}/web: "), "images are fixed here", "its node tries again within five minutes"]
    {
        assert!(told.contains(part), "{told}");
    }
    let web = bed.pod(&fixed, "web").await;
    assert_eq!(image_of(&web, "app"), bed.image());
    assert!(web.metadata.annotations.is_none(), "and nothing is noted on it");
    assert_eq!(bed.events(&fixed, &web).await, [""; 0]);
}

#[tokio::test]
async fn a_disruption_budget_is_kept() {
    let bed = Bed::new("budget").await;
    let a = bed.place.namespace("a").await;
    let web = |name: &str| bed.unnamed(name).running("helper").phase("Running");
    bed.make(web("guarded").label("app", "guarded"), &a).await;
    bed.make(web("free"), &a).await;
    let api = Api::<PodDisruptionBudget>::namespaced(bed.place.admin.clone(), &a);
    let budget = json!({
        "metadata": {"name": "guard"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "guarded"}}},
    });
    api.create(&PostParams::default(), &serde_json::from_value(budget).unwrap()).await.unwrap();
    // As its controller would write.
    let status = json!({"status": {
        "observedGeneration": 1, "disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 1, "expectedPods": 1,
    }});
    api.patch_status("guard", &PatchParams::default(), &Patch::Merge(status)).await.unwrap();

    let report = bed.place.pass(&bed.config("pods: {evictRunning: true}")).await;
    assert!(report.errors.is_empty(), "{report}");
    let done: Vec<_> = changes(&report).into_iter().filter(|change| change.contains(" Pod ")).collect();
    assert_eq!(done, [format!("evict Pod {a}/free")]);
    let told =
        format!("Pod {a}/guarded: a disruption budget forbids its eviction; the next pass tries again");
    assert_eq!(report.findings.iter().map(ToString::to_string).collect::<Vec<_>>(), [told]);
    assert!(bed.pod(&a, "guarded").await.metadata.deletion_timestamp.is_none());
}

#[tokio::test]
async fn two_disruption_budgets_on_one_pod_are_told_and_no_failure() {
    let bed = Bed::new("budgets").await;
    let a = bed.place.namespace("a").await;
    let web = bed.unnamed("web").running("helper").phase("Running").label("app", "guarded");
    bed.make(web, &a).await;
    let api = Api::<PodDisruptionBudget>::namespaced(bed.place.admin.clone(), &a);
    for name in ["one", "other"] {
        let budget = json!({
            "metadata": {"name": name},
            "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "guarded"}}},
        });
        api.create(&PostParams::default(), &serde_json::from_value(budget).unwrap()).await.unwrap();
    }
    let report = bed.place.pass(&bed.config("pods: {evictRunning: true}")).await;
    assert!(report.errors.is_empty(), "{report}");
    assert_eq!(findings(&report), ["DisruptionBudget"], "{report}");
    assert!(report.findings[0].message.starts_with("it has more than one disruption budget"), "{report}");
}
