//! Pods that somebody else writes to between the look and the nudge: the kubelet does so each time it tries.

use serde_json::{Value, json};

use super::EVENTS;
use super::nudging::{Bed, container, nudge, read, runs, waits};
use super::scripted::expect::Fault;
use super::scripted::objects::{conflict, invalid, not_found, ok};
use super::scripted::{Expect, lines, post, writes};

fn told() -> Expect {
    post(EVENTS).says(ok(&json!({})))
}

#[tokio::test]
async fn a_pod_that_still_waits_is_nudged_as_it_now_is() {
    for refusal in [conflict(), invalid()] {
        let bed = Bed::new();
        let mut now = bed.pod("web", "2");
        now["metadata"]["annotations"] = json!({"theirs": "1"});
        let script = [
            nudge("web").says(refusal),
            read("web").says(ok(&now)),
            nudge("web").says(ok(&json!({}))),
            told(),
        ];
        let healed = bed.heal(vec![bed.pod("web", "1")], script).await;
        assert_eq!(healed.said, [bed.nudged("web")]);
        let second = healed.asked[2].json();
        assert_eq!(second[0]["value"], "2");
        assert_eq!(second[4]["path"], "/metadata/annotations/pullkeeper.io~1nudged", "theirs is kept");
    }
}

#[tokio::test]
async fn it_is_judged_anew_twice_and_then_left_to_the_next_pass() {
    let bed = Bed::new();
    let mut script = Vec::new();
    for version in ["2", "3", "4"] {
        script.push(nudge("web").says(conflict()));
        script.push(read("web").says(ok(&bed.pod("web", version))));
    }
    let healed = bed.heal(vec![bed.pod("web", "1")], script).await;
    assert!(healed.said.is_empty(), "{:?}", healed.said);
    assert_eq!(writes(&healed.asked).len(), 3);
}

#[tokio::test]
async fn a_pod_that_is_no_longer_the_case_is_left_in_silence() {
    type Edit = fn(&mut Value);
    let edits: [(&str, Edit); 7] = [
        ("runs", |pod| pod["status"]["containerStatuses"] = json!([runs("app")])),
        ("is another", |pod| pod["metadata"]["uid"] = "another".into()),
        ("terminates", |pod| pod["metadata"]["deletionTimestamp"] = "2026-01-02T00:00:00Z".into()),
        ("waits for another image", |pod| pod["spec"]["containers"][0]["image"] = "elsewhere/app:2".into()),
        ("waits for another reason", |pod| {
            pod["status"]["containerStatuses"][0]["state"]["waiting"]["message"] = "manifest unknown".into();
        }),
        ("crashes", |pod| {
            pod["status"]["containerStatuses"][0]["state"]["waiting"] = json!({"reason": "CrashLoopBackOff"});
        }),
        ("has another container there", |pod| {
            pod["spec"]["containers"][0]["name"] = "other".into();
            pod["status"]["containerStatuses"][0]["name"] = "other".into();
        }),
    ];
    for (what, edit) in edits {
        let bed = Bed::new();
        let mut now = bed.pod("web", "2");
        edit(&mut now);
        let script = [nudge("web").says(invalid()), read("web").says(ok(&now))];
        let healed = bed.heal(vec![bed.pod("web", "1")], script).await;
        assert!(healed.said.is_empty(), "{what}: {:?}", healed.said);
    }
}

#[tokio::test]
async fn a_pod_that_is_gone_is_nothing_to_speak_of() {
    for script in [
        vec![nudge("web").says(not_found())],
        vec![nudge("web").says(conflict()), read("web").says(not_found())],
    ] {
        let bed = Bed::new();
        let healed = bed.heal(vec![bed.pod("web", "1")], script).await;
        assert!(healed.said.is_empty(), "{:?}", healed.said);
    }
}

/// A pod with two containers, in this order, of which `app` waits and `second` may.
fn two(bed: &Bed, version: &str, names: [&str; 2], second_runs: bool) -> Value {
    let mut pod = bed.pod("web", version);
    pod["spec"]["containers"] = names.map(|name| container(name, &bed.image(name))).into_iter().collect();
    let second = if second_runs { runs("second") } else { waits("second", &bed.image("second")) };
    pod["status"]["containerStatuses"] = json!([waits("app", &bed.image("app")), second]);
    pod
}

#[tokio::test]
async fn a_container_that_runs_by_now_is_left_and_the_other_nudged() {
    let bed = Bed::new();
    let script = [
        nudge("web").says(invalid()),
        read("web").says(ok(&two(&bed, "2", ["app", "second"], true))),
        nudge("web").says(ok(&json!({}))),
        told(),
    ];
    let healed = bed.heal(vec![two(&bed, "1", ["app", "second"], false)], script).await;
    let (first, second) = (healed.asked[0].json(), healed.asked[2].json());
    assert_eq!((first.as_array().unwrap().len(), second.as_array().unwrap().len()), (8, 5));
    // What is told is what was done.
    assert_eq!(healed.said, [bed.nudged("web")]);
    assert!(healed.asked[3].json()["message"].as_str().unwrap().starts_with("container app waits for"));
    assert!(!second.to_string().contains("second"), "{second}");
}

/// A pod whose init container, and the two of its image that come after it, wait for that; or it has it by now.
fn initializing(bed: &Bed, version: &str, has_it: bool) -> Value {
    let later = |name: &str| json!({"name": name, "state": {"waiting": {"reason": "PodInitializing"}}});
    let image = bed.image("app");
    let mut pod = bed.pod("web", version);
    pod["spec"]["initContainers"] = json!([container("first", &image), container("then", &image)]);
    let first = if has_it { runs("first") } else { waits("first", &image) };
    pod["status"]["initContainerStatuses"] = json!([first, later("then")]);
    pod["spec"]["containers"] = json!([container("app", &image)]);
    pod["status"]["containerStatuses"] = json!([later("app")]);
    pod
}

#[tokio::test]
async fn what_comes_after_an_init_container_is_left_with_it() {
    let bed = Bed::new();
    // Another waits on, or the pod would wait for no image at all.
    let with_sidecar = |version: &str, has_it: bool| {
        let mut pod = initializing(&bed, version, has_it);
        pod["spec"]["initContainers"].as_array_mut().unwrap().push(container("side", &bed.image("side")));
        let statuses = pod["status"]["initContainerStatuses"].as_array_mut().unwrap();
        statuses.push(waits("side", &bed.image("side")));
        pod
    };
    let script = [
        nudge("web").says(invalid()),
        read("web").says(ok(&with_sidecar("2", true))),
        nudge("web").says(ok(&json!({}))),
        told(),
    ];
    let healed = bed.heal(vec![with_sidecar("1", false)], script).await;
    let (first, second) = (healed.asked[0].json(), healed.asked[2].json());
    // Version and note, and three for each: all four, then the sidecar alone.
    assert_eq!((first.as_array().unwrap().len(), second.as_array().unwrap().len()), (14, 5));
    assert_eq!(second[1]["value"], "side");
    assert!(healed.said[0].contains("container side waits for"), "{:?}", healed.said);
}

#[tokio::test]
async fn containers_are_found_by_name_not_by_place() {
    let bed = Bed::new();
    let script = [
        nudge("web").says(invalid()),
        read("web").says(ok(&two(&bed, "2", ["second", "app"], true))),
        nudge("web").says(ok(&json!({}))),
        told(),
    ];
    let healed = bed.heal(vec![two(&bed, "1", ["app", "second"], true)], script).await;
    assert_eq!(healed.asked[0].json()[1]["path"], "/spec/containers/0/name");
    assert_eq!(healed.asked[2].json()[1]["path"], "/spec/containers/1/name");
}

#[tokio::test]
async fn a_patch_whose_answer_was_lost_counts_once() {
    type Edit = fn(&mut Value, &Bed);
    let waits_on: Edit = |pod, bed| {
        pod["status"]["containerStatuses"] = json!([waits("app", &bed.digested("app"))]);
    };
    let pulls: Edit = |pod, _| {
        pod["status"]["containerStatuses"][0]["state"]["waiting"] = json!({"reason": "ContainerCreating"});
    };
    let has_run: Edit = |pod, _| pod["status"]["containerStatuses"] = json!([runs("app")]);
    for edit in [waits_on, pulls, has_run] {
        let bed = Bed::new();
        // What was sent the first time is what is read.
        let mut now = bed.pod("web", "2");
        now["spec"]["containers"] = json!([container("app", &bed.digested("app"))]);
        edit(&mut now, &bed);
        let script = [
            nudge("web").says(ok(&json!({})).fails(Fault::Reset)),
            nudge("web").says(invalid()),
            read("web").says_of(move |asked| {
                let sent = asked.iter().find(|request| request.method == "PATCH").unwrap().json();
                let mut now = now.clone();
                now["metadata"]["annotations"] = sent[4]["value"].clone();
                ok(&now)
            }),
            told(),
        ];
        let healed = bed.heal(vec![bed.pod("web", "1")], script).await;
        assert_eq!(healed.said, [bed.nudged("web")], "{:?}", lines(&healed.asked));
        assert_eq!(healed.asked[0].body, healed.asked[1].body, "the same is sent again");
    }
}

#[tokio::test]
async fn what_somebody_else_spelled_does_not_count() {
    let bed = Bed::new();
    let mut now = bed.pod("web", "2");
    now["spec"]["containers"] = json!([container("app", &bed.digested("app"))]);
    now["status"]["containerStatuses"] = json!([waits("app", &bed.digested("app"))]);
    let script = [nudge("web").says(conflict()), read("web").says(ok(&now))];
    let healed = bed.heal(vec![bed.pod("web", "1")], script).await;
    assert!(healed.said.is_empty(), "{:?}", healed.said);
}
