//! A real API server that calls the webhook, as a cluster's does but by a URL.

use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use k8s_openapi::api::core::v1::Pod;
use kube::Client;
use kube::api::{Api, Patch, PatchParams, PostParams};
use rustls::pki_types::CertificateDer;
use serde_json::{Value, json};

use crate::process::{HUB, Webhook, pod};
use crate::testbed::ControlPlane;
use crate::testbed::fixtures::namespace;

fn pem(certificate: &CertificateDer<'_>) -> String {
    use base64::Engine;
    let text = base64::prelude::BASE64_STANDARD.encode(certificate);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

/// Has the API server call it for the pods of one namespace.
async fn register(admin: &Client, webhook: &Webhook, namespace: &str, policy: &str) {
    use base64::Engine;
    let authority = base64::prelude::BASE64_STANDARD.encode(pem(&webhook.authority.certificate));
    let url = format!("https://localhost:{}/mutate", webhook.client.address().port());
    let rule = |operation: &str, resource: &str| json!({"apiGroups": [""], "apiVersions": ["v1"], "operations": [operation], "resources": [resource]});
    let configuration = json!({
        "metadata": {"name": namespace},
        "webhooks": [{
            "name": "images.pullkeeper.io",
            "admissionReviewVersions": ["v1"],
            "clientConfig": {"url": url, "caBundle": authority},
            "failurePolicy": policy,
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "reinvocationPolicy": "IfNeeded",
            "rules": [rule("CREATE", "pods"), rule("UPDATE", "pods/ephemeralcontainers")],
            "sideEffects": "None",
            "timeoutSeconds": 3,
        }],
    });
    let all = Api::<MutatingWebhookConfiguration>::all(admin.clone());
    all.create(&PostParams::default(), &serde_json::from_value(configuration).unwrap()).await.unwrap();
}

async fn made(admin: &Client, namespace: &str, pod: &Value) -> Value {
    let pods = Api::<Pod>::namespaced(admin.clone(), namespace);
    let pod = serde_json::from_value(pod.clone()).unwrap();
    serde_json::to_value(pods.create(&PostParams::default(), &pod).await.unwrap()).unwrap()
}

/// Webhooks take a moment to hold.
async fn holds(admin: &Client, namespace: &str) {
    for _ in 0..200 {
        if made(admin, namespace, &pod(&["nginx"])).await["spec"]["containers"][0]["image"] != "nginx" {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the webhook never holds");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_api_server_makes_of_the_answers_is_a_pod_that_is_rewritten() {
    let (admin, name) = (ControlPlane::shared().admin(), "team-called");
    namespace(name).create(&admin).await;
    let webhook = Webhook::start(HUB);
    register(&admin, &webhook, name, "Fail").await;
    holds(&admin, name).await;
    let mut own = pod(&["nginx", "quay.io/a/b"]);
    own["spec"]["initContainers"] = json!([{"name": "init", "image": "team/init:1"}]);
    own["spec"]["volumes"] = json!([{"name": "data", "image": {"reference": "team/data:1"}}]);
    let made = made(&admin, name, &own).await;
    let spec = &made["spec"];
    assert_eq!(spec["containers"][0]["image"], "proxy.example.com/library/nginx:latest");
    assert_eq!(spec["containers"][1]["image"], "quay.io/a/b");
    assert_eq!(spec["initContainers"][0]["image"], "proxy.example.com/team/init:1");
    assert_eq!(spec["volumes"][0]["image"]["reference"], "proxy.example.com/team/data:1");
    assert_eq!(made["metadata"]["labels"], json!({"k8s-proxy-image-swapper": "patched-image"}));
    let annotations = json!({
        "original-image.pullkeeper.io/c0": "nginx",
        "original-image.pullkeeper.io/init": "team/init:1",
        "original-volume.pullkeeper.io/data": "team/data:1",
    });
    assert_eq!(made["metadata"]["annotations"], annotations);

    let pods = Api::<Pod>::namespaced(admin.clone(), name);
    let more =
        Patch::Strategic(json!({"spec": {"ephemeralContainers": [{"name": "e", "image": "busybox:1"}]}}));
    let own = made["metadata"]["name"].as_str().unwrap();
    let changed = pods.patch_subresource("ephemeralcontainers", own, &PatchParams::default(), &more).await;
    let changed = serde_json::to_value(changed.unwrap()).unwrap();
    let image = "proxy.example.com/library/busybox:1";
    assert_eq!(changed["spec"]["ephemeralContainers"][0]["image"], image);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_process_pods_are_made_as_they_are() {
    let (admin, name) = (ControlPlane::shared().admin(), "team-killed");
    namespace(name).create(&admin).await;
    let webhook = Webhook::start(HUB);
    register(&admin, &webhook, name, "Ignore").await;
    holds(&admin, name).await;
    drop(webhook);
    assert_eq!(made(&admin, name, &pod(&["nginx"])).await["spec"]["containers"][0]["image"], "nginx");
}

/// The API server keeps its connections, which keep their certificate; each admission must be served.
#[tokio::test(flavor = "multi_thread")]
async fn no_admission_fails_while_the_certificate_changes() {
    let (admin, name) = (ControlPlane::shared().admin(), "team-stream");
    namespace(name).create(&admin).await;
    let mut webhook = Webhook::start(HUB);
    register(&admin, &webhook, name, "Fail").await;
    holds(&admin, name).await;
    for year in [2041, 2042] {
        webhook.put(&webhook.authority.issue(year));
        for _ in 0..30 {
            let made = made(&admin, name, &pod(&["nginx"])).await;
            assert_ne!(made["spec"]["containers"][0]["image"], "nginx");
        }
        webhook.says("the certificate was read anew");
    }
}
