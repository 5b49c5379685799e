use super::*;

fn entry(password: &str) -> Entry {
    Entry { username: "admin".into(), password: password.into(), email: Some("a@example.com".into()) }
}

#[test]
fn keeps_other_entries_to_the_byte() {
    let theirs = r#"{ "auth" : "eDp5", "weird": [1, 2.50] }"#;
    let text =
        format!(r#"{{"credsStore": "x", "auths": {{"other.io": {theirs}, "ours.io": {{}}}}, "n": 1.0e1}}"#);
    let mut config = DockerConfig::parse(&text).unwrap();
    config.set("ours.io", &entry("secret"));
    config.set("new.io", &entry("secret"));
    let ours = entry("secret").to_value().to_string();
    assert_eq!(
        config.to_json().expose_secret(),
        format!(
            r#"{{"auths":{{"other.io":{theirs},"ours.io":{ours},"new.io":{ours}}},"credsStore":"x","n":1.0e1}}"#
        )
    );
}

#[test]
fn an_entry_reads_back_as_itself() {
    for password in ["plain", "with:colon", "quote\"s", "$dollar", "pässwörd", "\u{1F511}", "line\nbreak"] {
        let mut config = DockerConfig::default();
        config.set("h.io", &entry(password));
        let read = DockerConfig::parse(config.to_json().expose_secret()).unwrap();
        assert!(read.holds("h.io", &entry(password)), "{password}");
        assert!(!read.holds("h.io", &entry("other")), "{password}");
        assert!(read.is_usable("h.io"), "{password}");
    }
}

#[test]
fn tells_a_usable_entry_from_a_broken_one() {
    let table = [
        (r#"{"auth": "eDp5"}"#, true),
        (r#"{"auth": "eDp5eg"}"#, true),
        (r#"{"auth": "eDp5eg=="}"#, true),
        (r#"{"auth": "eDp5\n"}"#, true),
        (r#"{"Auth": "eDp5"}"#, true),
        (r#"{"auth": "eDp5eh=="}"#, true),
        (r#"{"auth": "eDp5eg="}"#, false),
        (r#"{"username": "x", "password": "y"}"#, true),
        (r#"{"auth": "!", "username": "x", "password": "y"}"#, false),
        (r#"{"auth": "eA=="}"#, false),
        (r#"{"identitytoken": "t"}"#, false),
        (r"[]", false),
        (r"{}", false),
    ];
    for (raw, usable) in table {
        let config = DockerConfig::parse(&format!(r#"{{"auths":{{"h":{raw}}}}}"#)).unwrap();
        assert_eq!(config.is_usable("h"), usable, "{raw}");
    }
}

#[test]
fn finds_what_fails_every_pull() {
    let table = [
        (r#"{"auth": "!"}"#, true),
        (r#"{"auth": "eA"}"#, true),
        (r#"{"auth": "eDp5eg="}"#, true),
        (r#"{"Auth": "!"}"#, true),
        (r#"{"email": 1}"#, true),
        ("[]", true),
        ("{}", false),
        ("null", false),
        (r#"{"auth": ""}"#, false),
    ];
    for (raw, malformed) in table {
        let config =
            DockerConfig::parse(&format!(r#"{{"auths":{{"a":{{"auth":"eDp5"}},"h":{raw}}}}}"#)).unwrap();
        assert_eq!(config.malformed(), malformed.then_some("h"), "{raw}");
    }
}

#[test]
fn finds_auths_however_they_are_spelled() {
    for (text, keys) in [
        (r#"{"Auths": {"a": {}}}"#, &["a"][..]),
        (r#"{"auths": {"a": {}}, "AUTHS": {"b": {}}}"#, &["a", "b"]),
        (r#"{"auths": null}"#, &[]),
    ] {
        let config = DockerConfig::parse(text).unwrap();
        assert_eq!(config.keys().collect::<Vec<_>>(), keys, "{text}");
    }
}

#[test]
fn refuses_what_is_no_docker_config() {
    for text in ["", "[]", "nonsense", r#"{"auths": []}"#, r#"{"auths": 1}"#] {
        assert!(DockerConfig::parse(text).is_none(), "{text}");
    }
}
