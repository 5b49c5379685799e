//! What pod creations take on a real API server: with no admission, with the policy, and with the webhook.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use k8s_openapi::api::core::v1::Pod;
use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, PostParams};
use pullkeeper::admission::Policy;
use pullkeeper::config::{Inputs, load};
use serde_json::{Value, json};

use crate::pods;
use crate::program::{CONFIG, Program};
use crate::testbed::ControlPlane;
use crate::testbed::fixtures::namespace;

const CLIENTS: usize = 8;
const EACH: usize = 100;

/// The ways, with the sorted times of creations that are rehearsed.
pub(crate) async fn measure(program: &Program) -> Vec<(&'static str, Vec<Duration>)> {
    let plane = ControlPlane::start().unwrap_or_else(|error| panic!("{error:#}"));
    let admin = plane.admin();
    let ways =
        [("no admission", "bench-none"), ("the policy", "team-policy"), ("the webhook", "bench-webhook")];
    for (_, name) in ways {
        namespace(name).create(&admin).await;
    }
    make_policy(&admin).await;
    make_webhook(&admin, program).await;
    for (_, name) in &ways[1..] {
        while create(&admin, name).await.1 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    let mut all = Vec::new();
    for (what, name) in ways {
        let clients = (0..CLIENTS).map(|_| async {
            let mut times = Vec::new();
            for _ in 0..EACH {
                times.push(create(&admin, name).await.0);
            }
            times
        });
        let mut times = futures::future::join_all(clients).await.concat();
        times.sort();
        all.push((what, times));
    }
    plane.stop();
    all
}

/// How long it takes, and whether the pod has its own images still.
async fn create(admin: &Client, namespace: &str) -> (Duration, bool) {
    let mut pod = pods::pod(3, 20);
    let metadata = json!({"generateName": "web-", "labels": {"app": "web"}});
    pod["metadata"] = metadata;
    let pod: Pod = serde_json::from_value(pod).expect("a pod");
    let params = PostParams { dry_run: true, field_manager: None };
    let begun = Instant::now();
    let made =
        Api::<Pod>::namespaced(admin.clone(), namespace).create(&params, &pod).await.expect("it is made");
    let took = begun.elapsed();
    let image = made.spec.and_then(|spec| spec.containers.into_iter().next()?.image).unwrap_or_default();
    (took, image.starts_with("nginx"))
}

async fn make_policy(admin: &Client) {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), CONFIG).expect("it is written");
    let env = [("REGISTRY_PASSWORD".to_owned(), "x".to_owned())].into();
    let loaded = load(&Inputs { file: Some(file.path().to_owned()), env, ..Inputs::default() });
    let policy = Policy::of(&loaded.expect("a configuration").config).expect("a policy");
    for (plural, object) in
        [("mutatingadmissionpolicies", policy.policy), ("mutatingadmissionpolicybindings", policy.binding)]
    {
        make(admin, plural, object).await;
    }
}

async fn make_webhook(admin: &Client, program: &Program) {
    let url = format!("https://localhost:{}/mutate", program.client.address().port());
    let webhook = json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": "bench"},
        "webhooks": [{
            "name": "images.pullkeeper.io",
            "admissionReviewVersions": ["v1"],
            "clientConfig": {"url": url, "caBundle": BASE64_STANDARD.encode(&program.certificate)},
            "failurePolicy": "Fail",
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "bench-webhook"}},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
            "sideEffects": "None",
        }],
    });
    make(admin, "mutatingwebhookconfigurations", webhook).await;
}

async fn make(admin: &Client, plural: &str, object: Value) {
    let kind = object["kind"].as_str().unwrap_or_default();
    let kind = GroupVersionKind::gvk("admissionregistration.k8s.io", "v1", kind);
    let api =
        Api::<DynamicObject>::all_with(admin.clone(), &ApiResource::from_gvk_with_plural(&kind, plural));
    let object = serde_json::from_value(object).expect("an object");
    api.create(&PostParams::default(), &object).await.expect("it is made");
}
