//! Every answer about an image, against servers on this machine that answer by a script.

mod asks;
mod logins;
mod nobody;
mod places;
mod tokens;

use asks::{bearer, manifest, missing, one, probe_of, readable, refused, token, untold};

use crate::credentials::asking::stand_in::server::{Asked, Server, reply};
use crate::credentials::asking::stand_in::world::{USER, World, login};
use crate::credentials::asking::stand_in::{basic, wants};
use crate::plan::Probed;

const LATER: &str = "a later pass asks again";
const SEE: &str = "see that the host is right and that a registry runs there";
const LOOK: &str = "see that its name and its tag or digest are right";
const HEAD: &str = "HEAD /v2/team/app/manifests/1";

#[tokio::test]
async fn what_anybody_reads_is_shown_no_login() {
    let odd = |text: &str| untold(&format!("its registry answers {text}"));
    let whom = "to whoever asks without a login";
    let limit = "its registry has a rate limit, which whoever has no login has reached; see that the image's \
                 pods present one";
    let page = reply(200).with("Content-Type: text/html; charset=utf-8").saying("<html>");
    let wordless = format!("its registry wants a login (401 Unauthorized) without a word on how; {SEE}");
    let table = [
        (manifest(), readable(true)),
        (reply(200), Probed::Readable { digest: None, anonymously: true }),
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
async fn what_is_missing_for_nobody_may_be_there_for_a_login() {
    let nothing = format!("its registry has no such image for whoever asks (404 Not Found); {LOOK}");
    let v2 = "GET /v2/";
    let open = Server::new([reply(404), reply(200)]).await;
    assert_eq!(one(&probe_of(&open, "team/app:1")).await, missing(&nothing));
    assert_eq!((open.lines(), open.logins()), (vec![HEAD.to_owned(), v2.to_owned()], vec![None, None]));

    let hiding = Server::new([reply(404), basic(), manifest()]).await;
    assert_eq!(one(&probe_of(&hiding, "team/app:1")).await, readable(false));
    assert_eq!(hiding.lines(), [HEAD, v2, HEAD]);
    assert_eq!(hiding.logins(), [None, None, Some(login())]);
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
        // After a 401 it is asked about the login itself; here it says no more.
        let (logins, lines) = (registry.logins(), registry.lines());
        assert_eq!(logins[..2], [None, Some(login())], "{status}");
        assert_eq!(lines[..2], [HEAD, HEAD], "{status}");
        assert_eq!(lines[2..], if status == 401 { vec!["GET /v2/"] } else { Vec::new() }, "{status}");
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
