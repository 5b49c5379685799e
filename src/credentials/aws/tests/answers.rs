//! What ECR answers, sound and not.

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::stand_in::{Reply, StandIn};
use super::{ID, caller, error, machine};
use crate::credentials::aws::{Token, ecr_in, ecr_public_in};

/// `AWS:one:two`: the password may hold colons.
const TOKEN: &str = "QVdTOm9uZTp0d28=";

fn ecr_answer(data: &Value) -> StandIn {
    StandIn::new(vec![Reply::json(200, &json!({"authorizationData": data}))])
}

async fn ask(stand_in: &StandIn) -> Result<Token, String> {
    ecr_in(&caller(), machine(&[("AWS_ENDPOINT_URL_ECR", &stand_in.url)], &[])).await
}

#[tokio::test]
async fn gives_user_password_host_and_expiry() {
    let host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
    let stand_in = ecr_answer(&json!([
        {"authorizationToken": TOKEN, "expiresAt": 1_795_000_000.25, "proxyEndpoint": format!("https://{host}")},
        {"authorizationToken": "QVdTOm90aGVy"},
    ]));
    let token = ask(&stand_in).await.unwrap();
    assert_eq!((token.entry.username.as_str(), token.entry.password.expose_secret()), ("AWS", "one:two"));
    assert_eq!(token.own_host.unwrap().as_str(), host);
    assert_eq!(token.expires.unwrap().as_second(), 1_795_000_000);

    let asked = stand_in.only();
    assert_eq!((asked.method.as_str(), asked.path.as_str(), asked.body.as_str()), ("POST", "/", "{}"));
    let action = "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken";
    assert_eq!(asked.header("x-amz-target"), action);
    assert_eq!(asked.scope(), (ID.to_owned(), "eu-west-1".to_owned(), "ecr".to_owned()));
}

#[tokio::test]
async fn gives_a_token_of_ecr_public_from_us_east_1_alone() {
    let data = json!({"authorizationToken": TOKEN, "expiresAt": 1_795_000_000});
    let stand_in = ecr_answer(&data);
    let around = machine(&[("AWS_ENDPOINT_URL_ECR_PUBLIC", &stand_in.url)], &[]);
    let token = ecr_public_in(&caller(), around).await.unwrap();
    assert_eq!(token.entry.password.expose_secret(), "one:two");
    assert!(token.own_host.is_none() && token.expires.is_some());

    let asked = stand_in.only();
    assert_eq!(asked.header("x-amz-target"), "SpencerFrontendService.GetAuthorizationToken");
    assert_eq!(asked.scope(), (ID.to_owned(), "us-east-1".to_owned(), "ecr-public".to_owned()));
}

#[tokio::test]
async fn takes_expiries_and_endpoints_as_they_come() {
    let table = [
        (json!({}), None, false),
        (
            json!({"expiresAt": 1_420_070_400, "proxyEndpoint": "https://localhost:4510"}),
            Some(1_420_070_400),
            true,
        ),
        (json!({"expiresAt": 9e17, "proxyEndpoint": "ftp://x.example.com"}), None, false),
        (json!({"expiresAt": -5, "proxyEndpoint": "https://x.example.com/path"}), Some(-5), false),
    ];
    for (mut data, expires, host) in table {
        data["authorizationToken"] = json!(TOKEN);
        let token = ask(&ecr_answer(&json!([data]))).await.unwrap();
        assert_eq!(token.expires.map(jiff::Timestamp::as_second), expires, "{data}");
        assert_eq!(token.own_host.is_some(), host, "{data}");
    }
}

#[tokio::test]
async fn says_what_is_wrong_with_a_token() {
    let table = [
        (json!([]), "holds no token"),
        (json!(null), "holds no token"),
        (json!([{"authorizationToken": null}]), "an empty place for the token"),
        (json!([{"authorizationToken": "QVdT*"}]), "no base64"),
        (json!([{"authorizationToken": "QVdTOv8="}]), "no text"),
        (json!([{"authorizationToken": "QVdT"}]), "without a colon"),
        (json!([{"authorizationToken": "QVdTOg=="}]), "an empty password"),
        (json!([{"authorizationToken": "OnB3"}]), "without a user"),
        (json!([{"authorizationToken": ""}]), "without a colon"),
    ];
    for (data, words) in table {
        let error = error(ask(&ecr_answer(&data)).await);
        assert!(error.starts_with("ECR: the answer ") && error.contains(words), "{data}: {error}");
    }
    let none = StandIn::new(vec![Reply::json(200, &json!({}))]);
    let around = machine(&[("AWS_ENDPOINT_URL_ECR_PUBLIC", &none.url)], &[]);
    assert!(
        error(ecr_public_in(&caller(), around).await).starts_with("ECR Public: the answer holds no token")
    );
}
