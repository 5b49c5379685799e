//! A loop whose world breaks: its API server, its configuration, its rights.

use crate::keeping::{Loop, place, rules, settings, until};
use crate::setup::{Place, shipped_rules};
use crate::testbed::ControlPlane;
use crate::testbed::users::{Role, Scope};

async fn is_served(place: &Place, namespace: &str) -> bool {
    place.pull_secrets(namespace, "default").await == ["pullkeeper"]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_becomes_bad_leaves_the_last_good_one() {
    let place = place("bad-config").await;
    place.namespace("one").await;
    let keeping = Loop::start(&place, &settings(&place, "")).await;
    keeping.write("config.yaml", "namespaces: [");
    keeping.says("the last good configuration goes on").await;
    let fresh = place.namespace("fresh").await;
    until("served", async || is_served(&place, &fresh).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_configuration_holds_at_once() {
    let place = place("new-config").await;
    place.namespace("one").await;
    let keeping = Loop::start(&place, &settings(&place, "")).await;
    let fresh = "newly-chosen-one";
    crate::testbed::fixtures::namespace(fresh).create(&place.admin).await;
    let text = std::fs::read_to_string(keeping.config.path()).unwrap();
    keeping.write("config.yaml", &text.replace("new-config-*", "newly-chosen-*"));
    until("served", async || is_served(&place, fresh).await).await;
    let later = "newly-chosen-two";
    crate::testbed::fixtures::namespace(later).create(&place.admin).await;
    until("served", async || is_served(&place, later).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_right_to_watch_passes_go_on_at_the_interval() {
    let place =
        Place::with(ControlPlane::shared(), "blind", Role::Rules(shipped_rules()), Scope::Cluster).await;
    place.namespace("one").await;
    let keeping = Loop::begin(&place, &settings(&place, "time: {interval: 2s}"));
    keeping.says("grant watch").await;
    let fresh = place.namespace("fresh").await;
    until("served", async || is_served(&place, &fresh).await).await;
    assert_eq!(keeping.said().matches("watch namespaces").count(), 1, "{}", keeping.said());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_outlives_its_api_server() {
    let server: &'static ControlPlane = Box::leak(Box::new(ControlPlane::start().unwrap()));
    let place = Place::with(server, "restarted", Role::Rules(rules()), Scope::Cluster).await;
    place.namespace("one").await;
    let keeping = Loop::start(&place, &settings(&place, "")).await;
    server.stop_apiserver().unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    server.start_apiserver().unwrap();
    let fresh = place.namespace("fresh").await;
    until("served", async || is_served(&place, &fresh).await).await;
    assert!(!keeping.said().contains("tried again"), "{}", keeping.said());
}
