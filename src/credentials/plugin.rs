//! The kubelet's credential provider plugins, asked as the kubelet asks them (KEP-2133,
//! `credentialprovider.kubelet.k8s.io/v1`; kubernetes `pkg/credentialprovider/plugin/plugin.go`).
//!
//! A plugin's own cache key is not looked at: there is no cache here. The binaries of the clouds need
//! what they need under the kubelet: ecr `AWS_*` variables or an instance's role, gcr the argument
//! `get-credentials` and Google's metadata server, acr the path of its `azure.json` as argument.

mod reply;

use std::path::Path;
use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::json;

use super::program::{self, Call};
use crate::config::Programs;
use crate::registry::{Entry, Host, Image};

/// When a plugin is killed: as the kubelet does.
const DEADLINE: Duration = Duration::from_mins(1);

const VERSION: &str = "credentialprovider.kubelet.k8s.io/v1";

/// What a plugin answered.
pub(super) struct Answer {
    /// At least one credential, by the key that it is for, which may be a glob.
    pub(super) auth: Vec<(Host, Entry)>,
    /// How long the kubelet would keep it, which may be half of its life; `None` was not told. Zero is not
    /// to be kept at all: it is good now, and nothing is known of its end.
    pub(super) lasts: Option<Duration>,
    /// What the user should know, though it works.
    pub(super) remarks: Vec<String>,
}

/// Asks a plugin for the credentials of `image`: a reference, whose tag and digest are not told, or a
/// registry's bare host.
pub(super) async fn ask(
    command: &Path,
    args: &[String],
    programs: &Programs,
    image: &str,
) -> Result<Answer, String> {
    let asked = without_tag(image)?;
    let request =
        json!({"apiVersion": VERSION, "kind": "CredentialProviderRequest", "image": asked}).to_string();
    let call = Call { program: command, args, stdin: request.as_bytes(), programs, deadline: DEADLINE };
    let output = program::run(call).await?;
    let answer = if output.status == 0 {
        reply::read(output.stdout.expose_secret(), &asked)
    } else {
        Err(format!("{} for {asked}; run it by hand with its arguments to see why", output.failure()))
    };
    answer.map_err(|trouble| format!("{} {trouble}", command.display()))
}

/// The image as the kubelet names it to plugins: with its registry, without tag and digest. Without a
/// slash only a name with a dot can be a host.
fn without_tag(image: &str) -> Result<String, String> {
    let wrong =
        |why: String| format!("'{}' {why}; write an image or a registry's host", image.escape_debug());
    if image.contains('*') {
        return Err(wrong("is a pattern, and a plugin is asked for one image".to_owned()));
    }
    if !image.contains('/') && image.split(':').next().is_some_and(|name| name.contains('.')) {
        let host = Host::parse(image).map_err(|error| wrong(error.to_string()))?;
        return Ok(host.to_string());
    }
    Image::parse(image).map(|image| image.name()).map_err(|error| wrong(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::scripts::Scripts;

    async fn plugin(body: &str, image: &str) -> Result<Answer, String> {
        let scripts = Scripts::new();
        scripts.script("plugin", body);
        let args = ["get-credentials".to_owned()];
        ask(Path::new("plugin"), &args, &scripts.programs(), image).await
    }

    #[tokio::test]
    async fn speaks_as_the_kubelet_does() {
        // It answers with what it was asked, as a password.
        let body = r#"asked=$(cat | sed 's/"/\\"/g')
printf '{"kind":"CredentialProviderResponse","apiVersion":"credentialprovider.kubelet.k8s.io/v1","cacheKeyType":"Registry","cacheDuration":"6h0m0s","auth":{"h.io":{"username":"%s","password":"%s"}}}' "$1" "$asked""#;
        let answer = plugin(body, "h.io/team/app:1.2").await.unwrap();
        let (host, entry) = &answer.auth[0];
        assert_eq!((host.as_str(), entry.username.as_str()), ("h.io", "get-credentials"));
        let asked: serde_json::Value = serde_json::from_str(entry.password.expose_secret()).unwrap();
        let expected =
            json!({"apiVersion": VERSION, "kind": "CredentialProviderRequest", "image": "h.io/team/app"});
        assert_eq!(asked, expected);
        assert_eq!(answer.lasts, Some(Duration::from_hours(6)));
        assert_eq!(answer.remarks, [""; 0]);
    }

    #[tokio::test]
    async fn errors_name_cause_and_remedy() {
        let table = [
            (
                "echo hunter2; exit 1",
                "exited with status 1 for h.io/app; run it by hand with its arguments to see why",
            ),
            (
                "echo hunter2",
                "printed no CredentialProviderResponse for h.io/app; see that it is a credential provider plugin, and its arguments",
            ),
        ];
        for (body, told) in table {
            let error = plugin(body, "h.io/app").await.err().unwrap();
            assert_eq!(error, format!("plugin {told}"));
        }
    }

    #[test]
    fn names_images_as_the_kubelet_does() {
        let digest = format!("h.io/a@sha256:{}", "a".repeat(64));
        let table = [
            ("nginx:1", "docker.io/library/nginx"),
            ("h.io/team/app", "h.io/team/app"),
            ("h.io:5000/app:1", "h.io:5000/app"),
            (digest.as_str(), "h.io/a"),
            ("1234.dkr.ecr.eu-west-1.amazonaws.com", "1234.dkr.ecr.eu-west-1.amazonaws.com"),
            ("h.io:5000", "h.io:5000"),
        ];
        for (image, named) in table {
            assert_eq!(without_tag(image).as_deref(), Ok(named));
        }
        for image in ["", "*.azurecr.io", "h.io/Upper", "h..io", "https://h.io"] {
            assert!(
                without_tag(image).unwrap_err().ends_with("; write an image or a registry's host"),
                "{image}"
            );
        }
    }
}
