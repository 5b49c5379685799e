//! The shipped roles say which of their rules heal pods. Without those, a pass that heals none works, and asks
//! for nothing of theirs.

use std::path::Path;

use k8s_openapi::api::core::v1::Pod;
use kube::Client;
use kube::api::Api;
use serde_json::json;

use crate::api::{Document, create, documents, honoured, parse};
use crate::manifests::shipped_config;
use crate::testbed::ControlPlane;
use crate::testbed::fixtures::namespace;
use crate::testbed::pods::pod;
use crate::testbed::users::token;
use crate::{file, run};

/// Above this comment is what a pass needs without healing.
const FROM_HERE: &str = "  # All from here on heals pods: take it out with pods.heal: off.\n";

/// The role as a user leaves it who follows that comment.
fn cut(role: &Document) -> Document {
    let (kept, gone) = role.text.split_once(FROM_HERE).unwrap_or_else(|| panic!("{}", role.text));
    assert!(["pods", "pods/eviction", "events", "jobs"].iter().all(|own| gone.contains(own)), "{gone}");
    assert!(!kept.contains("pods"), "{kept}");
    Document { text: kept.to_owned(), value: parse(kept) }
}

/// A pod that a pass with healing would have recreated.
async fn stuck(client: &Client) -> Pod {
    let pod = pod("web")
        .image("registry.example.com/app:1")
        .waiting("ImagePullBackOff", "401 Unauthorized")
        .owned_by("ReplicaSet");
    pod.create(client, "team-a").await
}

/// A pass with the configuration of the folder, but with healing off.
async fn assert_works(plane: &ControlPlane, folder: &Path) {
    let admin = plane.admin();
    let before = stuck(&admin).await;
    let token = token(&admin, "pullkeeper", "pullkeeper").await;
    let named = "/api/v1/namespaces/team-a/secrets?fieldSelector=metadata.name%3Dpullkeeper";
    honoured(&plane.client_with_token(&token), named).await;

    let (_place, config) = shipped_config(folder);
    let text = std::fs::read_to_string(&config).unwrap();
    assert!(!text.lines().any(|line| line.starts_with("pods:")), "{text}");
    std::fs::write(&config, format!("{text}\npods: {{heal: off}}\n")).unwrap();
    let kubeconfig = plane.kubeconfig(&token);
    let mark = plane.audit_log().mark();
    let output = tokio::task::spawn_blocking(move || run("--once", &config, &kubeconfig)).await.unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{stdout}\n{stderr}");
    for made in ["create Secret team-a/pullkeeper", "patch ServiceAccount team-a/default"] {
        let words: Vec<_> = stdout.split_whitespace().collect();
        assert!(words.join(" ").contains(made), "{stdout}\n{stderr}");
    }

    let asked = plane.audit_log().since(mark, "system:serviceaccount:pullkeeper:pullkeeper");
    assert!(asked.len() >= 4 && asked.iter().all(|event| event.code < 400), "{asked:?}");
    let of_pods = ["pods", "pods/eviction", "events", "jobs"];
    assert!(!asked.iter().any(|event| of_pods.contains(&event.resource.as_str())), "{asked:?}");
    let after = Api::<Pod>::namespaced(admin, "team-a").get("web").await.unwrap();
    assert_eq!(json!(after), json!(before));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cluster_role_without_its_healing_rules_suffices() {
    let plane = ControlPlane::start().unwrap();
    let admin = plane.admin();
    namespace("team-a").create(&admin).await;
    let base = file("manifests/base");
    let roles = documents(&base.join("rbac.yaml"));
    create(&admin, &cut(&roles[0])).await;
    create(&admin, &roles[1]).await;
    for name in ["namespace.yaml", "serviceaccount.yaml"] {
        create(&admin, &documents(&base.join(name))[0]).await;
    }
    assert_works(&plane, &base).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_role_of_a_named_namespace_without_its_healing_rules_suffices() {
    let plane = ControlPlane::start().unwrap();
    let admin = plane.admin();
    for name in ["pullkeeper", "team-a"] {
        namespace(name).create(&admin).await;
    }
    let folder = file("manifests/named-namespaces");
    create(&admin, &documents(&file("manifests/base/serviceaccount.yaml"))[0]).await;
    let roles = documents(&folder.join("role.yaml"));
    create(&admin, &cut(&roles[0])).await;
    create(&admin, &roles[1]).await;
    assert_works(&plane, &folder).await;
}
