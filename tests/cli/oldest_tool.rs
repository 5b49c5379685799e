//! The oldest tool's own example, unchanged, under its own rights, on a real API server.

use std::path::PathBuf;
use std::time::Instant;

use k8s_openapi::api::core::v1::{Pod, Secret, ServiceAccount};
use kube::Client;
use kube::api::{Api, Patch, PatchParams};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use super::program::{ConfigFile, Ran, pullkeeper, run};
use super::testbed::ControlPlane;
use super::testbed::fixtures::{docker_config, namespace, service_account};
use super::testbed::pods::pod;
use super::testbed::users::{Role, Scope, rules, user};

const EXAMPLE: &str = "\
namespaces:
- default
- test
registry:
  email: bartvanbos@example.com
  host: harbor.example.com/boeboe
  password: Boeboe@harbor123!
  pullSecretName: private-registry-secret
  username: admin
time:
  interval: 1
  runtime: 2
";

const NAME: &str = "private-registry-secret";

async fn patcher(kubeconfig: PathBuf) -> Ran {
    let ran = spawn_blocking(move || {
        let config = ConfigFile::new(EXAMPLE);
        let mut command = pullkeeper();
        command.env("CONF_FILE", config.path()).env("KUBECONFIG", kubeconfig);
        run(command)
    });
    ran.await.unwrap()
}

async fn content(client: &Client, namespace: &str) -> Value {
    let secret = Api::<Secret>::namespaced(client.clone(), namespace).get(NAME).await.unwrap();
    serde_json::from_slice(&secret.data.unwrap()[".dockerconfigjson"].0).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn its_example_works_under_its_own_rights() {
    let plane = ControlPlane::shared();
    let admin = plane.admin();
    service_account(&admin, "default", "default", &[]).await;
    namespace("test").create(&admin).await;
    pod("stuck").waiting("ImagePullBackOff", "Back-off pulling image").create(&admin, "test").await;
    pod("well").running("app").phase("Running").create(&admin, "test").await;
    let its_own = rules(&[
        ("", "pods", "delete get list"),
        ("", "namespaces", "get list"),
        ("", "secrets", "create get list"),
        ("", "serviceaccounts", "get list patch"),
    ]);
    let user = user(&admin, "default", "patcher", Role::Rules(its_own), Scope::Cluster).await;
    let kubeconfig = plane.kubeconfig(&user.token);

    let started = Instant::now();
    let ran = patcher(kubeconfig.clone()).await;
    assert_eq!(ran.code, Some(0), "{}", ran.everything());
    assert!((1..30).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
    let host = "harbor.example.com/boeboe";
    let mut expected = docker_config(host, "admin", "Boeboe@harbor123!");
    expected["auths"][host]["email"] = "bartvanbos@example.com".into();
    for namespace in ["default", "test"] {
        assert_eq!(content(&admin, namespace).await, expected);
        let accounts = Api::<ServiceAccount>::namespaced(admin.clone(), namespace);
        let account = accounts.get("default").await.unwrap();
        assert_eq!(account.image_pull_secrets.unwrap()[0].name, NAME);
    }
    let pods = Api::<Pod>::namespaced(admin.clone(), "test");
    assert!(pods.get_opt("stuck").await.unwrap().is_none());
    assert!(pods.get_opt("well").await.unwrap().is_some());
    assert!(!ran.stdout.contains("finding") && !ran.stdout.contains("error"), "{}", ran.stdout);

    // Its rights don't suffice to repair a Secret, which it never did.
    let drift = Patch::Merge(json!({"stringData": {".dockerconfigjson": "{\"auths\":{}}"}}));
    let secrets = Api::<Secret>::namespaced(admin.clone(), "test");
    secrets.patch(NAME, &PatchParams::default(), &drift).await.unwrap();
    let ran = patcher(kubeconfig).await;
    assert_eq!(ran.code, Some(0), "{}", ran.everything());
    let finding = format!("finding  Secret test/{NAME}: ");
    let line = ran.stdout.lines().find(|line| line.starts_with(&finding));
    assert!(line.is_some_and(|line| line.ends_with("grant patch on secrets")), "{}", ran.everything());
    assert!(!ran.stdout.contains("\nerror"), "{}", ran.stdout);
    assert_eq!(content(&admin, "test").await, json!({"auths": {}}));
}
