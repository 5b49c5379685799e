//! Who asks: the SDK's chain, the region, roles.

use serde_json::json;

use super::stand_in::{Reply, StandIn};
use super::{ID, SECRET, caller, error, machine};
use crate::config::AwsRole;
use crate::credentials::aws::{Caller, ecr_in};

type Variables<'a> = &'a [(&'a str, &'a str)];

fn ecr() -> StandIn {
    StandIn::new(vec![Reply::json(200, &json!({"authorizationData": [{"authorizationToken": "QVdTOnB3"}]}))])
}

/// What STS answers to `action`.
fn sts(action: &str) -> StandIn {
    StandIn::new(vec![Reply::xml(
        200,
        &format!(
            "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result><Credentials>\
             <AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>rolesecret</SecretAccessKey>\
             <SessionToken>session</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>\
             <AssumedRoleUser><AssumedRoleId>A:pullkeeper</AssumedRoleId>\
             <Arn>arn:aws:sts::123456789012:assumed-role/pull/pullkeeper</Arn></AssumedRoleUser>\
             </{action}Result></{action}Response>"
        ),
    )])
}

fn role() -> AwsRole {
    AwsRole { arn: "arn:aws:iam::123456789012:role/pull".to_owned(), external_id: Some("a b".to_owned()) }
}

#[tokio::test]
async fn a_written_region_wins_over_the_environment() {
    let table: [(Variables, Option<&str>, &str); 5] = [
        (&[("AWS_REGION", "us-east-2"), ("AWS_DEFAULT_REGION", "us-west-1")], Some("eu-west-1"), "eu-west-1"),
        (&[("AWS_REGION", "us-east-2"), ("AWS_DEFAULT_REGION", "us-west-1")], None, "us-east-2"),
        (&[("AWS_REGION", ""), ("AWS_DEFAULT_REGION", "us-west-1")], None, "us-west-1"),
        (&[("AWS_DEFAULT_REGION", "us-west-1")], None, "us-west-1"),
        (&[("AWS_CONFIG_FILE", "/config")], None, "eu-north-1"),
    ];
    for (variables, region, expected) in table {
        let ecr = ecr();
        let variables: Vec<_> = [variables, &[("AWS_ENDPOINT_URL", &*ecr.url)]].concat();
        let around = machine(&variables, &[("/config", "[default]\nregion = eu-north-1\n")]);
        assert!(ecr_in(&Caller { region, ..caller() }, around).await.is_ok());
        assert_eq!(ecr.only().scope().1, expected, "{variables:?}");
    }
}

#[tokio::test]
async fn no_region_is_told() {
    let around = machine(&[("AWS_EC2_METADATA_DISABLED", "true"), ("AWS_REGION", "")], &[]);
    let error = error(ecr_in(&Caller { region: None, ..caller() }, around).await);
    assert_eq!(error, "AWS: no region; write ecr.region or set AWS_REGION");
}

#[tokio::test]
async fn no_credentials_names_the_places_that_were_tried() {
    let variables = [("AWS_EC2_METADATA_DISABLED", "true"), ("AWS_PROFILE", "ops")];
    let error = error(ecr_in(&Caller { keys: None, ..caller() }, machine(&variables, &[])).await);
    assert!(
        error.starts_with(
            "AWS: no credentials found; tried the environment (AWS_ACCESS_KEY_ID), the profile files \
             (AWS_PROFILE is set), not the instance's metadata (AWS_EC2_METADATA_DISABLED); give "
        ),
        "{error}"
    );
}

#[tokio::test]
async fn the_environment_and_profiles_are_found() {
    let profile = format!("[ops]\naws_access_key_id = {ID}\naws_secret_access_key = {SECRET}\n");
    let table: [Variables; 2] = [
        &[("AWS_ACCESS_KEY_ID", ID), ("AWS_SECRET_ACCESS_KEY", SECRET)],
        &[("AWS_PROFILE", "ops"), ("AWS_SHARED_CREDENTIALS_FILE", "/keys")],
    ];
    for variables in table {
        let ecr = ecr();
        let variables = [variables, &[("AWS_ENDPOINT_URL_ECR", &*ecr.url)]].concat();
        let around = machine(&variables, &[("/keys", &profile)]);
        assert!(ecr_in(&Caller { keys: None, ..caller() }, around).await.is_ok());
        assert_eq!(ecr.only().scope().0, ID);
    }
}

#[tokio::test]
async fn a_profile_may_name_the_endpoint() {
    let ecr = ecr();
    let config =
        format!("[default]\nservices = near\n[services near]\necr =\n  endpoint_url = {}\n", ecr.url);
    let around = machine(&[("AWS_CONFIG_FILE", "/config")], &[("/config", &config)]);
    assert!(ecr_in(&caller(), around).await.is_ok());
    ecr.only();
}

#[tokio::test]
async fn a_role_is_assumed_in_the_callers_region() {
    let (ecr, sts, role) = (ecr(), sts("AssumeRole"), role());
    let around = machine(&[("AWS_ENDPOINT_URL_ECR", &ecr.url), ("AWS_ENDPOINT_URL_STS", &sts.url)], &[]);
    assert!(ecr_in(&Caller { role: Some(&role), ..caller() }, around).await.is_ok());

    let assumed = sts.only();
    for pair in [
        "Action=AssumeRole&",
        "RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fpull",
        "RoleSessionName=pullkeeper",
        "ExternalId=a%20b",
    ] {
        assert!(assumed.body.contains(pair), "{pair} in {}", assumed.body);
    }
    assert_eq!(assumed.scope(), (ID.to_owned(), "eu-west-1".to_owned(), "sts".to_owned()));
    let asked = ecr.only();
    assert_eq!(asked.scope().0, "ASIAROLE");
    assert_eq!(asked.header("x-amz-security-token"), "session");
}

#[tokio::test]
async fn a_refused_role_names_role_and_trust_policy() {
    let refused = "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
                   <Code>AccessDenied</Code><Message>User: me is not authorized to perform: sts:AssumeRole</Message>\
                   </Error><RequestId>r-2</RequestId></ErrorResponse>";
    let (sts, role) = (StandIn::new(vec![Reply::xml(403, refused)]), role());
    let around = machine(&[("AWS_ENDPOINT_URL", &sts.url)], &[]);
    let error = error(ecr_in(&Caller { role: Some(&role), ..caller() }, around).await);
    assert!(error.starts_with("AWS denies sts:AssumeRole (AccessDenied"), "{error}");
    assert!(
        error.contains("User: me") && error.contains(&role.arn) && error.contains("trust policy"),
        "{error}"
    );
    sts.only();
}

#[tokio::test]
async fn web_identity_is_exchanged_unsigned_in_the_callers_region() {
    let (ecr, sts) = (ecr(), sts("AssumeRoleWithWebIdentity"));
    let variables = [
        ("AWS_ENDPOINT_URL_ECR", &*ecr.url),
        ("AWS_ENDPOINT_URL", &*sts.url),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/token"),
        ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/pull"),
    ];
    let around = machine(&variables, &[("/token", "jwt")]);
    assert!(ecr_in(&Caller { keys: None, ..caller() }, around).await.is_ok());
    let exchanged = sts.only();
    assert!(exchanged.body.contains("Action=AssumeRoleWithWebIdentity&"), "{}", exchanged.body);
    assert!(exchanged.body.contains("WebIdentityToken=jwt"), "{}", exchanged.body);
    assert_eq!(exchanged.header("authorization"), "");
    assert_eq!(ecr.only().scope().0, "ASIAROLE");
}

#[tokio::test]
async fn a_refused_web_identity_names_the_trust_policy() {
    let refused = "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
                   <Code>AccessDenied</Code><Message>Not authorized to perform sts:AssumeRoleWithWebIdentity\
                   </Message></Error><RequestId>r-2</RequestId></ErrorResponse>";
    let sts = StandIn::new(vec![Reply::xml(403, refused)]);
    let variables = [
        ("AWS_ENDPOINT_URL_STS", &*sts.url),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/token"),
        ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/pull"),
    ];
    let around = machine(&variables, &[("/token", "jwt")]);
    let error = error(ecr_in(&Caller { keys: None, ..caller() }, around).await);
    assert!(error.starts_with("AWS denies sts:AssumeRoleWithWebIdentity (AccessDenied"), "{error}");
    assert!(error.contains("AWS_ROLE_ARN name the cluster's OIDC provider"), "{error}");
}

#[tokio::test]
async fn the_pods_identity_agent_is_asked_with_its_token() {
    let ecr = ecr();
    let keys = json!({"AccessKeyId": "ASIAPOD", "SecretAccessKey": "s", "Token": "t", "Expiration": "2099-01-01T00:00:00Z"});
    let agent = StandIn::new(vec![Reply::json(200, &keys)]);
    let url = format!("{}/v1/credentials", agent.url);
    let variables = [
        ("AWS_ENDPOINT_URL_ECR", &*ecr.url),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/token"),
    ];
    let around = machine(&variables, &[("/token", "podtoken")]);
    assert!(ecr_in(&Caller { keys: None, ..caller() }, around).await.is_ok());
    let asked = agent.only();
    assert_eq!((asked.path.as_str(), asked.header("authorization")), ("/v1/credentials", "podtoken"));
    assert_eq!(ecr.only().scope().0, "ASIAPOD");
}

#[tokio::test]
async fn a_broken_identity_agent_is_told_without_its_words() {
    let agent = StandIn::new(vec![Reply::json(200, &json!({"SecretAccessKey": SECRET}))]);
    let around = machine(&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &agent.url)], &[]);
    let error = error(ecr_in(&Caller { keys: None, ..caller() }, around).await);
    assert!(
        error.starts_with("AWS: the endpoint for credentials gave an answer that can't be read; "),
        "{error}"
    );
}

#[tokio::test]
async fn closed_metadata_is_told() {
    let metadata = StandIn::new(vec![Reply::xml(403, "")]);
    let around = machine(&[("AWS_EC2_METADATA_SERVICE_ENDPOINT", &metadata.url)], &[]);
    let error = error(ecr_in(&Caller { keys: None, ..caller() }, around).await);
    assert!(error.starts_with("AWS: the instance's metadata gives no credentials: "), "{error}");
    assert!(metadata.asked().iter().all(|asked| asked.path == "/latest/api/token"));
}
