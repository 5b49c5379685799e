//! What AWS refuses, garbles or repeats: one line with cause and remedy, and nothing is written.

use super::super::scripted::{Reply, get};
use super::aws::{ID, KEY, PASSWORD, SESSION, answer, pass, with_keys};
use super::*;

const TYPE: &str = "application/x-amz-json-1.1";

/// A server that puts all that it was sent into its error, and a key that it never saw.
fn echo(status: u16, code: &'static str) -> Expect {
    post("/").says_of(move |asked| {
        let headers = &asked.last().unwrap().headers;
        let message = format!(
            "you said Authorization: {} and X-Amz-Security-Token: {} and the key is {KEY}, \"{KEY}\" or {KEY}.",
            headers["authorization"], headers["x-amz-security-token"]
        );
        Reply::raw(status, TYPE, json!({"__type": code, "message": message}).to_string())
    })
}

#[test]
fn a_refusal_that_repeats_what_it_was_sent() {
    let table = [
        ("AccessDeniedException", "AWS denies ecr:GetAuthorizationToken (AccessDeniedException"),
        ("UnrecognizedClientException", "AWS does not know the key that asks"),
        ("ExpiredTokenException", "has expired (ExpiredTokenException)"),
        ("InvalidSignatureException", "finds the signature of ecr:GetAuthorizationToken wrong"),
        ("ServerException", "AWS refuses ecr:GetAuthorizationToken in eu-west-1 (ServerException)"),
        // Nor is a code one that no service has.
        (KEY, "AWS refuses ecr:GetAuthorizationToken in eu-west-1 ("),
        (SESSION, "AWS refuses ecr:GetAuthorizationToken in eu-west-1 ("),
    ];
    for (code, cause) in table {
        let ecr = Server::start([echo(400, code)]);
        let errors = with_keys(pass("", &ecr)).fails_once(&[KEY, SESSION]);
        let asked = ecr.finish();
        assert!(
            matches!(errors.as_slice(), [one] if one.contains(cause) && one.contains("; ")),
            "{errors:?}"
        );
        let signature = asked[0].headers["authorization"].rsplit('=').next().unwrap().to_owned();
        assert_silent(&errors[0], &[&signature]);
        assert!(!errors[0].contains(ID) || code == "AccessDeniedException", "{errors:?}");
    }
}

#[test]
fn the_words_of_a_denial_are_told() {
    let arn =
        "arn:aws:sts::123456789012:assumed-role/eksctl-prod-nodegroup-NodeInstanceRole-1ABCDEFGHIJKL/i-0abc";
    let words = format!(
        "User: {arn} is not authorized to perform: ecr:GetAuthorizationToken on resource: * because no \
         identity-based policy allows the ecr:GetAuthorizationToken action"
    );
    let body = json!({"__type": "AccessDeniedException", "message": words}).to_string();
    let ecr = Server::start([post("/").says(Reply::raw(400, TYPE, body))]);
    let errors = with_keys(pass("", &ecr)).fails_once(&[KEY, SESSION]);
    let told = format!(
        "AWS denies ecr:GetAuthorizationToken (AccessDeniedException: {words}); allow ecr:GetAuthorizationToken on \
         resource * to who asks. 1 Secret stays without"
    );
    assert_eq!(errors, [told]);
    ecr.finish();
}

#[test]
fn a_role_that_is_denied_by_what_repeats() {
    let sts = Server::start([post("/").says_of(|asked| {
        let headers = &asked.last().unwrap().headers;
        let text = format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>{} {} {KEY}</Message></Error>\
             <RequestId>{SESSION}</RequestId></ErrorResponse>",
            headers["authorization"], headers["x-amz-security-token"]
        );
        Reply::raw(403, "text/xml", text)
    })]);
    let ecr = Server::start([]);
    let pass = with_keys(pass(", roleArn: 'arn:aws:iam::123456789012:role/pull'", &ecr));
    let errors = pass.env("AWS_ENDPOINT_URL_STS", sts.url()).fails_once(&[KEY, SESSION]);
    assert!(errors[0].starts_with("AWS denies sts:AssumeRole (AccessDenied"), "{errors:?}");
    sts.finish();
    ecr.finish();
}

#[test]
fn what_is_no_answer_of_aws() {
    for (status, kind, body) in [
        (400, "text/html", format!("<b>{KEY} {SESSION}</b>")),
        (403, TYPE, format!("\"{KEY}\"")),
        (200, TYPE, format!("{{\"authorizationData\": \"{PASSWORD}\"}}")),
        (200, TYPE, format!("{{\"authorizationData\": [{{\"expiresAt\": \"{PASSWORD}\"}}]}}")),
        (200, TYPE, PASSWORD.to_owned()),
    ] {
        let ecr = Server::start([post("/").says(Reply::raw(status, kind, body))]);
        let errors = with_keys(pass("", &ecr)).fails_once(&[KEY, SESSION, PASSWORD]);
        assert!(
            matches!(errors.as_slice(), [one] if one.starts_with("ECR at http://127.0.0.1:")),
            "{errors:?}"
        );
        assert!(errors[0].contains("; see that the endpoint is AWS'"), "{errors:?}");
        ecr.finish();
    }
}

#[test]
fn a_token_that_is_none() {
    let encode = |text: &str| BASE64_STANDARD.encode(text);
    let one = |token: Value| json!([{"authorizationToken": token}]);
    let table = [
        (json!([]), "holds no token"),
        (Value::Null, "holds no token"),
        (one(Value::Null), "holds an empty place for the token"),
        (one(encode(PASSWORD).into()), "holds a token without a colon between user and password"),
        (one(encode("AWS:").into()), "holds a token with an empty password"),
        (one(encode(&format!(":{PASSWORD}")).into()), "holds a token without a user"),
        (one(format!("AWS:{PASSWORD}").into()), "holds a token that is no base64"),
        (one(BASE64_STANDARD.encode([0xff, 0xfe, b':']).into()), "holds a token that is no text"),
    ];
    for (data, cause) in table {
        let body = json!({"authorizationData": data}).to_string();
        let ecr = Server::start([post("/").says(Reply::raw(200, TYPE, body))]);
        let errors = with_keys(pass("", &ecr)).fails_once(&[KEY, SESSION, PASSWORD]);
        let told = format!(
            "ECR: the answer {cause}; see that nothing between here and AWS changes answers. 1 Secret stays without"
        );
        assert_eq!(errors, [told]);
        ecr.finish();
    }
}

#[test]
fn throttling_without_end() {
    let body =
        json!({"__type": "ThrottlingException", "message": format!("Rate exceeded {KEY}")}).to_string();
    let ecr = Server::start([0; 4].map(|_| post("/").says(Reply::raw(400, TYPE, body.clone()))));
    let errors = with_keys(pass("", &ecr)).fails_once(&[KEY, SESSION]);
    let told = "AWS throttles ecr:GetAuthorizationToken, after all retries too (ThrottlingException); wait for the next \
                pass, and see who else asks that often. 1 Secret stays without";
    assert_eq!(errors, [told]);
    ecr.finish();
}

#[test]
fn keys_that_cannot_be_read() {
    let table = [
        format!("[default]\naws_access_key_id = {ID}\naws_secret_access_key {KEY}\n"),
        format!("[default]\naws_secret_access_key = {KEY}\n"),
        format!("aws_secret_access_key = {KEY}\n"),
        format!("[default\naws_secret_access_key = {KEY}\n"),
        format!("[default]\ncredential_process = /bin/echo {KEY}\n"),
        format!("[default]\nrole_arn = {KEY}\nsource_profile = {SESSION}\n"),
    ];
    for text in table {
        let ecr = Server::start([]);
        let pass = pass("", &ecr);
        let file = pass.file("credentials", &text);
        let errors = pass
            .env("AWS_SHARED_CREDENTIALS_FILE", file.to_str().unwrap())
            .env("AWS_CONFIG_FILE", "/nonexistent")
            .fails_once(&[KEY]);
        assert!(
            matches!(errors.as_slice(), [one] if one.starts_with("AWS: ") && one.contains("; ")),
            "{errors:?}"
        );
        ecr.finish();
    }
}

/// Pod Identity's agent: its answer holds keys, and what it is shown is a secret as well.
#[test]
fn the_agent_of_a_pod_identity() {
    const SHOWN: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjRmOWIxYyJ9.podidentity";
    let keys = json!({
        "AccessKeyId": ID, "SecretAccessKey": KEY, "Token": SESSION, "Expiration": "2099-01-01T00:00:00Z",
    });
    let garbled = keys.to_string().replace("2099-01-01T00:00:00Z", KEY);
    let refused = json!({"code": "AccessDenied", "message": format!("{SHOWN} {KEY}")});
    let table = [
        (200, keys.to_string(), true),
        (200, garbled, false),
        (200, keys.to_string().replace('}', ""), false),
        (403, refused.to_string(), false),
        (400, SHOWN.to_owned(), false),
    ];
    for (status, body, well) in table {
        let reply = Reply::raw(status, "application/json", body);
        // It is asked again where its answer can't be read.
        let asked = || get("/creds").says(reply.clone());
        let agent = Server::start([asked(), asked().always()]);
        let ecr = Server::start(well.then(|| post("/").says(answer())));
        let pass = pass("", &ecr)
            .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{}/creds", agent.url()))
            .env("AWS_CONTAINER_AUTHORIZATION_TOKEN", SHOWN);
        let secrets = [KEY, SESSION, SHOWN, PASSWORD];
        if well {
            let script = vec![post(SECRETS).says(ok(&json!({})))];
            let (ran, _) = pass.run(("json", false), script);
            assert_eq!(ran.code, Some(0), "{}", ran.everything());
            assert_silent(&ran.everything(), &secrets);
        } else {
            let errors = pass.fails_once(&secrets);
            assert!(matches!(errors.as_slice(), [one] if one.contains("; ")), "{errors:?}");
        }
        assert_eq!(agent.finish()[0].headers["authorization"], SHOWN);
        ecr.finish();
    }
}
