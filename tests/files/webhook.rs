//! `manifests/webhook`: a real API server takes it, its parts go with one another and with the configuration's own
//! defaults, and its roles are what a pass needs to keep the webhook, no more.

use std::path::Path;

use http::{Method, StatusCode};
use kube::Client;
use pullkeeper::config::Webhook;
use serde_json::{Value, json};

use crate::api::{apply, documents, honoured, send, send_as};
use crate::manifests::shipped_config;
use crate::testbed::ControlPlane;
use crate::testbed::fixtures::namespace;
use crate::testbed::users::token;
use crate::{file, read, run};

const CONFIGURATION: &str =
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/pullkeeper-images";
const SECRET: &str = "/api/v1/namespaces/pullkeeper/secrets/pullkeeper-webhook";
const IMAGES: &str =
    "images: {rewrite: [{from: docker.io, to: proxy.example.com}], admission: webhook}\nverify: false\n";

fn deployment() -> Value {
    documents(&file("manifests/webhook/deployment.yaml")).remove(0).value
}

#[test]
fn it_is_where_the_configuration_looks_for_it() {
    let usual = Webhook::default();
    let service = documents(&file("manifests/webhook/service.yaml")).remove(0).value;
    assert_eq!(service["metadata"]["name"], usual.service);
    assert_eq!(service["metadata"]["namespace"], usual.namespace);
    let deployment = deployment();
    let template = &deployment["spec"]["template"];
    assert_eq!(service["spec"]["selector"], template["metadata"]["labels"]);
    // By this label its own pods are left out.
    assert_eq!(template["metadata"]["labels"]["app.kubernetes.io/name"], "pullkeeper");
    let (container, volumes) = (&template["spec"]["containers"][0], &template["spec"]["volumes"]);
    assert_eq!(service["spec"]["ports"][0]["targetPort"], container["ports"][0]["name"]);
    assert_eq!(volumes[1]["secret"]["secretName"], usual.secret);
    assert_eq!(
        container["args"],
        json!(["webhook", "--cert-dir", container["volumeMounts"][1]["mountPath"]])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_accepted_beside_the_base_and_its_roles_suffice() {
    let plane = ControlPlane::start().unwrap();
    let admin = plane.admin();
    namespace("team-a").create(&admin).await;
    apply(&admin, &file("manifests/base")).await;
    apply(&admin, &file("manifests/webhook")).await;

    let (_place, config) = shipped_config(&file("manifests/base"));
    std::fs::write(&config, read(&config) + IMAGES).unwrap();
    run_well(&plane, "images install", &config, plane.admin_token()).await;
    let token = token(&admin, "pullkeeper", "pullkeeper").await;
    let user = plane.client_with_token(&token);
    honoured(&user, SECRET).await;
    honoured(&user, CONFIGURATION).await;

    spoil(&admin).await;
    let said = run_well(&plane, "--once", &config, &token).await;
    for line in [
        "MutatingWebhookConfiguration pullkeeper-images: differs",
        "Secret pullkeeper/pullkeeper-webhook: its certificate",
    ] {
        assert!(said.contains(line), "{said}");
    }
    assert_trusted(&admin).await;

    for (method, path, why) in [
        (Method::DELETE, CONFIGURATION, "its end"),
        (Method::GET, &CONFIGURATION.replace("pullkeeper-images", "other"), "another webhook"),
        (Method::GET, &CONFIGURATION.replace("/pullkeeper-images", ""), "all webhooks"),
        (Method::GET, "/api/v1/namespaces/pullkeeper/secrets/pullkeeper-registry", "another Secret"),
        (Method::GET, "/api/v1/namespaces/team-a/secrets/pullkeeper-webhook", "another namespace's"),
    ] {
        let (status, answer) = send(&user, method, path, "").await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{why}: {answer}");
    }
}

/// Neither is any more as it should be.
async fn spoil(admin: &Client) {
    for (path, patch) in [
        (CONFIGURATION, json!([{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Fail"}])),
        (SECRET, json!([{"op": "replace", "path": "/data/tls.key", "value": "bm9uZQ=="}])),
    ] {
        let kind = "application/json-patch+json";
        let (status, answer) = send_as(admin, Method::PATCH, path, kind, &patch.to_string()).await;
        assert_eq!(status, StatusCode::OK, "{}", answer["message"]);
    }
}

async fn assert_trusted(admin: &Client) {
    let (_, configuration) = send(admin, Method::GET, CONFIGURATION, "").await;
    let (_, secret) = send(admin, Method::GET, SECRET, "").await;
    let hook = &configuration["webhooks"][0];
    assert_eq!(hook["failurePolicy"], "Ignore");
    assert_eq!(hook["clientConfig"]["caBundle"], secret["data"]["ca.crt"]);
}

/// Runs the program as that user, which ends well; what it said.
async fn run_well(plane: &ControlPlane, how: &'static str, config: &Path, token: &str) -> String {
    let (config, kubeconfig) = (config.to_owned(), plane.kubeconfig(token));
    let output = tokio::task::spawn_blocking(move || run(how, &config, &kubeconfig)).await.unwrap();
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
    assert_eq!(output.status.code(), Some(0), "{how}: {said}");
    said
}
