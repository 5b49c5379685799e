//! The kubelet's own keyring over the Secrets that this program writes, and its rules compared with ours.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use pullkeeper::registry::{DockerConfig, Entry, Host, Image, key_matches};
use secrecy::ExposeSecret;
use serde_json::Value;

use crate::testbed::keyring::{keyring, try_keyring};

#[test]
fn finds_what_is_written_for_a_host() {
    let table = [
        ("docker.io", "nginx:1", true),
        ("docker.io", "docker.io/team/app", true),
        ("index.docker.io", "index.docker.io/team/app", true),
        ("docker.io/team", "team/app", true),
        ("docker.io/team", "other/app", false),
        ("docker.io", "quay.io/team/app", false),
        ("harbor.example.com:8443", "harbor.example.com:8443/a/b:1", true),
        ("harbor.example.com:8443", "harbor.example.com/a/b:1", false),
        ("harbor.example.com", "harbor.example.com:443/a", false),
        ("harbor.example.com/team", "harbor.example.com/team/app", true),
        ("harbor.example.com/team", "harbor.example.com/teams/app", true),
        ("harbor.example.com/team", "harbor.example.com/other/app", false),
        ("*.example.com", "harbor.example.com/a", true),
        ("*.example.com", "a.b.example.com/a", false),
        ("[::1]:5000", "[::1]:5000/a", true),
        ("localhost", "localhost/a", true),
    ];
    for (host, image, found) in table {
        let mut config = DockerConfig::default();
        let host = Host::parse(host).unwrap();
        for key in host.keys() {
            config.set(key, &entry("secret"));
        }
        let answer = &keyring(&[secret(&config)], &[image])[0];
        assert_eq!(answer.matched, found, "{host} for {image}");
        assert!(answer.passwords().iter().all(|password| *password == "secret"));
    }
}

#[test]
fn hands_over_each_password_as_it_was() {
    for password in
        ["plain", "with:colon:s", "quote\"s'", "$dollar\\", "pässwörd", "\u{1F511} key", "012345", "&<>"]
    {
        let mut config = DockerConfig::default();
        config.set("harbor.example.com", &entry(password));
        for secret in [secret(&config), dockercfg(&config)] {
            let found = keyring(&[secret], &["harbor.example.com/a"]);
            assert_eq!(found[0].passwords(), [password]);
            assert_eq!(found[0].auths[0].username, "admin");
        }
    }
}

#[test]
fn tries_the_longer_key_first_and_every_secret() {
    let mut config = DockerConfig::default();
    config.set("harbor.example.com", &entry("host"));
    config.set("harbor.example.com/team", &entry("team"));
    let mut other = DockerConfig::default();
    other.set("https://harbor.example.com/v2/", &entry("other"));
    let found = keyring(&[secret(&config), dockercfg(&other)], &["harbor.example.com/team/app", "quay.io/a"]);
    assert_eq!(found[0].passwords(), ["team", "host", "other"]);
    assert!(!found[1].matched);
}

/// Whether an entry is broken is ours to tell before it is written: the kubelet then pulls nothing at all.
#[test]
fn agrees_on_what_is_malformed() {
    let entries = [
        r#"{"auth": "YTpi"}"#,
        r#"{"auth": "YTpiYw"}"#,
        r#"{"auth": "YTpiYw=="}"#,
        r#"{"auth": "YTpiYw==\n"}"#,
        r#"{"auth": "YTpi\nYw"}"#,
        r#"{"auth": " YTpi"}"#,
        r#"{"auth": "YTpiYw="}"#,
        r#"{"auth": "YTpiYx=="}"#,
        r#"{"auth": "!"}"#,
        r#"{"auth": "YQ=="}"#,
        r#"{"auth": ""}"#,
        r#"{"auth": null}"#,
        r#"{"auth": 1}"#,
        r#"{"Auth": "!"}"#,
        r#"{"username": 1}"#,
        r#"{"email": 1}"#,
        r#"{"username": "a", "password": "b"}"#,
        r#"{"identitytoken": "t"}"#,
        "{}",
        "null",
        "[]",
        r#""text""#,
    ];
    let whole =
        [r#"{"Auths": {"a": {"auth": "!"}}}"#, r#"{"auths": null}"#, r#"{"auths": [], "Auths": {}}"#, "{}"];
    let texts = entries.map(|raw| format!(r#"{{"auths": {{"harbor.example.com": {raw}}}}}"#));
    let mut differ = Vec::new();
    for text in texts.iter().map(String::as_str).chain(whole) {
        let ours = DockerConfig::parse(text).is_none_or(|config| config.malformed().is_some());
        let kubelet = try_keyring(&[of_text(text)], &["harbor.example.com/a"]);
        if ours != kubelet.is_err() {
            differ.push((text, kubelet));
        }
    }
    assert!(differ.is_empty(), "the kubelet says otherwise: {differ:#?}");
}

/// Every key with every image: the kubelet decides.
#[test]
fn agrees_on_which_key_is_for_which_image() {
    let mut differ = Vec::new();
    for key in KEYS {
        let mut config = DockerConfig::default();
        config.set(key, &entry("secret"));
        for found in keyring(&[secret(&config)], IMAGES) {
            let ours = key_matches(key, &Image::parse(&found.image).unwrap());
            if ours != found.matched {
                differ.push(format!("{key} for {}: the kubelet says {}", found.image, found.matched));
            }
        }
    }
    assert!(differ.is_empty(), "{differ:#?}");
}

const KEYS: &[&str] = &[
    "docker.io",
    "docker.io/library",
    "docker.io/team",
    "index.docker.io",
    "index.docker.io/v1",
    "index.docker.io/team",
    "https://index.docker.io/v1/",
    "https://index.docker.io/v1",
    "https://index.docker.io/v2/",
    "registry-1.docker.io",
    "*.docker.io",
    "*.io",
    "harbor.example.com",
    "HARBOR.example.com",
    "http://harbor.example.com",
    "https://harbor.example.com/",
    "https://harbor.example.com/v1/",
    "https://harbor.example.com/v2/team",
    "https://harbor.example.com/v2",
    "https://https://harbor.example.com",
    "harbor.example.com/team",
    "harbor.example.com/team/",
    "harbor.example.com/te",
    "harbor.example.com//team",
    "harbor.example.com/te%61m",
    "harbor.example.com/team?x=1",
    "harbor.example.com/team#x",
    "user@harbor.example.com",
    "user:pass@harbor.example.com",
    "harbor.example.com:8443",
    "harbor.example.com:8443/team",
    "harbor.example.com:",
    "harbor.example.com:*",
    "harbor.example.com:port",
    "*.example.com",
    "*.example.com:8443",
    "harbor.*.com",
    "har*.example.com",
    "*bor.example.com",
    "h*r.e*e.c*m",
    "h?rbor.example.com",
    "h[a-c]rbor.example.com",
    "h[^b]rbor.example.com",
    "h[!b]rbor.example.com",
    "{harbor,other}.example.com",
    "h\\arbor.example.com",
    "**.example.com",
    "*.*.*",
    "*",
    "*.com",
    "localhost",
    "localhost:5000",
    "*:5000",
    "[::1]:5000",
    "[::1]",
    "",
    "/",
    "https://",
    "harbor example.com",
    "us er@harbor.example.com",
    "user:p%40ss@harbor.example.com",
    "a:1:2",
    "*:1:5000",
    "harbor.example.com/te%2561m",
    "harbor.example.com/te%256",
    "harbor.example.com/te%zzm",
    "harbor.example.com/%C3%A9",
    "harbor.example.com/%FF",
    "[::1",
    "::1",
    "[::1]:",
    "[::1]x:5000",
    "HTTPS://harbor.example.com",
    "h<>r.example.com",
    "h*<*.example.com",
    "\u{e4}.example.com",
    "harbor.example.com\n",
    " harbor.example.com",
    "harbor.example.com ",
    "harbor.example.com/ team",
    "harbor.example.com.",
    "//harbor.example.com",
    "index.docker.io:443",
    "user@index.docker.io",
    "index.docker.io/?x",
    "*ndex.docker.io",
    "team",
    "a_b.example.com",
    "a_b.example.com/team",
    "a_b.example.com/a_b.example.com",
];

const IMAGES: &[&str] = &[
    "nginx",
    "team/app:1",
    "docker.io/library/nginx",
    "index.docker.io/team/app",
    "registry-1.docker.io/team/app",
    "harbor.example.com/team/app:1",
    "harbor.example.com/teams/app",
    "harbor.example.com/a",
    "harbor.example.com:8443/team/app",
    "other.example.com/team/app",
    "a.b.example.com/a",
    "HARBOR.example.com/team/app",
    "example.com/v2/app",
    "localhost/a",
    "localhost:5000/a",
    "[::1]:5000/a",
    "[::1]/a",
    // No registry to the grammar, but one to the keyring.
    "a_b.example.com/team/app",
];

fn entry(password: &str) -> Entry {
    Entry { username: "admin".to_owned(), password: password.into(), email: None }
}

fn secret(config: &DockerConfig) -> Secret {
    of_text(config.to_json().expose_secret())
}

fn of_text(text: &str) -> Secret {
    of_type("kubernetes.io/dockerconfigjson", ".dockerconfigjson", text)
}

/// The older type: the entries alone, with no `auths` around them.
fn dockercfg(config: &DockerConfig) -> Secret {
    let whole: Value = serde_json::from_str(config.to_json().expose_secret()).unwrap();
    of_type("kubernetes.io/dockercfg", ".dockercfg", &whole["auths"].to_string())
}

fn of_type(kind: &str, key: &str, text: &str) -> Secret {
    let data = BTreeMap::from([(key.to_owned(), ByteString(text.as_bytes().to_vec()))]);
    Secret { type_: Some(kind.to_owned()), data: Some(data), ..Secret::default() }
}
