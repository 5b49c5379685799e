//! A policy that is installed, and pods that are made where it holds.

use std::time::{Duration, Instant};

use k8s_openapi::api::rbac::v1::PolicyRule;
use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, PostParams};
use pullkeeper::config::Config;
use serde_json::{Value, json};

use crate::program::{ConfigFile, Ran, pullkeeper};
use crate::setup::{Place, parse, shipped_rules};
use crate::testbed::ControlPlane;
use crate::testbed::users::{Role, Scope};

const PATIENCE: Duration = Duration::from_secs(40);

/// The rules of `manifests/images`, for another instance than the default one.
fn rules(instance: &str) -> Vec<PolicyRule> {
    let text = include_str!("../../manifests/images/policy.yaml");
    let text = text.replace("[pullkeeper-images]", &format!("[pullkeeper-images-{instance}]"));
    let role: Value = serde_saphyr::from_str(text.split("\n---").next().unwrap()).expect("YAML");
    let images: Vec<PolicyRule> = serde_json::from_value(role["rules"].clone()).expect("a ClusterRole");
    shipped_rules().into_iter().chain(images).collect()
}

/// The place of a test whose user may do what is shipped. Its instance is its prefix, for policies are the cluster's.
pub(crate) async fn place(prefix: &'static str) -> Place {
    Place::with(ControlPlane::shared(), prefix, Role::Rules(rules(prefix)), Scope::Cluster).await
}

/// A configuration for the namespaces of a test.
pub(crate) fn settings(place: &Place, images: &str) -> String {
    let prefix = place.prefix;
    format!("namespaces: [\"{prefix}-*\"]\ninstance: {prefix}\nimages: {images}\n")
}

pub(crate) fn config(place: &Place, images: &str) -> Config {
    parse(&settings(place, images))
}

/// The program, as the cluster's administrator.
pub(crate) fn run(settings: &str, words: &[&str]) -> Ran {
    let file = ConfigFile::new(settings);
    let mut command = pullkeeper();
    let plane = ControlPlane::shared();
    command.args(words).arg("--config").arg(file.path()).arg("--kubeconfig");
    command.arg(plane.kubeconfig(plane.admin_token()));
    crate::program::run(command)
}

/// Installs the policy, and waits until it holds in a namespace. The error of a run is the test's.
pub(crate) async fn install(place: &Place, images: &str, namespace: &str, probe: &str) {
    let ran = run(&settings(place, images), &["images", "install"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    holds(place, namespace, probe).await;
}

/// Waits until an image is rewritten there.
pub(crate) async fn holds(place: &Place, namespace: &str, image: &str) {
    let began = Instant::now();
    while made(&place.admin, namespace, &pod(&[image])).await["spec"]["containers"][0]["image"] == image {
        assert!(began.elapsed() < PATIENCE, "the policy never holds");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A pod with these images, and neither labels nor annotations.
pub(crate) fn pod(images: &[&str]) -> Value {
    let container = |(index, image): (usize, &&str)| json!({"name": format!("c{index}"), "image": image});
    let containers: Vec<_> = images.iter().enumerate().map(container).collect();
    json!({"metadata": {"generateName": "pod-"}, "spec": {"containers": containers}})
}

/// What the API server would make of a pod; none is made.
pub(crate) async fn made(admin: &Client, namespace: &str, pod: &Value) -> Value {
    create(admin, namespace, pod, true).await
}

pub(crate) async fn create(admin: &Client, namespace: &str, pod: &Value, dry_run: bool) -> Value {
    let mut pod: Value = pod.clone();
    pod["apiVersion"] = "v1".into();
    pod["kind"] = "Pod".into();
    let pod: DynamicObject = serde_json::from_value(pod).unwrap();
    let api = Api::<DynamicObject>::namespaced_with(
        admin.clone(),
        namespace,
        &ApiResource::erase::<k8s_openapi::api::core::v1::Pod>(&()),
    );
    let made = api.create(&PostParams { dry_run, field_manager: None }, &pod).await;
    serde_json::to_value(made.unwrap_or_else(|error| panic!("{error}"))).unwrap()
}

/// The images of a list of a pod's containers.
pub(crate) fn images(pod: &Value, list: &str) -> Vec<String> {
    let containers = pod["spec"][list].as_array().into_iter().flatten();
    containers.map(|own| own["image"].as_str().unwrap_or_default().to_owned()).collect()
}
