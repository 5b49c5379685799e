//! What passes write, as the kubelet's own keyring reads it back from the API server.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::desk::{Desk, assert_silent};
use crate::setup::parse;
use crate::testbed::keyring::keyring;

/// Each goes to a registry of its own, in the order of this list.
const PASSWORDS: [&str; 14] = [
    "plain",
    "with:colon:s",
    ":",
    "quote\"s'`",
    "$dollar ${HOME} $(id)",
    "back\\slash \\n \\u0041",
    "pässwörd",
    "\u{1F511} ключ 鍵",
    "new\nline\r\nwithin",
    " blanks ",
    "tab\tand\u{0}nul",
    "&<>{}[]#%!@",
    "012345",
    "=====",
];

#[tokio::test]
async fn every_password_arrives_as_it_was() {
    let desk = Desk::new("passwords").await;
    let a = desk.place.namespace("a").await;
    let host = |index: usize| format!("registry-{index}.example.com");
    let texts = PASSWORDS.iter().enumerate();
    let registries = texts.map(|(index, password)| {
        // Half of them from a file, as it would be mounted.
        let password = match index % 2 {
            0 => json!(password),
            _ => json!({"file": desk.file(&format!("password-{index}"), &format!("{password}\n"))}),
        };
        json!({"host": host(index), "username": format!("robot${index}"), "password": password})
    });
    let config = unverified(&desk, &registries.collect());
    desk.writes(&config).await;
    assert_silent(&desk.place.assert_settled(&config).await);
    let images: Vec<_> = (0..PASSWORDS.len()).map(|index| format!("{}/app:1", host(index))).collect();
    let images: Vec<_> = images.iter().map(String::as_str).collect();
    for (index, found) in keyring(&[desk.secret(&a).await], &images).into_iter().enumerate() {
        assert_eq!(found.passwords(), [PASSWORDS[index]], "{}", found.image);
        assert_eq!(found.auths[0].username, format!("robot${index}"));
    }
}

#[tokio::test]
async fn every_image_finds_its_credential() {
    let desk = Desk::new("images").await;
    let a = desk.place.namespace("a").await;
    let hosts = [
        "docker.io",
        "docker.io/team",
        "harbor.example.com",
        "harbor.example.com:8443",
        "harbor.example.com:8443/team",
        "harbor.example.com/team",
        "*.azurecr.io",
        "*.*.example.org/deep",
        "[2001:db8::1]:5000",
        "localhost",
    ];
    let registries = hosts.map(|host| json!({"host": host, "username": "robot", "password": host}));
    let config = unverified(&desk, &json!(registries));
    desk.writes(&config).await;
    assert_silent(&desk.place.assert_settled(&config).await);
    // In the order in which the kubelet tries them: the longer key first.
    let table: [(&str, &[&str]); 21] = [
        ("nginx", &["docker.io"]),
        ("nginx:1.27", &["docker.io"]),
        ("library/nginx", &["docker.io"]),
        ("docker.io/library/nginx", &["docker.io"]),
        ("index.docker.io/library/nginx", &["docker.io"]),
        ("team/app", &["docker.io/team", "docker.io"]),
        ("docker.io/team/app:1", &["docker.io/team", "docker.io"]),
        ("harbor.example.com/app", &["harbor.example.com"]),
        ("harbor.example.com/team/app", &["harbor.example.com/team", "harbor.example.com"]),
        ("harbor.example.com:8443/app", &["harbor.example.com:8443"]),
        ("harbor.example.com:8443/team/app", &["harbor.example.com:8443/team", "harbor.example.com:8443"]),
        ("harbor.example.com:443/app", &[]),
        ("sub.harbor.example.com/app", &[]),
        ("team.azurecr.io/app", &["*.azurecr.io"]),
        ("azurecr.io/app", &[]),
        ("a.b.azurecr.io/app", &[]),
        ("a.b.example.org/deep/app", &["*.*.example.org/deep"]),
        ("a.b.example.org/shallow/app", &[]),
        ("[2001:db8::1]:5000/app", &["[2001:db8::1]:5000"]),
        ("localhost/app", &["localhost"]),
        ("quay.io/team/app", &[]),
    ];
    let images: Vec<_> = table.iter().map(|(image, _)| *image).collect();
    let found = keyring(&[desk.secret(&a).await], &images);
    for ((image, expected), found) in table.iter().zip(found) {
        // Docker Hub has two keys of one content.
        let mut known = BTreeSet::new();
        let passwords: Vec<_> = found.passwords().into_iter().filter(|text| known.insert(*text)).collect();
        assert_eq!((found.image.as_str(), passwords.as_slice()), (*image, *expected));
        assert_eq!(found.matched, !expected.is_empty(), "{image}: without any it pulls anonymously");
    }
}

/// Registries that are nowhere.
fn unverified(desk: &Desk, registries: &Value) -> pullkeeper::config::Config {
    parse(&desk.text(registries).replace("verify: true", "verify: false"))
}
