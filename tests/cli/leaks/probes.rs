//! What registries are shown when they are asked about an image that a pod waits for, and what is told of it: in the
//! report, on the pod, and in the Event.

use super::super::scripted::objects::{list, stuck_pod};
use super::super::scripted::{Reply, Reserved, get, head, patch};
use super::*;

const PASSWORD: &str = "wQ7\"zN'pL2\\mX9:kRäß$vB4tH";
const BEARER: &str = "eyJhbGciOiJFUzI1NiJ9.eyJhY2Nlc3MiOlt7Im5hbWUiOiJ0ZWFtIn1dfQ.cHJvYmVk";
const MANIFEST: &str = "/v2/team/app/manifests/1";
const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn pass(address: &str) -> Pass {
    let mut pass = Pass::new("");
    let file = pass.file("password", PASSWORD);
    let password = format!("password: {{file: {}}}", file.display());
    pass.entry = format!("{{host: '{address}', username: robot, {password}, insecure: true}}");
    pass.verifies = true;
    pass
}

/// A pod that names our Secret and waits for an image of this registry.
fn waiting(address: &str) -> Expect {
    let image = format!("{address}/team/app:1");
    let mut pod = stuck_pod("team-a", "web", "7");
    pod["spec"]["imagePullSecrets"] = json!([{"name": "pullkeeper"}]);
    pod["spec"]["containers"][0]["image"] = image.as_str().into();
    let message = format!("Back-off pulling image \"{image}\": ErrImagePull: 401 Unauthorized");
    pod["status"]["containerStatuses"][0]["state"]["waiting"]["message"] = message.into();
    get("/api/v1/namespaces/team-a/pods")
        .query("status.phase=Pending")
        .says(ok(&list(json!([pod]), "")))
        .always()
}

/// The login as it was sent, in a header.
fn echo(status: u16) -> impl Fn(&[Request]) -> Reply + Send {
    move |asked| {
        let sent = asked.last().unwrap().headers.get("authorization").cloned().unwrap_or_default();
        Reply::raw(status, "text/plain", "").header("X-Said", sent).header("Docker-Content-Digest", DIGEST)
    }
}

fn wants(expect: Expect, challenge: String) -> Expect {
    expect.says(Reply::raw(401, "text/plain", "").header("WWW-Authenticate", challenge))
}

/// The image is asked about as nobody, then with the login.
fn basic(status: u16) -> Vec<Expect> {
    let challenge = || "Basic realm=\"registry\"".to_owned();
    vec![
        wants(get("/v2/"), challenge()),
        get("/v2/").says_of(echo(200)),
        wants(head(MANIFEST), challenge()),
        head(MANIFEST).says_of(echo(status)),
    ]
}

fn bearer(address: &str, status: u16) -> Vec<Expect> {
    let challenge =
        || format!("Bearer realm=\"http://{address}/token?secret={BEARER}\",service=\"registry\"");
    let granted = || get("/token").says(Reply::json(200, &json!({"token": BEARER, "access_token": BEARER})));
    vec![
        wants(get("/v2/"), challenge()),
        granted(),
        wants(head(MANIFEST), challenge()),
        // A token for nobody, which opens nothing; then the login's.
        granted(),
        head(MANIFEST).says_of(echo(401)),
        granted(),
        head(MANIFEST).says_of(echo(status)),
    ]
}

type Script = fn(&str, u16) -> Vec<Expect>;
const WAYS: [Script; 2] = [|_, status| basic(status), bearer];

/// Runs it in each way of output. The writes to the pod, if any, are returned, of which nothing is secret.
fn healed(script: Script, status: u16) -> Vec<(String, Value)> {
    let reserved = Reserved::new();
    let address = reserved.address();
    let registry = reserved.start(OUTPUTS.into_iter().flat_map(|_| script(&address, status)));
    let mut writes = Vec::new();
    for (output, dry_run) in OUTPUTS {
        let mut expected = vec![waiting(&address)];
        if !dry_run {
            expected.push(post(SECRETS).says(ok(&json!({}))));
            if status == 200 {
                expected.push(patch("/api/v1/namespaces/team-a/pods/web").says(ok(&json!({}))));
                expected.push(post("/api/v1/namespaces/team-a/events").says(ok(&json!({}))));
            }
        }
        let (ran, asked) = pass(&address).run((output, dry_run), expected);
        assert_eq!(ran.code, Some(0), "{}", ran.everything());
        assert_silent(&ran.everything(), &[PASSWORD, BEARER]);
        assert!(
            ran.everything().contains("team-a/web") || output == "json" || status == 500,
            "{}",
            ran.everything()
        );
        writes = asked
            .iter()
            .filter(|sent| sent.path != SECRETS)
            .map(|sent| (sent.path.clone(), sent.json()))
            .collect();
        for (_, body) in &writes {
            assert_silent(&body.to_string(), &[PASSWORD, BEARER]);
        }
        if !dry_run && status == 200 {
            assert_eq!(writes.len(), 2, "{writes:?}");
            assert!(writes[0].1.to_string().contains(DIGEST), "{writes:?}");
        }
    }
    let login = format!("Basic {}", BASE64_STANDARD.encode(format!("robot:{PASSWORD}")));
    let asked = registry.finish();
    assert!(asked.iter().any(|request| request.headers.get("authorization") == Some(&login)), "it was shown");
    writes
}

#[test]
fn an_image_that_the_login_reads() {
    for script in WAYS {
        healed(script, 200);
    }
}

#[test]
fn an_image_that_the_login_may_not_read_or_that_is_missing() {
    for script in WAYS {
        for status in [403, 404, 500] {
            assert_eq!(healed(script, status), []);
        }
    }
}
