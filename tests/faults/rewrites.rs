//! The patch by which images are led elsewhere, to the letter, and what becomes of it where the pod changed, or the
//! answer was lost.

use std::collections::BTreeMap;

use pullkeeper::report::Report;
use serde_json::{Value, json};

use super::nudging::{Bed, nudge as patch_of, read, runs};
use super::program::ConfigFile;
use super::scripted::expect::Fault;
use super::scripted::objects::{conflict, forbidden, list, ok, stuck_pod};
use super::scripted::{Expect, Request, Server, get, lines, post};
use super::{EVENTS, PODS, load, pass_by, said};

const FROM: &str = "harbor.example.com/app:1";

/// A pass over one pod, in which harbor.example.com is led to the registry of the bed.
async fn pass_over(
    bed: &Bed,
    pod: Value,
    script: impl IntoIterator<Item = Expect>,
) -> (Report, Vec<Request>) {
    let pods = get(PODS).query("status.phase=Pending").says(ok(&list(json!([pod]), ""))).always();
    let server = Server::start([pods].into_iter().chain(script));
    let target = bed.image("app");
    let to = target.split('/').next().unwrap();
    let config = ConfigFile::new(format!(
        "namespaces: [team-a]\nimages: {{rewrite: [{{from: harbor.example.com, to: \"{to}\", insecure: true}}], admission: off}}\n"
    ));
    let report = pass_by(&server, &load(&config, BTreeMap::new())).await.unwrap();
    (report, server.finish())
}

fn stuck(version: &str) -> Value {
    stuck_pod("team-a", "web", version)
}

fn told() -> Expect {
    post(EVENTS).says(ok(&json!({})))
}

fn rewritten(bed: &Bed) -> String {
    let to = bed.image("app");
    format!("rewrite Pod team-a/web: container app: {FROM} is pulled from {to}: the registry refuses access")
}

/// The operations that follow the version's test.
fn of_the_image(bed: &Bed) -> Vec<Value> {
    let place = "/spec/containers/0";
    vec![
        json!({"op": "test", "path": format!("{place}/name"), "value": "app"}),
        json!({"op": "test", "path": format!("{place}/image"), "value": FROM}),
        json!({"op": "replace", "path": format!("{place}/image"), "value": bed.image("app")}),
    ]
}

#[tokio::test]
async fn it_tests_what_it_was_judged_by_and_leaves_its_marks() {
    let bed = Bed::new();
    let (report, asked) = pass_over(&bed, stuck("41"), [patch_of("web").says(ok(&json!({}))), told()]).await;
    assert_eq!(said(&report), [rewritten(&bed)]);
    assert_eq!(lines(&asked), [format!("PATCH {PODS}/web"), format!("POST {EVENTS}")]);
    let mut expected = vec![json!({"op": "test", "path": "/metadata/resourceVersion", "value": "41"})];
    expected.extend(of_the_image(&bed));
    expected.push(json!({
        "op": "add", "path": "/metadata/annotations", "value": {"original-image.pullkeeper.io/app": FROM},
    }));
    expected.push(json!({
        "op": "add", "path": "/metadata/labels", "value": {"k8s-proxy-image-swapper": "patched-image"},
    }));
    assert_eq!(asked[0].json(), Value::from(expected));
}

#[tokio::test]
async fn a_pod_that_changed_is_judged_again_and_patched_as_it_is_by_then() {
    let bed = Bed::new();
    let mut now = stuck("2");
    now["metadata"]["labels"] = json!({"app": "web"});
    now["metadata"]["annotations"] = json!({"theirs": "1"});
    let script = [
        patch_of("web").says(conflict()),
        read("web").says(ok(&now)),
        patch_of("web").says(ok(&json!({}))),
        told(),
    ];
    let (report, asked) = pass_over(&bed, stuck("1"), script).await;
    assert_eq!(said(&report), [rewritten(&bed)]);
    let mut expected = vec![json!({"op": "test", "path": "/metadata/resourceVersion", "value": "2"})];
    expected.extend(of_the_image(&bed));
    expected.push(json!({
        "op": "add", "path": "/metadata/annotations/original-image.pullkeeper.io~1app", "value": FROM,
    }));
    expected.push(json!({
        "op": "add", "path": "/metadata/labels/k8s-proxy-image-swapper", "value": "patched-image",
    }));
    assert_eq!(asked[2].json(), Value::from(expected));
}

#[tokio::test]
async fn one_that_no_longer_waits_is_left() {
    let bed = Bed::new();
    let mut running = stuck("2");
    running["status"]["containerStatuses"] = json!([runs("app")]);
    let mut by_another = stuck("2");
    by_another["spec"]["containers"][0]["image"] = bed.image("app").into();
    by_another["metadata"]["annotations"] = json!({"original-image.pullkeeper.io/app": FROM});
    let mut waits_otherwise = stuck("2");
    waits_otherwise["status"]["containerStatuses"][0]["state"]["waiting"]["message"] = "not found".into();
    for now in [running, by_another, waits_otherwise] {
        let script = [patch_of("web").says(conflict()), read("web").says(ok(&now))];
        let (report, _) = pass_over(&bed, stuck("1"), script).await;
        assert_eq!(said(&report), [""; 0], "{now}");
    }
}

#[tokio::test]
async fn an_answer_that_was_lost_is_no_other_ones_patch() {
    let bed = Bed::new();
    let mut done = stuck("2");
    done["spec"]["containers"][0]["image"] = bed.image("app").into();
    done["metadata"]["annotations"] = json!({"original-image.pullkeeper.io/app": FROM});
    let script = [
        patch_of("web").says(ok(&json!({})).fails(Fault::Reset)),
        patch_of("web").says(conflict()),
        read("web").says(ok(&done)),
        told(),
    ];
    let (report, _) = pass_over(&bed, stuck("1"), script).await;
    assert_eq!(said(&report), [rewritten(&bed)]);
}

#[tokio::test]
async fn a_right_that_is_missing_is_one_finding() {
    let bed = Bed::new();
    let (report, _) = pass_over(&bed, stuck("1"), [patch_of("web").says(forbidden())]).await;
    assert_eq!(said(&report), ["finding Forbidden Pod team-a/web"]);
    let message = &report.findings[0].message;
    assert!(message.ends_with("; grant patch on pods, or set pods.heal: off"), "{message}");
}
