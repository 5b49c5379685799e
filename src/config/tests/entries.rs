//! What makes an entry of `registries`: one source, and a host that no other entry has.

use super::*;

#[test]
fn an_entry_has_one_source() {
    let two = |key: &str, one: &str| {
        format!(
            "c.yaml:3: registries[0].{key}: stands beside {one}, and an entry has one source; make an entry of each"
        )
    };
    let stray = |key: &str, source: &str| {
        format!("c.yaml:3: registries[0].{key}: goes with host, and {source} needs none; take it out")
    };
    let none = "c.yaml:3: registries[0]: names no source; write host, username and password, or another source such as ecr: {}";
    let table = [
        ("ecr: {}, ecrPublic: {}".to_owned(), two("ecrPublic", "ecr")),
        (format!("{REGISTRY}, ecr: {{}}"), two("ecr", "host")),
        ("ecr: {}, host: a.b".to_owned(), two("ecr", "host")),
        (
            "dockerConfig: {file: /d}, credentialHelper: {}".to_owned(),
            two("credentialHelper", "dockerConfig"),
        ),
        ("ecr: {}, credentialProvider: {}".to_owned(), two("credentialProvider", "ecr")),
        ("ecr: {}, username: AWS".to_owned(), stray("username", "ecr")),
        ("ecrPublic: {}, password: hunter2".to_owned(), stray("password", "ecrPublic")),
        ("dockerConfig: {file: /d}, email: a@b".to_owned(), stray("email", "dockerConfig")),
        // A key without a value isn't set.
        ("ecr: , email: ".to_owned(), none.to_owned()),
        ("secretName: x".to_owned(), none.to_owned()),
    ];
    assert_told(table.iter().map(|(entry, message)| (reg(entry), message.as_str())).collect());
}

#[test]
fn how_they_are_reached() {
    let reach = |keys: &str| from_file(reg(&format!("{REGISTRY}, {keys}")), &[]);
    let loaded = reach("insecure: true").unwrap().config.registries.remove(0).reach;
    assert_eq!((loaded.insecure, loaded.ca), (true, None));
    let loaded = reach("ca: /ca.crt, insecure: false").unwrap().config.registries.remove(0).reach;
    assert_eq!((loaded.insecure, loaded.ca), (false, Some("/ca.crt".into())));
    for (keys, message) in [
        (
            "ca: /ca.crt, insecure: true",
            "ca: is of no use beside insecure, which speaks plain http; keep one of them",
        ),
        ("ca: ''", "ca: is empty; write the path of a file of PEM certificates"),
        ("insecure: yes", "insecure: 'yes' is no choice; write one of true, false"),
    ] {
        assert_eq!(reach(keys).unwrap_err(), format!("c.yaml:3: registries[0].{message}"), "{keys}");
    }
}

#[test]
fn one_host_comes_from_one_source() {
    let own = "012345678901.dkr.ecr.eu-west-1.amazonaws.com";
    let host = |host: &str| {
        format!(
            "{host} is in the Secret pullkeeper already, by registries[0]; write another secretName, or namespaces that differ by name"
        )
    };
    let source = |name: &str| {
        format!(
            "{name} is asked for the Secret pullkeeper already, by registries[0]; make one entry of both, or write another secretName"
        )
    };
    let ecr = "ecr: {region: eu-west-1, account: 012345678901}";
    let helper = "credentialHelper: {name: /h, hosts: [a.b, public.ecr.aws]}";
    let table = [
        (ecr.to_owned(), format!("host: {own}, username: u, password: {{env: PASS}}"), "host", host(own)),
        (ecr.to_owned(), ecr.to_owned(), "ecr", host(own)),
        (REGISTRY.to_owned(), helper.to_owned(), "credentialHelper", host("a.b")),
        (helper.to_owned(), "ecrPublic: {}".to_owned(), "ecrPublic", host("public.ecr.aws")),
        // All that the same principal has in one region.
        ("ecr: {}".to_owned(), "ecr: {hosts: [c.d]}".to_owned(), "ecr", source("ECR")),
        (
            "ecr: {region: eu-west-1}".to_owned(),
            "ecr: {region: eu-west-1}".to_owned(),
            "ecr",
            source("ECR eu-west-1"),
        ),
        (
            "dockerConfig: {file: /d}".to_owned(),
            "dockerConfig: {file: /d}".to_owned(),
            "dockerConfig",
            source("docker config /d"),
        ),
        (
            "credentialProvider: {command: /p, images: [a.io]}".to_owned(),
            "credentialProvider: {command: /p, images: [b.io]}".to_owned(),
            "credentialProvider",
            source("plugin /p"),
        ),
    ];
    let both = |one: &str, other: &str, more: &str| {
        from_file(format!("namespaces: [a, b]\nregistries:\n- {{{one}}}\n- {{{other}{more}}}\n"), &[])
    };
    for (one, other, key, message) in table {
        let told = both(&one, &other, "").unwrap_err();
        assert_eq!(told, format!("c.yaml:4: registries[1].{key}: {message}"), "{one} and {other}");
        assert!(both(&one, &other, ", secretName: x").is_ok(), "{one} and {other}");
    }
    let role = "roleArn: 'arn:aws:iam::123456789012:role/x'";
    for (one, other) in [
        ("ecr: {}".to_owned(), format!("ecr: {{{role}}}")),
        ("ecr: {region: eu-west-1}".to_owned(), "ecr: {region: us-east-1}".to_owned()),
        ("ecr: {}".to_owned(), "ecr: {credentialsSecret: {namespace: a, name: b}}".to_owned()),
        ("ecr: {}".to_owned(), "ecrPublic: {}".to_owned()),
        ("dockerConfig: {file: /d}".to_owned(), "dockerConfig: {file: /e}".to_owned()),
    ] {
        assert!(both(&one, &other, "").is_ok(), "{one} and {other}");
    }
}
