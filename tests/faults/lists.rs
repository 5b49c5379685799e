//! Lists in pages: tokens that grow too old, and tables that are not to be had.

use serde_json::{Value, json};

use super::scripted::objects::{expired, list, ok, refusal, service_account, stuck_pod, table};
use super::scripted::{Expect, Request, Server, get, patch, post};
use super::{ACCOUNTS, EVENTS, ONE, PODS, SECRETS, pass_over, said};

fn account(name: &str) -> Value {
    service_account("team-a", name, &[])
}

fn page(items: Value, next: &str) -> super::scripted::Reply {
    ok(&list(items, next))
}

#[tokio::test]
async fn a_token_that_expires_begins_the_list_anew_and_no_item_is_there_twice() {
    let server = Server::start([
        get(ACCOUNTS).says(page(json!([account("a")]), "one")),
        get(ACCOUNTS).query("continue=one").says(expired()),
        get(ACCOUNTS).says(page(json!([account("a")]), "two")),
        get(ACCOUNTS).query("continue=two").says(page(json!([account("b")]), "")),
        post(SECRETS).says(ok(&json!({}))),
        patch(format!("{ACCOUNTS}/a")).says(ok(&json!({}))),
        patch(format!("{ACCOUNTS}/b")).says(ok(&json!({}))),
    ]);
    let report = pass_over(&server, ONE).await.unwrap();
    assert_eq!(report.changes.len(), 3, "{report}");
    let asked = server.finish();
    let tokens: Vec<_> = asked.iter().filter(|r| r.path == ACCOUNTS).map(token).collect();
    assert_eq!(tokens, ["", "one", "", "two"]);
}

#[tokio::test]
async fn tokens_that_always_expire_are_an_error() {
    let mut script = Vec::new();
    for _ in 0..4 {
        script.push(get(ACCOUNTS).says(page(json!([account("a")]), "one")));
        script.push(get(ACCOUNTS).query("continue=one").says(expired()));
    }
    script.push(post(SECRETS).says(ok(&json!({}))));
    let server = Server::start(script);
    let report = pass_over(&server, ONE).await.unwrap();
    assert_eq!(
        said(&report),
        ["create Secret team-a/pullkeeper: missing", "error ListFailed Resource team-a/serviceaccounts"]
    );
    server.finish();
}

/// The continue token of a request.
fn token(request: &Request) -> String {
    let token = request.query.split('&').find_map(|pair| pair.strip_prefix("continue="));
    token.unwrap_or_default().to_owned()
}

fn asks_for_table(request: &Request) -> bool {
    request.headers["accept"].contains("as=Table")
}

/// The list of pods that are not Pending, in pages.
fn running_pods() -> Expect {
    get(PODS).query("status.phase!=Pending")
}

/// A pod that ran before; its Secret, its ServiceAccount and its eviction follow.
fn once_seen() -> [Expect; 5] {
    [
        get(ACCOUNTS).says(page(json!([account("default")]), "")).always(),
        post(SECRETS).says(ok(&json!({}))),
        patch(format!("{ACCOUNTS}/default")).says(ok(&json!({}))),
        post(format!("{PODS}/web/eviction")).says(ok(&json!({}))),
        post(EVENTS).says(ok(&json!({}))),
    ]
}

/// The lists of pods among the requests: whether as a table, and the continue token.
fn pod_lists(asked: &[Request]) -> Vec<(bool, String)> {
    asked.iter().filter(|r| r.path == PODS).map(|r| (asks_for_table(r), token(r))).collect()
}

#[tokio::test]
async fn only_a_page_with_a_suspicious_row_is_asked_in_full() {
    let pod = stuck_pod("team-a", "web", "1");
    let server =
        Server::start(
            once_seen().into_iter().chain([
                running_pods().says(ok(&table(&[("a", "1/1", "Running")], "one"))),
                running_pods()
                    .query("continue=one")
                    .says(ok(&table(&[("web", "0/1", "ImagePullBackOff")], "two"))),
                running_pods().query("continue=one").says(page(json!([pod]), "another")),
                running_pods().query("continue=two").says(ok(&table(&[("b", "2/2", "Running")], ""))),
            ]),
        );
    let report = pass_over(&server, ONE).await.unwrap();
    assert_eq!(report.changes.len(), 3, "{report}");
    let text = |token: &str| token.to_owned();
    assert_eq!(
        pod_lists(&server.finish()),
        [(true, text("")), (true, text("one")), (false, text("one")), (true, text("two"))]
    );
}

#[tokio::test]
async fn without_tables_all_pages_are_asked_in_full() {
    let pod = stuck_pod("team-a", "web", "1");
    let plain = page(json!([]), "one");
    for no_table in [refusal(406, "NotAcceptable", "only JSON"), plain.clone()] {
        let server = Server::start(once_seen().into_iter().chain([
            running_pods().says(no_table),
            running_pods().says(plain.clone()),
            running_pods().query("continue=one").says(page(json!([pod]), "")),
        ]));
        let report = pass_over(&server, ONE).await.unwrap();
        assert_eq!(report.changes.len(), 3, "{report}");
        let lists = pod_lists(&server.finish());
        assert_eq!(lists, [(true, String::new()), (false, String::new()), (false, "one".to_owned())]);
    }
}

#[tokio::test]
async fn a_table_whose_token_expires_is_begun_anew() {
    let pod = stuck_pod("team-a", "web", "1");
    let suspicious = || ok(&table(&[("web", "0/1", "ErrImagePull")], "one"));
    let server = Server::start(once_seen().into_iter().chain([
        running_pods().says(suspicious()),
        running_pods().says(page(json!([pod]), "")),
        running_pods().query("continue=one").says(expired()),
        running_pods().says(suspicious()),
        running_pods().says(page(json!([pod]), "")),
        running_pods().query("continue=one").says(ok(&table(&[], ""))),
    ]));
    let report = pass_over(&server, ONE).await.unwrap();
    // One eviction: the pod was found twice, and counts once.
    assert_eq!((report.changes.len(), report.summary.waiting_pods), (3, 1), "{report}");
    server.finish();
}

#[tokio::test]
async fn a_pod_that_changes_its_phase_between_the_two_lists_counts_once() {
    let pod = stuck_pod("team-a", "web", "1");
    let server = Server::start(once_seen().into_iter().chain([
        get(PODS).query("status.phase=Pending").says(page(json!([pod]), "")),
        running_pods().says(ok(&table(&[("web", "0/1", "ErrImagePull")], ""))),
        running_pods().says(page(json!([pod]), "")),
    ]));
    let report = pass_over(&server, ONE).await.unwrap();
    assert_eq!((report.changes.len(), report.summary.waiting_pods), (3, 1), "{report}");
    server.finish();
}
