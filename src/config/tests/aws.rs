//! Entries of `ecr` and `ecrPublic`: what they come to, and each error's full text.

use super::*;

const IRELAND: &str = "210987654321.dkr.ecr.eu-west-1.amazonaws.com";

/// The region, the account and the hosts of an `ecr` entry, and whether its own registry comes on top.
fn ecr(value: &str) -> (Option<String>, Option<String>, Vec<String>, bool) {
    let registry = from_file(reg(&format!("ecr: {value}")), &[]).unwrap().config.registries.remove(0);
    let hosts = registry.hosts.iter().map(ToString::to_string).collect();
    let open_ended = registry.source.is_open_ended();
    let Source::Ecr { region, account, .. } = registry.source else { unreachable!() };
    (region, account, hosts, open_ended)
}

#[test]
fn regions_accounts_and_hosts() {
    let leading_zero = "012345678901.dkr.ecr.eu-west-1.amazonaws.com";
    let table: [(&str, &str, &str, &[&str]); 10] = [
        ("{}", "", "", &[]),
        ("{region: '', account: '', hosts: []}", "", "", &[]),
        ("{region: eu-west-1}", "eu-west-1", "", &[]),
        // Digits keep their text, in quotes or not.
        ("{region: eu-west-1, account: 012345678901}", "eu-west-1", "012345678901", &[leading_zero]),
        ("{region: eu-west-1, account: '012345678901'}", "eu-west-1", "012345678901", &[leading_zero]),
        (
            "{region: cn-north-1, account: 123456789012}",
            "cn-north-1",
            "123456789012",
            &["123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn"],
        ),
        // A host tells the region.
        (&format!("{{hosts: [{IRELAND}]}}"), "eu-west-1", "", &[IRELAND]),
        (
            &format!("{{account: 012345678901, hosts: [{IRELAND}]}}"),
            "eu-west-1",
            "012345678901",
            &[leading_zero, IRELAND],
        ),
        (
            &format!("{{account: '210987654321', hosts: [a.example.com, {IRELAND}]}}"),
            "eu-west-1",
            "210987654321",
            &["a.example.com", IRELAND],
        ),
        ("{hosts: [a.example.com]}", "", "", &["a.example.com"]),
    ];
    for (value, region, account, hosts) in table {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let hosts: Vec<_> = hosts.iter().map(|host| (*host).to_owned()).collect();
        assert_eq!(ecr(value), (some(region), some(account), hosts, account.is_empty()), "{value}");
    }
}

#[test]
fn who_asks() {
    let yaml = reg("ecr: {region: eu-west-1, roleArn: 'arn:aws-cn:iam::123456789012:role/team/pull',
        externalId: 007, credentialsSecret: {namespace: ops, name: aws}}");
    let registry = from_file(yaml, &[]).unwrap().config.registries.remove(0);
    let Source::Ecr { login, .. } = &registry.source else { unreachable!() };
    let role = login.role.as_ref().unwrap();
    assert_eq!(role.arn, "arn:aws-cn:iam::123456789012:role/team/pull");
    assert_eq!(role.external_id.as_deref(), Some("007"));
    let keys = login.keys.as_ref().unwrap();
    let key = |key: &str| SecretKey { namespace: "ops".into(), name: "aws".into(), key: key.into() };
    assert_eq!(keys.id, key("aws_access_key_id"));
    assert_eq!((&keys.secret, &keys.region), (&key("aws_secret_access_key"), &key("aws_region")));
}

#[test]
fn ecr_public_has_its_two_hosts() {
    let registry = from_file(reg("ecrPublic: {}"), &[]).unwrap().config.registries.remove(0);
    let hosts: Vec<_> = registry.hosts.iter().map(ToString::to_string).collect();
    assert_eq!(hosts, ["public.ecr.aws", "ecr-public.aws.com"]);
    assert!(matches!(registry.source, Source::EcrPublic { .. }));
}

/// Each row: the entry, and the message without the file and line.
#[test]
fn errors() {
    let unknown = "the keys here are region, account, hosts, roleArn, externalId, credentialsSecret";
    let table = [
        ("ecr: []", "ecr: is a list; write a mapping"),
        ("ecr: eu-west-1", "ecr: is a single value; write a mapping"),
        ("ecr: {accessKeyId: AKIA}", &format!("ecr: unknown key 'accessKeyId'; {unknown}")),
        ("ecr: {acount: 1}", "ecr: unknown key 'acount' (did you mean 'account'?)"),
        ("ecr: {region: Ireland}", "ecr.region: 'Ireland' is no region; write one such as eu-west-1"),
        ("ecr: {region: [eu-west-1]}", "ecr.region: is a list; write a single value"),
        ("ecr: {account: 1234}", "ecr.account: '1234' is no account; write its 12 digits"),
        ("ecr: {account: 1e11}", "ecr.account: '1e11' is no account; write its 12 digits"),
        (
            "ecr: {account: 012345678901}",
            "ecr.region: is missing; write the region that the account's registry is in",
        ),
        ("ecr: {hosts: a.example.com}", "ecr.hosts: is a single value; write a list"),
        ("ecr: {hosts: ['https://a.b/']}", "ecr.hosts[0]: has a scheme; write 'a.b'"),
        ("ecr: {hosts: [a.b, a.b/]}", "ecr.hosts[1]: a.b stands there already; keep one of them"),
        (
            &format!("ecr: {{hosts: [{IRELAND}, {}]}}", IRELAND.replace("eu-west-1", "us-east-1")),
            "ecr.hosts: is of the regions eu-west-1 and us-east-1, and a token is good for one; make an entry of each",
        ),
        (
            &format!("ecr: {{region: us-east-1, hosts: [a.b, {IRELAND}/team]}}"),
            "ecr.hosts[1]: is of eu-west-1, and this entry's token is of us-east-1; make an entry of each",
        ),
        (
            "ecr: {hosts: [public.ecr.aws]}",
            "ecr.hosts[0]: is ECR Public, which has tokens of its own; make an entry ecrPublic: {}",
        ),
        (
            "ecr: {roleArn: pull}",
            "ecr.roleArn: 'pull' is no role's ARN; write one such as arn:aws:iam::123456789012:role/pull",
        ),
        (
            "ecr: {roleArn: 'arn:aws:iam::123456789012:user/pull'}",
            "ecr.roleArn: 'arn:aws:iam::123456789012:user/pull' is no role's ARN; write one such as arn:aws:iam::123456789012:role/pull",
        ),
        ("ecr: {externalId: x}", "ecr.externalId: goes with roleArn; write that too"),
        ("ecr: {externalId: x, roleArn: ''}", "ecr.externalId: goes with roleArn; write that too"),
        ("ecr: {credentialsSecret: aws}", "ecr.credentialsSecret: is a single value; write a mapping"),
        (
            "ecr: {credentialsSecret: {name: aws}}",
            "ecr.credentialsSecret.namespace: is missing; write the Secret's namespace",
        ),
        (
            "ecr: {credentialsSecret: {namespace: ops}}",
            "ecr.credentialsSecret.name: is missing; write the Secret's name",
        ),
        (
            "ecr: {credentialsSecret: {namespace: ops, name: A}}",
            "ecr.credentialsSecret.name: 'A' is no Secret's name; write a-z, 0-9, '-' and '.'",
        ),
        (
            "ecr: {credentialsSecret: {namespace: ops, name: aws, key: x}}",
            "ecr.credentialsSecret: unknown key 'key'; the keys here are name, namespace",
        ),
        (
            "ecrPublic: {region: us-east-1}",
            "ecrPublic: unknown key 'region'; the keys here are roleArn, externalId, credentialsSecret",
        ),
        ("ecrPublic: {externalId: x}", "ecrPublic.externalId: goes with roleArn; write that too"),
    ];
    for (entry, message) in table {
        let told = from_file(reg(entry), &[]).unwrap_err();
        assert_eq!(told, format!("c.yaml:3: registries[0].{message}"), "{entry}");
    }
}
