//! What is asked, where, and what is believed of it: references, digests, redirects, realms.

use hyper_util::client::proxy::matcher::Matcher;

use super::HEAD;
use super::asks::{bearer, digest, manifest, one, one_in, probe_at, probe_of, readable, token, untold};
use crate::credentials::asking::stand_in::server::{Server, reply};
use crate::credentials::asking::stand_in::world::{World, login};
use crate::credentials::asking::stand_in::{basic, wants};
use crate::plan::Probed;
use crate::registry::{Host, Image};

#[tokio::test]
async fn an_image_is_asked_for_by_its_digest_or_else_its_tag() {
    let sum = digest();
    let table = [
        ("app".to_owned(), "app/manifests/latest".to_owned()),
        ("a/b/c:1.2_x-y".to_owned(), "a/b/c/manifests/1.2_x-y".to_owned()),
        (format!("a/b@{sum}"), format!("a/b/manifests/{sum}")),
        (format!("a/b:1@{sum}"), format!("a/b/manifests/{sum}")),
    ];
    for (path, line) in table {
        let registry = Server::new([manifest()]).await;
        assert_eq!(one(&probe_of(&registry, &path)).await, readable(true));
        assert_eq!(registry.lines(), [format!("HEAD /v2/{line}")]);
    }
}

#[tokio::test]
async fn an_odd_digest_stays_one_part_of_the_path() {
    let registry = Server::new([reply(404), reply(200)]).await;
    let odd = format!("../../x?y#z%2f:{}", "a".repeat(32));
    let mut probe = probe_of(&registry, "team/app");
    probe.image.digest = Some(odd);
    one(&probe).await;
    let line = format!("HEAD /v2/team/app/manifests/..%2F..%2Fx%3Fy%23z%252f:{}", "a".repeat(32));
    assert_eq!(registry.lines(), [line.as_str(), "GET /v2/"]);
}

#[tokio::test]
async fn a_digest_is_believed_if_it_is_one_and_the_images_own() {
    let (sum, long) = (digest(), format!("sha512:{}", "0a".repeat(64)));
    let other = format!("sha256:{}", "b".repeat(64));
    let own = format!("team/app:1@{sum}");
    let table = [
        ("team/app:1", sum.clone(), true),
        ("team/app:1", long, true),
        ("team/app:1", String::new(), false),
        ("team/app:1", "sha256:12".to_owned(), false),
        ("team/app:1", sum.to_uppercase(), false),
        ("team/app:1", format!("{sum}0"), false),
        ("team/app:1", format!("{sum}@evil"), false),
        ("team/app:1", "md5:0a0a".to_owned(), false),
        ("team/app:1", format!("sha256:{}", "é".repeat(32)), false),
        (&own, sum.clone(), true),
        (&own, other.clone(), false),
    ];
    for (path, told, believed) in table {
        let registry = Server::new([reply(200).with(format!("Docker-Content-Digest: {told}"))]).await;
        let probed = one(&probe_of(&registry, path)).await;
        let digest = believed.then(|| told.clone());
        assert_eq!(probed, Probed::Readable { digest, anonymously: true }, "{path}: {told}");
    }
    let two = manifest().with(format!("Docker-Content-Digest: {other}"));
    let registry = Server::new([two]).await;
    let probed = one(&probe_of(&registry, "team/app:1")).await;
    assert_eq!(probed, Probed::Readable { digest: None, anonymously: true }, "which of the two?");
}

#[tokio::test]
async fn a_redirect_is_followed_but_no_login_goes_along() {
    let elsewhere = Server::new([manifest()]).await;
    let away = reply(307).with(format!("Location: http://{}/v2/x?sig=secret#top", elsewhere.address));
    let registry = Server::new([basic(), away.clone()]).await;
    assert_eq!(one(&probe_of(&registry, "team/app:1")).await, readable(false));
    assert_eq!(registry.logins(), [None, Some(login())]);
    assert_eq!((elsewhere.lines(), elsewhere.logins()), (vec!["HEAD /v2/x?sig=secret".into()], vec![None]));

    // Nor does a token; and who is reached that way may not ask for one.
    let tokens = Server::new([reply(401), token("of-robot")]).await;
    let elsewhere = Server::new([basic()]).await;
    let away = reply(307).with(format!("Location: http://{}/v2/x", elsewhere.address));
    let registry = Server::new([bearer(&tokens, ""), away]).await;
    let words = format!(
        "http://{}, to which its registry points, answers 401 Unauthorized to whoever asks without a login; \
         see that the host is right and that a registry runs there",
        elsewhere.address
    );
    assert_eq!(one(&probe_of(&registry, "team/app:1")).await, untold(&words));
    assert_eq!(registry.logins(), [None, Some("Bearer of-robot".to_owned())]);
    assert_eq!(elsewhere.logins(), [None]);
}

#[tokio::test]
async fn who_comes_back_by_a_redirect_comes_as_nobody() {
    let other = Server::by(|asked| {
        let back = asked.line.rsplit("to=").next().unwrap_or_default();
        reply(302).with(format!("Location: http://{back}/v2/back"))
    })
    .await;
    let away = format!("Location: http://{}/?to=", other.address);
    let registry = Server::by(move |asked| match (&asked.login, asked.line.ends_with("/back")) {
        (Some(_), false) => reply(302).with(format!("{away}{}", asked.host)),
        _ => basic(),
    })
    .await;
    // The 401 to nobody is none to the login.
    let probed = one(&probe_of(&registry, "team/app:1")).await;
    assert!(matches!(probed, Probed::Untold(_)), "{probed:?}");
    assert_eq!((registry.logins(), other.logins()), (vec![None, Some(login()), None], vec![None]));
}

#[tokio::test]
async fn within_the_registry_a_redirect_takes_the_login_along() {
    let moved = || reply(308).with("Location: /v2/new/app/manifests/1");
    let registry = Server::new([moved(), basic(), moved(), manifest()]).await;
    assert_eq!(one(&probe_of(&registry, "team/app:1")).await, readable(false));
    let new = "HEAD /v2/new/app/manifests/1";
    assert_eq!(registry.lines(), [HEAD, new, HEAD, new]);
    assert_eq!(registry.logins(), [None, None, Some(login()), Some(login())]);
}

#[tokio::test]
async fn a_redirect_leads_not_just_anywhere() {
    let link_local = "points at the link-local address 169.254.169.254; not asked";
    let at = "to which its registry points,";
    let see = "see that the host is right and that a registry runs there";
    let table = [
        ("http://169.254.169.254/latest?x", format!("http://169.254.169.254, {at} {link_local}")),
        ("http://me:word-5b1e@169.254.169.254/", format!("http://169.254.169.254, {at} {link_local}")),
        ("//metadata.example/x?y", format!("http://metadata.example, {at} {link_local}")),
        (
            "ftp://files.example/",
            "its registry points to ftp://files.example, which is no https URL; not asked".into(),
        ),
        (
            "file:///etc/passwd",
            format!("its registry answers 302 Found to whoever asks without a login; {see}"),
        ),
        ("http://[bad", format!("its registry answers 302 Found to whoever asks without a login; {see}")),
    ];
    for (location, words) in table {
        let registry = Server::new([reply(302).with(format!("Location: {location}"))]).await;
        let world = World::new().knowing("metadata.example", "169.254.169.254");
        assert_eq!(one_in(&world, &probe_of(&registry, "team/app:1")).await, untold(&words), "{location}");
    }
    let registry = Server::by(|_| reply(302).with("Location: /v2/round")).await;
    let round = untold("its registry points on and on to other places; ask who runs it");
    assert_eq!(one(&probe_of(&registry, "team/app:1")).await, round);
    assert_eq!(registry.lines().len(), 4);
}

#[tokio::test]
async fn a_token_server_must_not_be_just_anywhere() {
    let table = [
        (
            "http://169.254.169.254/x",
            "its token server 169.254.169.254 points at the link-local address 169.254.169.254; not asked",
        ),
        ("file:///etc/passwd", "its token server (realm) is no http or https URL; not asked"),
        (
            "http://me:word-5b1e@tokens.example/",
            "its token server (realm) is a URL with a login in it; not asked",
        ),
        ("", "its registry asks for a token, and names no server that gives one (no realm)"),
    ];
    for (realm, words) in table {
        let registry = Server::new([wants(&format!(r#"Bearer realm="{realm}",service="x?y=5b1e""#))]).await;
        assert_eq!(one(&probe_of(&registry, "team/app:1")).await, untold(words), "{realm}");
        assert_eq!(registry.logins(), [None], "{realm}");
    }
}

#[tokio::test]
async fn a_login_goes_only_to_the_registry_that_it_is_for() {
    let other = "its registry was not asked, for the login is for another; write an entry for this one";
    let none = "its registry was not asked, for its name makes no URL; write the name of the registry alone";
    let table = [
        ("registry.example", "other.example", "app", other),
        ("registry.example/team", "registry.example", "other/app", other),
        ("docker.io", "registry-1.docker.io", "library/app", other),
        // The first label matches the glob, and ends the host of a URL.
        ("*.example.com", "evil#.example.com", "app", none),
        ("*.example.com", "evil?.example.com", "app", none),
        ("*.example.com", r"evil\.example.com", "app", none),
        ("*.example.com", "*.example.com", "app", none),
        // What distribution takes for no registry.
        ("a_b.example.com", "", "a_b.example.com/app", none),
    ];
    for (login, host, repository, words) in table {
        let mut probe = probe_at("registry.example", "app");
        probe.host = Host::parse(login).unwrap();
        probe.image = Image { host: host.into(), repository: repository.into(), ..probe.image };
        let world = World::new();
        assert_eq!(one_in(&world, &probe).await, untold(words), "{login} for {host}");
        assert_eq!(world.lookups(), 0, "{login} for {host}");
    }
}

#[tokio::test]
async fn a_glob_is_asked_at_the_images_own_registry() {
    let registry = Server::new([basic(), manifest()]).await;
    let world = World::new().knowing("eu.registry.example", "127.0.0.1");
    let mut probe = probe_at(&format!("eu.registry.example:{}", registry.port()), "team/app:1");
    probe.host = Host::parse(&format!("*.registry.example:{}", registry.port())).unwrap();
    assert_eq!(one_in(&world, &probe).await, readable(false));
    assert_eq!((registry.lines().len(), world.lookups()), (2, 1));
}

#[tokio::test]
async fn a_proxy_carries_what_it_is_named_for() {
    let proxy = Server::new([basic(), manifest()]).await;
    let proxies = Matcher::builder().http(format!("http://me:secret@{}", proxy.address)).build();
    let world = World::new().behind(proxies);
    assert_eq!(one_in(&world, &probe_at("registry.example", "team/app:1")).await, readable(false));
    let line = "HEAD http://registry.example/v2/team/app/manifests/1";
    assert_eq!((world.lookups(), proxy.lines()), (0, vec![line.to_owned(), line.to_owned()]));
    assert_eq!(proxy.asked()[1].proxy_login.as_deref(), Some("Basic bWU6c2VjcmV0"));
}

#[tokio::test]
async fn docker_hub_is_asked_where_its_registry_is() {
    let mut probe = probe_at("docker.io", "nginx");
    probe.reach = crate::config::Reach::default();
    let words = "registry-1.docker.io can't be found: nobody knows the name; see that the name is right and \
                 that DNS knows it here";
    assert_eq!(one_in(&World::new(), &probe).await, untold(words));
    let gone = "its registry can't be found: nobody knows the name; see that the name is right and that DNS \
                knows it here";
    assert_eq!(one(&probe_at("registry.example", "app")).await, untold(gone));
}
