//! What a plugin answers. Nothing of it is quoted but its version and the keys of its credentials: the
//! rest are passwords.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{Answer, VERSION};
use crate::credentials::docker_config::{host_of_key, shown};
use crate::registry::{Entry, Host};

const KIND: &str = "CredentialProviderResponse";

#[derive(Deserialize)]
struct Named {
    #[serde(rename = "apiVersion", default)]
    version: String,
    #[serde(default)]
    kind: String,
}

#[derive(Deserialize)]
struct Response {
    #[serde(rename = "cacheDuration")]
    lasts: Option<String>,
    auth: Option<BTreeMap<String, Login>>,
}

#[derive(Deserialize)]
struct Login {
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: SecretString,
}

/// Reads the answer for `image`; an answer without a credential that can be used is an error.
pub(super) fn read(stdout: &[u8], image: &str) -> Result<Answer, String> {
    let garbage = |_| {
        format!(
            "printed no {KIND} for {image}; see that it is a credential provider plugin, and its arguments"
        )
    };
    check(&serde_json::from_slice(stdout).map_err(garbage)?)?;
    let response: Response = serde_json::from_slice(stdout).map_err(garbage)?;
    let mut remarks = Vec::new();
    let lasts = response.lasts.and_then(|text| duration(&text, &mut remarks));
    let auth = entries(response.auth.unwrap_or_default(), &mut remarks);
    if auth.is_empty() {
        let why = if remarks.is_empty() { String::new() } else { format!(" ({})", remarks.join(", ")) };
        return Err(format!("has no credential for {image}{why}; see that it is meant for this registry"));
    }
    Ok(Answer { auth, lasts, remarks })
}

fn check(named: &Named) -> Result<(), String> {
    match (named.version.as_str(), named.kind.as_str()) {
        (VERSION, KIND) => Ok(()),
        (VERSION, kind) => {
            Err(format!("answered with the kind '{}' and not {KIND}; see its arguments", shown(kind)))
        }
        (version, _) => {
            Err(format!("answered in '{}' and not {VERSION}; use a release that speaks v1", shown(version)))
        }
    }
}

/// A duration as Go writes it. One that can't be read is no reason to refuse the credential.
fn duration(text: &str, remarks: &mut Vec<String>) -> Option<Duration> {
    let lasts = text.parse::<SignedDuration>().ok().and_then(|lasts| Duration::try_from(lasts).ok());
    if lasts.is_none() {
        remarks.push(format!(
            "its cacheDuration '{}' is no duration that lies ahead, and is passed over",
            shown(text)
        ));
    }
    lasts
}

fn entries(auth: BTreeMap<String, Login>, remarks: &mut Vec<String>) -> Vec<(Host, Entry)> {
    let mut entries = Vec::new();
    for (key, Login { username, password }) in auth {
        let empty = (username.is_empty(), password.expose_secret().is_empty());
        // The acr plugin puts such a one beside the real ones, for anonymous access.
        if empty == (true, true) {
            continue;
        }
        let host = match host_of_key(&key) {
            Ok(host) if empty == (false, false) && !username.contains(':') => host,
            Ok(host) => {
                remarks.push(format!(
                    "its login for {host} has no user name or password that a pull secret can hold"
                ));
                continue;
            }
            Err(error) => {
                remarks.push(format!("its key '{}' {error}", shown(&key)));
                continue;
            }
        };
        if entries.iter().any(|(known, _)| *known == host) {
            remarks.push(format!("it gave {host} twice; the first is taken"));
            continue;
        }
        entries.push((host, Entry { username, password, email: None }));
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(rest: &str) -> Result<Answer, String> {
        read(format!(r#"{{"apiVersion":"{VERSION}","kind":"{KIND}",{rest}}}"#).as_bytes(), "h.io/a")
    }

    fn hosts(answer: &Answer) -> Vec<&str> {
        answer.auth.iter().map(|(host, _)| host.as_str()).collect()
    }

    const AUTH: &str = r#""auth":{"h.io":{"username":"u","password":"hunter2"}}"#;

    #[test]
    fn durations_are_gos() {
        let table = [
            ("null", None),
            (r#""12h0m0s""#, Some(43_200_000)),
            (r#""1h30m""#, Some(5_400_000)),
            (r#""1.5h""#, Some(5_400_000)),
            (r#""5m0.5s""#, Some(300_500)),
            (r#""100ms""#, Some(100)),
            (r#""100µs""#, Some(0)),
            (r#""0s""#, Some(0)),
        ];
        for (text, millis) in table {
            let answer = response(&format!(r#""cacheDuration":{text},{AUTH}"#)).unwrap();
            assert_eq!(answer.lasts.map(|lasts| lasts.as_millis()), millis, "{text}");
            assert!(answer.remarks.is_empty(), "{text}");
        }
        assert_eq!(response(AUTH).unwrap().lasts, None);
    }

    #[test]
    fn a_strange_duration_costs_no_credential() {
        for text in ["soon", "-5m0s", "12"] {
            let answer = response(&format!(r#""cacheDuration":"{text}",{AUTH}"#)).unwrap();
            let told =
                format!("its cacheDuration '{text}' is no duration that lies ahead, and is passed over");
            assert_eq!((answer.lasts, answer.remarks), (None, vec![told]), "{text}");
        }
    }

    #[test]
    fn keys_are_the_kubelets() {
        let answer = response(
            r#""auth":{"*.h.io":{"username":"u","password":"p"},"h.io:5000/team":{"username":"u","password":"p"},
                "https://h.io/v2/":{"username":"u","password":"p"},"h":{"username":"u","password":"p"}}"#,
        );
        let answer = answer.unwrap();
        assert_eq!(hosts(&answer), ["*.h.io", "h.io:5000/team", "h.io"]);
        assert_eq!(answer.remarks.len(), 1);
        assert!(answer.remarks[0].starts_with("its key 'h' 'h' can't be a registry"), "{:?}", answer.remarks);
    }

    /// As cloud-provider-azure's `azure_credentials.go` answers.
    #[test]
    fn anonymous_entries_of_acr_are_passed_over() {
        let anonymous = r#""*.azurecr.*":{"username":"","password":""}"#;
        let answer = response(&format!(
            r#""cacheKeyType":"Registry","cacheDuration":"5m0s",
               "auth":{{{anonymous},"team.azurecr.io":{{"username":"00000000-0000-0000-0000-000000000000","password":"t"}}}}"#
        ));
        let answer = answer.unwrap();
        assert_eq!(hosts(&answer), ["team.azurecr.io"]);
        assert_eq!(answer.remarks, [""; 0]);
        assert!(response(&format!(r#""auth":{{{anonymous}}}"#)).is_err());
    }

    #[test]
    fn nothing_is_an_error_in_words() {
        let none = "has no credential for h.io/a; see that it is meant for this registry";
        for auth in [r#""auth":null"#, r#""auth":{}"#, r#""cacheKeyType":"Image""#] {
            assert_eq!(response(auth).err().unwrap(), none, "{auth}");
        }
        for login in [r#"{"username":"u"}"#, r#"{"username":"u:v","password":"p"}"#] {
            let error = response(&format!(r#""auth":{{"h.io":{login}}}"#)).err().unwrap();
            assert!(error.contains("(its login for h.io has no user name or password"), "{error}");
        }
    }

    #[test]
    fn other_versions_and_kinds_are_refused_by_name() {
        let table = [
            (
                r#"{"apiVersion":"credentialprovider.kubelet.k8s.io/v1beta1","kind":"CredentialProviderResponse"}"#,
                "answered in 'credentialprovider.kubelet.k8s.io/v1beta1' and not credentialprovider.kubelet.k8s.io/v1; use a release that speaks v1",
            ),
            (
                r#"{"apiVersion":"credentialprovider.kubelet.k8s.io/v1","kind":"Status"}"#,
                "answered with the kind 'Status' and not CredentialProviderResponse; see its arguments",
            ),
            (
                "{}",
                "answered in '' and not credentialprovider.kubelet.k8s.io/v1; use a release that speaks v1",
            ),
        ];
        for (text, told) in table {
            assert_eq!(read(text.as_bytes(), "h.io/a").err().unwrap(), told);
        }
    }

    #[test]
    fn garbage_is_not_quoted() {
        for text in ["", "hunter2", r#"{"apiVersion":1}"#] {
            let error = read(text.as_bytes(), "h.io/a").err().unwrap();
            assert!(
                error.starts_with("printed no CredentialProviderResponse") && !error.contains("hunter2"),
                "{error}"
            );
        }
        let error = response(r#""auth":{"h.io":"hunter2"}"#).err().unwrap();
        assert!(
            error.starts_with("printed no CredentialProviderResponse") && !error.contains("hunter2"),
            "{error}"
        );
    }
}
