//! Names are chosen by people: none changes the cause, and no text makes the program fall.

use proptest::prelude::*;

use super::super::table::texts;
use super::super::{cause, is_about_image, names, other_image};
use super::waiting;
use crate::plan::snapshot::Waiting;
use crate::registry::Image;

/// Real messages, with the parts of a name to be put in.
const MESSAGES: &[&str] = &[
    r#"failed to pull and unpack image "REF": failed to resolve reference "REF": unexpected status from HEAD request to https://HOST/v2/REPO/manifests/TAG: 401 Unauthorized"#,
    r#"failed to resolve reference "REF": pulling from host HOST failed with status code [manifests TAG]: 400 Bad Request"#,
    r#"rpc error: code = NotFound desc = failed to resolve reference "REF": REF: not found"#,
    r#"failed to resolve reference "REF": failed to do request: Head "https://HOST/v2/REPO/manifests/TAG": dial tcp: lookup HOST on 10.0.0.10:53: no such host"#,
    r#"failed to pull and unpack image "REF": something new"#,
    "initializing source docker://REF: reading manifest TAG in HOST/REPO: something new",
    "initializing source docker://REF: reading manifest TAG in HOST/REPO: unauthorized: authentication required",
    "initializing source docker://REF: reading manifest TAG in HOST/REPO: manifest unknown",
    "initializing source docker://REF: pinging container registry HOST: Get \"https://HOST/v2/\": EOF",
    "reading manifest TAG in HOST/REPO: unauthorized: unauthorized to access repository: REPO, action: pull",
    r#"Error response from daemon: Head "https://HOST/v2/REPO/manifests/TAG": toomanyrequests: later"#,
    "initializing source docker://REF: registry HOST is blocked in one of /etc/containers/registries.conf",
    "image pull failed for REF because the registry is unavailable",
];

#[test]
fn takes_out_names_and_leaves_words() {
    let table = [
        (r#"image "h.io/toomanyrequests:1": not found"#, "image _ not found"),
        ("h.io/x509:1: not found", "_ not found"),
        ("[h.io/a:1: x, localhost/b: y", "_ x, _ y"),
        ("get \"https://h.io/v2/\":\n eof", "get _ eof"),
        ("reading manifest unknown in h.io/a: i/o timeout", "reading manifest _ in _ i/o timeout"),
        ("code [manifests not]: 404 not found", "code [manifests _ 404 not found"),
        ("lookup denied: no such host", "lookup _ no such host"),
        ("access repository: toomanyrequests/a, action", "access repository: _ action"),
        ("from host short-name.io failed", "from host _ failed"),
        ("status code from registry 403 (forbidden)", "status code from registry 403 (forbidden)"),
        ("net/http: tls handshake timeout", "net/http: tls handshake timeout"),
        ("invalid username/password: x", "invalid username/password: x"),
        ("require 'docker login': denied", "require 'docker login': denied"),
    ];
    for (message, expected) in table {
        assert_eq!(names::without(message), expected, "{message}");
    }
}

/// A text of the table, as a part of a name can have it.
fn part() -> impl Strategy<Value = String> {
    let words: Vec<String> = texts().flat_map(spellings).filter(|word| !word.is_empty()).collect();
    proptest::sample::select(words)
}

fn spellings(text: &str) -> Vec<String> {
    let kept = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let joined: String = text.chars().map(kept).collect();
    let joined = joined.split('-').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-");
    joined.split('-').map(str::to_owned).chain([joined.clone()]).collect()
}

fn told(template: &str, host: &str, repository: &str, tag: &str) -> Waiting {
    let image = format!("{host}/{repository}:{tag}");
    let message =
        template.replace("REF", &image).replace("HOST", host).replace("REPO", repository).replace("TAG", tag);
    Waiting { image, ..waiting("ErrImagePull", &message) }
}

proptest! {
    #[test]
    fn no_name_changes_the_cause(
        template in proptest::sample::select(MESSAGES),
        (host, team, app, tag) in (part(), part(), part(), part()),
        port in prop_oneof![Just(""), Just(":5000"), Just(":429")],
        end in prop_oneof![Just(".io"), Just("")],
        again in any::<bool>(),
    ) {
        let host = if port.is_empty() { format!("{host}.io") } else { format!("{host}{end}{port}") };
        let plain = told(template, "h.io", "team/app", "1");
        let mut odd = told(template, &host, &format!("{team}/{app}"), &tag);
        prop_assert!(Image::parse(&odd.image).is_ok(), "{}", odd.image);
        if again {
            let message = format!(r#"Back-off pulling image "{}": ErrImagePull: {}"#, odd.image, odd.message);
            odd = Waiting { reason: "ImagePullBackOff".into(), message, ..odd };
        }
        prop_assert_eq!(cause(&odd), cause(&plain), "{}", odd.message);
        prop_assert_eq!(other_image(&odd), None);
    }

    #[test]
    fn any_text_has_a_cause(
        reason in prop_oneof!["ErrImagePull", "ImagePullBackOff", "\\PC*"],
        message in prop_oneof![
            "\\PC*",
            "Back-off pulling image \"\\PC*",
            "[a-z \"'/:\\[\\]()@\n]*",
            "(image \"|docker://|reading manifest |also failed: \\[|\\]\\): | in |:|@|é| )*",
        ],
        image in "\\PC*",
    ) {
        let waiting = Waiting { image, ..waiting(&reason, &message) };
        let _ = (cause(&waiting).words(), is_about_image(&reason), other_image(&waiting));
        let shouted = Waiting { message: message.to_ascii_uppercase(), ..waiting.clone() };
        prop_assert_eq!(cause(&shouted), cause(&waiting));
    }
}
