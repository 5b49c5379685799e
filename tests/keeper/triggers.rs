//! What is served at once, and that nothing else is looked at for it.

use k8s_openapi::api::core::v1::{Namespace, Secret, ServiceAccount};
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use serde_json::json;

use crate::keeping::{Loop, place, settings, touched, until};
use crate::setup::Place;
use crate::testbed::fixtures::{namespace, service_account};

const HOST: &str = "harbor.example.com";

async fn is_served(place: &Place, namespace: &str) -> bool {
    let named = place.pull_secrets(namespace, "default").await == ["pullkeeper"];
    named && place.password(namespace, "pullkeeper", HOST).await.as_deref() == Some("s3cret")
}

async fn label(place: &Place, namespace: &str, value: Option<&str>) {
    let patch = Patch::Merge(json!({"metadata": {"labels": {"pull": value}}}));
    let namespaces = Api::<Namespace>::all(place.admin.clone());
    namespaces.patch(namespace, &PatchParams::default(), &patch).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_namespace_is_served_at_once_and_no_other_is_looked_at() {
    let place = place("new-namespace").await;
    place.namespace("old").await;
    let keeping = Loop::start(&place, &settings(&place, "")).await;
    let mark = place.mark();
    let fresh = place.namespace("fresh").await;
    let foreign = "elsewhere-new-namespace";
    namespace(foreign).create(&place.admin).await;
    until("served", async || is_served(&place, &fresh).await).await;
    assert_eq!(touched(&place, mark), [fresh].into());
    drop(keeping);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_is_served_once_its_labels_match() {
    let place = place("labelled").await;
    let name = place.namespace("one").await;
    let selected = format!("namespaces: {{include: [\"{}-*\"], selector: \"pull=yes\"}}", place.prefix);
    let keeping = Loop::start(&place, &settings(&place, &selected)).await;
    let mark = place.mark();
    label(&place, &name, Some("yes")).await;
    until("served", async || is_served(&place, &name).await).await;
    assert_eq!(touched(&place, mark), [name.clone()].into());

    // What is no longer chosen is left as it is, and told of once.
    label(&place, &name, None).await;
    keeping.says("chooses no longer").await;
    assert!(is_served(&place, &name).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_ours_is_taken_away_where_it_is_no_longer_chosen() {
    let place = place("pruned").await;
    let names = [place.namespace("one").await, place.namespace("two").await];
    for name in &names {
        label(&place, name, Some("yes")).await;
    }
    service_account(&place.admin, &names[0], "theirs", &["pullkeeper", "other"]).await;
    let selected = format!(
        "secret: {{prune: true}}\nnamespaces: {{include: [\"{}-*\"], selector: \"pull=yes\"}}",
        place.prefix
    );
    let keeping = Loop::start(&place, &settings(&place, &selected)).await;
    until("served", async || is_served(&place, &names[0]).await && is_served(&place, &names[1]).await).await;
    label(&place, &names[0], None).await;
    until("gone", async || place.secrets(&names[0]).get_opt("pullkeeper").await.unwrap().is_none()).await;
    assert_eq!(place.pull_secrets(&names[0], "default").await, [""; 0]);
    // Whose author wrote the name keeps it: the program never put it there.
    assert_eq!(place.pull_secrets(&names[0], "theirs").await, ["pullkeeper", "other"]);
    assert!(is_served(&place, &names[1]).await);
    drop(keeping);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_edits_or_deletes_is_put_back_at_once() {
    let place = place("edited").await;
    let (name, other) = (place.namespace("one").await, place.namespace("two").await);
    let keeping = Loop::start(&place, &settings(&place, "")).await;
    until("served", async || is_served(&place, &name).await && is_served(&place, &other).await).await;
    let (params, delete) = (PatchParams::default(), DeleteParams::default());

    let mark = place.mark();
    let data = json!({"stringData": {".dockerconfigjson": "{\"auths\":{}}"}});
    place.secrets(&name).patch("pullkeeper", &params, &Patch::Merge(data)).await.unwrap();
    until("edited", async || is_served(&place, &name).await).await;
    assert_eq!(touched(&place, mark), [name.clone()].into());

    place.secrets(&name).delete("pullkeeper", &delete).await.unwrap();
    until("deleted", async || is_served(&place, &name).await).await;

    let accounts = Api::<ServiceAccount>::namespaced(place.admin.clone(), &name);
    let none = json!({"imagePullSecrets": null});
    accounts.patch("default", &params, &Patch::Merge(none)).await.unwrap();
    until("taken out", async || is_served(&place, &name).await).await;

    service_account(&place.admin, &name, "fresh", &["theirs"]).await;
    let named = async || place.pull_secrets(&name, "fresh").await == ["theirs", "pullkeeper"];
    until("a new account", named).await;
    assert_eq!(touched(&place, mark), [name].into());
    drop(keeping);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_password_arrives_everywhere() {
    let place = place("password").await;
    let names = [place.namespace("one").await, place.namespace("two").await];
    let keeping = Loop::start(&place, &settings(&place, "")).await;
    until("served", async || is_served(&place, &names[1]).await).await;
    keeping.write("password", "n3w-s3cret");
    for name in &names {
        let new = Some("n3w-s3cret");
        until("the new password", async || place.password(name, "pullkeeper", HOST).await.as_deref() == new)
            .await;
    }
    assert!(!keeping.said().contains("s3cret"), "{}", keeping.said());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_namespaces_is_served_in_few_passes() {
    const STORM: usize = 60;
    let place = place("storm").await;
    place.namespace("first").await;
    let keeping = Loop::start(&place, &settings(&place, "")).await;
    let mark = place.mark();
    let made = (0..STORM).map(|number| {
        let place = &place;
        async move { place.namespace(&format!("n{number}")).await }
    });
    let names = crate::testbed::fixtures::in_parallel(made, 8).await;
    for name in &names {
        until("served", async || is_served(&place, name).await).await;
    }
    let reads = place.since(mark).iter().filter(|event| !event.is_write() && event.verb != "watch").count();
    assert!(reads <= 6 * STORM, "{reads} reads for {STORM} namespaces");
    let secrets = Api::<Secret>::namespaced(place.admin.clone(), &names[0]);
    assert!(secrets.get_opt("pullkeeper").await.unwrap().is_some());
    drop(keeping);
}
