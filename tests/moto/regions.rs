//! Which region is asked, and how often: one call a principal and region, whatever the number of entries, hosts,
//! accounts and namespaces.

use crate::place::{ACCOUNT, HOST, Pass, Place};
use crate::secrets::{login, logins, read};

#[tokio::test]
async fn two_regions_and_two_accounts_take_one_call_a_region() {
    let place = Place::new("regions").await;
    let (a, b) = (place.namespace("a").await, place.namespace("b").await);
    let (own, other) =
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com", "222222222222.dkr.ecr.eu-west-1.amazonaws.com");
    let (dual, elsewhere) =
        ("222222222222.dkr-ecr.us-east-1.on.aws", "222222222222.dkr.ecr.us-east-1.amazonaws.com");
    let config = format!(
        "registries:
- ecr: {{region: eu-west-1}}
- ecr: {{region: us-east-1, hosts: [{dual}]}}
- ecr: {{region: eu-west-1, account: \"222222222222\"}}
- ecr: {{region: us-east-1, account: \"222222222222\"}}
  namespaces: [{b}]
"
    );
    let pass = place.pass(&config).succeeded();
    assert_eq!(place.aws.token_regions(), ["eu-west-1", "us-east-1"]);
    assert_eq!(pass.changes().len(), 4, "a Secret and a ServiceAccount in each: {pass:?}");
    // The token is the asking principal's, for whichever registry it is.
    let mut expected =
        vec![login(HOST, ACCOUNT), login(own, ACCOUNT), login(dual, ACCOUNT), login(other, ACCOUNT)];
    expected.sort();
    assert_eq!(logins(&read(&place.admin, &a, "pullkeeper").await), expected);
    expected.push(login(elsewhere, ACCOUNT));
    expected.sort();
    assert_eq!(logins(&read(&place.admin, &b, "pullkeeper").await), expected);
    place.assert_settled(place.configured(&config).0).await;
}

#[tokio::test]
async fn a_namespace_that_comes_later_takes_one_call_more() {
    let place = Place::new("later").await;
    place.namespace("a").await;
    let config = "registries: [{ecr: {region: eu-west-1}}]";
    place.pass(config).succeeded();
    assert_eq!(place.aws.token_regions(), ["eu-west-1"]);
    let b = place.namespace("b").await;
    let pass = place.pass(config).succeeded();
    assert_eq!(place.aws.token_regions(), ["eu-west-1"], "no token is copied out of another namespace");
    assert_eq!(
        pass.changes(),
        [format!("create Secret {b}/pullkeeper"), format!("patch ServiceAccount {b}/default")]
    );
    assert_eq!(logins(&read(&place.admin, &b, "pullkeeper").await), [login(HOST, ACCOUNT)]);
}

#[tokio::test]
async fn an_entry_that_comes_later_is_served_and_one_that_is_not_needed_costs_nothing() {
    let place = Place::new("added").await;
    let a = place.namespace("a").await;
    let (other, own) = ("ecr: {region: eu-west-1, account: \"222222222222\"}", "ecr: {region: eu-west-1}");
    place.pass(&format!("registries:\n- {other}\n")).succeeded();
    assert_eq!(place.aws.token_regions(), ["eu-west-1"]);

    let both = format!("registries:\n- {other}\n- {own}\n");
    place.pass(&both).succeeded();
    assert_eq!(place.aws.token_regions(), ["eu-west-1"]);
    let expected = [login(HOST, ACCOUNT), login("222222222222.dkr.ecr.eu-west-1.amazonaws.com", ACCOUNT)];
    assert_eq!(logins(&read(&place.admin, &a, "pullkeeper").await), expected);
    place.assert_settled(place.configured(&both).0).await;

    // Only AWS can tell that this one gives nothing that isn't there; it is asked that once.
    let role = format!("roleArn: \"arn:aws:iam::{ACCOUNT}:role/pull\"");
    let three = format!("{both}- ecr: {{region: eu-west-1, {role}}}\n");
    place.pass(&three).succeeded();
    assert_eq!(place.aws.taken().len(), 2, "the role, and its token");
    assert_eq!(logins(&read(&place.admin, &a, "pullkeeper").await), expected);
    place.assert_settled(place.configured(&three).0).await;
}

#[tokio::test]
async fn a_written_region_beats_the_variables() {
    let place = Place::new("written").await;
    let table = [
        (Some("eu-west-1"), Some("us-east-1"), Some("us-west-2"), "eu-west-1"),
        (None, Some("us-east-1"), Some("us-west-2"), "us-east-1"),
        (None, None, Some("us-west-2"), "us-west-2"),
        (None, Some(""), Some("us-west-2"), "us-west-2"),
    ];
    for (index, (written, region, default, expected)) in table.into_iter().enumerate() {
        let namespace = place.namespace(&index.to_string()).await;
        let ecr = written.map_or("{}".to_owned(), |region| format!("{{region: {region}}}"));
        let (mut command, _config) =
            place.configured(&format!("registries: [{{ecr: {ecr}, namespaces: [{namespace}]}}]"));
        for (name, value) in [("AWS_REGION", region), ("AWS_DEFAULT_REGION", default)] {
            value.map(|value| command.env(name, value));
        }
        Pass::of(command).succeeded();
        assert_eq!(place.aws.token_regions(), [expected]);
        let host = format!("{ACCOUNT}.dkr.ecr.{expected}.amazonaws.com");
        let secret = read(&place.admin, &namespace, "pullkeeper").await;
        assert_eq!(logins(&secret), [login(&host, ACCOUNT)], "{expected}");
    }
}

#[tokio::test]
async fn no_region_anywhere_is_told_and_asks_nothing() {
    let place = Place::new("nowhere").await;
    place.namespace("a").await;
    let pass = place.pass("registries: [{ecr: {}}]");
    assert_eq!(pass.ran.code, Some(1), "{pass:?}");
    let expected = "AWS: no region; write ecr.region or set AWS_REGION. 1 Secret stays without";
    assert_eq!(pass.errors(), [("SourceFailed", expected)]);
    assert_eq!((place.aws.taken(), pass.changes()), (vec![], vec![]));
}
