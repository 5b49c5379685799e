//! No secret of any source is in any output, in any form, with the log at its most talkative. What
//! is not told must have arrived: each case looks into the Secret that was written, too.

mod aws;
mod aws_failures;
mod last_good;
mod logins;
mod probes;
mod programs;
mod proxies;
mod verification;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::program::{ConfigFile, Ran, against, run};
use super::scripted::objects::ok;
use super::scripted::{Expect, Request, Server, post};

pub(super) const SECRETS: &str = "/api/v1/namespaces/team-a/secrets";

/// The ways to ask for output, and whether it is a dry run.
pub(super) const OUTPUTS: [(&str, bool); 3] = [("text", false), ("json", false), ("json", true)];

/// So many characters of a secret, in a row, are one too many.
const PIECE: usize = 10;

/// Every piece of a secret, in every form that could slip out: messages are cut, and quote.
fn pieces(secret: &str) -> BTreeSet<String> {
    let json = Value::from(secret).to_string();
    let url: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let mut forms = vec![secret.to_owned(), json[1..json.len() - 1].to_owned(), url];
    // Within a longer text, such as user:password, its base64 depends on where it starts.
    for before in ["", "x", "xx"] {
        let text = BASE64_STANDARD.encode(format!("{before}{secret}"));
        forms.push(text[4..text.len() - 4].to_owned());
    }
    let pieces = forms.iter().flat_map(|form| {
        let letters: Vec<_> = form.chars().collect();
        let pieces: Vec<String> = letters.windows(PIECE).map(|piece| piece.iter().collect()).collect();
        assert!(!pieces.is_empty(), "{form} is too short to be looked for");
        pieces
    });
    pieces.collect()
}

/// Nothing of the secrets is in a text.
pub(super) fn assert_silent(text: &str, secrets: &[&str]) {
    for secret in secrets {
        for piece in pieces(secret) {
            assert!(!text.contains(&piece), "{piece} of {secret} is in {text}");
        }
    }
    assert!(!text.contains("panicked"), "{text}");
}

/// A pass with one entry of `registries`.
pub(super) struct Pass {
    pub(super) config: ConfigFile,
    pub(super) entry: String,
    /// Top-level settings, a line each.
    pub(super) settings: String,
    pub(super) env: Vec<(&'static str, String)>,
    pub(super) verifies: bool,
}

impl Pass {
    pub(super) fn new(entry: impl Into<String>) -> Self {
        let (settings, env) = (String::new(), Vec::new());
        Self { config: ConfigFile::new(""), entry: entry.into(), settings, env, verifies: false }
    }

    pub(super) fn env(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.env.push((name, value.into()));
        self
    }

    /// A file beside the configuration.
    pub(super) fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.config.folder().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// A program beside the configuration. Another process writes it: a file that this one holds open
    /// is inherited by what other tests start, and can't be executed meanwhile (ETXTBSY).
    pub(super) fn script(&self, name: &str, body: &str) -> PathBuf {
        let path = self.config.folder().join(name);
        let mut writer = Command::new("/bin/sh");
        writer.args(["-c", r#"cat >"$1" && chmod 755 "$1""#, "sh"]).arg(&path);
        let mut writer = writer.stdin(Stdio::piped()).spawn().unwrap();
        writer.stdin.take().unwrap().write_all(format!("#!/bin/sh\n{body}\n").as_bytes()).unwrap();
        assert!(writer.wait().unwrap().success());
        path
    }

    /// Runs it against an API server that is asked what the script says.
    pub(super) fn run(&self, output: (&str, bool), script: Vec<Expect>) -> (Ran, Vec<Request>) {
        let server = Server::start(script);
        let text = format!(
            "namespaces: [team-a]\nserviceAccounts: none\n{}\nregistries:\n- {}\n",
            self.settings, self.entry
        );
        std::fs::write(self.config.path(), text).unwrap();
        let mut command = against(server.url(), &self.config);
        command
            .args(["--output", output.0])
            .env("RUST_LOG", "trace")
            .env("AWS_EC2_METADATA_DISABLED", "true");
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        if output.1 {
            command.arg("--dry-run");
        }
        if self.verifies {
            command.env_remove("PULLKEEPER_VERIFY");
        }
        (run(command), server.finish())
    }

    /// Runs it in each way of output. It goes well, the Secret that it writes is returned, and
    /// nothing of the secrets is told. `reads` is what the API server is asked before.
    pub(super) fn goes_well(&self, secrets: &[&str], reads: impl Fn() -> Vec<Expect>) -> Value {
        let mut written = Value::Null;
        for (output, dry_run) in OUTPUTS {
            let mut script = reads();
            if !dry_run {
                script.push(post(SECRETS).says(ok(&json!({}))));
            }
            let (ran, asked) = self.run((output, dry_run), script);
            assert_eq!(ran.code, Some(0), "{}", ran.everything());
            assert_silent(&ran.everything(), secrets);
            assert!(ran.stdout.contains("team-a"), "{}", ran.stdout);
            if let Some(sent) = asked.iter().find(|request| request.path == SECRETS) {
                written = sent.json();
                let data = written["data"][".dockerconfigjson"].as_str().unwrap().to_owned();
                assert_silent(&ran.everything(), &[&data]);
            }
        }
        written
    }

    /// Runs it in each way of output. It fails and writes nothing; its errors, which tell nothing of
    /// the secrets, are the same each time.
    pub(super) fn fails(&self, secrets: &[&str], reads: impl Fn() -> Vec<Expect>) -> Vec<String> {
        let mut errors = Vec::new();
        for (output, dry_run) in OUTPUTS {
            let (ran, _) = self.run((output, dry_run), reads());
            assert_eq!(ran.code, Some(1), "{}", ran.everything());
            assert_silent(&ran.everything(), secrets);
            if output == "json" {
                errors = errors_of(&ran);
            }
        }
        errors
    }

    /// The errors of one failing run, which writes nothing.
    pub(super) fn fails_once(&self, secrets: &[&str]) -> Vec<String> {
        let (ran, _) = self.run(("json", false), Vec::new());
        assert_eq!(ran.code, Some(1), "{}", ran.everything());
        assert_silent(&ran.everything(), secrets);
        errors_of(&ran)
    }
}

fn errors_of(ran: &Ran) -> Vec<String> {
    let report: Value = serde_json::from_str(&ran.stdout).expect(&ran.stdout);
    let errors = report["errors"].as_array().unwrap();
    let errors: Vec<_> = errors.iter().map(|error| error["message"].as_str().unwrap().to_owned()).collect();
    assert!(errors.iter().all(|error| !error.contains('\n')), "{errors:?}");
    errors
}

/// The docker config within a Secret that was written.
pub(super) fn docker_config(secret: &Value) -> Value {
    let data = secret["data"][".dockerconfigjson"].as_str().expect("a docker config");
    serde_json::from_slice(&BASE64_STANDARD.decode(data).unwrap()).unwrap()
}

/// What is noted of each host in a Secret that was written.
pub(super) fn state(secret: &Value) -> Value {
    let text = secret["metadata"]["annotations"]["pullkeeper.io/state"].as_str().expect("a state");
    serde_json::from_str(text).unwrap()
}

/// The entry of one login.
pub(super) fn entry(username: &str, password: &str) -> Value {
    let auth = BASE64_STANDARD.encode(format!("{username}:{password}"));
    json!({"username": username, "password": password, "auth": auth})
}
