//! `pullkeeper rbac` prints what is needed and nothing else: on a real API server the program runs as a ServiceAccount
//! with exactly those rights, in a world that gives it every kind of work, and all goes well. Then with each verb of
//! each rule taken away, and each time something is told that names the right.
//!
//! What needs a right only after a conflict finds one: before the first write of each object is forwarded, somebody else
//! has written to it (`forwarder`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../program/mod.rs"]
mod program;
#[path = "../testbed/mod.rs"]
mod testbed;

mod cases;
mod forwarder;
mod kept;
mod looping;
mod rights;
mod site;
mod trial;
mod world;

use std::sync::Arc;

use futures::{StreamExt, stream};

use cases::CASES;
use site::Site;
use trial::Trial;

/// Trials that are under way at once: most of the time each waits for the API server, or for its watches.
const AT_ONCE: usize = 32;

#[tokio::test(flavor = "multi_thread")]
async fn each_configuration_gets_what_it_needs_and_nothing_that_it_can_do_without() {
    let site = Arc::new(Site::new().await);
    let mut trials = Vec::new();
    for case in &CASES {
        let number = Trial::new(&site, case, 0, None).rights().len();
        assert!(number > 0, "{}", case.name);
        let each = (0..number).map(Some);
        let without = std::iter::once(None).chain(each);
        trials.extend(without.enumerate().map(|(place, without)| Trial::new(&site, case, place, without)));
    }
    let number = trials.len();
    let ended = stream::iter(trials).map(|trial| tokio::spawn(trial.run())).buffer_unordered(AT_ONCE);
    let ended: Vec<_> = ended.map(|ended| ended.expect("no panic")).collect().await;
    let failed: Vec<_> = ended.into_iter().filter_map(Result::err).collect();
    eprintln!("{number} trials");
    assert!(failed.is_empty(), "{} of {number}:\n{}", failed.len(), failed.join("\n\n"));
}
