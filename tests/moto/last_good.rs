//! What is good stays: while AWS is down, and until it is due. What somebody spoiled is mended.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, Patch, PatchParams};
use serde_json::{Value, json};

use crate::place::{ACCOUNT, HOST, Pass, Place};
use crate::secrets::{age, login, logins, noted, read, state_text, time, write_state};
use crate::server::Moto;
use crate::testbed::audit::AuditEvent;

const CONFIG: &str = "registries: [{ecr: {region: eu-west-1}}]";

/// More than half of a token's twelve hours.
const SEVEN_HOURS: SignedDuration = SignedDuration::from_hours(7);

#[tokio::test]
async fn while_aws_is_down_the_last_good_one_stays_to_the_byte() {
    let place = Place::new("down").await;
    let namespaces = [place.namespace("a").await, place.namespace("b").await];
    let moto = Moto::start();
    let command = |address: &str| {
        let (mut command, config) = place.configured(CONFIG);
        command.env("AWS_ENDPOINT_URL", format!("http://{address}"));
        (command, config)
    };
    Pass::of(command(&moto.address).0).succeeded();
    let address = moto.address.clone();
    drop(moto);
    // Nothing is due, so nobody is missed.
    place.assert_settled(command(&address).0).await.succeeded();

    let mut ends = String::new();
    for namespace in &namespaces {
        age(&place.admin, namespace, "pullkeeper", SEVEN_HOURS).await;
        ends = time(&noted(&read(&place.admin, namespace, "pullkeeper").await, HOST), "expires").to_string();
    }
    let (before, mark) = (contents(&place, &namespaces).await, place.mark());
    let pass = Pass::of(command(&address).0);
    assert_eq!(pass.ran.code, Some(1), "{pass:?}");
    assert!(!place.since(mark).iter().any(AuditEvent::is_write));
    assert_eq!(contents(&place, &namespaces).await, before);
    let [("SourceFailed", message)] = pass.errors()[..] else { panic!("{pass:?}") };
    let cause = format!("ECR at http://{address} can't be reached: ");
    assert!(message.starts_with(&cause), "{message}");
    for part in [
        "; see to the network, the proxy (HTTPS_PROXY) and AWS_ENDPOINT_URL".to_owned(),
        format!(". 2 Secrets keep the last good one, which ends {ends}"),
    ] {
        assert!(message.contains(&part), "{part}: {message}");
    }

    // AWS is back.
    place.pass(CONFIG).succeeded();
    assert_eq!(place.aws.token_regions(), ["eu-west-1"]);
    place.assert_settled(place.configured(CONFIG).0).await.succeeded();
}

/// The whole of the test's Secrets.
async fn contents(place: &Place, namespaces: &[String]) -> BTreeMap<String, Value> {
    let mut contents = BTreeMap::new();
    for namespace in namespaces {
        let secret = read(&place.admin, namespace, "pullkeeper").await;
        contents.insert(namespace.clone(), serde_json::to_value(secret).unwrap());
    }
    contents
}

#[tokio::test]
async fn it_is_renewed_when_it_is_due_and_not_before() {
    let place = Place::new("due").await;
    let (a, b) = (place.namespace("a").await, place.namespace("b").await);
    place.pass(CONFIG).succeeded();
    assert_eq!(place.aws.token_regions(), ["eu-west-1"]);
    age(&place.admin, &a, "pullkeeper", SignedDuration::from_hours(5)).await;
    place.assert_settled(place.configured(CONFIG).0).await.succeeded();
    age(&place.admin, &a, "pullkeeper", SignedDuration::from_hours(2)).await;
    let uid = read(&place.admin, &a, "pullkeeper").await.metadata.uid;
    let pass = place.pass(CONFIG).succeeded();
    assert_eq!(place.aws.token_regions(), ["eu-west-1"]);
    assert_eq!(pass.changes(), [format!("update Secret {a}/pullkeeper")], "{b} is not due");
    assert_eq!(read(&place.admin, &a, "pullkeeper").await.metadata.uid, uid, "in place");
    place.assert_settled(place.configured(CONFIG).0).await.succeeded();

    // A rhythm of the user's own.
    let often = format!("{CONFIG}\nrefresh: {{every: 1h}}");
    age(&place.admin, &a, "pullkeeper", SignedDuration::from_mins(61)).await;
    let pass = place.pass(&often).succeeded();
    assert_eq!(place.aws.token_regions(), ["eu-west-1"]);
    assert_eq!(pass.changes(), [format!("update Secret {a}/pullkeeper")]);
    place.assert_settled(place.configured(&often).0).await.succeeded();
}

#[tokio::test]
async fn what_was_tampered_with_is_mended_by_one_call() {
    let place = Place::new("tampered").await;
    let a = place.namespace("a").await;
    place.pass(CONFIG).succeeded();
    drop(place.aws.taken());
    let good = read(&place.admin, &a, "pullkeeper").await;
    let state: Value = serde_json::from_str(state_text(&good)).unwrap();
    let with = |key: &str, value: &str| {
        let mut state = state.clone();
        state[HOST][key] = value.into();
        Some(state.to_string())
    };
    let table = [
        ("gone", None),
        ("empty", Some(String::new())),
        ("no JSON", Some("{".to_owned())),
        ("no notes", Some("{}".to_owned())),
        ("another hash", with("sha256", "00")),
        ("another source", with("source", "ecr:us-east-1:x")),
        ("no time", with("issued", "yesterday")),
        ("issued when it will be", with("issued", "2999-01-01T00:00:00Z")),
        ("ended before it began", with("expires", "2015-01-01T00:00:00Z")),
        ("without an end", with("expires", "9999-01-01T00:00:00Z")),
    ];
    for (what, state) in table {
        write_state(&place.admin, &a, "pullkeeper", state.as_deref()).await;
        mended(&place, &a, what).await;
    }
    let spoiled = [
        (".dockerconfigjson", json!({"auths": {}}).to_string()),
        (".dockerconfigjson", json!({"auths": {HOST: {"auth": "QVdTOm90aGVy"}}}).to_string()),
        (".dockerconfigjson", json!({"auths": {"elsewhere.example.com": {"auth": "eDp5"}}}).to_string()),
    ];
    for (key, text) in spoiled {
        let patch = Patch::Merge(json!({"stringData": {key: text}}));
        let api = Api::<Secret>::namespaced(place.admin.clone(), &a);
        api.patch("pullkeeper", &PatchParams::default(), &patch).await.unwrap();
        mended(&place, &a, &text).await;
    }
}

async fn mended(place: &Place, namespace: &str, what: &str) {
    let pass = place.pass(CONFIG).succeeded();
    assert_eq!(place.aws.token_regions(), ["eu-west-1"], "{what}");
    assert_eq!(pass.changes(), [format!("update Secret {namespace}/pullkeeper")], "{what}");
    let secret = read(&place.admin, namespace, "pullkeeper").await;
    assert_eq!(logins(&secret), [login(HOST, ACCOUNT)], "{what}");
    let noted = noted(&secret, HOST);
    assert_eq!(time(&noted, "expires"), time(&noted, "issued") + SignedDuration::from_hours(12), "{what}");
    place.assert_settled(place.configured(CONFIG).0).await;
}
