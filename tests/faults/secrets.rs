//! Secrets that others write at the same time, and writes whose answer is lost.

use serde_json::json;

use super::scripted::expect::Fault;
use super::scripted::objects::{
    already_exists, conflict, forbidden, list, not_found, ok, over_quota, service_account,
};
use super::scripted::{Expect, Reply, Server, delete, get, lines, patch, post, writes};
use super::{
    ACCOUNTS, DEFAULT, ONE, SECRET, SECRETS, as_stored, drifted, foreign, our_secret, pass_over, said,
};

fn seen(secret: &serde_json::Value) -> Expect {
    get(SECRETS).says(ok(&list(json!([secret]), ""))).always()
}

#[tokio::test]
async fn a_conflict_is_read_and_judged_anew() {
    let ours = our_secret().await;
    let server = Server::start([
        seen(&drifted(&ours, "1")),
        patch(SECRET).says(conflict()),
        get(SECRET).says(ok(&drifted(&ours, "2"))),
        patch(SECRET).says(ok(&json!({}))),
    ]);
    let report = pass_over(&server, ONE).await.unwrap();
    assert_eq!(said(&report), ["update Secret team-a/pullkeeper: content differs"]);
    let asked = server.finish();
    let version = |index: usize| asked[index].json()["metadata"]["resourceVersion"].clone();
    assert_eq!((version(0), version(2)), ("1".into(), "2".into()));
    assert_eq!(asked[2].json()["data"], ours["data"]);
}

#[tokio::test]
async fn a_conflict_with_somebody_who_did_our_work_is_settled() {
    let ours = our_secret().await;
    let server = Server::start([
        seen(&drifted(&ours, "1")),
        patch(SECRET).says(conflict()),
        get(SECRET).says(ok(&as_stored(&ours, "2"))),
    ]);
    assert!(said(&pass_over(&server, ONE).await.unwrap()).is_empty());
    server.finish();
}

#[tokio::test]
async fn a_secret_that_became_somebody_elses_is_left_and_nothing_rests_on_it() {
    let ours = our_secret().await;
    let server = Server::start([
        seen(&drifted(&ours, "1")),
        get(ACCOUNTS).says(ok(&list(json!([service_account("team-a", "default", &[])]), ""))).always(),
        patch(SECRET).says(conflict()),
        get(SECRET).says(ok(&foreign(&drifted(&ours, "2")))),
    ]);
    assert_eq!(
        said(&pass_over(&server, ONE).await.unwrap()),
        ["finding ForeignSecret Secret team-a/pullkeeper"]
    );
    server.finish();
}

#[tokio::test]
async fn a_secret_that_vanished_is_made() {
    let ours = our_secret().await;
    let server = Server::start([
        seen(&drifted(&ours, "1")),
        patch(SECRET).says(not_found()),
        get(SECRET).says(not_found()),
        post(SECRETS).says(ok(&json!({}))),
    ]);
    assert_eq!(said(&pass_over(&server, ONE).await.unwrap()), ["create Secret team-a/pullkeeper: missing"]);
    assert_eq!(server.finish()[2].json()["data"], ours["data"]);
}

#[tokio::test]
async fn conflicts_without_end_are_left_to_the_next_pass() {
    let ours = our_secret().await;
    let mut script = vec![seen(&drifted(&ours, "1"))];
    for round in 0..5 {
        script.push(patch(SECRET).says(conflict()));
        script.extend((round < 4).then(|| get(SECRET).says(ok(&drifted(&ours, "2")))));
    }
    let server = Server::start(script);
    let report = pass_over(&server, ONE).await.unwrap();
    assert_eq!(said(&report), ["error WriteFailed Secret team-a/pullkeeper"]);
    assert!(report.errors[0].message.ends_with("the next pass tries again"), "{}", report.errors[0]);
    server.finish();
}

/// The Secret as the first create of the case sent it.
fn created() -> Expect {
    get(SECRET).says_of(|asked| ok(&as_stored(&asked[0].json(), "2")))
}

#[tokio::test]
async fn a_create_whose_answer_was_lost_counts_as_ours() {
    for fault in [Fault::Close, Fault::Reset, Fault::CloseInBody, Fault::ResetInBody] {
        let server = Server::start([
            get(ACCOUNTS).says(ok(&list(json!([service_account("team-a", "default", &[])]), ""))).always(),
            post(SECRETS).says(ok(&json!({"kind": "Secret", "metadata": {}})).fails(fault)),
            post(SECRETS).says(already_exists()),
            created(),
            patch(DEFAULT).says(ok(&json!({}))),
        ]);
        let report = pass_over(&server, ONE).await.unwrap();
        assert_eq!(
            said(&report),
            [
                "create Secret team-a/pullkeeper: missing",
                "patch ServiceAccount team-a/default: add pullkeeper"
            ],
            "{fault:?}"
        );
        assert_eq!(report.summary.writes, 3, "{fault:?}");
        server.finish();
    }
}

#[tokio::test]
async fn a_create_met_by_the_same_secret_is_settled() {
    let server = Server::start([
        get(ACCOUNTS).says(ok(&list(json!([service_account("team-a", "default", &[])]), ""))).always(),
        post(SECRETS).says(already_exists()),
        created(),
        patch(DEFAULT).says(ok(&json!({}))),
    ]);
    let report = pass_over(&server, ONE).await.unwrap();
    assert_eq!(said(&report), ["patch ServiceAccount team-a/default: add pullkeeper"]);
    server.finish();
}

#[tokio::test]
async fn a_create_met_by_somebody_elses_same_secret_is_settled_where_it_may_be_used() {
    let settings = format!("{ONE}\nsecret: {{adopt: merge}}");
    let server = Server::start([
        post(SECRETS).says(already_exists()),
        get(SECRET).says_of(|asked| {
            let mut secret = foreign(&as_stored(&asked[0].json(), "2"));
            secret["metadata"]["annotations"] = json!({});
            ok(&secret)
        }),
    ]);
    assert!(said(&pass_over(&server, &settings).await.unwrap()).is_empty());
    server.finish();
}

#[tokio::test]
async fn a_secret_of_the_wrong_type_is_deleted_as_it_was_judged_and_made_anew() {
    let mut wrong = our_secret().await;
    wrong["type"] = "Opaque".into();
    let (old, new) = (as_stored(&wrong, "1"), as_stored(&wrong, "2"));
    let server = Server::start([
        seen(&old),
        post(SECRETS).says(already_exists()),
        delete(SECRET).says(conflict()),
        get(SECRET).says(ok(&new)),
        post(SECRETS).says(already_exists()),
        delete(SECRET).says(ok(&json!({}))),
        post(SECRETS).says(Reply::raw(503, "text/plain", "busy")),
        post(SECRETS).says(ok(&json!({}))),
    ]);
    assert_eq!(
        said(&pass_over(&server, ONE).await.unwrap()),
        ["recreate Secret team-a/pullkeeper: wrong type"]
    );
    let asked = server.finish();
    let rehearsal = format!("POST {SECRETS}");
    assert_eq!(lines(&asked)[..2], [rehearsal, format!("DELETE {SECRET}")]);
    assert!(asked[0].query.contains("dryRun=All"), "{}", asked[0].query);
    for (index, version) in [(1, "1"), (4, "2")] {
        let expected = json!({"uid": "uid-of-secret", "resourceVersion": version});
        assert_eq!(asked[index].json()["preconditions"], expected);
    }
}

#[tokio::test]
async fn a_delete_whose_answer_was_lost_is_followed_by_the_create() {
    let mut wrong = our_secret().await;
    wrong["type"] = "Opaque".into();
    let server = Server::start([
        seen(&wrong),
        post(SECRETS).says(already_exists()),
        delete(SECRET).says(ok(&json!({})).fails(Fault::Close)),
        delete(SECRET).says(not_found()),
        post(SECRETS).says(ok(&json!({}))),
    ]);
    assert_eq!(
        said(&pass_over(&server, ONE).await.unwrap()),
        ["recreate Secret team-a/pullkeeper: wrong type"]
    );
    assert_eq!(writes(&server.finish()).len(), 4);
}

#[tokio::test]
async fn a_secret_that_could_not_be_made_again_is_not_deleted() {
    let mut wrong = our_secret().await;
    wrong["type"] = "Opaque".into();
    for (refusal, reason) in [(over_quota(), "Denied"), (forbidden(), "Forbidden")] {
        let server = Server::start([seen(&wrong), post(SECRETS).says(refusal)]);
        let told = said(&pass_over(&server, ONE).await.unwrap());
        assert_eq!(told, [format!("error {reason} Secret team-a/pullkeeper")]);
        assert_eq!(lines(&server.finish()), [format!("POST {SECRETS}")]);
    }
}
