//! `README.md` shows nothing that doesn't work: its configurations load, and its patch is one that a real API
//! server takes.

use http::{Method, StatusCode};
use serde_json::Value;

use crate::manifests::{apply, send_as};
use crate::testbed::ControlPlane;
use crate::{file, load_text, read};

/// The fenced blocks in YAML.
fn blocks() -> Vec<String> {
    let text = read(&file("README.md"));
    let fenced = text.split("```yaml\n").skip(1);
    let blocks: Vec<_> = fenced.map(|rest| rest.split("```").next().unwrap().to_owned()).collect();
    assert!(blocks.len() >= 3, "{blocks:?}");
    blocks
}

#[test]
fn its_configurations_load() {
    // A password's file is read as a check; here there is none.
    let there = file("LICENSE");
    let blocks = blocks();
    let configurations: Vec<_> = blocks.iter().filter(|block| block.contains("registries:")).collect();
    assert!(configurations.len() >= 2);
    for block in configurations {
        let text = block.replace("/etc/pullkeeper/registry/password", there.to_str().unwrap());
        load_text(&text).unwrap_or_else(|error| panic!("{error}\n{block}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn its_patch_of_the_cronjob_is_taken() {
    let plane = ControlPlane::start().unwrap();
    let admin = plane.admin();
    apply(&admin, &file("manifests/base")).await;
    let blocks = blocks();
    let patch = blocks.iter().find(|block| block.contains("patch cronjob")).unwrap();
    let cronjob = "/apis/batch/v1/namespaces/pullkeeper/cronjobs/pullkeeper?fieldValidation=Strict";
    let parsed: Value = serde_saphyr::from_str(patch).unwrap();
    let body = parsed.to_string();
    let (status, made) =
        send_as(&admin, Method::PATCH, cronjob, "application/strategic-merge-patch+json", &body).await;
    assert_eq!(status, StatusCode::OK, "{made}");
    let pod = &made["spec"]["jobTemplate"]["spec"]["template"]["spec"];
    let mounts = pod["containers"][0]["volumeMounts"].as_array().unwrap().len();
    assert_eq!((mounts, pod["volumes"].as_array().unwrap().len()), (2, 2), "{pod}");
    assert_eq!(pod["initContainers"][0]["name"], "plugin");
}
