//! Every branch of the verification, against servers on this machine that answer by a script.

mod asks;
mod tls;
mod ways;

use asks::{refused, unverified};

use crate::credentials::asking::stand_in::server::{Asked, Server, reply};
use crate::credentials::asking::stand_in::world::{PLAIN, USER, World, login};
use crate::credentials::asking::stand_in::{basic, bearer, wants};
use crate::plan::Trust;

const REMEDY: &str = "write the right password, or ask who runs the registry for a new one";
const SEE: &str = "see that the host is right and that a registry runs there";
const LATER: &str = "a later pass asks again";

#[tokio::test]
async fn a_registry_without_a_challenge_is_open_or_none() {
    let says = |text: &str| unverified(&format!("it answers {text}"));
    let moved = reply(301).with("Location: https://me:x@new.example:8443/v2/?token=x");
    let elsewhere = "it points to https://new.example:8443; write the host of the registry itself";
    let insecure = "if it speaks https, take insecure out";
    let wordless = unverified(&format!("it wants a login (401 Unauthorized) without a word on how; {SEE}"));
    let neither = "it wants a login (401 Unauthorized) in a way that is neither Basic nor Bearer";
    let table = [
        (reply(200), Trust::Accepted),
        (reply(204), says(&format!("204 No Content to /v2/; {SEE}"))),
        (reply(404), says(&format!("404 Not Found to /v2/; {SEE}"))),
        (reply(403), says(&format!("403 Forbidden to /v2/; {SEE}"))),
        (reply(400), says(&format!("400 Bad Request to /v2/; {insecure}"))),
        (reply(429), says(&format!("429 Too Many Requests to /v2/; {LATER}"))),
        (reply(503), says(&format!("503 Service Unavailable to /v2/; {LATER}"))),
        (reply(599), says(&format!("599 a code of its own to /v2/; {LATER}"))),
        (moved, says(&format!("301 Moved Permanently to /v2/; {elsewhere}"))),
        (reply(302), says(&format!("302 Found to /v2/; {SEE}"))),
        (reply(401), wordless.clone()),
        (wants("\"=,garbage@@"), wordless),
        (wants("Negotiate YII="), unverified(&format!("{neither}; {SEE}"))),
    ];
    for (answer, trust) in table {
        let status = answer.0;
        let registry = Server::new([answer]).await;
        assert_eq!(World::new().ask_plain(&registry).await, trust, "{status}");
        // Once, and without the login; a redirect is not followed.
        let agent = Some(format!("pullkeeper/{}", env!("CARGO_PKG_VERSION")));
        let accept = Some("*/*".to_owned());
        let host = registry.address.to_string();
        let plain = Asked { line: "GET /v2/".into(), host, agent, accept, ..Asked::default() };
        assert_eq!(registry.asked(), [plain], "{status}");
    }
}

#[tokio::test]
async fn basic_is_the_same_question_with_the_login() {
    let expired =
        r#"{"errors":[{"code":"DENIED","message":"Your authorization token has expired. Reauth…"}]}"#;
    let far = "x".repeat(9000) + expired;
    let wrong = refused(&format!("it refuses {USER} (401 Unauthorized); {REMEDY}"));
    let over =
        |code| refused(&format!("it says that the token of {USER} has expired ({code}); fetch a new one"));
    let says = |code, what: &str| unverified(&format!("it answers {code} to {USER}{what}"));
    let policy = ", which says nothing of the password; see whether a policy or a list of addresses keeps \
                  this machine out";
    let (see, later) = (format!("; {SEE}"), format!("; {LATER}"));
    let table = [
        (reply(200), Trust::Accepted),
        (reply(401), wrong.clone()),
        (basic(), wrong),
        (reply(403).saying(expired), over("403 Forbidden")),
        (reply(400).saying(expired), over("400 Bad Request")),
        (reply(403).saying("denied by policy"), says("403 Forbidden", policy)),
        (reply(403).saying(&far), says("403 Forbidden", policy)),
        (reply(400), says("400 Bad Request", &see)),
        (reply(500), says("500 Internal Server Error", &later)),
        (reply(307).with("Location: /elsewhere"), says("307 Temporary Redirect", &see)),
    ];
    for (answer, trust) in table {
        let status = answer.0;
        let registry = Server::new([basic(), answer]).await;
        assert_eq!(World::new().ask_plain(&registry).await, trust, "{status}");
        assert_eq!(registry.logins(), [None, Some(login())], "{status}");
        assert_eq!(registry.lines(), ["GET /v2/", "GET /v2/"], "{status}");
    }
}

#[tokio::test]
async fn bearer_asks_the_token_server_for_a_token_of_no_scope() {
    let no = |code| (true, format!("refuses {USER} ({code}); {REMEDY}"));
    let odd = |code, remedy| (false, format!("answers {code} to {USER}; {remedy}"));
    let table = [
        (reply(200).saying(r#"{"token":"t"}"#), None),
        (reply(204), None),
        (reply(401), Some(no("401 Unauthorized"))),
        (reply(403), Some(no("403 Forbidden"))),
        (reply(400), Some(odd("400 Bad Request", SEE))),
        (reply(404), Some(odd("404 Not Found", SEE))),
        (reply(302).with("Location: /login"), Some(odd("302 Found", SEE))),
        (reply(429), Some(odd("429 Too Many Requests", LATER))),
        (reply(502), Some(odd("502 Bad Gateway", LATER))),
    ];
    for (answer, words) in table {
        let status = answer.0;
        let tokens = Server::new([answer]).await;
        let registry = Server::new([bearer(&format!("http://{}/auth?tenant=a", tokens.address))]).await;
        let expected = match words {
            None => Trust::Accepted,
            Some((true, words)) => refused(&format!("its token server {} {words}", tokens.address)),
            Some((false, words)) => unverified(&format!("its token server {} {words}", tokens.address)),
        };
        assert_eq!(World::new().ask_plain(&registry).await, expected, "{status}");
        // The registry itself never sees the login; the token server sees it once.
        assert_eq!((registry.logins(), tokens.logins()), (vec![None], vec![Some(login())]), "{status}");
        assert_eq!(tokens.lines(), ["GET /auth?tenant=a&service=registry.example"], "{status}");
    }
}

#[tokio::test]
async fn bearer_is_taken_where_both_are_offered() {
    for in_one_header in [true, false] {
        let tokens = Server::new([reply(200)]).await;
        let challenge = format!(r#"Bearer realm="http://{}/""#, tokens.address);
        let answer = if in_one_header {
            wants(&format!(r#"Basic realm="x, y", {challenge}"#))
        } else {
            basic().with(format!("WWW-Authenticate: {challenge}"))
        };
        let registry = Server::new([answer]).await;
        assert_eq!(World::new().ask_plain(&registry).await, Trust::Accepted);
        assert_eq!((registry.lines().len(), tokens.lines().len()), (1, 1));
    }
}

#[tokio::test]
async fn the_path_of_a_host_is_not_the_registrys() {
    let registry = Server::new([reply(200)]).await;
    let trust = World::new().ask(&format!("{}/team/a", registry.address), &PLAIN).await;
    assert_eq!((trust, registry.lines()), (Trust::Accepted, vec!["GET /v2/".to_owned()]));
}

#[tokio::test]
async fn a_glob_names_nobody_to_ask() {
    let world = World::new();
    assert_eq!(world.ask("*.example.com/team", &PLAIN).await, Trust::Accepted);
    assert_eq!(world.lookups(), 0);
}
