//! The policy and the engine make the same of every image.

use crate::installed::{config, install, made, place};
use crate::references::{self, RULES, by_the_engine, found, mixed};
use crate::setup::Place;

async fn agrees(place: &Place, rules: &str, all: &[String]) -> usize {
    let config = config(place, rules);
    let namespace = place.namespace("one").await;
    let probe = all.iter().find(|image| by_the_engine(&config, image) != **image).unwrap();
    install(place, rules, &namespace, probe).await;
    let mut changed = 0;
    for part in all.chunks(200) {
        let got = made(&place.admin, &namespace, &mixed(part)).await;
        for (index, image) in part.iter().enumerate() {
            let expected = by_the_engine(&config, image);
            assert_eq!(found(&got, index), expected, "{image:?} by {rules}");
            changed += usize::from(expected != *image);
        }
    }
    changed
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_and_the_engine_agree() {
    // The API server trims none, and takes no image that begins or ends with a blank.
    let all = references::all();
    for (prefix, rules) in RULES {
        let place = place(prefix).await;
        let changed = agrees(&place, rules, &all).await;
        references::assert_changed(changed, &all, rules);
    }
}
