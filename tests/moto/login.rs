//! Who asks AWS: the environment's key, a key in a Secret, a role on top of it, or a web identity.

use crate::place::{HOST, KEY, Pass, Place};
use crate::secrets::{login, logins, read};
use crate::testbed::fixtures::{namespace, secret};
use crate::testbed::users::{Role, Scope, bind, rules};

#[tokio::test]
async fn a_role_is_assumed_with_its_external_id() {
    let place = Place::new("role").await;
    let a = place.namespace("a").await;
    let config = "registries:
- ecr: {region: eu-west-1, roleArn: \"arn:aws:iam::222222222222:role/pull\", externalId: \"x:1+\"}
- ecr: {region: eu-west-1}
";
    let pass = place.pass(config).succeeded();
    assert_eq!(pass.errors(), []);
    let mut calls = place.aws.taken();
    calls.sort_by(|a, b| a.action.cmp(&b.action));
    let [assume, one, two] = &calls[..] else { panic!("{calls:?}") };
    assert_eq!((&*assume.action, &*assume.key), ("AssumeRole", KEY));
    for part in ["RoleArn=arn%3Aaws%3Aiam%3A%3A222222222222%3Arole%2Fpull", "ExternalId=x%3A1%2B"] {
        assert!(assume.body.split('&').any(|pair| pair == part), "{}", assume.body);
    }
    // One asks with the role's key, and one with its own.
    assert_eq!([one, two].map(|call| &*call.action), ["GetAuthorizationToken"; 2]);
    let keys = [&*one.key, &*two.key];
    assert!(keys.contains(&KEY) && keys.iter().any(|key| key.starts_with("ASIA")), "{keys:?}");
    let other = "222222222222.dkr.ecr.eu-west-1.amazonaws.com";
    let expected = [login(HOST, "123456789012"), login(other, "222222222222")];
    assert_eq!(logins(&read(&place.admin, &a, "pullkeeper").await), expected);
    place.assert_settled(place.configured(config).0).await;

    // Another external id is another asker, as far as anybody can tell before asking.
    let changed = config.replace("x:1+", "x:2");
    place.pass(&changed).succeeded();
    let assumed = place.aws.taken();
    assert_eq!(assumed.iter().filter(|call| call.action == "AssumeRole").count(), 1, "{assumed:?}");
}

#[tokio::test]
async fn a_key_in_a_secret_is_trimmed_and_that_is_told() {
    let place = Place::new("key").await;
    let a = place.namespace("a").await;
    namespace("ops-of-key").create(&place.admin).await;
    let data = [
        ("aws_region", "eu-central-1\n"),
        ("aws_access_key_id", "AKIAI44QH8DHBEXAMPLE\n"),
        ("aws_secret_access_key", "of-the-s3cret\r\n"),
    ];
    secret(&place.admin, "ops-of-key", "aws", "Opaque", data).await;
    let config = "registries: [{ecr: {credentialsSecret: {namespace: ops-of-key, name: aws}}}]";

    let forbidden = place.pass(config);
    assert_eq!(forbidden.ran.code, Some(1), "{forbidden:?}");
    let [("SourceFailed", message)] = forbidden.errors()[..] else { panic!("{forbidden:?}") };
    for part in ["can't read Secret ops-of-key/aws", "; grant get on it by a Role in ops-of-key"] {
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(place.aws.taken(), []);

    let role = Role::Rules(rules(&[("", "secrets", "get")]));
    bind(&place.admin, "home-of-key", "pullkeeper", role, Scope::Namespaces(&["ops-of-key"])).await;
    let pass = place.pass(config).succeeded();
    assert!(!pass.ran.everything().contains("of-the-s3cret"));
    let calls = place.aws.taken();
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert_eq!((&*calls[0].key, &*calls[0].region), ("AKIAI44QH8DHBEXAMPLE", "eu-central-1"));
    let host = HOST.replace("eu-west-1", "eu-central-1");
    assert_eq!(logins(&read(&place.admin, &a, "pullkeeper").await), [login(&host, "123456789012")]);
    let told: Vec<_> = pass.findings().into_iter().map(|(_, message)| message).collect();
    for key in ["aws_access_key_id", "aws_secret_access_key"] {
        let said = format!(
            "key {key} of Secret ops-of-key/aws has blanks or line breaks around it, which were left out"
        );
        assert!(told.contains(&&*said), "{said}: {told:?}");
    }
    place.assert_settled(place.configured(config).0).await;
}

#[tokio::test]
async fn a_web_identity_asks_without_any_key() {
    let place = Place::new("web").await;
    let a = place.namespace("a").await;
    let (mut command, config) = place.configured("registries: [{ecr: {region: eu-west-1}}]");
    let token = config.folder().join("token");
    std::fs::write(&token, "a.web.identity").unwrap();
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    command.env("AWS_ROLE_ARN", "arn:aws:iam::333333333333:role/irsa");
    command.env("AWS_WEB_IDENTITY_TOKEN_FILE", &token);
    let pass = Pass::of(command).succeeded();
    assert!(!pass.ran.everything().contains("a.web.identity"));
    let calls = place.aws.taken();
    let [identity, mint] = &calls[..] else { panic!("{calls:?}") };
    assert_eq!((&*identity.action, &*identity.key), ("AssumeRoleWithWebIdentity", ""));
    assert!(identity.body.contains("WebIdentityToken=a.web.identity"), "{}", identity.body);
    assert!(mint.action == "GetAuthorizationToken" && mint.key.starts_with("ASIA"), "{mint:?}");
    let host = "333333333333.dkr.ecr.eu-west-1.amazonaws.com";
    assert_eq!(logins(&read(&place.admin, &a, "pullkeeper").await), [login(host, "333333333333")]);
}

#[tokio::test]
async fn nobody_to_ask_as_is_told_with_the_places_that_were_tried() {
    let place = Place::new("nobody").await;
    place.namespace("a").await;
    let (mut command, _config) = place.configured("registries: [{ecr: {region: eu-west-1}}]");
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    command.env("AWS_EC2_METADATA_DISABLED", "true");
    let pass = Pass::of(command);
    assert_eq!(pass.ran.code, Some(1), "{pass:?}");
    let [("SourceFailed", message)] = pass.errors()[..] else { panic!("{pass:?}") };
    for part in ["no credentials found; tried the environment", "profile files", "1 Secret stays without"] {
        assert!(message.contains(part), "{message}");
    }
    assert_eq!((place.aws.taken(), pass.changes()), (vec![], vec![]));
}

/// Everything the program can say, searched for what it must not.
#[tokio::test]
async fn no_secret_is_said_at_any_level() {
    let place = Place::new("trace").await;
    let a = place.namespace("a").await;
    let arn = "arn:aws:iam::222222222222:role/pull";
    let (mut command, _config) =
        place.configured(&format!("registries: [{{ecr: {{region: eu-west-1, roleArn: \"{arn}\"}}}}]"));
    command.env("RUST_LOG", "trace");
    let pass = Pass::of(command).succeeded();
    assert_eq!(place.aws.taken().len(), 2);
    let said = pass.ran.everything();
    assert!(said.contains("TRACE") || said.contains("DEBUG"), "{said}");
    let secret = read(&place.admin, &a, "pullkeeper").await;
    let text = String::from_utf8(secret.data.unwrap()[".dockerconfigjson"].0.clone()).unwrap();
    let auth = text.split('"').find(|part| part.starts_with("QVdTO")).expect("an auth").to_owned();
    for secret in [&*auth, "222222222222-auth-token", "aws-s3cret", &place.user.token] {
        assert!(!said.contains(secret));
    }
}
