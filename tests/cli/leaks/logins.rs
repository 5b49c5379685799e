//! The logins of a docker config, in a file or in a Secret.

use super::super::scripted::get;
use super::*;

const PASSWORD: &str = "gH0PmR4vS\"w'Xe\\A:tFwörd$K7";
const TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.eyJqdGkiOiI3ZTRmMSJ9.Zm9vYmFyLXNpZ25hdHVyZQ";

fn text() -> String {
    let auth = BASE64_STANDARD.encode(format!("robot:{PASSWORD}"));
    let auths = json!({
        "a.example.com": {"auth": auth},
        "team.azurecr.io": {"auth": BASE64_STANDARD.encode("00000000-0000-0000-0000-000000000000:"), "identitytoken": TOKEN},
        "t.example.com": {"identitytoken": TOKEN},
    });
    json!({"auths": auths, "HttpHeaders": {"X-Meta": TOKEN}}).to_string()
}

fn expected() -> Value {
    let nobody = entry("00000000-0000-0000-0000-000000000000", TOKEN);
    json!({"auths": {
        "a.example.com": entry("robot", PASSWORD), "team.azurecr.io": nobody.clone(), "t.example.com": nobody,
    }})
}

/// The Secret `ops/docker`.
fn in_a_secret(text: &str) -> Expect {
    let data = json!({".dockerconfigjson": BASE64_STANDARD.encode(text)});
    let secret = json!({"kind": "Secret", "metadata": {"name": "docker"}, "data": data});
    get("/api/v1/namespaces/ops/secrets/docker").says(ok(&secret)).always()
}

#[test]
fn of_a_file() {
    let mut pass = Pass::new("");
    let file = pass.file("docker.json", &text());
    pass.entry = format!("dockerConfig: {{file: {}}}", file.display());
    let written = pass.goes_well(&[PASSWORD, TOKEN], Vec::new);
    assert_eq!(docker_config(&written), expected());
    let source = format!("dockerConfig:{}", file.display());
    assert_eq!(state(&written)["team.azurecr.io"]["source"], source);
}

#[test]
fn of_a_secret() {
    let pass = Pass::new("dockerConfig: {secret: {namespace: ops, name: docker}}");
    let written = pass.goes_well(&[PASSWORD, TOKEN], || vec![in_a_secret(&text())]);
    assert_eq!(docker_config(&written), expected());
    assert_eq!(state(&written)["a.example.com"]["source"], "dockerConfig:ops/docker/.dockerconfigjson");
}

#[test]
fn of_what_is_no_docker_config() {
    let quoted = Value::from(PASSWORD);
    let encoded = BASE64_STANDARD.encode(PASSWORD);
    let table = [
        PASSWORD.to_owned(),
        format!("[{quoted}]"),
        format!("{{\"auths\": {quoted}}}"),
        format!("{{\"auths\": {{\"a.example.com\": {quoted}}}}}"),
        format!("{{\"auths\": {{\"a.example.com\": {{\"auth\": {quoted}}}}}}}"),
        format!("{{\"auths\": {{\"a.example.com\": {{\"auth\": \"{encoded}!\"}}}}}}"),
        format!("{{\"auths\": {{\"a.example.com\": {{\"password\": {quoted}}}}}}}"),
        format!("{{\"auths\": {{\"a.example.com\": {{\"auth\": {quoted}, \"auth\": 1}}}}}}"),
        format!("{{\"credHelpers\": {{\"a.example.com\": [{quoted}]}}}}"),
        format!("{{\"credsStore\": [{quoted}]}}"),
        format!("{{\"auths\": {{\"a.example.com\": {{\"auth\": {quoted}"),
    ];
    for text in table {
        let pass = Pass::new("dockerConfig: {secret: {namespace: ops, name: docker}}");
        let errors = pass.fails(&[PASSWORD, &encoded], || vec![in_a_secret(&text)]);
        assert!(matches!(errors.as_slice(), [one] if one.contains("; ")), "{text}: {errors:?}");
    }
}

#[test]
fn a_remark_names_the_docker_config_once() {
    let mut pass = Pass::new("");
    let file = pass.file("docker.json", &text()).display().to_string();
    pass.entry = format!("dockerConfig: {{file: {file}}}");
    let (ran, _) = pass.run(("text", true), Vec::new());
    let told = format!("finding  Registry docker config {file}: t.example.com has an identity token");
    assert!(ran.stdout.lines().any(|line| line.starts_with(&told)), "{}", ran.stdout);
}
