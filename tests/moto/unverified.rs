//! With verification on: moto's registries are nowhere, so nobody can say a word against its tokens.

use crate::place::{ACCOUNT, Pass, Place};
use crate::secrets::{login, logins, read};

#[tokio::test]
async fn a_registry_that_is_nowhere_is_told_once_and_written() {
    let place = Place::new("verify").await;
    let a = place.namespace("a").await;
    // No such name in the world's DNS: the region is real, but its hosts have other names.
    let region = "us-iso-east-1";
    let host = format!("{ACCOUNT}.dkr.ecr.{region}.amazonaws.com");
    let command = || {
        let (mut command, config) = place.configured(&format!("registries: [{{ecr: {{region: {region}}}}}]"));
        command.env_remove("PULLKEEPER_VERIFY");
        (command, config)
    };
    let pass = Pass::of(command().0).succeeded();
    assert_eq!(place.aws.token_regions(), [region]);
    assert_eq!(logins(&read(&place.admin, &a, "pullkeeper").await), [login(&host, ACCOUNT)]);
    let told = pass.finding("CredentialUnverified");
    assert!(told.starts_with("its credential could not be verified: "), "{told}");
    let second = place.assert_settled(command().0).await.succeeded();
    assert_eq!(second.findings(), [], "told when it was written");
}
