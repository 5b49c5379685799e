//! ServiceAccounts out of which somebody takes our Secret's name as soon as it is there.

use serde_json::{Value, json};

use super::scripted::objects::{forbidden, list, not_found, ok, service_account, stuck_pod};
use super::scripted::{Expect, Reply, Request, Server, get, patch, post};
use super::{ACCOUNTS, DEFAULT, EVENTS, ONE, PODS, SECRET, SECRETS, pass_over, said};

/// Two pods wait; the Secret is made, the ServiceAccount patched.
fn stuck() -> Vec<Expect> {
    let pods = json!([stuck_pod("team-a", "one", "1"), stuck_pod("team-a", "two", "1")]);
    vec![
        get(PODS).query("status.phase=Pending").says(ok(&list(pods, ""))).always(),
        get(ACCOUNTS).says(ok(&list(json!([service_account("team-a", "default", &[])]), ""))).always(),
        post(SECRETS).says(ok(&json!({}))),
        patch(DEFAULT).says(ok(&json!({}))),
    ]
}

/// What is said after the Secret and the ServiceAccount, and all that was asked.
async fn heal(script: impl IntoIterator<Item = Expect>) -> (Vec<String>, Vec<Request>) {
    let server = Server::start(stuck().into_iter().chain(script));
    let report = pass_over(&server, ONE).await.unwrap();
    (said(&report)[2..].to_vec(), server.finish())
}

fn reread(list: &[&str]) -> Reply {
    ok(&service_account("team-a", "default", list))
}

#[tokio::test]
async fn pods_are_evicted_once_it_is_seen_to_stay_there() {
    let (said, asked) = heal([
        patch(SECRET).says(ok(&json!({}))),
        get(DEFAULT).says(reread(&["theirs", "pullkeeper"])),
        post(format!("{PODS}/one/eviction")).says(ok(&json!({}))),
        post(EVENTS).says(ok(&json!({}))),
        post(format!("{PODS}/two/eviction")).says(ok(&json!({}))),
        post(EVENTS).says(ok(&json!({}))),
    ])
    .await;
    assert_eq!(said.len(), 2, "{said:?}");
    let added = |request: &Request| request.json()["metadata"]["annotations"]["pullkeeper.io/added"].clone();
    let names = |note: Value| serde_json::from_str::<Value>(note.as_str().unwrap()).unwrap();
    assert!(names(added(&asked[1]))["pullkeeper"].is_string(), "{}", added(&asked[1]));
    // Our Secret notes it as well, for who keeps the ServiceAccount may not keep its annotation.
    assert!(names(added(&asked[2]))["default"].is_string(), "{}", added(&asked[2]));
    assert!(asked[3].at.duration_since(asked[1].at).as_secs() >= 1, "looked at after the lag");
}

#[tokio::test]
async fn where_it_is_taken_out_at_once_no_pod_goes() {
    let gone = "finding Gone ServiceAccount team-a/default";
    let table = [
        (reread(&[]), "finding TakenOut ServiceAccount team-a/default"),
        (reread(&["theirs"]), "finding TakenOut ServiceAccount team-a/default"),
        (not_found(), gone),
        (forbidden(), "finding Forbidden ServiceAccount team-a/default"),
    ];
    for (reply, told) in table {
        let (said, _) = heal([patch(SECRET).says(ok(&json!({}))), get(DEFAULT).says(reply)]).await;
        assert_eq!(said, [told], "told once, and no pod is evicted");
    }
}

#[tokio::test]
async fn what_cannot_be_noted_is_no_reason_to_evict() {
    let (said, _) = heal([patch(SECRET).says(forbidden())]).await;
    assert_eq!(said, ["finding Forbidden Secret team-a/pullkeeper"]);
}
