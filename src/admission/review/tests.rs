use serde_json::{Value, json};

use super::*;
use crate::config::{Inputs, load};

const HUB: &str = "{rewrite: [{from: docker.io, to: p.io}]}";

fn config(images: &str) -> Config {
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = format!("namespaces: {{include: ['team-*'], exclude: [team-x]}}\nimages: {images}\n");
    std::fs::write(file.path(), text).unwrap();
    load(&Inputs { file: Some(file.path().to_owned()), ..Inputs::default() }).unwrap().config
}

fn asked(request: Value) -> Value {
    let mut own = json!({
        "uid": "u-1",
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "namespace": "team-a",
        "operation": "CREATE",
        "oldObject": null,
    });
    let Value::Object(request) = request else { unreachable!() };
    own.as_object_mut().unwrap().extend(request);
    json!({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": own})
}

fn answered(request: &Value, images: &str) -> (Value, Outcome) {
    let reviewed = review(&serde_json::to_vec(request).unwrap(), &config(images)).unwrap();
    (serde_json::from_slice(&reviewed.answer).unwrap(), reviewed.outcome)
}

/// The patch of a request; empty where there is none.
fn patch_of(request: Value, images: &str) -> Value {
    let (answer, outcome) = answered(&asked(request), images);
    assert_eq!((&answer["response"]["uid"], &answer["response"]["allowed"]), (&json!("u-1"), &json!(true)));
    let Some(patch) = answer["response"]["patch"].as_str() else {
        assert_eq!((&answer["response"]["patchType"], outcome), (&Value::Null, Outcome::Unchanged));
        return json!([]);
    };
    assert_eq!((&answer["response"]["patchType"], outcome), (&json!("JSONPatch"), Outcome::Rewritten));
    serde_json::from_slice(&BASE64_STANDARD.decode(patch).unwrap()).unwrap()
}

fn made(pod: &Value, images: &str) -> Value {
    let patch = patch_of(json!({"object": pod}), images);
    let patch: json_patch::Patch = serde_json::from_value(patch).unwrap();
    let mut pod = pod.clone();
    json_patch::patch(&mut pod, &patch).unwrap();
    pod
}

fn pod(metadata: Value, images: &[&str]) -> Value {
    let container = |(index, image): (usize, &&str)| json!({"name": format!("c{index}"), "image": image});
    let containers: Vec<_> = images.iter().enumerate().map(container).collect();
    let mut pod = json!({"spec": {"containers": containers}});
    pod["metadata"] = metadata;
    pod
}

#[test]
fn every_image_of_a_pod_is_rewritten_and_what_it_was_is_kept() {
    let metadata = json!({"labels": {"app": "web"}, "annotations": {"note": "mine"}});
    let mut own = pod(metadata, &["nginx", "quay.io/a/b"]);
    own["spec"]["initContainers"] =
        json!([{"name": "init", "image": "team/init:1", "restartPolicy": "Always"}]);
    own["spec"]["volumes"] = json!([
        {"name": "empty", "emptyDir": {}},
        {"name": "data", "image": {"reference": "team/data:1", "pullPolicy": "Always"}},
        {"name": "none", "image": null},
    ]);
    let mut expected = own.clone();
    expected["spec"]["containers"][0]["image"] = "p.io/library/nginx:latest".into();
    expected["spec"]["initContainers"][0]["image"] = "p.io/team/init:1".into();
    expected["spec"]["volumes"][1]["image"]["reference"] = "p.io/team/data:1".into();
    expected["metadata"]["labels"]["k8s-proxy-image-swapper"] = "patched-image".into();
    let notes = expected["metadata"]["annotations"].as_object_mut().unwrap();
    notes.insert("original-image.pullkeeper.io/c0".into(), "nginx".into());
    notes.insert("original-image.pullkeeper.io/init".into(), "team/init:1".into());
    notes.insert("original-volume.pullkeeper.io/data".into(), "team/data:1".into());
    assert_eq!(made(&own, HUB), expected);
}

#[test]
fn what_is_added_fits_what_is_there() {
    let (label, note) = ("k8s-proxy-image-swapper", "original-image.pullkeeper.io/c0");
    let add = |path: &str, value: Value| json!({"op": "add", "path": path, "value": value});
    let labels = add("/metadata/labels", json!({label: "patched-image"}));
    let one_label = add("/metadata/labels/k8s-proxy-image-swapper", json!("patched-image"));
    let notes = add("/metadata/annotations", json!({note: "nginx"}));
    let one_note = add("/metadata/annotations/original-image.pullkeeper.io~1c0", json!("nginx"));
    let table = [
        (json!({}), vec![&labels, &notes]),
        (json!({"labels": null, "annotations": null}), vec![&labels, &notes]),
        (json!({"labels": {}, "annotations": {}}), vec![&one_label, &one_note]),
        (json!({"labels": {"a": "b"}}), vec![&one_label, &notes]),
        (json!({"annotations": {"a": "b"}}), vec![&labels, &one_note]),
        // Who wrote it before is overruled, as by the policy.
        (json!({"labels": {label: "other"}, "annotations": {note: "other"}}), vec![&one_label, &one_note]),
        (json!({"labels": {label: "patched-image"}, "annotations": {note: "nginx"}}), vec![]),
    ];
    let image =
        json!({"op": "replace", "path": "/spec/containers/0/image", "value": "p.io/library/nginx:latest"});
    for (metadata, steps) in table {
        let steps: Vec<_> = steps.into_iter().chain([&image]).collect();
        let patch = patch_of(json!({"object": pod(metadata.clone(), &["nginx"])}), HUB);
        assert_eq!(patch, json!(steps), "{metadata}");
    }
}

#[test]
fn a_label_may_have_any_key_or_be_none() {
    let of = |label: &str| format!("{{rewrite: [{{from: docker.io, to: p.io}}], label: {label}}}");
    let own = pod(json!({"labels": {"app": "web"}}), &["nginx"]);
    assert_eq!(made(&own, &of("a.io/b=c"))["metadata"]["labels"], json!({"app": "web", "a.io/b": "c"}));
    assert_eq!(made(&own, &of("off"))["metadata"]["labels"], json!({"app": "web"}));
    assert_eq!(made(&pod(json!({}), &["nginx"]), &of("off"))["metadata"]["labels"], Value::Null);
}

#[test]
fn too_many_notes_are_none() {
    let many = vec!["nginx"; 101];
    let table = [
        (pod(json!({}), &many[..100]), true),
        (pod(json!({}), &many), false),
        (pod(json!({"annotations": {"a": "é".repeat(49_999)}}), &["nginx"]), true),
        (pod(json!({"annotations": {"a": "é".repeat(50_000)}}), &["nginx"]), false),
    ];
    for (own, noted) in table {
        let made = made(&own, HUB);
        assert_eq!(made["metadata"]["annotations"]["original-image.pullkeeper.io/c0"].is_string(), noted);
        assert_eq!(made["metadata"]["labels"]["k8s-proxy-image-swapper"], "patched-image");
        assert_eq!(made["spec"]["containers"][0]["image"], "p.io/library/nginx:latest");
    }
}

#[test]
fn what_is_not_chosen_is_not_touched() {
    let nginx = pod(json!({}), &["nginx"]);
    let mirror = pod(json!({"annotations": {"kubernetes.io/config.mirror": ""}}), &["nginx"]);
    let resource =
        |group: &str, resource: &str| json!({"group": group, "version": "v1", "resource": resource});
    let table = [
        json!({"object": pod(json!({}), &["quay.io/a", "p.io/b", "a b", ""])}),
        json!({"object": {"metadata": {}, "spec": {"containers": [{"name": "A", "image": "nginx"}]}}}),
        json!({"object": {"metadata": {}, "spec": {"containers": [{"image": "nginx"}, {"name": "a"}]}}}),
        json!({"object": {"metadata": {}, "spec": {"containers": null}}}),
        json!({"object": mirror}),
        json!({"object": nginx, "namespace": "other"}),
        json!({"object": nginx, "namespace": "team-x"}),
        json!({"object": nginx, "namespace": ""}),
        json!({"object": nginx, "namespace": "team-p"}),
        json!({"object": nginx, "operation": "UPDATE"}),
        json!({"object": null, "operation": "DELETE"}),
        json!({"object": nginx, "subResource": "binding"}),
        json!({"object": nginx, "resource": resource("apps", "pods")}),
        json!({"object": nginx, "resource": resource("", "services")}),
    ];
    let images = "{rewrite: [{from: docker.io, to: p.io}], exclude: [kube-system, team-p]}";
    for request in table {
        assert_eq!(patch_of(request.clone(), images), json!([]), "{request}");
    }
    let off = "{rewrite: [{from: docker.io, to: p.io}], admission: off}";
    // What is installed stays as it is.
    assert_ne!(patch_of(json!({"object": nginx}), off), json!([]));
    assert_ne!(patch_of(json!({"object": nginx, "namespace": "team-q"}), images), json!([]));
}

#[test]
fn of_ephemeral_containers_only_new_ones_are_rewritten() {
    let with = |names: &[&str]| {
        let all: Vec<_> = names.iter().map(|name| json!({"name": name, "image": "busybox:1"})).collect();
        let mut pod = pod(json!({}), &["nginx"]);
        pod["spec"]["ephemeralContainers"] = all.into();
        pod
    };
    let request = |old: Value, new: Value| {
        let operation = json!({"operation": "UPDATE", "subResource": "ephemeralcontainers"});
        let mut request = json!({"oldObject": old, "object": new});
        request.as_object_mut().unwrap().extend(operation.as_object().unwrap().clone());
        request
    };
    let change = |index: usize| {
        let path = format!("/spec/ephemeralContainers/{index}/image");
        json!({"op": "replace", "path": path, "value": "p.io/library/busybox:1"})
    };
    let table = [
        (pod(json!({}), &[]), with(&["a", "b"]), json!([change(0), change(1)])),
        (with(&["a"]), with(&["a", "b"]), json!([change(1)])),
        (with(&["a"]), with(&["a"]), json!([])),
        (with(&["a"]), with(&[]), json!([])),
    ];
    for (old, new, patch) in table {
        assert_eq!(patch_of(request(old, new.clone()), HUB), patch, "{new}");
    }
    let mut mirror = with(&["a"]);
    mirror["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "x"});
    assert_eq!(patch_of(request(with(&[]), mirror), HUB), json!([]));
}

#[test]
fn a_pod_that_cannot_be_read_is_allowed_and_the_reason_tells_nothing_of_it() {
    let nginx = pod(json!({}), &["nginx"]);
    let ephemeral = |old: Value| json!({"operation": "UPDATE", "subResource": "ephemeralcontainers", "object": nginx, "oldObject": old});
    let table = [
        json!({"object": null}),
        json!({"object": "sesame"}),
        json!({"object": {"spec": {}}}),
        json!({"object": {"metadata": {}}}),
        json!({"object": {"metadata": {}, "spec": {"containers": "sesame"}}}),
        json!({"object": {"metadata": {}, "spec": {"containers": [{"name": "a", "image": {"sesame": 1}}]}}}),
        json!({"object": {"metadata": {"annotations": {"sesame": ["sesame"]}}, "spec": {}}}),
        ephemeral(Value::Null),
        ephemeral(json!("sesame")),
    ];
    for request in table {
        let (answer, outcome) = answered(&asked(request.clone()), HUB);
        assert_eq!(answer["response"], json!({"uid": "u-1", "allowed": true}), "{request}");
        let Outcome::Failed(why) = outcome else { panic!("{outcome:?} of {request}") };
        assert!(why.contains("column") && !why.contains("sesame"), "{why}");
    }
}

#[test]
fn what_is_no_review_has_no_answer() {
    let good = asked(json!({"object": pod(json!({}), &["nginx"])}));
    let without = |key: &str| {
        let mut other = good.clone();
        other["request"].as_object_mut().unwrap().remove(key);
        other.to_string()
    };
    let with = |key: &str, value: &str| {
        let mut other = good.clone();
        other[key] = value.into();
        other.to_string()
    };
    let text = good.to_string();
    let deep = format!("{{\"request\": {}", "[".repeat(100_000));
    let table = [
        ("", "it ends too early"),
        ("sesame", "no JSON"),
        ("[]", "another form"),
        ("{}", "another form"),
        (&*deep, ""),
        (&text[..text.len() / 2], "it ends too early"),
        (&*format!("{text}sesame"), "no JSON"),
        (&*without("uid"), "another form"),
        (&*without("operation"), "another form"),
        (&*without("resource"), "another form"),
        (&*with("request", "sesame"), "another form"),
        (&*with("kind", "Sesame"), "no AdmissionReview of admission.k8s.io/v1"),
        (&*with("apiVersion", "admission.k8s.io/v1beta1"), "no AdmissionReview of admission.k8s.io/v1"),
    ];
    for (request, words) in table {
        let why = review(request.as_bytes(), &config(HUB)).unwrap_err().to_string();
        let shown: String = request.chars().take(100).collect();
        assert!(why.contains(words) && !why.contains("sesame"), "{why} of {shown}");
    }
    assert!(review(b"\xff\xfe", &config(HUB)).is_err());
}

#[test]
fn what_is_nested_deeply_does_no_harm() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let request = asked(json!({"object": pod(json!({}), &["nginx"])})).to_string();
    for (key, rewritten) in [("\"spec\":{", true), ("\"request\":{", true), ("\"image\":\"nginx\",", false)] {
        let with = if rewritten { format!("{key}\"x\":{deep},") } else { format!("\"image\":{deep},") };
        let outcome = review(request.replacen(key, &with, 1).as_bytes(), &config(HUB)).unwrap().outcome;
        assert_eq!(outcome == Outcome::Rewritten, rewritten, "{key} {outcome:?}");
    }
}

#[test]
fn escapes_are_read_and_an_odd_uid_comes_back() {
    let text = r#"{"apiVersion":"admission.k8s.io\/v1","kind":"Admission\u0052eview","request":{
        "uid":"a\"\u00e9\n","resource":{"group":"","resource":"po\u0064s"},"namespace":"te\u0061m-a",
        "operation":"CREATE","object":{"metadata":{},"spec":{
        "containers":[{"name":"\u0061","image":"n\u0067inx"}]}}}}"#;
    let reviewed = review(text.as_bytes(), &config(HUB)).unwrap();
    let answer: Value = serde_json::from_slice(&reviewed.answer).unwrap();
    assert_eq!((reviewed.outcome, &answer["response"]["uid"]), (Outcome::Rewritten, &json!("a\"é\n")));
}

#[test]
fn a_pod_gets_our_pull_secret_before_its_service_account_names_it() {
    let images = "{injectPullSecret: true, rewrite: [{from: docker.io, to: p.io/hub}]}\n\
        registries:\n- {host: p.io/hub, username: u, password: p}\n\
        - {host: '*.corp.io:5000', username: u, password: p, secretName: corp}\n\
        - {host: x.io, username: u, password: p, secretName: x, namespaces: [team-z]}";
    let table: [(&[&str], Value); 4] = [
        (&["nginx"], json!([{"name": "pullkeeper"}])),
        (&["a.corp.io:5000/x", "p.io/hub/a"], json!([{"name": "pullkeeper"}, {"name": "corp"}])),
        (&["p.io/other/a", "corp.io:5000/x", "x.io/a"], Value::Null),
        (&["no image"], Value::Null),
    ];
    for (list, expected) in table {
        assert_eq!(made(&pod(json!({}), list), images)["spec"]["imagePullSecrets"], expected, "{list:?}");
    }
    let mut own = pod(json!({}), &["nginx", "a.corp.io:5000/x"]);
    own["spec"]["imagePullSecrets"] = json!([{"name": "theirs"}, {"name": "corp"}]);
    let expected = json!([{"name": "theirs"}, {"name": "corp"}, {"name": "pullkeeper"}]);
    assert_eq!(made(&own, images)["spec"]["imagePullSecrets"], expected);
}

#[test]
fn the_choice_of_service_accounts_holds_for_pull_secrets() {
    let images = |accounts: &str| {
        format!(
            "{{injectPullSecret: true}}\nserviceAccounts: {accounts}\nregistries: [{{host: p.io, username: u, password: p}}]"
        )
    };
    for (accounts, own, given) in [
        ("all", "a", true),
        ("none", "a", true),
        ("default", "a", false),
        ("default", "default", true),
        ("[b*]", "a", false),
        ("[b*]", "bc", true),
    ] {
        let mut pod = pod(json!({}), &["p.io/a"]);
        pod["spec"]["serviceAccountName"] = own.into();
        let made = made(&pod, &images(accounts));
        assert_eq!(made["spec"]["imagePullSecrets"].is_array(), given, "{accounts} {own}");
    }
}

/// Of three bytes each it would take many times the memory.
#[test]
fn a_list_that_no_pod_has_is_not_read() {
    let own = json!({"metadata": {}, "spec": {"containers": vec![json!({}); 2001]}});
    let (answer, outcome) = answered(&asked(json!({"object": own})), HUB);
    assert!(matches!(outcome, Outcome::Failed(_)) && answer["response"]["allowed"] == true);
}
