//! AWS says no: each refusal with what to do about it.

use super::stand_in::{Reply, StandIn};
use super::{caller, error, machine};
use crate::credentials::aws::{ecr_in, ecr_public_in};

async fn refusal(reply: Reply) -> (String, usize) {
    let stand_in = StandIn::new(vec![reply]);
    let answer = ecr_in(&caller(), machine(&[("AWS_ENDPOINT_URL_ECR", &stand_in.url)], &[])).await;
    (error(answer), stand_in.asked().len())
}

#[tokio::test]
async fn refusals_name_cause_and_remedy_and_are_not_asked_again() {
    let table = [
        (
            "AccessDeniedException",
            "User: arn:aws:iam::1:user/me\nis not authorized",
            "AWS denies ecr:GetAuthorizationToken (AccessDeniedException: User: arn:aws:iam::1:user/me is not authorized, request c6104cbe-af31); allow ecr:GetAuthorizationToken on resource *",
        ),
        (
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
            "does not know the key that asks for ecr:GetAuthorizationToken (UnrecognizedClientException, request c6104cbe-af31); write a valid access key to Secret ops/aws",
        ),
        ("ExpiredTokenException", "expired", "has expired (ExpiredTokenException"),
        (
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. x-amz-security-token:topsecret",
            "the secret does not belong to the key",
        ),
        (
            "InvalidSignatureException",
            "Signature not yet current: 20260101T000000Z is still later than",
            "set the clock",
        ),
        ("UnsupportedCommandException", "", "does not serve ecr:GetAuthorizationToken in eu-west-1"),
        (
            "SomethingNew",
            "topsecret",
            "AWS refuses ecr:GetAuthorizationToken in eu-west-1 (SomethingNew, request c6104cbe-af31); ",
        ),
    ];
    for (code, message, words) in table {
        let (error, _) = refusal(Reply::error(400, code, message)).await;
        assert!(error.contains(words), "{code}: {error}");
        assert!(!error.contains("topsecret"), "{error}");
    }
    assert_eq!(refusal(Reply::error(400, "AccessDeniedException", "")).await.1, 1);
}

#[tokio::test]
async fn ecr_public_names_both_of_its_actions() {
    let stand_in = StandIn::new(vec![Reply::error(400, "AccessDeniedException", "no")]);
    let around = machine(&[("AWS_ENDPOINT_URL_ECR_PUBLIC", &stand_in.url)], &[]);
    let error = error(ecr_public_in(&caller(), around).await);
    assert!(
        error.contains("allow ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken"),
        "{error}"
    );
}

#[tokio::test]
async fn throttling_is_waited_out() {
    let throttled = Reply::error(400, "ThrottlingException", "Rate exceeded");
    let good = r#"{"authorizationData":[{"authorizationToken":"QVdTOnB3"}]}"#;
    let good = Reply::json(200, &serde_json::from_str(good).unwrap());
    let stand_in = StandIn::new(vec![throttled.clone(), good]);
    let answer = ecr_in(&caller(), machine(&[("AWS_ENDPOINT_URL_ECR", &stand_in.url)], &[])).await;
    assert!(answer.is_ok());
    assert_eq!(stand_in.asked().len(), 2);

    let (error, times) = refusal(throttled).await;
    assert!(error.starts_with("AWS throttles ecr:GetAuthorizationToken, after all retries too"), "{error}");
    assert_eq!(times, 4);
}
