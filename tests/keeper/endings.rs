//! How loops end: when their time is over, when all is well, or when they are told to.

use std::time::{Duration, Instant};

use crate::keeping::{Loop, place, settings, until};
use crate::setup::{Place, REFUSED};
use crate::testbed::ControlPlane;
use crate::testbed::pods::pod;
use crate::testbed::users::{Role, Scope, rules};

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_soon_after_it_is_told_to() {
    let place = place("told").await;
    let name = place.namespace("one").await;
    let keeping = Loop::start(&place, &settings(&place, "")).await;
    until("served", async || place.pull_secrets(&name, "default").await == ["pullkeeper"]).await;
    let told = Instant::now();
    let ran = keeping.end();
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    assert!(told.elapsed() < Duration::from_secs(10), "{:?}", told.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_at_once_are_harmless() {
    let place = place("replicas").await;
    let old = place.namespace("old").await;
    let settings = settings(&place, "");
    let two = [Loop::begin(&place, &settings), Loop::begin(&place, &settings)];
    let fresh = place.namespace("fresh").await;
    for name in [&old, &fresh] {
        until("served", async || place.pull_secrets(name, "default").await == ["pullkeeper"]).await;
        assert!(place.secrets(name).get_opt("pullkeeper").await.unwrap().is_some());
    }
    // Neither undoes what the other did, nor does it again.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (before, mark) = (place.versions().await, place.mark());
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(place.versions().await, before);
    assert_eq!(place.since(mark).iter().filter(|event| event.is_write()).count(), 0);
    for keeping in two {
        let ran = keeping.end();
        assert_eq!(ran.code, Some(0), "{}", ran.stdout);
        assert!(!ran.stdout.contains("ERROR"), "{}", ran.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn until_healthy_ends_once_nothing_waits() {
    let place = place("healthy").await;
    place.namespace("one").await;
    let mut keeping =
        Loop::begin(&place, &settings(&place, "time: {interval: 1s, runtime: 1m, until: healthy}"));
    let ran = keeping.ended();
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn until_healthy_says_what_still_waits() {
    let place = place("unhealthy").await;
    let name = place.namespace("one").await;
    pod("web")
        .image("harbor.example.com/app:1")
        .waiting("ImagePullBackOff", REFUSED)
        .create(&place.admin, &name)
        .await;
    let settings = settings(&place, "time: {interval: 1s, runtime: 3s, until: healthy}");
    let ran = Loop::begin(&place, &settings).ended();
    assert_eq!(ran.code, Some(1), "{}", ran.stdout);
    assert!(ran.stdout.contains(&format!("Pod {name}/web")), "{}", ran.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn until_healthy_waits_for_the_pods_that_are_to_come() {
    let place = place("pods-to-come").await;
    place.namespace("one").await;
    let settings = settings(&place, "time: {interval: 1s, runtime: 8s, until: healthy, pods: 1}");
    let ran = Loop::begin(&place, &settings).ended();
    assert_eq!(ran.code, Some(1), "{}", ran.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_of_a_pass_the_next_finishes() {
    const MANY: usize = 40;
    let place = place("killed").await;
    let made = (0..MANY).map(|number| {
        let place = &place;
        async move { place.namespace(&format!("n{number}")).await }
    });
    let names = crate::testbed::fixtures::in_parallel(made, 8).await;
    let settings = settings(&place, "");
    let keeping = Loop::begin(&place, &settings);
    let some = async || {
        let mut served = 0;
        for name in &names {
            served += usize::from(place.secrets(name).get_opt("pullkeeper").await.unwrap().is_some());
        }
        served > 0
    };
    until("some are served", some).await;
    let ran = keeping.end();
    assert!(matches!(ran.code, Some(0 | 1)), "{}", ran.stdout);
    assert_eq!(ran.code == Some(1), ran.stdout.contains("was ended"), "{}", ran.stdout);

    let again = Loop::begin(&place, &settings);
    for name in &names {
        until("all are served", async || place.pull_secrets(name, "default").await == ["pullkeeper"]).await;
    }
    // What is left of its pass is not cut short.
    again.has_reported().await;
    assert_eq!(again.end().code, Some(0));
}

/// The oldest tool's file, as its README has it: a pod that gets stuck midway is deleted, and the loop ends with 0.
#[tokio::test(flavor = "multi_thread")]
async fn the_oldest_tools_loop_heals_what_comes_up_midway() {
    let rules = rules(&[
        ("", "pods", "delete get list"),
        ("", "namespaces", "get list"),
        ("", "secrets", "create get list"),
        ("", "serviceaccounts", "get list patch"),
    ]);
    let place = Place::with(ControlPlane::shared(), "oldest-loop", Role::Rules(rules), Scope::Cluster).await;
    let name = place.namespace("one").await;
    let file = format!(
        "namespaces: [{name}]\nregistry: {{host: harbor.example.com, username: admin, password: Boeboe@harbor123!, email: a@example.com, pullSecretName: regcred}}\ntime: {{interval: 2, runtime: 20}}\n"
    );
    let mut keeping = Loop::begin(&place, &file);
    until("served", async || place.pull_secrets(&name, "default").await == ["regcred"]).await;
    // One that names ours and is younger than it has had its chance.
    pod("late")
        .pull_secret("theirs")
        .image("harbor.example.com/app:1")
        .waiting("ImagePullBackOff", REFUSED)
        .create(&place.admin, &name)
        .await;
    until("deleted", async || {
        let late = place.pods(&name).get_opt("late").await.unwrap();
        late.is_none_or(|late| late.metadata.deletion_timestamp.is_some())
    })
    .await;
    let ran = keeping.ended();
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    assert!(!ran.stdout.contains("ERROR") && !ran.stdout.contains("Boeboe@harbor"), "{}", ran.stdout);
}
