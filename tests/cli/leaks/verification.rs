//! What registries and their token servers are shown, and what they say of it.

use super::super::scripted::{Reply, Reserved, get};
use super::*;

const PASSWORD: &str = "gH0PmR4vS\"w'Xe\\A:tFwörd$K7";
const BEARER: &str = "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.eyJhY2Nlc3MiOltdfQ.c2lnbmF0dXJl";

/// A pass that verifies one login at a registry that speaks plain http.
fn pass(address: &str) -> Pass {
    let mut pass = Pass::new("");
    let file = pass.file("password", &format!("{PASSWORD}\n"));
    let password = format!("password: {{file: {}}}", file.display());
    pass.entry = format!("{{host: '{address}', username: robot, {password}, insecure: true}}");
    pass.verifies = true;
    pass
}

/// Everything of a request, in a body: the login as it was sent, and in clear.
fn echo(status: u16) -> impl Fn(&[Request]) -> Reply + Send {
    move |asked| {
        let sent = asked.last().unwrap().headers.get("authorization").cloned().unwrap_or_default();
        let body = format!("{{\"errors\": [{{\"message\": \"{sent} {PASSWORD} {BEARER}\"}}]}}");
        Reply::raw(status, "application/json", body).header("X-Said", sent)
    }
}

fn wants(challenge: String) -> Expect {
    get("/v2/").says(Reply::raw(401, "text/plain", BEARER).header("WWW-Authenticate", challenge))
}

fn basic() -> Expect {
    wants("Basic realm=\"registry\"".to_owned())
}

fn bearer(address: &str) -> Expect {
    wants(format!("Bearer realm=\"http://{address}/token?secret={BEARER}\",service=\"registry\""))
}

/// A token server's answer to a good login.
fn granted() -> Reply {
    let body = json!({"token": BEARER, "access_token": BEARER, "refresh_token": BEARER});
    Reply::json(200, &body).header("Set-Cookie", format!("session={BEARER}"))
}

#[test]
fn a_login_that_is_good() {
    let well: [fn(&str) -> [Expect; 2]; 2] = [
        |_| [basic(), get("/v2/").says_of(echo(200))],
        |address| [bearer(address), get("/token").says(granted())],
    ];
    for script in well {
        let reserved = Reserved::new();
        let address = reserved.address();
        let registry = reserved.start(OUTPUTS.into_iter().flat_map(|_| script(&address)));
        let written = pass(&address).goes_well(&[PASSWORD, BEARER], Vec::new);
        assert_eq!(docker_config(&written), json!({"auths": {&address: entry("robot", PASSWORD)}}));
        let login = format!("Basic {}", BASE64_STANDARD.encode(format!("robot:{PASSWORD}")));
        let asked = registry.finish();
        let shown = asked.iter().filter_map(|request| request.headers.get("authorization"));
        assert!(shown.clone().count() == OUTPUTS.len() && shown.clone().all(|sent| *sent == login));
    }
}

#[test]
fn a_login_that_is_refused() {
    let refused: [fn(&str) -> [Expect; 2]; 3] = [
        |_| [basic(), get("/v2/").says_of(echo(401))],
        |address| [bearer(address), get("/token").says_of(echo(401))],
        |address| [bearer(address), get("/token").says_of(echo(403))],
    ];
    for script in refused {
        let reserved = Reserved::new();
        let address = reserved.address();
        let registry = reserved.start(OUTPUTS.into_iter().flat_map(|_| script(&address)));
        let errors = pass(&address).fails(&[PASSWORD, BEARER], Vec::new);
        let told =
            |one: &String| one.contains(" refuses robot (40") && one.contains("; write the right password");
        assert!(matches!(errors.as_slice(), [one] if told(one)), "{errors:?}");
        registry.finish();
    }
}

/// It is written all the same, and told.
#[test]
fn a_login_that_cannot_be_verified() {
    let unverified: [fn(&str) -> Vec<Expect>; 5] = [
        |_| vec![basic(), get("/v2/").says_of(echo(403))],
        |_| vec![basic(), get("/v2/").says_of(echo(500))],
        |address| vec![bearer(address), get("/token").says_of(echo(500))],
        |_| vec![wants(format!("Negotiate {BEARER}"))],
        |_| {
            vec![
                get("/v2/").says(
                    Reply::raw(302, "text/plain", BEARER)
                        .header("Location", format!("https://u:{BEARER}@h.io/{BEARER}")),
                ),
            ]
        },
    ];
    for script in unverified {
        let reserved = Reserved::new();
        let address = reserved.address();
        let registry = reserved.start(OUTPUTS.into_iter().flat_map(|_| script(&address)));
        let written = pass(&address).goes_well(&[PASSWORD, BEARER], Vec::new);
        assert_eq!(docker_config(&written), json!({"auths": {&address: entry("robot", PASSWORD)}}));
        registry.finish();
    }
}

#[tokio::test]
async fn the_termination_message_of_a_refusal() {
    use pullkeeper::report::write_termination_message;
    use pullkeeper::{cluster::Choice, config, pass, progress::Progress};

    let registry = Server::start([basic(), get("/v2/").says_of(echo(401))]);
    let server = Server::start([]);
    let entry =
        json!([{"host": registry.address(), "username": "robot", "password": PASSWORD, "insecure": "true"}]);
    let env = [("PULLKEEPER_NAMESPACES", "[team-a]"), ("PULLKEEPER_REGISTRIES", &entry.to_string())];
    let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let config =
        config::load(&config::Inputs { file: None, env, ..config::Inputs::default() }).unwrap().config;
    let choice = Choice { server: Some(server.url().to_owned()), ..Choice::default() };
    let cluster = choice.connect(tokio_util::sync::CancellationToken::new()).await.unwrap();
    let report =
        pass::pass(&cluster, &config, &pass::Options::default(), &Progress::default()).await.unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    write_termination_message(&report, file.path()).unwrap();
    let text = std::fs::read_to_string(file.path()).unwrap();
    assert!(text.contains("1 error") && text.contains("refuses robot"), "{text}");
    assert_silent(&text, &[PASSWORD, BEARER]);
    registry.finish();
    server.finish();
}
