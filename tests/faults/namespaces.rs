//! Namespaces that go away while a pass writes to them.

use serde_json::json;

use super::scripted::objects::{list, not_found, ok, refusal_with, service_account};
use super::scripted::{Reply, Server, get, patch, post};
use super::{ACCOUNTS, DEFAULT, SECRETS, TEAM_A, pass_over, said};

const BOTH: &str = "namespaces: [team-a, team-b]";
const B: &str = "/api/v1/namespaces/team-b";

fn going() -> [(Reply, &'static str); 2] {
    [
        (
            refusal_with(403, "Forbidden", "secrets", "NamespaceTerminating"),
            "finding NamespaceTerminating Namespace team-a",
        ),
        (refusal_with(404, "NotFound", "namespaces", ""), "finding NamespaceGone Namespace team-a"),
    ]
}

#[tokio::test]
async fn the_rest_of_it_is_left_out_and_others_are_done() {
    for (refusal, finding) in going() {
        let accounts = |namespace: &str| {
            let list = list(json!([service_account(namespace, "default", &[])]), "");
            get(format!("/api/v1/namespaces/{namespace}/serviceaccounts")).says(ok(&list)).always()
        };
        let server = Server::start([
            accounts("team-a"),
            accounts("team-b"),
            post(SECRETS).says(refusal),
            post(format!("{B}/secrets")).says(ok(&json!({}))),
            patch(format!("{B}/serviceaccounts/default")).says(ok(&json!({}))),
        ]);
        let report = pass_over(&server, BOTH).await.unwrap();
        assert_eq!(
            said(&report),
            [
                "create Secret team-b/pullkeeper: missing",
                "patch ServiceAccount team-b/default: add pullkeeper",
                finding
            ]
        );
        server.finish();
    }
}

#[tokio::test]
async fn one_that_goes_between_secret_and_service_account_is_one_finding() {
    for (refusal, finding) in going() {
        let names = ["default", "other"];
        let accounts: Vec<_> = names.iter().map(|name| service_account("team-a", name, &[])).collect();
        let server = Server::start([
            get(ACCOUNTS).says(ok(&list(accounts.into(), ""))).always(),
            post(SECRETS).says(ok(&json!({}))),
            patch(DEFAULT).says(refusal.clone()),
            patch(format!("{ACCOUNTS}/other")).says(refusal),
        ]);
        let report = pass_over(&server, "namespaces: [team-a]").await.unwrap();
        assert_eq!(said(&report), ["create Secret team-a/pullkeeper: missing", finding]);
        server.finish();
    }
}

#[tokio::test]
async fn one_that_is_absent_is_a_finding_and_is_not_looked_into() {
    let server =
        Server::start([get(TEAM_A).says(not_found()), post(format!("{B}/secrets")).says(ok(&json!({})))]);
    let report = pass_over(&server, BOTH).await.unwrap();
    assert_eq!(
        said(&report),
        ["create Secret team-b/pullkeeper: missing", "finding NamespaceAbsent Namespace team-a"]
    );
    server.finish();
}
