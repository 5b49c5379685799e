//! eatr's users: the file that README gives them, its flags, the keys in a Secret, namespaces chosen by a label named
//! as the registry, new ones served at once with the token there is, and its counters.

use k8s_openapi::api::core::v1::Secret;
use kube::api::Api;

use crate::place::{HOST, Place};
use crate::program::{ConfigFile, end, start, terminate};
use crate::testbed::fixtures::{namespace, secret};
use crate::testbed::users::Role;

/// The file in README.
fn file() -> &'static str {
    let readme = include_str!("../../README.md");
    let section = readme.split("### Moving over from eatr").nth(1).expect("the section");
    section.split("```yaml\n").nth(1).and_then(|text| text.split("```").next()).expect("its file")
}

async fn created(port: u16) -> Option<String> {
    let answer = reqwest::get(format!("http://127.0.0.1:{port}/metrics")).await.ok()?;
    let text = answer.text().await.ok()?;
    Some(text.lines().find_map(|line| line.strip_prefix("secrets_created_total "))?.to_owned())
}

#[tokio::test]
async fn its_story() {
    let place = Place::alone("eatr", Role::Rules(crate::rights::eatr())).await;
    let admin = &place.admin;
    namespace("ci-cd").create(admin).await;
    let keys = [
        ("aws_region", "eu-west-1"),
        ("aws_access_key_id", crate::place::KEY),
        ("aws_secret_access_key", "aws-s3cret"),
    ];
    secret(admin, "ci-cd", &format!("eatr-aws-credentials-{HOST}"), "Opaque", keys).await;
    namespace("old").label(HOST, "true").create(admin).await;
    namespace("unlabelled").create(admin).await;

    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = ConfigFile::new(file());
    let mut command = place.program();
    command.args(["-auth-token-renewal-interval=6h", "-logging-verbosity-level", "0", "--config"]);
    command.arg(config.path()).env("PULLKEEPER_METRICS__LISTEN", format!("127.0.0.1:{port}"));
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    let program = start(command);
    is_served(&place, "old").await;

    namespace("fresh").label(HOST, "true").create(admin).await;
    is_served(&place, "fresh").await;
    let calls = place.aws.taken();
    assert_eq!(calls.len(), 1, "the token there is was good for the new one, too: {calls:?}");
    for _ in 0..100 {
        if created(port).await.as_deref() == Some("2") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(created(port).await.as_deref(), Some("2"));
    assert!(secrets(&place, "unlabelled").get_opt(HOST).await.unwrap().is_none());

    terminate(&program);
    let ran = end(program);
    assert_eq!(ran.code, Some(0), "{}", ran.everything());
    assert!(!ran.everything().contains("aws-s3cret"), "{}", ran.everything());
}

fn secrets(place: &Place, namespace: &str) -> Api<Secret> {
    Api::namespaced(place.admin.clone(), namespace)
}

async fn is_served(place: &Place, namespace: &str) {
    for _ in 0..400 {
        if secrets(place, namespace).get_opt(HOST).await.unwrap().is_some() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{namespace} is not served");
}
