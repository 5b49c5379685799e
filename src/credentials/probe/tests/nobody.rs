//! Images of which pods ask without a login: what the registry says to nobody is the answer.

use super::asks::{bearer, manifest, missing, one, probe_of, readable, refused, token, untold};
use super::{HEAD, LATER, LOOK};
use crate::credentials::asking::stand_in::basic;
use crate::credentials::asking::stand_in::server::{Server, reply};
use crate::plan::{Probe, Probed};

fn as_nobody(server: &Server) -> Probe {
    Probe { login: None, ..probe_of(server, "team/app:1") }
}

fn closed() -> Probed {
    refused(
        "its registry shows it to nobody without a login, and the pod presents none; write an entry for it into \
         registries, and name the Secret in the pod's template",
    )
}

#[tokio::test]
async fn nothing_is_shown_where_there_is_no_login() {
    let gone = format!("its registry has no such image for whoever asks (404 Not Found); {LOOK}");
    let away =
        format!("its registry answers 503 Service Unavailable to whoever asks without a login; {LATER}");
    let table = [
        (vec![manifest()], readable(true)),
        (vec![basic()], closed()),
        (vec![reply(404), basic()], closed()),
        (vec![reply(404), reply(200)], missing(&gone)),
        (vec![reply(503)], untold(&away)),
    ];
    for (replies, probed) in table {
        let status = replies[0].0;
        let count = replies.len();
        let registry = Server::new(replies).await;
        assert_eq!(one(&as_nobody(&registry)).await, probed, "{status}");
        assert_eq!(registry.lines()[0], HEAD, "{status}");
        assert_eq!(registry.logins(), vec![None; count], "{status}");
    }
}

#[tokio::test]
async fn a_token_for_nobody_is_the_last_word() {
    let gone = format!("its registry has no such image for whoever asks (404 Not Found); {LOOK}");
    let table = [
        (Some(manifest()), readable(true)),
        (Some(reply(404)), missing(&gone)),
        (Some(reply(401)), closed()),
        (Some(reply(403)), closed()),
        (None, closed()),
    ];
    for (answer, probed) in table {
        let tokens = Server::new([if answer.is_some() { token("of-nobody") } else { reply(401) }]).await;
        let registry = Server::new([bearer(&tokens, "")].into_iter().chain(answer)).await;
        assert_eq!(one(&as_nobody(&registry)).await, probed);
        assert_eq!(tokens.logins(), [None]);
    }
}
