//! ServiceAccounts whose list somebody else changes at the same time.

use serde_json::json;

use super::scripted::expect::Fault;
use super::scripted::objects::{conflict, forbidden, invalid, list, not_found, ok, service_account};
use super::scripted::{Expect, Server, get, patch, post};
use super::{ACCOUNTS, DEFAULT, ONE, SECRETS, pass_over, said};

/// The Secret is made; the ServiceAccount's list was empty when it was seen.
fn before() -> [Expect; 2] {
    [
        post(SECRETS).says(ok(&json!({}))),
        get(ACCOUNTS).says(ok(&list(json!([service_account("team-a", "default", &[])]), ""))).always(),
    ]
}

const CREATED: &str = "create Secret team-a/pullkeeper: missing";
const PATCHED: &str = "patch ServiceAccount team-a/default: add pullkeeper";

#[tokio::test]
async fn a_list_that_changed_is_read_again_and_both_entries_are_there() {
    for refusal in [invalid(), conflict()] {
        let mut changed = service_account("team-a", "default", &["theirs"]);
        changed["metadata"]["resourceVersion"] = json!("8");
        let server = Server::start(before().into_iter().chain([
            patch(DEFAULT).says(refusal),
            get(DEFAULT).says(ok(&changed)),
            patch(DEFAULT).says(ok(&json!({}))),
        ]));
        assert_eq!(said(&pass_over(&server, ONE).await.unwrap()), [CREATED, PATCHED]);
        let asked = server.finish();
        let (first, second) = (asked[1].json(), asked[3].json());
        assert_eq!(first["metadata"]["resourceVersion"], "7");
        assert_eq!(first["imagePullSecrets"], json!([{"name": "pullkeeper"}]));
        assert_eq!(second["metadata"]["resourceVersion"], "8");
        assert_eq!(second["imagePullSecrets"], json!([{"name": "theirs"}, {"name": "pullkeeper"}]));
    }
}

#[tokio::test]
async fn a_patch_whose_answer_was_lost_counts_as_ours() {
    let server = Server::start(before().into_iter().chain([
        patch(DEFAULT).says(ok(&json!({})).fails(Fault::Reset)),
        patch(DEFAULT).says(invalid()),
        get(DEFAULT).says(ok(&service_account("team-a", "default", &["pullkeeper"]))),
    ]));
    assert_eq!(said(&pass_over(&server, ONE).await.unwrap()), [CREATED, PATCHED]);
    server.finish();
}

#[tokio::test]
async fn one_that_is_gone_is_told_and_no_failure() {
    for script in [
        vec![patch(DEFAULT).says(not_found())],
        vec![patch(DEFAULT).says(invalid()), get(DEFAULT).says(not_found())],
    ] {
        let server = Server::start(before().into_iter().chain(script));
        let gone = "finding Gone ServiceAccount team-a/default";
        assert_eq!(said(&pass_over(&server, ONE).await.unwrap()), [CREATED, gone]);
        server.finish();
    }
}

#[tokio::test]
async fn a_refusal_is_one_error_for_the_namespace() {
    let names = ["a", "b", "c"];
    let accounts: Vec<_> = names.iter().map(|name| service_account("team-a", name, &[])).collect();
    let mut script =
        vec![post(SECRETS).says(ok(&json!({}))), get(ACCOUNTS).says(ok(&list(accounts.into(), ""))).always()];
    script.extend(names.map(|name| patch(format!("{ACCOUNTS}/{name}")).says(forbidden())));
    let server = Server::start(script);
    let report = pass_over(&server, ONE).await.unwrap();
    assert_eq!(said(&report), [CREATED, "error Forbidden ServiceAccount team-a/a"]);
    assert!(report.errors[0].message.ends_with("grant patch on serviceaccounts"), "{}", report.errors[0]);
    server.finish();
}
