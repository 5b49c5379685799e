//! AWS' keys, session tokens and the tokens of ECR.

use super::super::scripted::objects::{list, namespace};
use super::super::scripted::{Reply, get};
use super::*;
use crate::logging::json_at;
use crate::program::pullkeeper;

pub(super) const ID: &str = "AKIAIOSFODNN7EXAMPLE";
pub(super) const KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYzT5qLp0Ks3";
pub(super) const SESSION: &str = "FwoGZXIvYXdzEBYaDL2Jh8uQ/vN0rT+xQm4pWbYk1cHsEaZf6GdUo9RjVi3lMnPt7S==";
/// What ECR gives as a password.
pub(super) const PASSWORD: &str = "eyJwYXlsb2FkIjoiZ0hQbTR2S3dYeEF0R1hSdz09IiwiZGF0YWtleSI6IkFRRUJBSGg5";
const ASSUMED_KEY: &str = "uTnFEMI9aK7MDENGbPxRfiCYz+Q8vWc2Yh6Lk/Jm";
const ASSUMED_SESSION: &str = "IQoJb3JpZ2luX2VjEGoaCXVzLWVhc3QtMSJHMEUCIQDx5k2f0WvYt+8Zr/1Lq7nHsPbC";
const HOST: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";

/// An entry of this account, and the pass that asks a stand-in for ECR.
pub(super) fn pass(more: &str, ecr: &Server) -> Pass {
    Pass::new(format!("ecr: {{region: eu-west-1, account: '123456789012'{more}}}"))
        .env("AWS_ENDPOINT_URL_ECR", ecr.url())
}

/// With keys of the environment.
pub(super) fn with_keys(pass: Pass) -> Pass {
    pass.env("AWS_ACCESS_KEY_ID", ID).env("AWS_SECRET_ACCESS_KEY", KEY).env("AWS_SESSION_TOKEN", SESSION)
}

fn in_half_a_day() -> i64 {
    jiff::Timestamp::now().as_second() + 12 * 3600
}

fn token() -> String {
    BASE64_STANDARD.encode(format!("AWS:{PASSWORD}"))
}

/// The answer of ECR.
pub(super) fn answer() -> Reply {
    let data = json!([{
        "authorizationToken": token(), "expiresAt": in_half_a_day(), "proxyEndpoint": format!("https://{HOST}"),
    }]);
    Reply::raw(200, "application/x-amz-json-1.1", json!({"authorizationData": data}).to_string())
}

/// One answer for each run.
fn ecr() -> Server {
    Server::start(OUTPUTS.map(|_| post("/").says(answer())))
}

fn expected() -> Value {
    json!({"auths": {HOST: entry("AWS", PASSWORD)}})
}

#[test]
fn keys_of_the_environment() {
    let ecr = ecr();
    let written = with_keys(pass("", &ecr)).goes_well(&[KEY, SESSION, PASSWORD, &token()], Vec::new);
    assert_eq!(docker_config(&written), expected());
    let noted = &state(&written)[HOST];
    assert_eq!(noted["instance"], "default");
    let source = noted["source"].as_str().unwrap();
    assert!(source.starts_with("ecr:eu-west-1:") && !source.contains(ID), "{source}");
    let asked = ecr.finish();
    for request in asked {
        assert!(request.headers["authorization"].contains(&format!("{ID}/")), "{request}");
        assert!(request.headers["authorization"].contains("/eu-west-1/ecr/aws4_request"), "{request}");
        assert_eq!(request.headers["x-amz-security-token"], SESSION);
    }
}

/// The Secret `ops/aws`.
fn keys_in_a_secret() -> Vec<Expect> {
    let encode = |text: &str| BASE64_STANDARD.encode(text);
    let data = json!({
        "aws_access_key_id": encode(ID), "aws_secret_access_key": encode(&format!("{KEY}\n")),
        "aws_region": encode("us-east-1"),
    });
    let secret = json!({"kind": "Secret", "metadata": {"name": "aws"}, "data": data});
    vec![get("/api/v1/namespaces/ops/secrets/aws").says(ok(&secret)).always()]
}

#[test]
fn keys_of_a_secret() {
    let ecr = ecr();
    let pass = pass(", credentialsSecret: {namespace: ops, name: aws}", &ecr);
    let written = pass.goes_well(&[KEY, PASSWORD, &token()], keys_in_a_secret);
    assert_eq!(docker_config(&written), expected());
    // The written region wins.
    assert!(ecr.finish()[0].headers["authorization"].contains("/eu-west-1/ecr/"));
}

fn assumed() -> Reply {
    let until = jiff::Timestamp::from_second(in_half_a_day()).unwrap();
    let text = format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><AssumedRoleUser>\
         <Arn>arn:aws:sts::123456789012:assumed-role/pull/pullkeeper</Arn><AssumedRoleId>A:pullkeeper</AssumedRoleId>\
         </AssumedRoleUser><Credentials><AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId><SecretAccessKey>{ASSUMED_KEY}\
         </SecretAccessKey><SessionToken>{ASSUMED_SESSION}</SessionToken><Expiration>{until}</Expiration></Credentials>\
         </AssumeRoleResult></AssumeRoleResponse>"
    );
    Reply::raw(200, "text/xml", text)
}

#[test]
fn a_role_that_is_assumed() {
    let (ecr, sts) = (ecr(), Server::start(OUTPUTS.map(|_| post("/").says(assumed()))));
    let role = ", roleArn: 'arn:aws:iam::123456789012:role/pull', externalId: tell-nobody-of-me";
    let pass = with_keys(pass(role, &ecr)).env("AWS_ENDPOINT_URL_STS", sts.url());
    let secrets = [KEY, SESSION, ASSUMED_KEY, ASSUMED_SESSION, PASSWORD, "tell-nobody-of-me"];
    assert_eq!(docker_config(&pass.goes_well(&secrets, Vec::new)), expected());
    let sent = String::from_utf8(sts.finish()[0].body.clone()).unwrap();
    assert!(sent.contains("ExternalId=tell-nobody-of-me"), "{sent}");
    assert_eq!(ecr.finish()[0].headers["x-amz-security-token"], ASSUMED_SESSION);
}

#[test]
fn a_token_of_ecr_public() {
    let data = json!({"authorizationToken": token(), "expiresAt": in_half_a_day()});
    let answer = json!({"authorizationData": data}).to_string();
    let answer = || post("/").says(Reply::raw(200, "application/x-amz-json-1.1", answer.clone()));
    let public = Server::start(OUTPUTS.map(|_| answer()));
    let pass = Pass::new("ecrPublic: {}").env("AWS_ENDPOINT_URL_ECR_PUBLIC", public.url());
    let written = with_keys(pass).goes_well(&[KEY, SESSION, PASSWORD, &token()], Vec::new);
    let login = entry("AWS", PASSWORD);
    assert_eq!(
        docker_config(&written),
        json!({"auths": {"ecr-public.aws.com": login, "public.ecr.aws": login}})
    );
    public.finish();
}

/// In the place of k8s-ecrupdater, with its JSON log.
#[test]
fn the_log_of_the_ecr_updater() {
    let ecr = Server::start([post("/").says(answer())]);
    let server = Server::start([
        get("/api/v1/namespaces").says(ok(&list(json!([namespace("team-a")]), ""))),
        post(SECRETS).says(ok(&json!({}))),
    ]);
    let config = ConfigFile::new("");
    let log = config.folder().join("logging.json");
    std::fs::write(&log, json_at("NOTSET")).unwrap();
    let mut command = pullkeeper();
    command.args(["--once", "--server", server.url()]).current_dir(config.folder());
    command.env("RUST_LOG", "trace").env("LOG_CONFIG", &log);
    command.env("K8S_PULL_SECRET_NAME", "regcred").env("ECR_CREATE_MISSING", "true");
    command.env("AWS_DEFAULT_REGION", "eu-west-1").env("AWS_ENDPOINT_URL_ECR", ecr.url());
    command.env("AWS_ACCESS_KEY_ID", ID).env("AWS_SECRET_ACCESS_KEY", KEY).env("AWS_SESSION_TOKEN", SESSION);
    let ran = run(command);
    assert_eq!(ran.code, Some(0), "{}", ran.everything());
    assert!(ran.stderr.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{}", ran.stderr);
    assert_silent(&ran.everything(), &[KEY, SESSION, PASSWORD, &token()]);
    ecr.finish();
    let asked = server.finish();
    let sent = asked.iter().find(|request| request.path == SECRETS).unwrap().json();
    assert_eq!((&sent["metadata"]["name"], docker_config(&sent)), (&json!("regcred"), expected()));
}
