//! k8s-ecrupdater's users: their variables alone, no file, under the ClusterRole that tool published. Each test
//! chooses all namespaces, so each has a control plane of its own.

use std::collections::BTreeMap;
use std::process::{Child, Command};

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use kube::api::{Api, ListParams};
use serde_json::json;

use crate::place::{ACCOUNT, HOST, KEY, Pass, Place};
use crate::program::{end, printed, start, terminate};
use crate::rights::{ecrupdater, ecrupdater_secrets};
use crate::secrets::{login, logins, noted, read, time};
use crate::testbed::audit::{AuditEvent, tally};
use crate::testbed::fixtures::{docker_config, docker_config_secret, secret};
use crate::testbed::pods::pod;
use crate::testbed::users::Role;

/// That tool's variables.
fn variables(place: &Place, secret: &str) -> Command {
    let mut command = place.program();
    command.env("K8S_PULL_SECRET_NAME", secret).env("AWS_DEFAULT_REGION", "eu-west-1");
    command
}

/// What that tool's users have: Secrets of one name, each made by hand in its own way, and much that is not
/// its business. Returns the names of the namespaces in which it is to be served.
async fn fill(place: &Place, name: &str) -> [String; 4] {
    let admin = &place.admin;
    let spelled = place.namespace(&format!("{name}-spelled")).await;
    let auths = [format!("https://{HOST}"), format!("{HOST}/v2/"), "elsewhere.example.com".to_owned()];
    let auths: BTreeMap<_, _> = auths.into_iter().map(|key| (key, json!({"auth": "b2xkOm9sZA=="}))).collect();
    docker_config_secret(admin, &spelled, name, &json!({"auths": auths})).await;

    let legacy = place.namespace(&format!("{name}-legacy")).await;
    let old = docker_config(HOST, "AWS", "ended")["auths"].to_string();
    secret(admin, &legacy, name, "kubernetes.io/dockercfg", [(".dockercfg", old)]).await;

    let empty = place.namespace(&format!("{name}-empty")).await;
    docker_config_secret(admin, &empty, name, &json!({"auths": {}})).await;

    let broken = place.namespace(&format!("{name}-broken")).await;
    docker_config_secret(admin, &broken, name, &json!({"auths": {HOST: {"auth": "%"}}})).await;

    let lacking = place.namespace(&format!("{name}-lacking")).await;
    docker_config_secret(admin, &lacking, "other", &docker_config(HOST, "AWS", "ended")).await;
    pod("stuck").waiting("ImagePullBackOff", "401 Unauthorized").create(admin, &lacking).await;

    let opaque = place.namespace(&format!("{name}-opaque")).await;
    secret(admin, &opaque, name, "Opaque", [("key", "value")]).await;
    [spelled, legacy, empty, broken]
}

#[tokio::test]
async fn its_variables_alone_refresh_every_secret_of_that_name() {
    let mut place = Place::alone("vars", Role::Rules(ecrupdater())).await;
    refreshes(&place, "ecr", 0).await;
    // Who has no Secrets created needs no list of namespaces.
    place.become_user("no-namespaces", Role::Rules(ecrupdater_secrets())).await;
    refreshes(&place, "ecr-too", 1).await;
}

/// Three passes: one that can't ask leaves all as it is, one writes with one call, and one does nothing at all.
async fn refreshes(place: &Place, name: &str, refused: usize) {
    let served = fill(place, name).await;
    let (mark, before) = (place.mark(), place.versions().await);
    let told = nobody_to_ask_as(place, name);
    assert!(told.ends_with(". 2 Secrets keep the last good one; 2 Secrets stay without"), "{told}");
    assert_eq!(place.versions().await, before);
    assert!(!place.since(mark).iter().any(AuditEvent::is_write));

    let mark = place.mark();
    let began = Timestamp::now();
    let first = Pass::of(variables(place, name)).succeeded();
    let calls = place.aws.taken();
    assert_eq!(calls.len(), 1, "once, for however many Secrets: {calls:?}");
    let call = &calls[0];
    assert_eq!((&*call.action, &*call.region, &*call.key), ("GetAuthorizationToken", "eu-west-1", KEY));

    let mut expected: Vec<_> =
        served.iter().map(|namespace| format!("update Secret {namespace}/{name}")).collect();
    expected.sort();
    assert_eq!(first.changes(), expected);
    let asked = tally(&place.since(mark));
    let expected =
        [("list namespaces".to_owned(), 1), ("list secrets".to_owned(), 1), ("patch secrets".to_owned(), 4)];
    assert_eq!(asked, BTreeMap::from(expected), "nothing else is even looked at");
    for namespace in &served {
        let secret = read(&place.admin, namespace, name).await;
        assert_eq!(logins(&secret), [login(HOST, ACCOUNT)], "{namespace}");
        assert!(secret.labels().is_empty(), "it is not made ours: {namespace}");
        let noted = noted(&secret, HOST);
        let (issued, expires) = (time(&noted, "issued"), time(&noted, "expires"));
        assert_eq!(expires, issued + SignedDuration::from_hours(12), "{noted}");
        // By the server's clock, which is not quite ours.
        assert!(began.duration_until(issued).abs() < SignedDuration::from_mins(10), "{noted}");
    }
    let mut untouched = place.versions().await;
    let mut before_of_others = before;
    for namespace in &served {
        let key = format!("Secret {namespace}/{name}");
        assert_ne!(untouched.remove(&key), before_of_others.remove(&key));
    }
    assert_eq!(untouched, before_of_others);

    let odd = first.finding("SourceRemark");
    let told = "its token is said to end on 2015-01-01T00:00:00Z, which can't be; it is taken to last 12h";
    assert_eq!(odd, told);
    let opaque = first.finding("ForeignSecret");
    assert!(opaque.contains("of type Opaque"), "{opaque}");
    let unlisted = |pass: &Pass| pass.findings().iter().filter(|one| one.0 == "ListForbidden").count();
    assert_eq!((unlisted(&first), first.findings().len()), (refused, refused + 2), "{first:?}");

    let second = place.assert_settled(variables(place, name)).await.succeeded();
    assert_eq!(second.findings().len(), refused + 1, "the odd end is told when it is met: {second:?}");
}

/// A pass without a key, and what it says of that.
fn nobody_to_ask_as(place: &Place, name: &str) -> String {
    let mut command = variables(place, name);
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    command.env("AWS_EC2_METADATA_DISABLED", "true");
    let pass = Pass::of(command);
    assert_eq!((pass.ran.code, pass.changes(), place.aws.taken()), (Some(1), vec![], vec![]), "{pass:?}");
    let [("SourceFailed", message)] = pass.errors()[..] else { panic!("{pass:?}") };
    assert!(message.starts_with("AWS: no credentials found; tried "), "{message}");
    message.to_owned()
}

#[tokio::test]
async fn missing_ones_are_made_only_if_it_is_told_true() {
    let place = Place::alone("create", Role::Rules(ecrupdater())).await;
    place.namespace("a").await;
    let all = Api::<Secret>::all(place.admin.clone());
    for (index, (value, made)) in
        [("1", false), ("yes", false), ("true", true), ("True", true)].iter().enumerate()
    {
        let name = format!("ecr-{index}");
        let there = place.namespace(&format!("there-{index}")).await;
        docker_config_secret(&place.admin, &there, &name, &docker_config(HOST, "AWS", "ended")).await;
        let command = || {
            let mut command = variables(&place, &name);
            command.env("ECR_CREATE_MISSING", value);
            command
        };
        let pass = Pass::of(command()).succeeded();
        assert_eq!(place.aws.token_regions(), ["eu-west-1"], "{value}");
        let by_name = ListParams::default().fields(&format!("metadata.name={name}"));
        let found: Vec<_> = all.list(&by_name).await.unwrap().items;
        let namespaces: Vec<_> = found.iter().filter_map(ResourceExt::namespace).collect();
        let wanted = ["create-a", "default", "kube-system", there.as_str()];
        let served = wanted.iter().filter(|wanted| namespaces.iter().any(|name| name == *wanted)).count();
        assert_eq!(served, if *made { wanted.len() } else { 1 }, "{value}: {namespaces:?}");
        assert_eq!(found.len(), pass.changes().len(), "{value}: {pass:?}");
        assert!(found.iter().all(|secret| logins(secret) == [login(HOST, ACCOUNT)]), "{value}");
        place.assert_settled(command()).await.succeeded();
    }
}

#[tokio::test]
async fn without_once_it_goes_on_until_it_is_told_to_end() {
    let place = Place::alone("loop", Role::Rules(ecrupdater())).await;
    let a = place.namespace("a").await;
    docker_config_secret(&place.admin, &a, "ecr", &docker_config(HOST, "AWS", "ended")).await;
    // Its hour, of which nobody waits for the end.
    let mut program = start(variables(&place, "ecr"));
    let first = printed(&mut program, "\n}\n");
    assert!(first.contains("\"update\""), "{first}");
    assert_ends(program);
    assert_eq!(place.aws.token_regions(), ["eu-west-1"]);

    docker_config_secret(&place.admin, &a, "ecr-too", &docker_config(HOST, "AWS", "ended")).await;
    let mut command = variables(&place, "ecr-too");
    command.env("ECR_UPDATE_INTERVAL", "1");
    let mut program = start(command);
    let first = printed(&mut program, "\n}\n");
    assert!(first.contains("\"update\""), "{first}");
    // It finds nothing to do, and says so once.
    let second = printed(&mut program, "\n}\n");
    assert!(second.contains("\"changes\": []"), "{second}");
    assert_ends(program);
    assert_eq!(place.aws.token_regions(), ["eu-west-1"], "only the first pass asked");
    let secret = read(&place.admin, &a, "ecr-too").await;
    assert_eq!(logins(&secret), [login(HOST, ACCOUNT)]);
}

/// Tells it to end, which is no failure between two passes.
fn assert_ends(program: Child) {
    terminate(&program);
    let ran = end(program);
    assert_eq!((ran.code, ran.errors()), (Some(0), vec![]), "{}", ran.everything());
}
