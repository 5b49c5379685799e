//! What real registries say of an image, asked with the login that pods would present.

use pullkeeper::config::Reach;
use pullkeeper::credentials::{Refusals, probe};
use pullkeeper::plan::{Probe, Probed};
use pullkeeper::registry::{Entry, Host, Image};

use crate::desk::{USER, asked};
use crate::testbed::registry::{Anonymous, Registry};

const PASSWORD: &str = r#"pä:ss"w$rd"#;

fn probe_of(registry: &Registry, path: &str, password: &str) -> Probe {
    let secure = registry.url().starts_with("https:");
    Probe {
        image: Image::parse(&format!("{}/{path}", registry.host())).unwrap(),
        host: Host::parse(registry.host()).unwrap(),
        login: Some(Entry { username: USER.to_owned(), password: password.into(), email: None }),
        reach: Reach { ca: secure.then(|| registry.ca().to_owned()), insecure: !secure },
    }
}

/// The answers about these images.
async fn said<const N: usize>(registry: &Registry, paths: [&str; N], password: &str) -> [Probed; N] {
    let probes = paths.map(|path| probe_of(registry, path, password));
    probe(&probes, &Refusals::default()).await.try_into().unwrap()
}

fn readable(digest: &str, anonymously: bool) -> Probed {
    Probed::Readable { digest: Some(digest.to_owned()), anonymously }
}

/// Each way in which a registry asks who is there.
fn every_kind() -> [Registry; 4] {
    [
        Registry::htpasswd(USER, PASSWORD),
        Registry::with_tokens(USER, PASSWORD, Anonymous::No),
        Registry::with_tokens(USER, PASSWORD, Anonymous::Yes),
        Registry::tls_with_tokens(USER, PASSWORD, Anonymous::No),
    ]
}

#[tokio::test]
async fn what_was_pushed_is_readable_and_what_was_not_is_missing() {
    for registry in every_kind() {
        let digest = registry.push("team/app", "1").await;
        let by_digest = format!("team/app@{digest}");
        let paths = ["team/app:1", by_digest.as_str(), "team/app:typo", "team/none:1"];
        let [tag, sum, typo, none] = said(&registry, paths, PASSWORD).await;
        assert_eq!((tag, sum), (readable(&digest, false), readable(&digest, false)), "{}", registry.url());
        let words = format!(
            "its registry has no such image, or hides it from {USER} (404 Not Found); see that its name and its \
             tag or digest are right, or give {USER} the right to pull it"
        );
        assert_eq!((typo, none), (Probed::Missing(words.clone()), Probed::Missing(words)));
    }
}

#[tokio::test]
async fn what_anybody_reads_is_told_apart() {
    let tokens = Registry::with_tokens(USER, PASSWORD, Anonymous::Yes);
    let digest = tokens.push("public/app", "1").await;
    assert_eq!(said(&tokens, ["public/app:1"], "wrong").await, [readable(&digest, true)]);
    assert!(!asked(&tokens).contains(&format!("/token Basic {USER} 401")), "the login isn't shown");

    let open = Registry::open();
    let digest = open.push("team/app", "1").await;
    let [there, missing] = said(&open, ["team/app:1", "team/app:2"], "whatever").await;
    assert_eq!(there, readable(&digest, true));
    let words = "its registry has no such image for whoever asks (404 Not Found); see that its name and its tag or digest are right";
    assert_eq!(missing, Probed::Missing(words.to_owned()));
}

#[tokio::test]
async fn a_wrong_password_is_shown_for_one_image_and_once_by_itself() {
    for registry in every_kind() {
        registry.push("team/app", "1").await;
        let before = asked(&registry).len();
        let answers = said(&registry, ["team/app:1", "team/app:2", "team/other:1"], "wrong").await;
        let Probed::Refused(words) = &answers[0] else { panic!("{answers:?}") };
        assert!(words.contains(&format!("refuses {USER} (401 Unauthorized); ")), "{words}");
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        let shown = asked(&registry).split_off(before);
        let shown: Vec<_> = shown.iter().filter(|request| request.contains("Basic")).collect();
        assert_eq!(shown.len(), 2, "{shown:?}");
    }
}

#[tokio::test]
async fn a_login_without_the_right_is_refused_the_image() {
    let registry = Registry::with_tokens(USER, PASSWORD, Anonymous::No);
    registry.push("other/app", "1").await;
    let digest = registry.push("team/app", "1").await;
    let [other, team] = said(&registry, ["other/app:1", "team/app:1"], PASSWORD).await;
    let words = format!(
        "its registry doesn't let {USER} read it (401 Unauthorized); give {USER} the right to pull it"
    );
    assert_eq!((other, team), (Probed::Refused(words), readable(&digest, false)));
}

#[tokio::test]
async fn a_registry_that_is_down_says_nothing() {
    let registry = Registry::htpasswd(USER, PASSWORD);
    let probes = [probe_of(&registry, "team/app:1", PASSWORD)];
    drop(registry);
    let words = "its registry can't be reached: connection refused; see that the host is right, that it runs, and that it can be reached from here";
    assert_eq!(probe(&probes, &Refusals::default()).await, [Probed::Untold(words.to_owned())]);
}
