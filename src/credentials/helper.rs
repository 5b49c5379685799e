//! Docker's credential helpers: `docker-credential-X get`, with the server on stdin and the login on stdout
//! (docker/docker-credential-helpers, `client/client.go`).

use std::path::Path;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::program::{self, Call, Output};
use crate::config::Programs;
use crate::registry::Host;

/// When a helper is killed. Docker sets no limit; a minute is what the kubelet gives its plugins.
const DEADLINE: Duration = Duration::from_mins(1);

/// The user name that says that the secret is an identity token.
const TOKEN: &str = "<token>";

/// The standard text of the helpers for a server that they don't know.
const UNKNOWN: &str = "credentials not found in native keychain";

/// The other errors of the helpers' own library (`credentials/error.go`).
const KNOWN: [&str; 2] = ["no credentials server URL", "no credentials username"];

/// What a helper has for a server.
pub(super) enum Login {
    /// A user name and a password.
    Password { username: String, password: SecretString },
    /// What [`as_entry`](super::identity::as_entry) makes a password of.
    IdentityToken(SecretString),
}

/// Asks a helper for what it has for `server`: a host as the user wrote it, or a docker config's key.
pub(super) async fn ask(program: &Path, programs: &Programs, server: &str) -> Result<Login, String> {
    let args = ["get".to_owned()];
    let stdin = as_docker_asks(server);
    let call = Call { program, args: &args, stdin: stdin.as_bytes(), programs, deadline: DEADLINE };
    let output = program::run(call).await?;
    let login = match output.status {
        0 => read(output.stdout.expose_secret()).map_err(str::to_owned),
        _ => Err(refusal(&output, server)),
    };
    login.map_err(|trouble| format!("{} {trouble}", program.display()))
}

/// Docker keeps the login of Docker Hub under a key of its own.
fn as_docker_asks(server: &str) -> String {
    let host = Host::parse(server).ok();
    let hub = host.as_ref().map(Host::keys).filter(|keys| keys.len() > 1);
    hub.and_then(|keys| keys.last().copied()).unwrap_or(server).to_owned()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Reply {
    #[serde(default)]
    username: String,
    #[serde(default)]
    secret: SecretString,
}

/// Nothing of what a helper printed is quoted where it succeeded: it holds the secret.
fn read(stdout: &[u8]) -> Result<Login, &'static str> {
    let reply: Reply = serde_json::from_slice(stdout).map_err(
        |_| r#"printed no {"Username","Secret"} in JSON; see that it is a docker credential helper"#,
    )?;
    let Reply { username, secret } = reply;
    if username.is_empty() || secret.expose_secret().is_empty() {
        return Err("gave an empty user name or secret; log in again with it");
    }
    if username == TOKEN {
        return Ok(Login::IdentityToken(secret));
    }
    if username.contains(':') {
        return Err("gave a user name with a ':', which no pull secret can hold; log in under another name");
    }
    Ok(Login::Password { username, password: secret })
}

/// By the protocol the stdout of a helper that failed is its error message.
fn refusal(output: &Output, server: &str) -> String {
    let text = String::from_utf8_lossy(output.stdout.expose_secret());
    let failure = output.failure();
    match text.trim() {
        UNKNOWN => format!(
            "has no credential for {server}; log in to it with the helper, or give it the rights to get one"
        ),
        "" => format!("{failure} for {server}; run it by hand to see why"),
        known if KNOWN.contains(&known) => {
            format!("failed for {server}: {known}; run it by hand to see more")
        }
        // By the protocol it is an error message; but who prints a reply and fails prints the secret.
        _ => format!(
            "{failure} for {server}, with a text that may hold secrets and isn't shown; run it by hand to see why"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::identity;
    use crate::credentials::scripts::Scripts;
    use crate::registry::Entry;

    async fn helper(body: &str, server: &str) -> Result<(String, String), String> {
        let scripts = Scripts::new();
        scripts.script("docker-credential-x", body);
        let entry = match ask(Path::new("docker-credential-x"), &scripts.programs(), server).await? {
            Login::Password { username, password } => Entry { username, password, email: None },
            Login::IdentityToken(token) => identity::as_entry(server, None, token, None).0,
        };
        Ok((entry.username, entry.password.expose_secret().to_owned()))
    }

    #[tokio::test]
    async fn asks_as_docker_does() {
        let echo = r#"printf '{"ServerURL":"x","Username":"%s","Secret":"%s"}' "$1" "$(cat | tr : _)""#;
        let table = [
            ("reg.example.com/team", "reg.example.com/team"),
            ("docker.io", "https_//index.docker.io/v1/"),
            ("index.docker.io", "https_//index.docker.io/v1/"),
            ("https://index.docker.io/v1/", "https_//index.docker.io/v1/"),
            ("https://reg.example.com", "https_//reg.example.com"),
        ];
        for (server, asked) in table {
            assert_eq!(helper(echo, server).await, Ok(("get".into(), asked.into())), "{server}");
        }
    }

    #[tokio::test]
    async fn a_token_passes_as_a_password() {
        let body = r#"printf '{"Username":"<token>","Secret":"t"}'"#;
        let nobody = "00000000-0000-0000-0000-000000000000";
        assert_eq!(helper(body, "team.azurecr.io").await, Ok((nobody.into(), "t".into())));
    }

    #[tokio::test]
    async fn errors_name_cause_and_remedy() {
        let many = "x".repeat(300);
        let long = format!("echo {many}; exit 1");
        let table = [
            (
                "echo credentials not found in native keychain; exit 1",
                "has no credential for h.io; log in to it with the helper, or give it the rights to get one",
            ),
            ("exit 2", "exited with status 2 for h.io; run it by hand to see why"),
            (
                "echo hunter2 >&2; exit 1",
                "exited with status 1, with a text on stderr that may hold secrets and isn't shown for h.io; run it by hand to see why",
            ),
            (
                r"printf 'token\n\033[1m expired\r\n'; exit 1",
                "exited with status 1 for h.io, with a text that may hold secrets and isn't shown; run it by hand to see why",
            ),
            (
                &long,
                "exited with status 1 for h.io, with a text that may hold secrets and isn't shown; run it by hand to see why",
            ),
            (
                "printf 'no credentials username'; exit 1",
                "failed for h.io: no credentials username; run it by hand to see more",
            ),
            (
                r#"echo '{"Username":"u","Secret":"hunter2"}'; exit 1"#,
                "exited with status 1 for h.io, with a text that may hold secrets and isn't shown; run it by hand to see why",
            ),
            (
                "echo hunter2",
                r#"printed no {"Username","Secret"} in JSON; see that it is a docker credential helper"#,
            ),
            ("echo '{}'", "gave an empty user name or secret; log in again with it"),
        ];
        for (body, told) in table {
            let got = helper(body, "h.io").await;
            assert_eq!(got, Err(format!("docker-credential-x {told}")), "{body}");
        }
    }

    #[test]
    fn replies() {
        let good = [
            (r#"{"ServerURL":"h","Username":"u","Secret":"p:\"q$"}"#, "p:\"q$"),
            ("\n{\"Secret\":\"p\\u00e4ss\",\"Username\":\"u\",\"Extra\":1}\n", "päss"),
        ];
        for (text, secret) in good {
            let Ok(Login::Password { username, password }) = read(text.as_bytes()) else { panic!("{text}") };
            assert_eq!((username.as_str(), password.expose_secret()), ("u", secret));
        }
        let bad = [
            (r#"{"Username":"u"}"#, "empty"),
            (r#"{"Username":"","Secret":"p"}"#, "empty"),
            (r#"{"Username":"u:v","Secret":"p"}"#, "':'"),
            (r#"{"Username":1,"Secret":"p"}"#, "JSON"),
            (r#"{"Username":"u","Secret":"p"} trailing"#, "JSON"),
            ("", "JSON"),
            ("\u{0}\u{1}", "JSON"),
        ];
        for (text, what) in bad {
            let error = read(text.as_bytes()).err().unwrap();
            assert!(error.contains(what), "{text}: {error}");
        }
    }
}
