//! Docker configs as people have them, with helpers that are real programs.

use super::*;
use crate::credentials::scripts::Scripts;

const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

/// A helper that has a login for every server: its own name, and what it was asked for.
const KNOWS_ALL: &str = r#"printf '{"Username":"%s","Secret":"%s"}' "${0##*-}" "$(cat)""#;

/// The entries as `host user password`, or `host error`; and the remarks.
async fn resolved(scripts: &Scripts, text: &str) -> (Vec<String>, Vec<String>) {
    let resolved = resolve(&text.into(), &scripts.programs()).await.unwrap();
    let folder = format!("{}/", scripts.programs().folder.unwrap().display());
    let lines = resolved.entries.iter().map(|(host, result)| match result {
        Ok(entry) => format!("{host} {} {}", entry.username, entry.password.expose_secret()),
        Err(error) => format!("{host} error: {}", error.replace(&folder, "")),
    });
    (lines.collect(), resolved.remarks)
}

async fn entries(text: &str) -> Vec<String> {
    let (entries, remarks) = resolved(&Scripts::new(), text).await;
    assert_eq!(remarks, [""; 0], "{text}");
    entries
}

#[tokio::test]
async fn reads_an_entry_as_docker_does() {
    let table: [(&str, &[&str]); 17] = [
        (r#"{"auth":"dTpw"}"#, &["h.io u p"]),
        (r#"{"auth":"dTpwOnE"}"#, &["h.io u p:q"]),
        (r#"{"auth":"dTpwOnE="}"#, &["h.io u p:q"]),
        (r#"{"auth":"dTpw\n"}"#, &["h.io u p"]),
        (r#"{"auth":"dTpwAAA="}"#, &["h.io u p"]),
        (r#"{"auth":"dTpw","username":"x","password":"y"}"#, &["h.io u p"]),
        (r#"{"username":"x","password":"y:ä\"$"}"#, &["h.io x y:ä\"$"]),
        (r#"{"auth":"","username":"x","password":"y"}"#, &["h.io x y"]),
        (r#"{"auth":null,"username":"x","password":"y","other":[1]}"#, &["h.io x y"]),
        (r#"{"auth":"dTpw","identitytoken":"t"}"#, &["h.io u p"]),
        ("{}", &[]),
        ("null", &[]),
        (r#"{"email":"a@example.com"}"#, &[]),
        (
            r#"{"auth":"!","username":"x","password":"y"}"#,
            &["h.io error: the auth of 'h.io' is no base64 of user:password; log in again with docker"],
        ),
        (
            r#"{"auth":"eA=="}"#,
            &["h.io error: the auth of 'h.io' is no base64 of user:password; log in again with docker"],
        ),
        (r#"["hunter2"]"#, &["h.io error: its entry 'h.io' is no object of texts; log in again with docker"]),
        (
            r#"{"password":"y"}"#,
            &["h.io error: it has a password and no user name; log in again with docker"],
        ),
    ];
    for (entry, expected) in table {
        assert_eq!(entries(&format!(r#"{{"auths":{{"h.io":{entry}}}}}"#)).await, expected, "{entry}");
    }
}

#[tokio::test]
async fn keeps_the_email() {
    let text = r#"{"auths":{"h.io":{"auth":"dTpw","email":"a@example.com"}}}"#;
    let resolved = resolve(&text.into(), &Programs::default()).await.unwrap();
    assert_eq!(resolved.entries[0].1.as_ref().ok().unwrap().email.as_deref(), Some("a@example.com"));
}

#[tokio::test]
async fn hosts_are_the_kubelets() {
    let table = [
        ("https://index.docker.io/v1/", "docker.io"),
        ("index.docker.io", "docker.io"),
        ("https://h.io", "h.io"),
        ("http://h.io:5000/v2/", "h.io:5000"),
        ("https://h.io/v1/team", "h.io/team"),
        ("h.io/team/", "h.io/team"),
        ("h.io/v1", "h.io/v1"),
        ("*.h.io", "*.h.io"),
    ];
    for (key, host) in table {
        let got = entries(&format!(r#"{{"auths":{{"{key}":{{"auth":"dTpw"}}}}}}"#)).await;
        assert_eq!(got, [format!("{host} u p")], "{key}");
    }
}

#[tokio::test]
async fn a_key_that_is_no_host_is_passed_over() {
    let text = r#"{"auths":{"nohost":{"auth":"dTpw"},"https://me:hunter2@h.io":{"auth":"dTpw"},"h.io":{"auth":"dTpw"}}}"#;
    let (entries, remarks) = resolved(&Scripts::new(), text).await;
    assert_eq!(entries, ["h.io u p"]);
    assert_eq!(remarks.len(), 2);
    assert!(remarks[0].starts_with("its key 'nohost' in auths 'nohost' can't be a registry"), "{remarks:?}");
    assert!(!remarks[1].contains("hunter2"), "{remarks:?}");
}

#[tokio::test]
async fn two_keys_of_one_host_are_one_entry() {
    let same = r#"{"auths":{"docker.io":{"auth":"dTpw"},"https://index.docker.io/v1/":{"username":"u","password":"p"}}}"#;
    assert_eq!(entries(same).await, ["docker.io u p"]);
    let other = r#"{"auths":{"h.io":{"auth":"dTpw"},"z.io":{"auth":"dTpw"},"https://h.io":{"username":"u","password":"q"}}}"#;
    let (entries, remarks) = resolved(&Scripts::new(), other).await;
    assert_eq!(entries, ["h.io u q", "z.io u p"]);
    assert_eq!(remarks, ["it has two different logins for h.io; the last one is taken"]);
    let scripts = Scripts::new();
    scripts.script("docker-credential-b", KNOWS_ALL);
    let (entries, remarks) = resolved(&scripts, r#"{"credHelpers":{"h.io":"a","https://h.io":"b"}}"#).await;
    assert_eq!(entries, ["h.io b https://h.io"]);
    assert_eq!(remarks, ["it has two different logins for h.io; the last one is taken"]);
}

#[tokio::test]
async fn reads_the_legacy_form() {
    assert_eq!(entries(r#"{"https://h.io":{"auth":"dTpw"},"z.io":{"auth":"!"}}"#).await[0], "h.io u p");
    assert_eq!(entries(r#"{"psFormat":"table","HttpHeaders":{"a":"b"},"proxies":{}}"#).await, [""; 0]);
    for empty in
        ["{}", r#"{"auths":{}}"#, r#"{"auths":null}"#, r#"{"credHelpers":{}}"#, r#"{"credsStore":""}"#]
    {
        assert_eq!(entries(empty).await, [""; 0], "{empty}");
    }
}

#[tokio::test]
async fn what_is_no_docker_config_is_not_quoted() {
    let table = [
        ("", "line 1, column 0 is no JSON object"),
        ("hunter2", "line 1, column 1 is no JSON object"),
        ("{\n\"auths\": hunter2}", "line 2, column 10 is no JSON object"),
        ("[]", "line 1, column 0 is no JSON object"),
        (r#"{"auths":["hunter2"]}"#, "its auths are no object"),
        (r#"{"credHelpers":{"h.io":1}}"#, "its credHelpers are no object of texts"),
        (r#"{"credsStore":{}}"#, "its credsStore is no text"),
    ];
    for (text, what) in table {
        let error = resolve(&text.into(), &Programs::default()).await.err().unwrap();
        assert_eq!(error, format!("is no docker config: {what}; write what `docker login` writes"), "{text}");
    }
}

#[tokio::test]
async fn asks_helpers_and_the_store() {
    let scripts = Scripts::new();
    scripts.script("docker-credential-one", KNOWS_ALL);
    scripts.script("docker-credential-store", KNOWS_ALL);
    let text = r#"{
        "auths": {
            "https://own.io": {"auth": "dTpw"},
            "https://stored.io": {},
            "https://index.docker.io/v1/": {"email": "a@example.com"},
            "exempt.io": {},
            "https://helped.io": {"auth": "dTpw"}
        },
        "credHelpers": {"helped.io": "one", "gcr.io": "one", "exempt.io": ""},
        "credsStore": "store"
    }"#;
    let (entries, remarks) = resolved(&scripts, text).await;
    assert_eq!(
        entries,
        [
            "own.io u p",
            "stored.io store https://stored.io",
            "docker.io store https://index.docker.io/v1/",
            "helped.io one helped.io",
            "gcr.io one gcr.io",
        ]
    );
    assert_eq!(remarks, [""; 0]);
}

#[tokio::test]
async fn a_helper_that_fails_takes_only_its_own_hosts_down() {
    let scripts = Scripts::new();
    scripts.script("docker-credential-good", KNOWS_ALL);
    scripts.script("docker-credential-bad", "echo no network; exit 1");
    let text = r#"{"credHelpers": {"a.io": "bad", "b.io": "good", "c.io": "../bad", "d.io": "gone", "e.io": "good",
                   "f.io": "good", "g.io": "good"}}"#;
    let (entries, remarks) = resolved(&scripts, text).await;
    assert_eq!(
        entries,
        [
            "a.io error: docker-credential-bad exited with status 1 for a.io, with a text that may hold secrets and isn't shown; run it by hand to see why",
            "b.io good b.io",
            "c.io error: the helper '../bad' can't be a program's name; write letters, digits, '.', '_' and '-'",
            "d.io error: docker-credential-gone is not there; put it there, or correct its path",
            "e.io good e.io",
            "f.io good f.io",
            "g.io good g.io",
        ]
    );
    assert_eq!(remarks, [""; 0]);
}

#[tokio::test]
async fn a_store_without_hosts_is_remarked() {
    let (entries, remarks) = resolved(&Scripts::new(), r#"{"credsStore":"desktop"}"#).await;
    assert_eq!(entries, [""; 0]);
    assert_eq!(remarks, ["its credsStore is asked for the hosts in auths only, where there is none"]);
}

#[tokio::test]
async fn identity_tokens_become_passwords() {
    let scripts = Scripts::new();
    scripts.script("docker-credential-token", r#"printf '{"Username":"<token>","Secret":"t"}'"#);
    // The auth of the first is what docker writes beside a token: the user's name, and no password.
    let text = r#"{
        "auths": {
            "team.azurecr.io": {"auth": "bWU6", "identitytoken": "t"},
            "h.io": {"auth": "bWU6", "identitytoken": "t"},
            "z.io": {"identitytoken": "t"},
            "helped.io": {"auth": "bWU6"}
        },
        "credHelpers": {"helped.io": "token", "other.azurecr.cn": "token"}
    }"#;
    let (entries, remarks) = resolved(&scripts, text).await;
    assert_eq!(
        entries,
        [
            format!("team.azurecr.io {NOBODY} t"),
            "h.io me t".to_owned(),
            format!("z.io {NOBODY} t"),
            "helped.io me t".to_owned(),
            format!("other.azurecr.cn {NOBODY} t"),
        ]
    );
    let told = |host: &str| {
        format!(
            "{host} has an identity token, which is used as a password; verification tells whether it is taken"
        )
    };
    assert_eq!(remarks, [told("h.io"), told("z.io"), told("helped.io")]);
}
