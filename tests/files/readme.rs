//! `README.md` shows nothing that doesn't work: its configurations load, and its patch is one that a real API
//! server takes.

use std::time::Duration;

use http::{Method, StatusCode};
use pullkeeper::config::{Adopt, Config, Flags, Heal, Refresh, ServiceAccounts, Source};
use pullkeeper::registry::Image;
use serde_json::Value;

use crate::api::{apply, rendered, send_as};
use crate::testbed::ControlPlane;
use crate::{file, load_text, load_text_with, read};

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

/// What it says of proxies is what the rules do.
#[test]
fn its_rules_for_proxies_lead_where_it_says() {
    let text = read(&file("README.md"));
    let (_, table) = text.split_once("| proxy | rule | `nginx:1` is pulled from |\n|---|---|---|\n").unwrap();
    let rows: Vec<_> = table.lines().take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() >= 6, "{rows:?}");
    for row in rows {
        let cells: Vec<_> = row.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        let (rule, expected) = (cells[2], cells[3]);
        let config = format!("namespaces: [default]\nimages: {{rewrite: [{rule}]}}\n");
        let images = load_text(&config).unwrap_or_else(|error| panic!("{error}\n{row}")).config.images;
        let (image, _) = images.rewrites.rewrite(&Image::parse("nginx:1").unwrap()).unwrap();
        assert_eq!(image.to_string(), expected, "{row}");
    }
}

/// What eatr's users move over to does what eatr did, with its flags or without.
#[test]
fn its_configuration_for_eatrs_users_is_eatrs_ways() {
    const HOST: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
    let text = read(&file("README.md"));
    let (_, section) = text.split_once("### Moving over from eatr\n").unwrap();
    let block = section.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let config = load_text(block).unwrap().config;

    assert_eq!(config.namespaces.selector, Some(format!("{HOST}=true")));
    assert!(config.namespaces.names.contains("kube-system"));
    let [registry] = config.registries.as_slice() else { panic!("one registry: {config:?}") };
    let hosts: Vec<_> = registry.hosts.iter().map(ToString::to_string).collect();
    assert_eq!((hosts.as_slice(), registry.secret_name.as_str()), (&[HOST.to_owned()][..], HOST));
    let Source::Ecr { login, .. } = &registry.source else { panic!("ECR: {registry:?}") };
    let keys = login.keys.as_ref().unwrap();
    let shown = [&keys.id, &keys.secret, &keys.region].map(ToString::to_string);
    let expected = ["aws_access_key_id", "aws_secret_access_key", "aws_region"]
        .map(|key| format!("key {key} of Secret ci-cd/eatr-aws-credentials-{HOST}"));
    assert_eq!(shown, expected);
    assert_eq!((config.adopt, config.create, config.prune), (Adopt::Replace, true, false));
    assert!(matches!(config.service_accounts, ServiceAccounts::None) && config.pods.heal == Heal::Off);
    assert_eq!(config.refresh, Refresh::Every(Duration::from_hours(6)));
    assert_eq!(config.metrics.listen.map(|listen| listen.to_string()).as_deref(), Some(":5000"));

    let flags = Flags { renewal: Some("4h".into()), resync: Some("10m".into()) };
    let flagged = load_text_with(block, flags).unwrap().config;
    assert_eq!(flagged.refresh, Refresh::Every(Duration::from_hours(4)));
    let resync = |config: &Config| config.time.unwrap().resync;
    assert_eq!(
        (resync(&config), resync(&flagged)),
        (Some(Duration::from_mins(5)), Some(Duration::from_mins(10)))
    );
}

/// A folder of a user's own beside `manifests`, as it says to write one.
#[test]
fn its_kustomization_makes_the_installation_yours() {
    let place = tempfile::tempdir().unwrap();
    let (manifests, mine) = (place.path().join("manifests"), place.path().join("mine"));
    for folder in ["base", "cronjob"] {
        let (from, to) = (file("manifests").join(folder), manifests.join(folder));
        std::fs::create_dir_all(&to).unwrap();
        for entry in from.read_dir().unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
    let blocks = blocks();
    let kustomization = blocks.iter().find(|block| block.starts_with("# mine/kustomization.yaml\n")).unwrap();
    let rights = read(&manifests.join("base/rbac.yaml")).replace("[pullkeeper]", "[pulls]");
    std::fs::create_dir(&mine).unwrap();
    for (name, text) in [
        ("kustomization.yaml", format!("{kustomization}patches: [{{path: rbac.yaml}}]\n").as_str()),
        ("config.yaml", "namespaces: [mine]\n"),
        ("password", "s3cret\n"),
        ("rbac.yaml", &rights),
    ] {
        std::fs::write(mine.join(name), text).unwrap();
    }

    let all: Vec<_> = rendered(&mine).into_iter().map(|document| document.value).collect();
    let of = |kind: &str| all.iter().find(|value| value["kind"] == kind).unwrap();
    assert_eq!(of("ConfigMap")["data"]["config.yaml"], "namespaces: [mine]\n");
    assert_eq!(of("Secret")["data"]["password"], "czNjcmV0Cg==");
    let spec = &of("CronJob")["spec"]["jobTemplate"]["spec"]["template"]["spec"];
    assert_eq!(spec["containers"][0]["image"], "registry.example.com/tools/pullkeeper:0.1.0");
    let secret = &spec["volumes"][0]["projected"]["sources"][1]["secret"]["name"];
    assert_eq!(of("Secret")["metadata"]["name"], *secret);
    let names = of("ClusterRole")["rules"].as_array().unwrap().iter().map(|rule| &rule["resourceNames"][0]);
    assert_eq!(names.filter(|name| name.is_string()).collect::<Vec<_>>(), ["pulls"]);
    assert_eq!(of("ClusterRoleBinding")["subjects"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn its_patch_of_the_cronjob_is_taken() {
    let plane = ControlPlane::start().unwrap();
    let admin = plane.admin();
    apply(&admin, &file("manifests/cronjob")).await;
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
