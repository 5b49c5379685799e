//! Secrets: made, repaired, adopted, left alone.

use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::{Value, json};

use crate::setup::{Place, changes, findings, parse};
use crate::testbed::fixtures::{docker_config, docker_config_secret, namespace, secret};

const TYPE: &str = "kubernetes.io/dockerconfigjson";

#[tokio::test]
async fn the_first_pass_makes_and_patches_and_the_second_does_nothing() {
    let place = Place::new("first").await;
    let (a, b) = (place.namespace("a").await, place.namespace("b").await);
    let config = place.config("");
    let report = place.pass(&config).await;
    let expected = [
        format!("create Secret {a}/pullkeeper"),
        format!("create Secret {b}/pullkeeper"),
        format!("patch ServiceAccount {a}/default"),
        format!("patch ServiceAccount {b}/default"),
    ];
    assert_eq!(changes(&report), expected);
    assert!(report.errors.is_empty() && report.findings.is_empty(), "{report}");
    assert_eq!(report.summary.writes, 4, "one write a change");

    let made = place.secrets(&a).get("pullkeeper").await.unwrap();
    assert_eq!(made.type_.as_deref(), Some(TYPE));
    let labels = made.metadata.labels.unwrap();
    assert_eq!(labels["app.kubernetes.io/managed-by"], "pullkeeper");
    assert_eq!(labels["app.kubernetes.io/instance"], "default");
    let state: Value =
        serde_json::from_str(&made.metadata.annotations.unwrap()["pullkeeper.io/state"]).unwrap();
    assert_eq!(state["harbor.example.com"]["source"], "static:admin");
    assert_eq!(place.password(&a, "pullkeeper", "harbor.example.com").await.unwrap(), "s3cret");
    assert_eq!(place.pull_secrets(&a, "default").await, ["pullkeeper"]);

    place.assert_settled(&config).await;
}

#[tokio::test]
async fn drift_is_repaired_and_the_uid_kept() {
    let place = Place::new("drift").await;
    let a = place.namespace("a").await;
    let config = place.config("");
    place.pass(&config).await;
    let uid = place.secrets(&a).get("pullkeeper").await.unwrap().metadata.uid;
    let edits = [
        json!({"stringData": {".dockerconfigjson": docker_config("harbor.example.com", "admin", "old").to_string()}}),
        json!({"stringData": {".dockerconfigjson": "{\"auths\":{\"harbor.example.com\":{\"auth\":\"broken\"}}}"}}),
        json!({"metadata": {"annotations": {"pullkeeper.io/state": "tampered"}}}),
        json!({"metadata": {"annotations": {"pullkeeper.io/state": null}}}),
    ];
    for edit in edits {
        place.secrets(&a).patch("pullkeeper", &PatchParams::default(), &Patch::Merge(&edit)).await.unwrap();
        let report = place.pass(&config).await;
        assert_eq!(changes(&report), [format!("update Secret {a}/pullkeeper")], "{edit}");
        assert_eq!(place.password(&a, "pullkeeper", "harbor.example.com").await.unwrap(), "s3cret");
        place.assert_settled(&config).await;
    }
    assert_eq!(place.secrets(&a).get("pullkeeper").await.unwrap().metadata.uid, uid);

    place.secrets(&a).delete("pullkeeper", &DeleteParams::default()).await.unwrap();
    assert_eq!(changes(&place.pass(&config).await), [format!("create Secret {a}/pullkeeper")]);
}

#[tokio::test]
async fn what_cannot_be_changed_is_recreated_if_it_is_ours() {
    let place = Place::new("recreate").await;
    let (immutable, typed) = (place.namespace("immutable").await, place.namespace("typed").await);
    let config = place.config("");
    place.pass(&config).await;
    // Ours, with another content that can't be changed any more.
    let edit = json!({
        "stringData": {".dockerconfigjson": docker_config("harbor.example.com", "admin", "old").to_string()},
        "immutable": true,
    });
    place
        .secrets(&immutable)
        .patch("pullkeeper", &PatchParams::default(), &Patch::Merge(&edit))
        .await
        .unwrap();
    // Ours by its labels, but of another type.
    let api = place.secrets(&typed);
    let labels = api.get("pullkeeper").await.unwrap().metadata.labels;
    api.delete("pullkeeper", &DeleteParams::default()).await.unwrap();
    secret(&place.admin, &typed, "pullkeeper", "Opaque", [("a", "b")]).await;
    let label = Patch::Merge(json!({"metadata": {"labels": labels}}));
    api.patch("pullkeeper", &PatchParams::default(), &label).await.unwrap();

    let report = place.pass(&config).await;
    let expected =
        [format!("recreate Secret {immutable}/pullkeeper"), format!("recreate Secret {typed}/pullkeeper")];
    assert_eq!(changes(&report), expected);
    for name in [&immutable, &typed] {
        assert_eq!(place.password(name, "pullkeeper", "harbor.example.com").await.unwrap(), "s3cret");
    }
    place.assert_settled(&config).await;
}

#[tokio::test]
async fn a_foreign_secret_is_left_and_cannot_be_read_under_another_name() {
    let place = Place::new("foreign").await;
    let (serving, lacking) = (place.namespace("serving").await, place.namespace("lacking").await);
    let good = docker_config("harbor.example.com", "them", "theirs");
    docker_config_secret(&place.admin, &serving, "pullkeeper", &good).await;
    let other = docker_config("elsewhere.example.com", "them", "theirs");
    docker_config_secret(&place.admin, &lacking, "pullkeeper", &other).await;
    secret(&place.admin, &serving, "private", "Opaque", [("key", "value")]).await;

    let config = place.config("");
    let (before, mark) = (place.versions().await, place.mark());
    let report = place.pass(&config).await;
    assert_eq!(findings(&report), ["ForeignSecret", "ForeignSecret"]);
    // One that serves our host counts as present; one that doesn't helps nobody who names it.
    assert_eq!(changes(&report), [format!("patch ServiceAccount {serving}/default")]);
    let after = place.versions().await;
    let secrets = |versions: &std::collections::BTreeMap<String, _>| -> Vec<(String, Option<String>)> {
        let own = |(key, value): (&String, &Option<String>)| (key.clone(), value.clone());
        versions.iter().filter(|(key, _)| key.starts_with("Secret")).map(own).collect()
    };
    assert_eq!(secrets(&before), secrets(&after));
    // Every request for Secrets was by our name; the user couldn't have asked otherwise.
    let asked: Vec<_> = place.since(mark).into_iter().filter(|event| event.resource == "secrets").collect();
    assert!(asked.iter().all(|event| event.uri.contains("metadata.name%3Dpullkeeper")), "{asked:?}");
    let own = crate::testbed::ControlPlane::shared().client_with_token(&place.user.token);
    let api = kube::Api::<k8s_openapi::api::core::v1::Secret>::namespaced(own, &serving);
    for refused in
        [api.get("private").await.map(drop), api.list(&kube::api::ListParams::default()).await.map(drop)]
    {
        assert!(matches!(refused, Err(kube::Error::Api(status)) if status.is_forbidden()));
    }
    place.assert_settled(&config).await;
}

#[tokio::test]
async fn adopting_merges_or_replaces_without_taking_the_label() {
    let place = Place::new("adopt").await;
    let a = place.namespace("a").await;
    let theirs = json!({"auths": {"theirs.example.com": {"auth": "eDp5", "odd": 1}}, "credsStore": "x"});
    docker_config_secret(&place.admin, &a, "pullkeeper", &theirs).await;

    let merge = place.config("secret: {adopt: merge}");
    let report = place.pass(&merge).await;
    assert_eq!(
        changes(&report),
        [format!("patch ServiceAccount {a}/default"), format!("update Secret {a}/pullkeeper")]
    );
    let secret = place.secrets(&a).get("pullkeeper").await.unwrap();
    let merged: Value = serde_json::from_slice(&secret.data.unwrap()[".dockerconfigjson"].0).unwrap();
    assert_eq!(merged["auths"]["theirs.example.com"], theirs["auths"]["theirs.example.com"]);
    assert_eq!(merged["credsStore"], "x");
    assert!(secret.metadata.labels.is_none());
    assert_eq!(place.password(&a, "pullkeeper", "harbor.example.com").await.unwrap(), "s3cret");
    place.assert_settled(&merge).await;

    let replace = place.config("secret: {adopt: replace}");
    assert_eq!(changes(&place.pass(&replace).await), [format!("update Secret {a}/pullkeeper")]);
    let secret = place.secrets(&a).get("pullkeeper").await.unwrap();
    let replaced: Value = serde_json::from_slice(&secret.data.unwrap()[".dockerconfigjson"].0).unwrap();
    assert_eq!(replaced["auths"].as_object().unwrap().len(), 1);
    place.assert_settled(&replace).await;
}

#[tokio::test]
async fn several_registries_share_a_secret_or_have_their_own() {
    let place = Place::new("several").await;
    let (a, b) = (place.namespace("a").await, place.namespace("b").await);
    let ops = "home-of-several";
    secret(&place.admin, ops, "registry", "Opaque", [("pw", "from:a\"Secret$ü\n")]).await;
    let rules = crate::testbed::users::rules(&[("", "secrets", "get list patch create")]);
    let role = crate::testbed::users::Role::Rules(rules);
    let scope = crate::testbed::users::Scope::Cluster;
    crate::testbed::users::bind(&place.admin, ops, "pullkeeper", role, scope).await;
    let config = parse(&format!(
        "namespaces: [\"several-*\"]
registries:
- {{host: harbor.example.com, username: admin, password: \"012345\"}}
- {{host: docker.io, username: hub, password: 1e5}}
- host: reg.example.com:5000/team
  username: team
  password: {{secret: {{namespace: {ops}, name: registry, key: pw}}}}
  namespaces: [{a}]
  secretName: team-pull
"
    ));
    let report = place.pass(&config).await;
    assert!(report.errors.is_empty(), "{report}");
    assert_eq!(place.password(&b, "pullkeeper", "harbor.example.com").await.unwrap(), "012345");
    for key in ["docker.io", "https://index.docker.io/v1/"] {
        assert_eq!(place.password(&b, "pullkeeper", key).await.unwrap(), "1e5");
    }
    let team = place.password(&a, "team-pull", "reg.example.com:5000/team").await;
    assert_eq!(team.unwrap(), "from:a\"Secret$ü");
    assert_eq!(place.pull_secrets(&a, "default").await, ["pullkeeper", "team-pull"]);
    assert_eq!(place.pull_secrets(&b, "default").await, ["pullkeeper"]);
    place.assert_settled(&config).await;
}

#[tokio::test]
async fn instances_stay_apart_and_create_may_be_off() {
    let place = Place::new("instance").await;
    let a = place.namespace("a").await;
    let off = place.config("secret: {create: false}");
    let report = place.pass(&off).await;
    assert_eq!((changes(&report), findings(&report)), (vec![], vec!["SecretMissing"]));

    place.pass(&place.config("")).await;
    let other = place.config("instance: other\nsecret: {adopt: replace}");
    let report = place.pass(&other).await;
    assert_eq!((changes(&report), findings(&report)), (vec![], vec!["ForeignSecret"]), "not even adopted");
    assert!(report.findings[0].message.contains("belongs to instance 'default'"), "{report}");
    assert_eq!(place.pull_secrets(&a, "default").await, ["pullkeeper"]);
    place.assert_settled(&place.config("")).await;
}

#[tokio::test]
async fn namespaces_are_chosen_by_glob_exclusion_and_label_and_may_be_paused() {
    let place = Place::new("chosen").await;
    for (suffix, label, pause) in
        [("a", "yes", "false"), ("b", "no", "false"), ("c", "yes", "true"), ("x-d", "yes", "no")]
    {
        let named =
            namespace(&place.name(suffix)).label("pull", label).annotation("pullkeeper.io/pause", pause);
        named.create(&place.admin).await;
    }
    let registry = "registries: [{host: harbor.example.com, username: admin, password: x}]";
    let config = parse(&format!(
        "namespaces: {{include: [\"chosen-*\"], exclude: [\"chosen-x*\"], selector: \"pull in (yes)\"}}\n{registry}"
    ));
    let report = place.pass(&config).await;
    assert_eq!(
        changes(&report),
        ["create Secret chosen-a/pullkeeper", "patch ServiceAccount chosen-a/default"]
    );
    assert_eq!(report.summary.namespaces, 2, "the paused one is chosen, and left alone");
}
