//! What lies between: names, proxies, silence, and token servers that must not be asked.

use std::net::SocketAddr;

use hyper_util::client::proxy::matcher::Matcher;
use tokio::net::TcpListener;

use super::asks::unverified;
use crate::credentials::asking::stand_in::server::{Server, reply};
use crate::credentials::asking::stand_in::world::{PLAIN, World, login};
use crate::credentials::asking::stand_in::{basic, bearer};
use crate::plan::Trust;

const RUNS: &str = "see that the host is right, that it runs, and that it can be reached from here";
const UNKNOWN: &str = "nobody knows the name; see that the name is right and that DNS knows it here";

/// An address where nobody listens.
async fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

#[tokio::test]
async fn a_registry_that_cant_be_reached_is_no_refusal() {
    let text = format!("it can't be reached: connection refused; {RUNS}");
    assert_eq!(World::new().ask(&nobody().await.to_string(), &PLAIN).await, unverified(&text));

    let text = format!("it can't be found: {UNKNOWN}");
    assert_eq!(World::new().ask("registry.example", &PLAIN).await, unverified(&text));

    let silent = Server::silent().await;
    let late = "no answer within 300ms; a later pass asks again";
    assert_eq!(World::new().hurried().ask_plain(&silent).await, unverified(late));

    let closing = Server::new([]).await;
    let Trust::Unverified(text) = World::new().ask_plain(&closing).await else { panic!("told") };
    assert!(text.starts_with("it can't be reached: "), "{text}");
    assert_eq!(closing.lines(), ["GET /v2/"]);
}

#[tokio::test]
async fn docker_hub_is_asked_where_its_registry_is() {
    let text = format!("registry-1.docker.io can't be found: {UNKNOWN}");
    for host in ["docker.io", "https://index.docker.io/v1/", "docker.io/team"] {
        assert_eq!(World::new().ask(host, &PLAIN).await, unverified(&text), "{host}");
    }
}

#[tokio::test]
async fn a_name_is_looked_up_once_and_that_is_asked() {
    let tokens = Server::new([reply(200)]).await;
    let realm = format!("http://tokens.example:{}/", tokens.port());
    let registry = Server::new([bearer(&realm)]).await;
    let world = World::new().knowing("registry.example", "127.0.0.1").knowing("tokens.example", "127.0.0.1");
    let host = format!("registry.example:{}", registry.port());
    assert_eq!(world.ask(&host, &PLAIN).await, Trust::Accepted);
    assert_eq!((world.lookups(), tokens.lines().len()), (2, 1));

    let registry = Server::new([basic(), reply(200)]).await;
    let world = World::new().knowing("registry.example", "127.0.0.1");
    let host = format!("registry.example:{}", registry.port());
    assert_eq!(world.ask(&host, &PLAIN).await, Trust::Accepted);
    assert_eq!((world.lookups(), registry.lines().len()), (1, 2));
}

#[tokio::test]
async fn a_token_server_must_not_be_just_anywhere() {
    let link_local = "points at the link-local address 169.254.169.254; not asked";
    let mapped = "points at the link-local address ::ffff:169.254.169.254; not asked";
    let table = [
        ("http://169.254.169.254/latest", format!("its token server 169.254.169.254 {link_local}")),
        ("http://0xa9fea9fe/latest", format!("its token server 169.254.169.254 {link_local}")),
        ("http://[::ffff:169.254.169.254]/", format!("its token server [::ffff:a9fe:a9fe] {mapped}")),
        ("http://metadata.example:8/?x=y", format!("its token server metadata.example:8 {link_local}")),
        ("http://unknown.example/", format!("its token server unknown.example can't be found: {UNKNOWN}")),
        ("file:///etc/passwd", "its token server (realm) is no http or https URL; not asked".to_owned()),
        ("", "it asks for a token, and names no server that gives one (no realm)".to_owned()),
    ];
    for (realm, text) in table {
        let registry = Server::new([bearer(realm)]).await;
        let world = World::new().knowing("metadata.example", "169.254.169.254");
        assert_eq!(world.ask_plain(&registry).await, unverified(&text), "{realm}");
        assert_eq!(registry.logins(), [None], "{realm}");
    }
}

#[tokio::test]
async fn a_proxy_carries_what_it_is_named_for() {
    let proxy = Server::new([basic(), reply(200)]).await;
    let through = |no: &str| {
        let proxy = format!("http://me:secret@{}", proxy.address);
        World::new().behind(Matcher::builder().http(proxy).no(no).build())
    };
    let world = through("");
    assert_eq!(world.ask("registry.example", &PLAIN).await, Trust::Accepted);
    // The proxy looks the name up.
    let line = "GET http://registry.example/v2/";
    assert_eq!((world.lookups(), proxy.lines()), (0, vec![line.to_owned(), line.to_owned()]));
    assert_eq!(proxy.logins(), [None, Some(login())]);
    assert_eq!(proxy.asked()[1].proxy_login.as_deref(), Some("Basic bWU6c2VjcmV0"));

    let registry = Server::new([reply(200)]).await;
    assert_eq!(through("127.0.0.0/8").ask_plain(&registry).await, Trust::Accepted);
    assert_eq!((proxy.lines().len(), registry.lines().len()), (2, 1));
}

#[tokio::test]
async fn a_registry_behind_a_proxy_may_not_point_inside() {
    let inside = Server::new([reply(200)]).await;
    let private = "points at the private address 127.0.0.1";
    let link_local = "points at the link-local address 169.254.169.254";
    let table = [
        ("http://127.0.0.1:{}/", "127.0.0.0/8", format!("127.0.0.1 {private}")),
        ("http://127.0.0.1:{}/", "", format!("127.0.0.1 {private}")),
        ("http://inside.example:{}/", "inside.example", format!("inside.example {private}")),
        ("http://169.254.169.254/", "", format!("169.254.169.254 {link_local}")),
    ];
    for (realm, no, words) in table {
        let realm = realm.replace("{}", &inside.port().to_string());
        let proxy = Server::new([bearer(&realm)]).await;
        let proxies = Matcher::builder().http(format!("http://{}", proxy.address)).no(no).build();
        let world = World::new().behind(proxies).knowing("inside.example", "127.0.0.1");
        let Trust::Unverified(text) = world.ask("registry.example", &PLAIN).await else { panic!("{realm}") };
        let text = text.replace(&format!(":{}", inside.port()), "");
        assert_eq!(text, format!("its token server {words}; not asked"));
        assert_eq!((proxy.logins(), inside.lines().len()), (vec![None], 0), "{realm}");
    }
}

#[tokio::test]
async fn a_proxy_that_fails_is_named() {
    let nobody = nobody().await;
    let proxies = Matcher::builder().all(format!("http://me:secret@{nobody}")).build();
    let text = format!("it can't be reached through the proxy {nobody}: connection refused; {RUNS}");
    assert_eq!(World::new().behind(proxies).ask("registry.example", &PLAIN).await, unverified(&text));

    let socks = Matcher::builder().all("socks5://me:secret@proxy.example:1080").build();
    let text =
        "the proxy proxy.example:1080 can't be used: socks5 is not spoken here; name one of http or https";
    assert_eq!(World::new().behind(socks).ask("registry.example", &PLAIN).await, unverified(text));
}
