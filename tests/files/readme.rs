//! `README.md` shows nothing that doesn't work: its configurations load, and its patch is one that a real API
//! server takes.

use std::time::Duration;

use http::{Method, StatusCode};
use pullkeeper::config::{Adopt, Config, Flags, Heal, Inputs, Refresh, ServiceAccounts, Source, load};
use pullkeeper::registry::Image;
use serde_json::Value;

use crate::api::{apply, rendered, send_as};
use crate::testbed::ControlPlane;
use crate::testbed::kustomize::copy;
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

/// Each older tool has a table of its settings, and says what is new; what a configuration is needed for has one.
#[test]
fn each_older_tool_has_its_section() {
    let text = read(&file("README.md"));
    let (_, rest) = text.split_once("## Moving over\n").unwrap();
    let (moving, _) = rest.split_once("\n## ").unwrap();
    let sections: Vec<_> = moving.split("### Moving over from ").skip(1).collect();
    let tools: Vec<_> = sections.iter().map(|section| section.lines().next().unwrap()).collect();
    assert_eq!(tools, TOOLS.map(|(tool, _)| tool));
    for (section, (tool, configured)) in sections.iter().zip(TOOLS) {
        assert!(section.contains(&format!("| of {tool}")) && section.contains("New on day one: "), "{tool}");
        assert_eq!(section.contains("```yaml\n"), configured, "{tool}");
        if configured {
            let loaded = load_text(&configuration(tool)).unwrap_or_else(|error| panic!("{tool}: {error}"));
            assert!(loaded.warnings.is_empty(), "{tool}: {:?}", loaded.warnings);
        }
    }
}

/// The older tools, and whether README gives their users a configuration.
const TOOLS: [(&str, bool); 7] = [
    ("private-repo-patcher", false),
    ("k8s-ecrupdater", false),
    ("eatr", true),
    ("registry-creds", true),
    ("k8s-ecr-login-renew", true),
    ("imagepullsecret-patcher", true),
    ("k8s-proxy-image-swapper", false),
];

/// The configuration that README gives the users of a tool.
fn configuration(tool: &str) -> String {
    let text = read(&file("README.md"));
    let (_, section) = text.split_once(&format!("### Moving over from {tool}\n")).unwrap();
    section.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap().to_owned()
}

/// A Secret that is there is taken over, and pods are left alone.
fn ways_of(tool: &str) -> Config {
    let config = load_text(&configuration(tool)).unwrap().config;
    assert_eq!((config.adopt, config.create, config.prune), (Adopt::Replace, true, false), "{tool}");
    assert_eq!(config.pods.heal, Heal::Off, "{tool}");
    config
}

/// What eatr's users move over to does what eatr did, with its flags or without.
#[test]
fn its_configuration_for_eatrs_users_is_eatrs_ways() {
    const HOST: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
    let block = configuration("eatr");
    let config = ways_of("eatr");

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
    assert!(matches!(config.service_accounts, ServiceAccounts::None));
    assert_eq!(config.refresh, Refresh::Every(Duration::from_hours(6)));
    assert_eq!(config.metrics.listen.map(|listen| listen.to_string()).as_deref(), Some(":5000"));

    let flags = Flags { renewal: Some("4h".into()), resync: Some("10m".into()) };
    let flagged = load_text_with(&block, flags).unwrap().config;
    assert_eq!(flagged.refresh, Refresh::Every(Duration::from_hours(4)));
    let resync = |config: &Config| config.time.unwrap().resync;
    assert_eq!(
        (resync(&config), resync(&flagged)),
        (Some(Duration::from_mins(5)), Some(Duration::from_mins(10)))
    );
}

/// A folder of a user's own beside `manifests`, as it says to write one; `more` is added to the kustomization.
fn mine(overlay: &str, more: &str) -> Vec<Value> {
    let place = tempfile::tempdir().unwrap();
    copy(&file("manifests"), &place.path().join("manifests"));
    let mine = place.path().join("mine");
    let blocks = blocks();
    let kustomization = blocks.iter().find(|block| block.starts_with("# mine/kustomization.yaml\n")).unwrap();
    let kustomization = kustomization.replace("../manifests/cronjob", &format!("../manifests/{overlay}"));
    std::fs::create_dir_all(mine.join("registry")).unwrap();
    for (name, text) in [
        ("kustomization.yaml", format!("{kustomization}{more}\n").as_str()),
        ("config.yaml", "namespaces: [mine]\n"),
        ("registry/password", "s3cret\n"),
    ] {
        std::fs::write(mine.join(name), text).unwrap();
    }
    rendered(&mine).into_iter().map(|document| document.value).collect()
}

#[test]
fn its_kustomization_makes_the_installation_yours() {
    let all = mine("cronjob", "");
    let of = |kind: &str| all.iter().find(|value| value["kind"] == kind).unwrap();
    assert_eq!(of("ConfigMap")["data"]["config.yaml"], "namespaces: [mine]\n");
    assert_eq!(of("Secret")["data"]["password"], "czNjcmV0Cg==");
    let spec = &of("CronJob")["spec"]["jobTemplate"]["spec"]["template"]["spec"];
    assert_eq!(spec["containers"][0]["image"], "registry.example.com/tools/pullkeeper:0.1.0");
    let secret = &spec["volumes"][0]["projected"]["sources"][1]["secret"]["name"];
    assert_eq!(of("Secret")["metadata"]["name"], *secret);
}

/// Else what the program prints would be added to rights that a configuration doesn't need.
#[test]
fn its_component_leaves_out_every_right_that_is_shipped() {
    let text = read(&file("README.md"));
    let component = text.split('`').find(|code| code.starts_with("components: [")).unwrap();
    for overlay in ["cronjob", "deployment", "job", "named-namespaces", "ecr-irsa", "ecr-secret"] {
        let is_right = |value: &Value| value["apiVersion"].as_str().unwrap().starts_with("rbac.");
        assert!(mine(overlay, "").iter().any(is_right), "{overlay}");
        assert!(!mine(overlay, component).iter().any(is_right), "{overlay}");
    }
}

/// Files that are there, and headings.
#[test]
fn its_links_lead_somewhere() {
    let text = read(&file("README.md"));
    let headings: Vec<_> = text.lines().filter(|line| line.starts_with('#')).map(anchor).collect();
    let links = text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
    for link in links.filter(|link| !link.starts_with("https://")) {
        match link.strip_prefix('#') {
            Some(heading) => assert!(headings.iter().any(|own| own == heading), "{link}"),
            None => assert!(file(link).exists(), "{link}"),
        }
    }
}

/// A heading's anchor, as forges make it.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
    text.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
}

#[test]
fn its_configuration_for_registry_creds_users_is_its_ways() {
    let config = ways_of("registry-creds");
    assert!(config.namespaces.names.contains("any") && !config.namespaces.names.contains("kube-system"));
    assert!(matches!(config.service_accounts, ServiceAccounts::Default));
    let entries: Vec<_> = config
        .registries
        .iter()
        .map(|registry| (registry.secret_name.as_str(), registry.hosts[0].to_string()))
        .collect();
    let expected = [
        ("awsecr-cred", "123456789012.dkr.ecr.us-east-1.amazonaws.com"),
        ("dpr-secret", "registry.example.com"),
        ("acr-secret", "example.azurecr.io"),
        ("gcr-secret", "gcr.io"),
    ];
    assert_eq!(entries, expected.map(|(name, host)| (name, host.to_owned())));
    assert!(config.time.is_some_and(|time| time.resync == Some(Duration::from_hours(1))));
}

#[test]
fn its_configuration_for_k8s_ecr_login_renews_users_is_its_ways() {
    let config = ways_of("k8s-ecr-login-renew");
    let names = &config.namespaces.names;
    assert!(names.contains("default") && names.contains("team-a") && !names.contains("kube-system"));
    assert!(matches!(config.service_accounts, ServiceAccounts::None) && config.time.is_none());
    let [registry] = config.registries.as_slice() else { panic!("one registry: {config:?}") };
    assert_eq!(registry.secret_name, "k8s-ecr-login-renew-docker-secret");
    let Source::Ecr { region, account, .. } = &registry.source else { panic!("ECR: {registry:?}") };
    assert_eq!((region.as_deref(), account), (Some("us-west-2"), &None), "the account is who asks");
}

#[test]
fn its_configuration_for_imagepullsecret_patchers_users_is_its_ways() {
    let config = ways_of("imagepullsecret-patcher");
    assert!(config.namespaces.names.contains("kube-system"));
    assert!(matches!(config.service_accounts, ServiceAccounts::Default));
    let [registry] = config.registries.as_slice() else { panic!("one registry: {config:?}") };
    assert_eq!(registry.secret_name, "image-pull-secret");
    assert!(matches!(registry.source, Source::DockerConfig { .. }), "{registry:?}");
    let time = config.time.unwrap();
    assert_eq!((time.interval, time.resync), (Duration::from_secs(10), None));
}

/// The one variable of k8s-ecrupdater that isn't read has the counterpart that the table names.
#[test]
fn its_way_to_skip_namespaces_for_k8s_ecrupdaters_users_does_so() {
    let text = read(&file("README.md"));
    let (_, row) = text.split_once("| `ECR_SKIP_NAMESPACES=a,b` | `").unwrap();
    let (name, value) = row.split_once('`').unwrap().0.split_once('=').unwrap();
    let env = [("K8S_PULL_SECRET_NAME", "ecr"), (name, value.trim_matches('\''))];
    let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let loaded = load(&Inputs { env, ..Inputs::default() }).unwrap();
    let names = &loaded.config.namespaces.names;
    assert_eq!(["a", "b", "c"].map(|name| names.contains(name)), [false, false, true]);
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
