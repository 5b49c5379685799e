//! Who moves over from registry-creds and from k8s-ecr-login-renew: what these left in a cluster is taken over by the
//! configurations that README gives their users, and nothing else is touched.

use k8s_openapi::api::core::v1::{Secret, ServiceAccount};
use k8s_openapi::api::rbac::v1::PolicyRule;
use kube::api::Api;
use serde_json::json;

use crate::place::{ACCOUNT, Pass, Place};
use crate::program::ConfigFile;
use crate::secrets::{login, logins, read};
use crate::testbed::fixtures::{docker_config_secret, namespace, secret, service_account};
use crate::testbed::users::{Role, rules};

/// The Secrets of registry-creds, and the hosts as it wrote them.
const CREDS: [(&str, &str); 4] = [
    ("awsecr-cred", "https://123456789012.dkr.ecr.us-east-1.amazonaws.com"),
    ("dpr-secret", "https://registry.example.com"),
    ("acr-secret", "example.azurecr.io"),
    ("gcr-secret", "https://gcr.io"),
];
const KEY_FILE: &str = "{\n  \"type\": \"service_account\",\n  \"private_key_id\": \"0\"\n}";

#[tokio::test]
async fn what_registry_creds_left_is_taken_over_and_each_name_kept_once() {
    let sources = ["aws", "registry-creds-dpr", "registry-creds-acr", "registry-creds-gcr"];
    let place = Place::alone("creds", Role::Rules(rights(&CREDS.map(|(name, _)| name), &sources))).await;
    let admin = &place.admin;
    aws_keys(&place).await;
    for (name, key, value) in [
        ("registry-creds-dpr", "DOCKER_PRIVATE_REGISTRY_PASSWORD", "dpr-s3cret"),
        ("registry-creds-acr", "ACR_PASSWORD", "acr-s3cret"),
        ("registry-creds-gcr", "application_default_credentials.json", KEY_FILE),
    ] {
        secret(admin, "kube-system", name, "Opaque", [(key, value)]).await;
    }
    let (served, fresh) = (place.namespace("served").await, place.namespace("fresh").await);
    for (name, key) in CREDS {
        let old = json!({key: {"auth": "b2xkOm9sZA==", "email": "none"}});
        match name {
            "gcr-secret" => {
                let data = [(".dockercfg", old.to_string())];
                secret(admin, &served, name, "kubernetes.io/dockercfg", data).await;
            }
            // As where its source had failed.
            "acr-secret" => drop(docker_config_secret(admin, &served, name, &json!({})).await),
            _ => drop(docker_config_secret(admin, &served, name, &json!({"auths": old})).await),
        }
    }
    let names = CREDS.map(|(name, _)| name);
    service_account(admin, &served, "default", &names).await;
    service_account(admin, &served, "other", &[]).await;
    let accounts = place.versions().await;

    let config = configuration("registry-creds");
    let pass = Pass::of(command(&place, &config)).succeeded();
    assert_eq!(place.aws.taken().len(), 1, "one token for all namespaces");
    for of in [&served, &fresh] {
        let expected = [
            login("123456789012.dkr.ecr.us-east-1.amazonaws.com", ACCOUNT),
            ("registry.example.com".into(), "puller:dpr-s3cret".into()),
            ("example.azurecr.io".into(), "00000000-0000-0000-0000-000000000000:acr-s3cret".into()),
            ("gcr.io".into(), format!("_json_key:{KEY_FILE}")),
        ];
        for (name, expected) in names.iter().zip(expected) {
            assert_eq!(logins(&read(admin, of, name).await), [expected], "{of}/{name}: {pass:?}");
        }
        let mut found = pull_secrets(&place, of, "default").await;
        found.sort();
        assert_eq!(found, sorted(names), "{of}");
    }
    let own: Vec<_> = pass.changes().into_iter().filter(|change| change.contains(&served)).collect();
    assert_eq!(own, sorted(names).map(|name| format!("update Secret {served}/{name}")));
    let account = format!("ServiceAccount {served}/default");
    assert_eq!(place.versions().await[&account], accounts[&account], "it named all of them already");
    assert!(pull_secrets(&place, &served, "other").await.is_empty());
    let system = Api::<Secret>::namespaced(admin.clone(), "kube-system");
    assert!(system.get_opt("awsecr-cred").await.unwrap().is_none(), "it skips kube-system");
    place.assert_settled(command(&place, &config)).await.succeeded();
}

#[tokio::test]
async fn what_k8s_ecr_login_renew_left_is_taken_over_and_nothing_else_touched() {
    const NAME: &str = "k8s-ecr-login-renew-docker-secret";
    const HOST: &str = "123456789012.dkr.ecr.us-west-2.amazonaws.com";
    let place = Place::alone("team", Role::Rules(rights(&[NAME], &["aws"]))).await;
    let admin = &place.admin;
    aws_keys(&place).await;
    let (served, fresh) = (place.namespace("served").await, place.namespace("fresh").await);
    namespace("elsewhere").create(admin).await;
    let old = json!({"auths": {format!("https://{HOST}"): {
        "username": "AWS", "password": "old", "email": "awsregrenew@demo.test", "auth": "QVdTOm9sZA==",
    }}});
    docker_config_secret(admin, &served, NAME, &old).await;
    let uid = read(admin, &served, NAME).await.metadata.uid;

    let config = configuration("k8s-ecr-login-renew");
    let pass = Pass::of(command(&place, &config)).succeeded();
    let expected = [
        format!("create Secret default/{NAME}"),
        format!("create Secret {fresh}/{NAME}"),
        format!("update Secret {served}/{NAME}"),
    ];
    assert_eq!(pass.changes(), expected);
    for of in ["default", &served, &fresh] {
        assert_eq!(logins(&read(admin, of, NAME).await), [login(HOST, ACCOUNT)], "{of}");
    }
    assert_eq!(read(admin, &served, NAME).await.metadata.uid, uid);
    place.assert_settled(command(&place, &config)).await.succeeded();
}

/// The file in README.
fn configuration(tool: &str) -> ConfigFile {
    let readme = include_str!("../../README.md");
    let (_, section) = readme.split_once(&format!("### Moving over from {tool}\n")).unwrap();
    ConfigFile::new(section.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap())
}

/// The program with that file, and no key for AWS but those that the file names. Nobody is asked: the registries are nowhere.
fn command(place: &Place, config: &ConfigFile) -> std::process::Command {
    let mut command = place.program();
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    command.arg("--config").arg(config.path()).env("PULLKEEPER_VERIFY", "false");
    command
}

/// The shipped rules with these names of Secrets, and those Secrets to read.
fn rights(names: &[&str], sources: &[&str]) -> Vec<PolicyRule> {
    let owned = |names: &[&str]| Some(names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
    let mut all = crate::rights::shipped();
    for rule in all.iter_mut().filter(|rule| rule.resource_names.is_some()) {
        rule.resource_names = owned(names);
    }
    let read = rules(&[("", "secrets", "get")]).into_iter();
    all.extend(read.map(|rule| PolicyRule { resource_names: owned(sources), ..rule }));
    all
}

/// The Secret with the keys, as README has it copied.
async fn aws_keys(place: &Place) {
    namespace("pullkeeper").create(&place.admin).await;
    let keys = [("aws_access_key_id", crate::place::KEY), ("aws_secret_access_key", "aws-s3cret")];
    secret(&place.admin, "pullkeeper", "aws", "Opaque", keys).await;
}

fn sorted(mut names: [&str; 4]) -> [&str; 4] {
    names.sort_unstable();
    names
}

async fn pull_secrets(place: &Place, namespace: &str, name: &str) -> Vec<String> {
    let api = Api::<ServiceAccount>::namespaced(place.admin.clone(), namespace);
    let account = api.get(name).await.unwrap();
    account.image_pull_secrets.unwrap_or_default().into_iter().map(|one| one.name).collect()
}
