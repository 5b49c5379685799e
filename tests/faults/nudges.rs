//! The patch by which images are spelled in another way, to the letter: a container that runs, or a pod that
//! is another by now, must fail one of its tests.

use serde_json::{Value, json};

use super::nudging::{Bed, container, nudge, runs, waits};
use super::scripted::objects::ok;
use super::scripted::{Request, lines, post};
use super::{EVENTS, PODS};

const NOTE: &str = "pullkeeper.io/nudged";

fn test(path: &str, value: &str) -> Value {
    json!({"op": "test", "path": path, "value": value})
}

/// What is tested and written of one container.
fn respelled(place: &str, name: &str, from: &str, to: &str) -> [Value; 3] {
    let image = format!("{place}/image");
    [
        test(&format!("{place}/name"), name),
        test(&image, from),
        json!({"op": "replace", "path": image, "value": to}),
    ]
}

/// The patch that a pass makes of the pod, without its last operation, and that.
async fn patched(bed: &Bed, pod: Value) -> (Vec<Value>, Value) {
    let script = [nudge("web").says(ok(&json!({}))), post(EVENTS).says(ok(&json!({})))];
    let asked = bed.heal(vec![pod], script).await.asked;
    let mut operations = asked[0].json().as_array().unwrap().clone();
    let note = operations.pop().unwrap();
    (operations, note)
}

/// A note as it is kept, with its time taken out.
fn note(text: &Value) -> Value {
    let mut note: Value = serde_json::from_str(text.as_str().unwrap()).unwrap();
    for (_, own) in note.as_object_mut().unwrap() {
        let at = own.as_object_mut().unwrap().remove("at").unwrap();
        assert!(at.as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "{at}");
    }
    note
}

#[tokio::test]
async fn it_tests_the_version_the_container_and_its_image() {
    let bed = Bed::new();
    let script = [nudge("web").says(ok(&json!({}))), post(EVENTS).says(ok(&json!({})))];
    let healed = bed.heal(vec![bed.pod("web", "41")], script).await;
    assert_eq!(healed.said, [bed.nudged("web")]);
    assert_eq!(lines(&healed.asked), [format!("PATCH {PODS}/web"), format!("POST {EVENTS}")]);
    let Request { query, headers, .. } = &healed.asked[0];
    assert_eq!(
        (query.as_str(), headers["content-type"].as_str()),
        ("fieldManager=pullkeeper", "application/json-patch+json")
    );

    let mut operations = healed.asked[0].json().as_array().unwrap().clone();
    let last = operations.pop().unwrap();
    let mut expected = vec![test("/metadata/resourceVersion", "41")];
    expected.extend(respelled("/spec/containers/0", "app", &bed.image("app"), &bed.digested("app")));
    assert_eq!(operations, expected);
    // The pod has no annotations: an operation below them would fail.
    assert_eq!((&last["op"], &last["path"]), (&json!("add"), &json!("/metadata/annotations")));
    assert_eq!(last["value"].as_object().unwrap().len(), 1);
    assert_eq!(note(&last["value"][NOTE]), json!({"app": {"was": bed.image("app")}}));
}

#[tokio::test]
async fn what_else_is_annotated_stays_as_it_is() {
    let bed = Bed::new();
    let before = json!({"app": {"at": "2026-01-01T00:00:00Z", "was": "as its author wrote it"}, "gone": {"at": "2026-01-01T00:00:00Z", "was": "x"}});
    let table = [
        (json!({"theirs": "1"}), json!({"app": {"was": bed.image("app")}})),
        (
            json!({NOTE: before.to_string()}),
            json!({"app": {"was": "as its author wrote it"}, "gone": {"was": "x"}}),
        ),
        (json!({NOTE: "garbage"}), json!({"app": {"was": bed.image("app")}})),
    ];
    for (annotations, noted) in table {
        let mut pod = bed.pod("web", "1");
        pod["metadata"]["annotations"] = annotations;
        let (_, last) = patched(&bed, pod).await;
        assert_eq!(
            (&last["op"], &last["path"]),
            (&json!("add"), &json!("/metadata/annotations/pullkeeper.io~1nudged"))
        );
        assert_eq!(note(&last["value"]), noted);
    }
}

#[tokio::test]
async fn every_container_that_waits_is_in_one_patch_and_no_other() {
    let bed = Bed::new();
    let image = |name: &str| bed.image(name);
    let mut pod = bed.pod("web", "1");
    pod["spec"]["initContainers"] = json!([container("done", "elsewhere/done:1"), container("init", &image("init")), {
        "name": "side", "image": image("side"), "restartPolicy": "Always",
    }]);
    pod["spec"]["containers"] = json!([
        container("runs", &image("app")),
        container("second", &image("second")),
        container("app", &image("app"))
    ]);
    // The kubelet reports them in an order of its own.
    pod["status"]["initContainerStatuses"] = json!([waits("side", &image("side")), waits("init", &image("init")), {"name": "done", "state": {"terminated": {"exitCode": 0}}}]);
    pod["status"]["containerStatuses"] =
        json!([waits("app", &image("app")), runs("runs"), waits("second", &image("second"))]);
    let (operations, last) = patched(&bed, pod).await;
    let mut expected = vec![test("/metadata/resourceVersion", "1")];
    for (place, container, name) in [
        ("/spec/initContainers/2", "side", "side"),
        ("/spec/initContainers/1", "init", "init"),
        ("/spec/containers/2", "app", "app"),
        ("/spec/containers/1", "second", "second"),
    ] {
        expected.extend(respelled(place, container, &image(name), &bed.digested(name)));
    }
    assert_eq!(operations, expected);
    let noted = note(&last["value"][NOTE]);
    assert_eq!(noted.as_object().unwrap().len(), 4, "{noted}");
}

/// They share the back-off of the init container, for that is kept by pod and spelling.
#[tokio::test]
async fn containers_of_the_same_image_that_come_after_an_init_container_are_spelled_alike() {
    let bed = Bed::new();
    let image = |name: &str| bed.image(name);
    let later = |name: &str| json!({"name": name, "state": {"waiting": {"reason": "PodInitializing"}}});
    let mut pod = bed.pod("web", "1");
    pod["spec"]["initContainers"] =
        json!([container("migrate", &image("app")), container("then", &image("app"))]);
    pod["spec"]["containers"] = json!([container("other", &image("other")), container("app", &image("app"))]);
    pod["status"]["initContainerStatuses"] = json!([waits("migrate", &image("app")), later("then")]);
    pod["status"]["containerStatuses"] = json!([later("other"), later("app")]);
    let (operations, last) = patched(&bed, pod).await;
    let mut expected = vec![test("/metadata/resourceVersion", "1")];
    for (place, name) in [
        ("/spec/initContainers/0", "migrate"),
        ("/spec/initContainers/1", "then"),
        ("/spec/containers/1", "app"),
    ] {
        expected.extend(respelled(place, name, &image("app"), &bed.digested("app")));
    }
    assert_eq!(operations, expected);
    assert_eq!(note(&last["value"][NOTE]).as_object().unwrap().len(), 3);
}

#[tokio::test]
async fn a_short_name_of_docker_hub_needs_no_registry_to_be_spelled_out() {
    let bed = Bed::new();
    let mut pod = bed.pod("web", "1");
    pod["spec"]["containers"][0]["image"] = "nginx:1".into();
    pod["status"]["containerStatuses"] = json!([waits("app", "nginx:1")]);
    let server = super::scripted::Server::start(
        super::nudging::waiting(vec![pod])
            .into_iter()
            .chain([nudge("web").says(ok(&json!({}))), post(EVENTS).says(ok(&json!({})))]),
    );
    let file = super::program::ConfigFile::new(
        "namespaces: [team-a]\nregistries: [{host: docker.io, username: robot, password: x}]\n",
    );
    let report = super::pass_by(&server, &super::load(&file, super::unverified())).await.unwrap();
    assert!(report.errors.is_empty() && report.findings.is_empty(), "{report}");
    let operations = server.finish()[1].json();
    assert_eq!(
        operations[3],
        json!({"op": "replace", "path": "/spec/containers/0/image", "value": "docker.io/library/nginx:1"})
    );
}
