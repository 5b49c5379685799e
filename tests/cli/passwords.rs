//! Passwords are in no output, in no form, at any level of the log, whether all goes well or not.

use base64::{Engine, prelude::BASE64_STANDARD};
use pullkeeper::report::write_termination_message;
use serde_json::{Value, json};

use super::program::{ConfigFile, Ran, against, pullkeeper, run};
use super::scripted::expect::Fault;
use super::scripted::objects::{forbidden, invalid, list, ok, service_account};
use super::scripted::{Expect, Reply, Server, get, patch, post};

const PASSWORD: &str = "Pa55: 'quo\"te' \\ wörd";
const ACCOUNTS: &str = "/api/v1/namespaces/team-a/serviceaccounts";
const SECRETS: &str = "/api/v1/namespaces/team-a/secrets";

/// Where the password is: how the file says it, and whether the cluster is asked.
const SOURCES: [(&str, bool); 4] = [
    ("TEXT", false),
    ("{file: PASSWORD_FILE}", false),
    ("{env: THE_PASSWORD}", false),
    ("{secret: {namespace: ops, name: creds, key: token}}", true),
];

/// The password in every form that could slip out; parts of it, too, for a text may be cut.
fn forms() -> Vec<String> {
    let encode = |text: &str| BASE64_STANDARD.encode(text);
    let json = Value::from(PASSWORD).to_string();
    let mut forms = vec!["Pa55".to_owned(), "wörd".to_owned(), "w\\u00f6rd".to_owned(), json.clone()];
    forms.extend([PASSWORD, &format!("robot:{PASSWORD}"), &json].map(encode));
    // Within a longer text its base64 depends on where it starts.
    for before in ["", "x", "xx"] {
        let text = encode(&format!("{before}{PASSWORD}"));
        forms.push(text[4..text.len() - 4].to_owned());
    }
    forms
}

fn assert_silent(ran: &Ran, sent: &Server, what: &str) {
    let mut forms = forms();
    let data = sent
        .asked()
        .iter()
        .filter(|request| request.method == "POST")
        .find_map(|request| request.json()["data"][".dockerconfigjson"].as_str().map(str::to_owned));
    forms.extend(data);
    let everything = ran.everything();
    for form in forms {
        assert!(!everything.contains(&form), "{what}: {form} is in {everything}");
    }
    assert!(!everything.contains("panicked"), "{everything}");
}

fn run_with(source: &str, asks: bool, output: &str, script: Vec<Expect>) -> (Ran, Server) {
    let mut script = script;
    if asks {
        let data = json!({"token": BASE64_STANDARD.encode(PASSWORD)});
        let creds = json!({"kind": "Secret", "metadata": {"name": "creds"}, "data": data});
        script.push(get("/api/v1/namespaces/ops/secrets/creds").says(ok(&creds)));
    }
    let server = Server::start(script);
    let config = ConfigFile::new("");
    let file = config.folder().join("password");
    std::fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    let source = source.replace("TEXT", &Value::from(PASSWORD).to_string());
    let source = source.replace("PASSWORD_FILE", file.to_str().unwrap());
    let text =
        format!("namespaces: [team-a]\nregistries:\n- {{host: h.io, username: robot, password: {source}}}\n");
    std::fs::write(config.path(), text).unwrap();
    let mut command = against(server.url(), &config);
    command.args(["--output", output]).env("RUST_LOG", "trace").env("THE_PASSWORD", PASSWORD);
    (run(command), server)
}

/// What the Secret must hold for the password to have arrived.
fn expected() -> Value {
    let auth = BASE64_STANDARD.encode(format!("robot:{PASSWORD}"));
    json!({"auths": {"h.io": {"username": "robot", "password": PASSWORD, "auth": auth}}})
}

#[test]
fn of_a_run_that_goes_well() {
    for (source, asks) in SOURCES {
        for output in ["text", "json"] {
            let accounts = list(json!([service_account("team-a", "default", &[])]), "");
            let script = vec![
                get(ACCOUNTS).says(ok(&accounts)),
                post(SECRETS).says(ok(&json!({}))),
                patch(format!("{ACCOUNTS}/default")).says(ok(&json!({}))),
            ];
            let (ran, server) = run_with(source, asks, output, script);
            assert_eq!(ran.code, Some(0), "{source}: {}", ran.everything());
            assert_silent(&ran, &server, source);
            let asked = server.finish();
            let sent = asked.iter().find(|request| request.path == SECRETS).unwrap().json();
            let data = sent["data"][".dockerconfigjson"].as_str().unwrap().to_owned();
            let data: Value = serde_json::from_slice(&BASE64_STANDARD.decode(data).unwrap()).unwrap();
            assert_eq!(data, expected(), "{source}");
        }
    }
}

#[test]
fn of_a_run_that_fails() {
    let echo = || {
        post(SECRETS).says_of(|asked| {
            // A server, or something before it, that sends back what it was sent.
            let body = asked.last().map(|request| request.body.clone()).unwrap_or_default();
            Reply::raw(400, "text/plain", body)
        })
    };
    for (source, asks) in SOURCES {
        for (what, fails) in [
            ("forbidden", vec![post(SECRETS).says(forbidden())]),
            ("invalid", vec![post(SECRETS).says(invalid()).always()]),
            ("echo", vec![echo()]),
            ("reset", vec![post(SECRETS).says(ok(&json!({})).fails(Fault::Reset)).always()]),
        ] {
            let mut script = fails;
            script.push(
                get(format!("{SECRETS}/pullkeeper"))
                    .says(Reply::raw(200, "text/html", format!("<b>{PASSWORD}</b>")))
                    .always(),
            );
            let (ran, server) = run_with(source, asks, "json", script);
            assert_eq!(ran.code, Some(1), "{source}, {what}: {}", ran.everything());
            assert_silent(&ran, &server, source);
            server.finish();
        }
    }
}

#[test]
fn of_a_file_that_cannot_be_used() {
    let quoted = Value::from(PASSWORD);
    let table = [
        // It lacks its quotes.
        format!("password: {PASSWORD}"),
        format!("password: [{quoted}]"),
        format!("password: {{{quoted}: x}}"),
        format!("password: {{file: {quoted}, env: x}}"),
        format!("password: {quoted}\n  host: again"),
        format!("password: {quoted}, port: 1"),
        format!("pasword: {quoted}"),
        format!("password: \"{}", PASSWORD.replace('"', "")),
        "password: x\n- host: https://robot:Pa55wörd@h.io/".to_owned(),
        "password: x\n- host: robot:Pa55wörd@h.io".to_owned(),
    ];
    for line in table {
        let server = Server::start([]);
        let config = ConfigFile::new(format!(
            "namespaces: [team-a]\nregistries:\n- host: h.io\n  username: robot\n  {line}\n"
        ));
        let mut command = against(server.url(), &config);
        command.env("RUST_LOG", "trace");
        let ran = run(command);
        assert_eq!(ran.code, Some(2), "{line}: {}", ran.everything());
        assert_silent(&ran, &server, &line);
        server.finish();
    }
}

#[tokio::test]
async fn of_the_termination_message() {
    use pullkeeper::{cluster::Choice, config, pass, progress::Progress};

    let server = Server::start([post(SECRETS).says(forbidden())]);
    let registry = json!([{"host": "h.io", "username": "robot", "password": PASSWORD}]).to_string();
    let env = [("PULLKEEPER_NAMESPACES", "[team-a]"), ("PULLKEEPER_REGISTRIES", &registry)];
    let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let config =
        config::load(&config::Inputs { file: None, env, ..config::Inputs::default() }).unwrap().config;
    let choice = Choice { server: Some(server.url().to_owned()), ..Choice::default() };
    let cluster = choice.connect(tokio_util::sync::CancellationToken::new()).await.unwrap();
    let options = pass::Options::default();
    let report = pass::pass(&cluster, &config, &options, &Progress::default()).await.unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    write_termination_message(&report, file.path()).unwrap();
    let text = std::fs::read_to_string(file.path()).unwrap();
    assert!(text.contains("1 error") && text.contains("grant create on secrets"), "{text}");
    assert!(forms().iter().all(|form| !text.contains(form)), "{text}");
    server.finish();
}

#[test]
fn of_a_url_that_holds_one() {
    let config = ConfigFile::new(super::PLAIN);
    for url in
        ["http://robot:Pa55@127.0.0.1:1", "robot:Pa55@h.io", "ftp://robot:Pa55@h.io", "http://a:Pa55 b@h.io"]
    {
        for variable in [true, false] {
            let mut command = pullkeeper();
            command.arg("--config").arg(config.path()).env("RUST_LOG", "trace");
            if variable {
                command.env("KUBERNETES_API_ENDPOINT", url);
            } else {
                command.args(["--server", url]);
            }
            let ran = run(command);
            assert_eq!((ran.code, ran.errors().len()), (Some(2), 1), "{}", ran.everything());
            assert!(!ran.everything().contains("Pa55"), "{}", ran.everything());
            assert!(ran.stderr.contains("write it without an account"), "{}", ran.stderr);
        }
    }
}
