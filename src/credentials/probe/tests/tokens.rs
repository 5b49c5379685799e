//! Registries that want a token, and the servers that give one.

use super::asks::{bearer, manifest, missing, one, probe_of, readable, refused, token, untold};
use super::{LATER, LOOK, SEE};
use crate::credentials::asking::stand_in::server::{Server, reply};
use crate::credentials::asking::stand_in::world::{USER, login};

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
        // After a 401 the registry is asked about the login itself; here it says no more.
        let asked = if status == 401 { 2 } else { 1 };
        assert_eq!((registry.lines().len(), tokens.logins().len()), (asked, 2), "{status}");
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
