//! Who moves over from imagepullsecret-patcher: what it left in a cluster is taken over by the configuration that README
//! gives its users, and nothing else is touched. (`tests/moto` has those whose credentials come from AWS.)

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::api::rbac::v1::PolicyRule;
use kube::ResourceExt;
use kube::api::{Api, Patch, PatchParams};
use serde_json::{Value, json};

use crate::requests::own_server;
use crate::setup::{Place, changes, findings, parse, shipped_rules};
use crate::testbed::fixtures::{docker_config, docker_config_secret, namespace, secret, service_account};
use crate::testbed::users::{Role, Scope, rules};

const NAME: &str = "image-pull-secret";
const HOST: &str = "harbor.example.com";
/// Where the tool was installed.
const HOME: &str = "imagepullsecret-patcher";
/// The Secret that it read.
const SOURCE: &str = "image-pull-secret-src";

#[tokio::test]
async fn what_imagepullsecret_patcher_left_is_taken_over_and_each_name_kept_once() {
    // It chooses all namespaces.
    let place = Place::with(own_server(&[]).await, "patcher", Role::Rules(rights()), Scope::Cluster).await;
    let admin = &place.admin;
    namespace(HOME).create(admin).await;
    docker_config_secret(admin, HOME, SOURCE, &docker_config(HOST, "puller", "new")).await;
    let (served, fresh) = (place.namespace("served").await, place.namespace("fresh").await);
    let odd = place.namespace("odd").await;
    namespace("patcher-out").annotation("pullkeeper.io/pause", "true").create(admin).await;
    for of in [&*served, "patcher-out"] {
        left(&place, of).await;
    }
    secret(admin, &odd, NAME, "Opaque", [("key", "value")]).await;
    let before = (uid(&place, &served).await, place.versions().await);

    let config = parse(&configuration());
    let report = place.pass(&config).await;
    assert!(report.errors.is_empty(), "{report}");
    assert_eq!(findings(&report), ["ForeignSecret"], "only the one of another type: {report}");
    let own: Vec<_> = changes(&report).into_iter().filter(|change| change.contains(" patcher-")).collect();
    let expected = [
        format!("create Secret {fresh}/{NAME}"),
        format!("patch ServiceAccount {fresh}/default"),
        format!("update Secret {served}/{NAME}"),
    ];
    assert_eq!(own, expected);

    for of in [&*served, &*fresh, "default", "kube-system"] {
        assert_eq!(place.password(of, NAME, HOST).await.as_deref(), Some("new"), "{of}");
    }
    assert_eq!(place.pull_secrets(&served, "default").await, ["theirs", NAME]);
    assert_eq!(place.pull_secrets(&fresh, "default").await, [NAME]);
    assert_eq!(place.password("patcher-out", NAME, HOST).await.as_deref(), Some("old"), "left alone");
    assert_eq!(uid(&place, &served).await, before.0);
    let taken = place.secrets(&served).get(NAME).await.unwrap();
    assert!(taken.labels().is_empty() && taken.annotations()["app.kubernetes.io/managed-by"] == HOME);
    let account = format!("ServiceAccount {served}/default");
    assert_eq!(place.versions().await[&account], before.1[&account], "it named the Secret already");

    place.assert_settled(&config).await;
}

/// The file in README.
fn configuration() -> String {
    let readme = include_str!("../../README.md");
    let (_, section) = readme.split_once("### Moving over from imagepullsecret-patcher\n").unwrap();
    section.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap().to_owned()
}

/// What README tells its users to take: the shipped rules with the Secret's name, and the one that is read.
fn rights() -> Vec<PolicyRule> {
    let mut all = shipped_rules();
    for names in all.iter_mut().filter_map(|rule| rule.resource_names.as_mut()) {
        *names = vec![NAME.to_owned()];
    }
    let mut source = rules(&[("", "secrets", "get")]);
    source[0].resource_names = Some(vec![SOURCE.to_owned()]);
    all.extend(source);
    all
}

/// A namespace as the tool leaves it, with a login that was changed since.
async fn left(place: &Place, namespace: &str) {
    docker_config_secret(&place.admin, namespace, NAME, &docker_config(HOST, "puller", "old")).await;
    let note = json!({"metadata": {"annotations": {"app.kubernetes.io/managed-by": HOME}}});
    let secrets = Api::<Secret>::namespaced(place.admin.clone(), namespace);
    secrets.patch(NAME, &PatchParams::default(), &Patch::<Value>::Merge(note)).await.unwrap();
    service_account(&place.admin, namespace, "default", &["theirs", NAME]).await;
}

async fn uid(place: &Place, namespace: &str) -> Option<String> {
    place.secrets(namespace).get(NAME).await.unwrap().metadata.uid
}
