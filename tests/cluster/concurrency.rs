//! Writers beside us. ServiceAccount pull secrets are an atomic list: who replaces it blindly loses what
//! others put there.

use k8s_openapi::api::core::v1::{LocalObjectReference, ServiceAccount};
use kube::api::{Api, PostParams};

use crate::setup::Place;
use crate::testbed::fixtures::service_account;

const WRITERS: [&str; 2] = ["one", "two"];
const ACCOUNTS: usize = 4;
const EDITS: usize = 40;

/// Adds entries one by one to every ServiceAccount, as a careful controller would; every few edits it takes
/// our name out, so that the passes have work.
async fn write(api: Api<ServiceAccount>, writer: &'static str) {
    for edit in 0..EDITS {
        for account in 0..ACCOUNTS {
            loop {
                let mut object = api.get(&format!("account-{account}")).await.unwrap();
                let list = object.image_pull_secrets.get_or_insert_default();
                list.push(LocalObjectReference { name: format!("{writer}-{edit}") });
                if edit % 4 == 0 {
                    list.retain(|reference| reference.name != "pullkeeper");
                }
                match api.replace(&format!("account-{account}"), &PostParams::default(), &object).await {
                    Ok(_) => break,
                    Err(kube::Error::Api(status)) if status.is_conflict() => {}
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entries_that_others_add_during_passes_survive() {
    let place = Place::new("writers").await;
    let a = place.namespace("a").await;
    for account in 0..ACCOUNTS {
        service_account(&place.admin, &a, &format!("account-{account}"), &[]).await;
    }
    let api = || Api::<ServiceAccount>::namespaced(place.admin.clone(), &a);
    let writers: Vec<_> = WRITERS.into_iter().map(|writer| tokio::spawn(write(api(), writer))).collect();
    let config = place.config("");
    let (mut passes, mut patches) = (0, 0);
    while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
        let report = place.pass(&config).await;
        patches += report.changes.len();
        passes += 1;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let report = place.pass(&config).await;
    assert!(report.errors.is_empty(), "{report}");
    assert!(
        passes > 1 && patches > ACCOUNTS,
        "the passes met the writers: {passes} passes, {patches} patches"
    );
    for account in 0..ACCOUNTS {
        let list = place.pull_secrets(&a, &format!("account-{account}")).await;
        for writer in WRITERS {
            for edit in 0..EDITS {
                let entry = format!("{writer}-{edit}");
                assert_eq!(list.iter().filter(|name| **name == entry).count(), 1, "{entry} in {list:?}");
            }
        }
        assert_eq!(list.iter().filter(|name| *name == "pullkeeper").count(), 1);
    }
    place.assert_settled(&config).await;
}
