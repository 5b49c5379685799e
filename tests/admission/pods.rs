//! Pods that are made where the policy holds.

use kube::api::{Api, Patch, PatchParams};
use serde_json::{Value, json};

use crate::installed::{create, images, install, made, place, pod, run, settings};
use crate::setup::Place;
use crate::testbed::fixtures::namespace;

const HUB: &str = "{rewrite: [{from: docker.io, to: proxy.example.com}]}";

async fn with(prefix: &'static str, images: &str) -> (Place, String) {
    let place = place(prefix).await;
    let name = place.namespace("one").await;
    install(&place, images, &name, "nginx").await;
    (place, name)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_image_of_a_pod_is_rewritten_and_what_it_was_is_kept() {
    let (place, name) = with("every", HUB).await;
    let mut own = pod(&["nginx", "quay.io/a/b"]);
    own["spec"]["initContainers"] = json!([
        {"name": "init", "image": "team/init:1"},
        {"name": "sidecar", "image": "docker.io/team/sidecar", "restartPolicy": "Always"},
    ]);
    own["spec"]["volumes"] = json!([
        {"name": "data", "image": {"reference": "team/data:1", "pullPolicy": "Always"}},
        {"name": "empty", "emptyDir": {}},
    ]);
    own["metadata"]["labels"] = json!({"app": "web"});
    own["metadata"]["annotations"] = json!({"note": "mine"});
    let made = made(&place.admin, &name, &own).await;
    assert_eq!(images(&made, "containers"), ["proxy.example.com/library/nginx:latest", "quay.io/a/b"]);
    let init = ["proxy.example.com/team/init:1", "proxy.example.com/team/sidecar:latest"];
    assert_eq!(images(&made, "initContainers"), init);
    let volume = json!({"reference": "proxy.example.com/team/data:1", "pullPolicy": "Always"});
    assert_eq!(made["spec"]["volumes"][0]["image"], volume);
    let labels = json!({"app": "web", "k8s-proxy-image-swapper": "patched-image"});
    assert_eq!(made["metadata"]["labels"], labels);
    let annotations = json!({
        "note": "mine",
        "original-image.pullkeeper.io/c0": "nginx",
        "original-image.pullkeeper.io/init": "team/init:1",
        "original-image.pullkeeper.io/sidecar": "docker.io/team/sidecar",
        "original-volume.pullkeeper.io/data": "team/data:1",
    });
    assert_eq!(made["metadata"]["annotations"], annotations);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_of_other_images_is_not_touched() {
    let (place, name) = with("other", HUB).await;
    let made = made(&place.admin, &name, &pod(&["quay.io/a/b:1", "proxy.example.com/a/b:1", "a b"])).await;
    assert_eq!(images(&made, "containers"), ["quay.io/a/b:1", "proxy.example.com/a/b:1", "a b"]);
    assert_eq!((&made["metadata"]["labels"], &made["metadata"]["annotations"]), (&Value::Null, &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_new_ephemeral_containers_are_rewritten() {
    let (place, name) = with("ephemeral", HUB).await;
    let ran = run(&settings(&place, HUB), &["images", "remove"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    // One that was there before the policy.
    let mut old = "nginx".to_owned();
    let mut pod_name = String::new();
    for _ in 0..100 {
        let made = create(&place.admin, &name, &pod(&["nginx"]), false).await;
        old = images(&made, "containers").remove(0);
        pod_name = made["metadata"]["name"].as_str().unwrap().to_owned();
        if old == "nginx" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(old, "nginx", "the policy is gone");
    let add = async |names: &[&str]| -> Value {
        let all: Vec<_> = names.iter().map(|own| json!({"name": own, "image": "busybox:1"})).collect();
        let patch = Patch::Strategic(json!({"spec": {"ephemeralContainers": all}}));
        let pods = Api::<k8s_openapi::api::core::v1::Pod>::namespaced(place.admin.clone(), &name);
        let params = PatchParams::default();
        let patched = pods.patch_subresource("ephemeralcontainers", &pod_name, &params, &patch).await;
        serde_json::to_value(patched.unwrap()).unwrap()
    };
    add(&["first"]).await;
    install(&place, HUB, &name, "nginx").await;
    let patched = add(&["first", "second"]).await;
    assert_eq!(images(&patched, "ephemeralContainers"), ["busybox:1", "proxy.example.com/library/busybox:1"]);
    assert_eq!(images(&patched, "containers"), ["nginx"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_gets_our_pull_secret_before_its_service_account_names_it() {
    let images = "{injectPullSecret: true, rewrite: [{from: docker.io, to: proxy.example.com/hub}]}\nverify: false\n\
        registries:\n- {host: proxy.example.com/hub, username: u, password: p}\n\
        - {host: '*.corp.example.com:5000', username: u, password: p, secretName: corp}\n\
        - {host: team.example.com, username: u, password: p, secretName: team, namespaces: ['injected-a*']}";
    let (place, name) = with("injected", images).await;
    let other = place.namespace("a").await;
    let secrets = async |namespace: &str, own: &Value| {
        let made = made(&place.admin, namespace, own).await;
        let list = made["spec"]["imagePullSecrets"].as_array().cloned().unwrap_or_default();
        list.iter().map(|own| own["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let table: [(&[&str], &[&str]); 6] = [
        (&["nginx"], &["pullkeeper"]),
        (&["proxy.example.com/hub/a:1"], &["pullkeeper"]),
        (&["proxy.example.com/other/a:1"], &[]),
        (&["a.corp.example.com:5000/x"], &["corp"]),
        (&["a.b.corp.example.com:5000/x", "corp.example.com:5000/x"], &[]),
        (&["team.example.com/x"], &[]),
    ];
    for (images, expected) in table {
        assert_eq!(secrets(&name, &pod(images)).await, expected, "{images:?}");
    }
    assert_eq!(secrets(&other, &pod(&["team.example.com/x"])).await, ["team"]);
    let mut own = pod(&["nginx", "a.corp.example.com:5000/x"]);
    own["spec"]["imagePullSecrets"] = json!([{"name": "theirs"}, {"name": "corp"}]);
    assert_eq!(secrets(&name, &own).await, ["theirs", "corp", "pullkeeper"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pull_secrets_need_no_rules() {
    let images = "{injectPullSecret: true}\nverify: false\nregistries: [{host: harbor.example.com, username: u, password: p}]";
    let place = place("ruleless").await;
    let name = place.namespace("one").await;
    let ran = run(&settings(&place, images), &["images", "install"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let own = pod(&["harbor.example.com/app"]);
    for _ in 0..100 {
        let made = made(&place.admin, &name, &own).await;
        if made["spec"]["imagePullSecrets"] == json!([{"name": "pullkeeper"}]) {
            assert_eq!(made["metadata"]["labels"], Value::Null);
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("it never holds");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_of_a_thousand_containers_is_rewritten() {
    let (place, name) = with("thousand", HUB).await;
    let digest = "a".repeat(64);
    let long: Vec<_> = (0..1000)
        .map(|number| {
            format!("docker.io/team/an-image-with-a-rather-long-name/part-{number}:v1.2.3@sha256:{digest}")
        })
        .collect();
    let made = made(&place.admin, &name, &pod(&long.iter().map(String::as_str).collect::<Vec<_>>())).await;
    assert!(images(&made, "containers").iter().all(|image| image.starts_with("proxy.example.com/team/")));
    // So many notes might be more than a pod may have.
    assert_eq!(made["metadata"]["annotations"], Value::Null);
}

/// The API server counts bytes, and refuses a pod that has too many of them.
#[tokio::test(flavor = "multi_thread")]
async fn a_pod_with_very_many_annotations_is_made_without_notes() {
    let (place, name) = with("annotated", HUB).await;
    let mut own = pod(&["nginx"]);
    own["metadata"]["annotations"] = json!({"note": "\u{1f433}".repeat(65_000)});
    let made = made(&place.admin, &name, &own).await;
    assert_eq!(images(&made, "containers"), ["proxy.example.com/library/nginx:latest"]);
    assert_eq!(made["metadata"]["annotations"].as_object().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_namespace_is_paused_for_the_policy_too() {
    let (place, _) = with("paused", HUB).await;
    namespace("paused-two").annotation("pullkeeper.io/pause", "true").create(&place.admin).await;
    let made = made(&place.admin, "paused-two", &pod(&["nginx"])).await;
    assert_eq!(images(&made, "containers"), ["nginx"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_it_does_not_hold_pods_are_made_as_they_are() {
    let images_of = "{rewrite: [{from: docker.io, to: proxy.example.com}], exclude: [kube-system, holds-not-proxy], \
                     namespaceSelector: \"!original\", podSelector: \"images!=original\", label: \"a.io/b=c\"}";
    let (place, name) = with("holds-not", images_of).await;
    let (proxy, elsewhere) = (place.namespace("proxy").await, "elsewhere-holds-not");
    namespace(elsewhere).create(&place.admin).await;
    namespace("holds-not-labelled").label("original", "yes").create(&place.admin).await;
    for other in [&proxy, elsewhere, "holds-not-labelled", "kube-system"] {
        let mut own = pod(&["nginx"]);
        own["spec"]["automountServiceAccountToken"] = false.into();
        own["spec"]["serviceAccountName"] = "default".into();
        crate::testbed::fixtures::service_account(&place.admin, "kube-system", "default", &[]).await;
        let made = made(&place.admin, other, &own).await;
        assert_eq!(images(&made, "containers"), ["nginx"], "{other}");
    }
    let mut labelled = pod(&["nginx"]);
    labelled["metadata"]["labels"] = json!({"images": "original"});
    assert_eq!(images(&made(&place.admin, &name, &labelled).await, "containers"), ["nginx"]);
    let made = made(&place.admin, &name, &pod(&["nginx"])).await;
    assert_eq!(made["metadata"]["labels"], json!({"a.io/b": "c"}));
}
