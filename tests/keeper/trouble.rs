//! A loop whose world breaks: its API server, its configuration, its rights.

use std::time::Duration;

use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::{Api, Patch, PatchParams};
use serde_json::json;

use crate::keeping::{Loop, place, rules, settings, until};
use crate::network::{Network, State};
use crate::program::pullkeeper;
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
    tokio::time::sleep(Duration::from_secs(2)).await;
    server.start_apiserver().unwrap();
    let fresh = place.namespace("fresh").await;
    until("served", async || is_served(&place, &fresh).await).await;
    assert!(!keeping.said().contains("tried again"), "{}", keeping.said());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_outlives_its_network() {
    let place = place("network").await;
    place.namespace("one").await;
    let network = Network::before(&place).await;
    let mut command = pullkeeper();
    command.env("KUBECONFIG", &network.kubeconfig);
    let keeping = Loop::begin_with(command, &settings(&place, ""));
    keeping.has_reported().await;
    for (state, suffix) in [(State::Silent, "silent"), (State::Cut, "cut")] {
        network.is_now(state);
        let fresh = place.namespace(suffix).await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert!(!is_served(&place, &fresh).await, "the network is {state:?}");
        network.is_now(State::Open);
        until("served", async || is_served(&place, &fresh).await).await;
    }
    assert!(!keeping.said().contains("ERROR"), "{}", keeping.said());
}

/// Its watches can't go on where they were: the API server answers 410, and they begin anew.
#[tokio::test(flavor = "multi_thread")]
async fn what_it_missed_for_good_is_served() {
    let server: &'static ControlPlane = Box::leak(Box::new(ControlPlane::start().unwrap()));
    let place = Place::with(server, "missed", Role::Rules(rules()), Scope::Cluster).await;
    place.namespace("one").await;
    let network = Network::before(&place).await;
    let mut command = pullkeeper();
    command.env("KUBECONFIG", &network.kubeconfig).env("RUST_LOG", "pullkeeper=debug");
    let keeping = Loop::begin_with(command, &settings(&place, ""));
    keeping.has_reported().await;
    network.is_now(State::Cut);
    let fresh = place.namespace("fresh").await;
    // What happened before it started is not in its memory.
    server.stop_apiserver().unwrap();
    server.start_apiserver().unwrap();
    network.is_now(State::Open);
    until("served", async || is_served(&place, &fresh).await).await;
    keeping.says("too old resource version").await;
}

/// Namespaces and ServiceAccounts that somebody writes again and again.
#[tokio::test(flavor = "multi_thread")]
async fn its_memory_does_not_grow_with_what_happens() {
    const EVENTS: usize = 1500;
    let place = place("events").await;
    let names = [place.namespace("one").await, place.namespace("two").await];
    let keeping = Loop::start(&place, &settings(&place, "")).await;
    let happen = async |from: usize| {
        for number in from..from + EVENTS {
            let note = Patch::Merge(json!({"metadata": {"annotations": {"note": number.to_string()}}}));
            let accounts = Api::<ServiceAccount>::namespaced(place.admin.clone(), &names[number % 2]);
            accounts.patch("default", &PatchParams::default(), &note).await.unwrap();
        }
        let fresh = place.namespace(&format!("after-{from}")).await;
        until("served", async || is_served(&place, &fresh).await).await;
        keeping.memory()
    };
    let (some, many) = (happen(0).await, happen(EVENTS).await);
    assert!(many < some + 4 * 1024, "{some} KiB after {EVENTS} events, {many} after twice as many");
}
