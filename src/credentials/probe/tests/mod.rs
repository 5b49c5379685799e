//! Every answer about an image, against servers on this machine that answer by a script.

mod asks;
mod logins;
mod places;

use asks::{bearer, manifest, missing, one, probe_of, readable, refused, untold};

use crate::credentials::asking::stand_in::server::{Asked, Reply, Server, reply};
use crate::credentials::asking::stand_in::world::{USER, World, login};
use crate::credentials::asking::stand_in::{basic, wants};
use crate::plan::Probed;

const LATER: &str = "the next pass asks again";
const SEE: &str = "see that the host is right and that a registry runs there";
const LOOK: &str = "see that its name and its tag or digest are right";
const HEAD: &str = "HEAD /v2/team/app/manifests/1";

fn token(text: &str) -> Reply {
    reply(200).saying(&format!(r#"{{"token":"{text}"}}"#))
}

#[tokio::test]
async fn what_anybody_reads_is_shown_no_login() {
    let odd = |text: &str| untold(&format!("its registry answers {text}"));
    let whom = "to whoever asks without a login";
    let limit = "its registry has a rate limit, which whoever has no login has reached; see that the image's \
                 pods present one";
    let page = reply(200).with("Content-Type: text/html; charset=utf-8").saying("<html>");
    let nothing = format!("its registry has no such image for whoever asks (404 Not Found); {LOOK}");
    let wordless = format!("its registry wants a login (401 Unauthorized) without a word on how; {SEE}");
    let table = [
        (manifest(), readable(true)),
        (reply(200), Probed::Readable { digest: None, anonymously: true }),
        (reply(404), missing(&nothing)),
        (page, odd(&format!("with a page, not a manifest; {SEE}"))),
        (reply(204), odd(&format!("204 No Content {whom}; {SEE}"))),
        (reply(403), odd(&format!("403 Forbidden {whom}; {SEE}"))),
        (reply(429), untold(limit)),
        (reply(503), odd(&format!("503 Service Unavailable {whom}; {LATER}"))),
        (reply(302), odd(&format!("302 Found {whom}; {SEE}"))),
        (reply(401), untold(&wordless)),
    ];
    for (answer, probed) in table {
        let status = answer.0;
        let registry = Server::new([answer]).await;
        assert_eq!(one(&probe_of(&registry, "team/app:1")).await, probed, "{status}");
        assert_eq!((registry.lines(), registry.logins()), (vec![HEAD.to_owned()], vec![None]), "{status}");
    }
}

#[tokio::test]
async fn every_kind_of_manifest_is_asked_for() {
    let registry = Server::new([manifest()]).await;
    one(&probe_of(&registry, "team/app:1")).await;
    let Asked { accept, agent, .. } = registry.asked().remove(0);
    let accept = accept.unwrap();
    for kind in [
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    ] {
        assert!(accept.split(", ").any(|own| own == kind), "{accept}");
    }
    assert!(agent.unwrap().starts_with("pullkeeper/"));
}

#[tokio::test]
async fn basic_is_the_same_question_with_the_login() {
    let no = |code: &str| {
        refused(&format!(
            "its registry doesn't let {USER} read it ({code}); give {USER} the right to pull it"
        ))
    };
    let odd = |code: &str, then: &str| untold(&format!("its registry answers {code} to {USER}; {then}"));
    let hidden = format!(
        "its registry has no such image, or hides it from {USER} (404 Not Found); {LOOK}, or give {USER} the \
         right to pull it"
    );
    let wrong = format!(
        "its registry refuses {USER} (401 Unauthorized); see that its password or token is right and not too old"
    );
    let limit = untold(&format!("its registry has a rate limit, which {USER} has reached; {LATER}"));
    let table = [
        (manifest(), readable(false)),
        (reply(404), missing(&hidden)),
        (basic(), refused(&wrong)),
        (reply(403), no("403 Forbidden")),
        (reply(429), limit),
        (reply(400), odd("400 Bad Request", SEE)),
        (reply(500), odd("500 Internal Server Error", LATER)),
    ];
    for (answer, probed) in table {
        let status = answer.0;
        let registry = Server::new([basic(), answer]).await;
        assert_eq!(one(&probe_of(&registry, "team/app:1")).await, probed, "{status}");
        assert_eq!(registry.logins(), [None, Some(login())], "{status}");
        assert_eq!(registry.lines(), [HEAD, HEAD], "{status}");
    }
}

#[tokio::test]
async fn a_registry_that_knows_no_head_is_asked_with_get() {
    let limited = reply(403).saying(r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"secret"}]}"#);
    let limit = format!("its registry has a rate limit, which {USER} has reached; {LATER}");
    for (answer, probed) in [(manifest().saying("{}"), readable(false)), (limited, untold(&limit))] {
        let registry = Server::new([reply(405), basic(), reply(405), answer]).await;
        assert_eq!(one(&probe_of(&registry, "team/app:1")).await, probed);
        let get = HEAD.replace("HEAD", "GET");
        assert_eq!(registry.lines(), [HEAD, &get, HEAD, &get]);
        assert_eq!(registry.logins(), [None, None, Some(login()), Some(login())]);
    }
}

#[tokio::test]
async fn bearer_asks_for_a_token_as_nobody_first() {
    let tokens = Server::new([token("of-nobody")]).await;
    let registry = Server::new([bearer(&tokens, ""), manifest()]).await;
    assert_eq!(one(&probe_of(&registry, "team/app:1")).await, readable(true));
    assert_eq!(registry.logins(), [None, Some("Bearer of-nobody".to_owned())]);
    assert_eq!(tokens.logins(), [None]);
    assert_eq!(tokens.lines(), ["GET /token?a=b&service=s&scope=repository%3Ateam%2Fapp%3Apull"]);
}

#[tokio::test]
async fn bearer_asks_for_a_token_with_the_login_then() {
    let hidden = format!(
        "its registry has no such image, or hides it from {USER} (404 Not Found); {LOOK}, or give {USER} the \
         right to pull it"
    );
    let no = |code: &str| {
        refused(&format!(
            "its registry doesn't let {USER} read it ({code}); give {USER} the right to pull it"
        ))
    };
    let later = format!("its registry answers 502 Bad Gateway to {USER}; {LATER}");
    let table = [
        (manifest(), readable(false)),
        (reply(404), missing(&hidden)),
        (reply(401), no("401 Unauthorized")),
        (reply(403), no("403 Forbidden")),
        (reply(502), untold(&later)),
    ];
    for (answer, probed) in table {
        let status = answer.0;
        // Nobody gets a token that reads it, and in the second round none at all.
        for nobody in [Some(token("of-nobody")), None] {
            let replies = [nobody.clone().unwrap_or_else(|| reply(403)), token("of-robot")];
            let tokens = Server::new(replies).await;
            let first = [bearer(&tokens, "")].into_iter().chain(nobody.map(|_| reply(401)));
            let registry = Server::new(first.chain([answer.clone()])).await;
            assert_eq!(one(&probe_of(&registry, "team/app:1")).await, probed, "{status}");
            // The registry itself never sees the login.
            let seen = registry.logins();
            assert_eq!(seen.last().unwrap().as_deref(), Some("Bearer of-robot"), "{status}");
            assert!(!seen.contains(&Some(login())), "{status}");
            assert_eq!(tokens.logins(), [None, Some(login())], "{status}");
        }
    }
}

#[tokio::test]
async fn a_token_server_may_give_none() {
    let none = |code: &str| {
        let remedy = format!("give {USER} the right to pull it, or see that the password is right");
        (true, format!("gives {USER} no token to read it with ({code}); {remedy}"))
    };
    let wrong = "see that its password or token is right and not too old";
    let limit = (false, format!("has a rate limit, which {USER} has reached; {LATER}"));
    let unfit = (false, "gives no token that can be sent; ask who runs the registry".to_owned());
    let long = format!(r#"{{"token":"{}"}}"#, "x".repeat(70_000));
    let table = [
        (reply(401), (true, format!("refuses {USER} (401 Unauthorized); {wrong}"))),
        (reply(403), none("403 Forbidden")),
        (reply(429), limit.clone()),
        (reply(400).saying("toomanyrequests: secret"), limit),
        (reply(500), (false, format!("answers 500 Internal Server Error to {USER}; {LATER}"))),
        (reply(302).with("Location: /login"), (false, format!("answers 302 Found to {USER}; {SEE}"))),
        (reply(200), unfit.clone()),
        (reply(200).saying("[]"), unfit.clone()),
        (reply(200).saying(r#"{"token":7}"#), unfit.clone()),
        (reply(200).saying(r#"{"token":""}"#), unfit.clone()),
        (reply(200).saying(r#"{"token":"a\r\nX-Evil: b"}"#), unfit.clone()),
        (reply(200).saying(&long), unfit),
    ];
    for (answer, (refuses, words)) in table {
        let status = answer.0;
        let tokens = Server::new([reply(401), answer]).await;
        let registry = Server::new([bearer(&tokens, "")]).await;
        let words = format!("its token server {} {words}", tokens.address);
        let expected = if refuses { refused(&words) } else { untold(&words) };
        assert_eq!(one(&probe_of(&registry, "team/app:1")).await, expected, "{status}");
        assert_eq!((registry.lines().len(), tokens.logins().len()), (1, 2), "{status}");
    }
}

#[tokio::test]
async fn a_token_goes_by_either_name() {
    for body in [r#"{"access_token":"t","expires_in":60}"#, r#"{"token":"","access_token":"t"}"#] {
        let tokens = Server::new([reply(401), reply(200).saying(body)]).await;
        let registry = Server::new([bearer(&tokens, ""), manifest()]).await;
        assert_eq!(one(&probe_of(&registry, "team/app:1")).await, readable(false), "{body}");
        assert_eq!(registry.logins()[1].as_deref(), Some("Bearer t"));
    }
}

#[tokio::test]
async fn a_registry_says_the_scope_but_gets_no_more_than_to_read() {
    let own = "scope=repository%3Ateam%2Fapp%3Apull";
    let table = [
        ("aws", "scope=aws"),
        ("repository:else/where:pull", "scope=repository%3Aelse%2Fwhere%3Apull"),
        ("repository:a:pull repository:b:pull", "scope=repository%3Aa%3Apull&scope=repository%3Ab%3Apull"),
        ("repository:team/app:pull,push", own),
        ("repository:team/app:*", own),
        ("registry:catalog:*", own),
        ("a&b=c#d", "scope=a%26b%3Dc%23d"),
        (" ", own),
    ];
    for (scope, query) in table {
        let tokens = Server::new([token("t")]).await;
        let registry = Server::new([bearer(&tokens, scope), manifest()]).await;
        assert_eq!(one(&probe_of(&registry, "team/app:1")).await, readable(true));
        assert_eq!(tokens.lines(), [format!("GET /token?a=b&service=s&{query}")], "{scope}");
    }
}

#[tokio::test]
async fn nothing_of_a_challenge_or_a_token_is_told() {
    let secret = "5b1e-of-the-server";
    let tokens = Server::new([token(secret), token(secret)]).await;
    let challenge = bearer(&tokens, "").saying(secret);
    let registry = Server::new([challenge, reply(401).saying(secret), reply(500).saying(secret)]).await;
    // [`one`] sees to it.
    assert!(matches!(one(&probe_of(&registry, "team/app:1")).await, Probed::Untold(_)));
    let registry = Server::new([wants(&format!("Digest realm={secret}"))]).await;
    assert!(matches!(one(&probe_of(&registry, "team/app:1")).await, Probed::Untold(_)));
}

#[tokio::test]
async fn no_probe_asks_nothing() {
    assert_eq!(super::probe(&[], &crate::credentials::Refusals::default()).await, []);
    let world = World::new();
    assert_eq!((asks::probe_in(&world, &[]).await, world.lookups()), (Vec::new(), 0));
}
