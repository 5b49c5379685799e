use proptest::prelude::*;

use super::*;

fn rule(from: &str, to: &str) -> Rule {
    Rule { from: Prefix::parse(from).unwrap(), to: Prefix::parse(to).unwrap(), drop_library: false }
}

fn rewritten(rules: &[Rule], ignored: &[&str], image: &str) -> Option<String> {
    let ignored = ignored.iter().map(|text| Ignored::parse(text).unwrap()).collect();
    let rewrites = Rewrites::new(rules.to_vec(), ignored);
    rewrites.rewrite(&Image::parse(image).unwrap()).map(|(image, _)| image.to_string())
}

#[test]
fn an_image_is_pulled_from_elsewhere() {
    let rules = [
        rule("docker.io", "proxy.example.com:5000/hub"),
        rule("docker.io/library", "official.example.com"),
        rule("quay.io/team", "proxy.example.com/team"),
        rule("gcr.io/a/app", "proxy.example.com/app"),
    ];
    let digest = format!("sha256:{}", "a".repeat(64));
    let table = [
        ("nginx", Some("official.example.com/nginx:latest")),
        ("index.docker.io/library/nginx:1", Some("official.example.com/nginx:1")),
        ("team/app:1", Some("proxy.example.com:5000/hub/team/app:1")),
        (&*format!("team/app:1@{digest}"), Some(&*format!("proxy.example.com:5000/hub/team/app:1@{digest}"))),
        (&*format!("team/app@{digest}"), Some(&*format!("proxy.example.com:5000/hub/team/app@{digest}"))),
        ("quay.io/team/app", Some("proxy.example.com/team/app:latest")),
        ("quay.io/team", Some("proxy.example.com/team:latest")),
        ("quay.io/teams/app", None),
        ("quay.io/other/app", None),
        ("gcr.io/a/app:2", Some("proxy.example.com/app:2")),
        ("gcr.io/a/app2", None),
        // What lies under a target stays.
        ("official.example.com/nginx", None),
        ("proxy.example.com:5000/hub/team/app", None),
    ];
    for (image, expected) in table {
        assert_eq!(rewritten(&rules, &[], image).as_deref(), expected, "{image}");
    }
}

#[test]
fn official_images_may_lose_their_path() {
    let dropping =
        Rule { drop_library: true, ..rule("docker.io", "gitlab.example.com/g/dependency_proxy/containers") };
    let of = |image| rewritten(std::slice::from_ref(&dropping), &[], image);
    assert_eq!(of("nginx:1").unwrap(), "gitlab.example.com/g/dependency_proxy/containers/nginx:1");
    assert_eq!(
        of("a/library/b").unwrap(),
        "gitlab.example.com/g/dependency_proxy/containers/a/library/b:latest"
    );
}

#[test]
fn what_is_ignored_stays() {
    let rules = [rule("docker.io", "proxy.example.com")];
    let digest = format!("sha256:{}", "a".repeat(64));
    let table = [
        ("registry", "registry:2", true),
        ("registry", "docker.io/library/registry", true),
        ("registry", &*format!("registry:2@{digest}"), true),
        ("registry", "team/registry", false),
        ("registry:2", "registry:2", true),
        ("registry:2", "registry:2.1", false),
        ("registry:2*", "registry:2.1", true),
        ("registry:latest", "registry", true),
        ("registry*", "registry-ui:1", true),
        ("team/*", "team/a/b:1", true),
        ("team/*:1", "team/a/b:2", false),
        ("docker.io/*", "team/a", true),
        ("docker.io/*", "nginx", true),
        ("*", "nginx", true),
        ("*", "team/a", false),
        ("index.docker.io/registry", "registry", true),
        ("quay.io/*", "team/a", false),
        (&*format!("nginx@{digest}"), &*format!("nginx:1@{digest}"), true),
        ("team/a.b", "team/a-b", false),
    ];
    for (ignored, image, stays) in table {
        assert_eq!(rewritten(&rules, &[ignored], image).is_none(), stays, "{image}, with {ignored} ignored");
    }
    for (bad, error) in [
        ("", IgnoredError::Empty),
        ("nginx:", IgnoredError::Empty),
        (":1", IgnoredError::Empty),
        ("gcr.io/", IgnoredError::Empty),
        ("ng inx", IgnoredError::Character(' ')),
        ("nginx:[0-9]?", IgnoredError::Character('?')),
    ] {
        assert_eq!(Ignored::parse(bad).unwrap_err(), error, "{bad}");
    }
}

#[test]
fn a_prefix_begins_an_image_reference() {
    for (text, host, path) in [
        ("docker.io", "docker.io", ""),
        ("index.docker.io/", "docker.io", ""),
        ("proxy:5000/a/b", "proxy:5000", "a/b"),
        ("[::1]:5000/a", "[::1]:5000", "a"),
        ("localhost/a", "localhost", "a"),
    ] {
        let prefix = Prefix::parse(text).unwrap();
        assert_eq!((prefix.host(), prefix.path()), (host, path), "{text}");
    }
    for text in ["*.example.com", "proxy.example.com/Team", "proxy_1.example.com", "proxy.example.com/a--/b"]
    {
        assert_eq!(Prefix::parse(text), Err(PrefixError::Unfit), "{text}");
    }
    for text in ["", "proxy", "https://proxy.example.com", "team/app"] {
        assert!(matches!(Prefix::parse(text), Err(PrefixError::Host(_))), "{text}");
    }
}

#[test]
fn a_name_that_gets_too_long_stays() {
    let long = format!("proxy.example.com/{}", "a".repeat(200));
    assert_eq!(rewritten(&[rule("docker.io", &long)], &[], &format!("team/{}", "b".repeat(60))), None);
    assert!(rewritten(&[rule("docker.io", &long)], &[], "team/app").is_some());
    // And one that would be none.
    assert_eq!(rewritten(&[rule("quay.io/team", "proxy.example.com")], &[], "quay.io/team"), None);
}

fn word() -> impl Strategy<Value = String> {
    "[ab]{1,2}"
}

fn place() -> impl Strategy<Value = String> {
    (
        proptest::sample::select(vec!["docker.io", "a.io", "b.io:5000"]),
        proptest::collection::vec(word(), 0..3),
    )
        .prop_map(|(host, path)| std::iter::once(host.to_owned()).chain(path).collect::<Vec<_>>().join("/"))
}

proptest! {
    #[test]
    fn what_was_rewritten_is_an_image_that_stays(
        rules in proptest::collection::vec((place(), place(), any::<bool>()), 1..4),
        image in place(),
        tag in proptest::option::of(word()),
    ) {
        let rules: Vec<_> = rules
            .into_iter()
            .map(|(from, to, drop_library)| Rule { drop_library, ..rule(&from, &to) })
            .filter(|rule| !rule.to.is_hub())
            .collect();
        let rewrites = Rewrites::new(rules, Vec::new());
        let image = format!("{image}/x{}", tag.map(|tag| format!(":{tag}")).unwrap_or_default());
        let image = Image::parse(&image).unwrap();
        if let Some((other, rule)) = rewrites.rewrite(&image) {
            prop_assert_eq!(Image::parse(&other.to_string()), Ok(other.clone()));
            prop_assert_eq!((&other.tag, &other.digest), (&image.tag, &image.digest));
            prop_assert!(rule.to.rest_of(&other.name()).is_some());
            prop_assert_eq!(rewrites.rewrite(&other), None);
        }
    }
}
