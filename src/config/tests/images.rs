//! Images that are pulled from elsewhere.

use super::*;
use crate::config::{Admission, Images};
use crate::registry::Image;

fn images(text: &str) -> Images {
    from_file(format!("{ONE}images: {text}\n"), &[]).unwrap().config.images
}

fn rewritten(images: &Images, image: &str) -> Option<String> {
    Some(images.rewrites.rewrite(&Image::parse(image).unwrap())?.0.to_string())
}

#[test]
fn a_rule_is_enough() {
    let images = images("{rewrite: [{from: docker.io, to: proxy.example.com/hub}]}");
    assert_eq!(rewritten(&images, "nginx").as_deref(), Some("proxy.example.com/hub/library/nginx:latest"));
    let label = images.label.unwrap();
    assert_eq!((&*label.key, &*label.value), ("k8s-proxy-image-swapper", "patched-image"));
    assert_eq!(
        (images.admission, images.exclude),
        (Admission::Auto, vec!["kube-system".into(), "pullkeeper".into()])
    );
}

#[test]
fn each_of_the_settings() {
    let images = images(
        "{rewrite: [{from: docker.io, to: 'hub.proxies.svc:5000', library: drop, insecure: true, ca: /ca.pem}], \
         ignore: [registry], label: a.io/b=, admission: off, exclude: [ops], namespaceSelector: a=b, podSelector: '!c'}",
    );
    assert_eq!(rewritten(&images, "nginx").as_deref(), Some("hub.proxies.svc:5000/nginx:latest"));
    assert_eq!(rewritten(&images, "registry:2"), None);
    let [reach] = images.reach.values().collect::<Vec<_>>()[..] else { unreachable!() };
    assert_eq!((reach.insecure, reach.ca.as_deref()), (true, Some(Path::new("/ca.pem"))));
    assert_eq!(images.label.map(|label| (label.key, label.value)), Some(("a.io/b".into(), String::new())));
    assert_eq!(images.admission, Admission::Off);
    assert_eq!(images.exclude, ["kube-system", "ops", "proxies", "pullkeeper"]);
    let selectors = [images.namespace_selector, images.pod_selector].map(|own| own.unwrap().to_string());
    assert_eq!(selectors, ["a in (b)", "!c"]);
}

#[test]
fn whoever_writes_kube_system_out_by_name_means_it() {
    let text = "namespaces: [kube-system, '*']\nimages: {rewrite: [{from: docker.io, to: a.io}]}\n";
    assert_eq!(from_file(text, &[]).unwrap().config.images.exclude, ["pullkeeper"]);
}

#[test]
fn more_rules_than_a_policy_can_hold() {
    let many = |count: usize, text: &str| {
        (0..count).map(|own| text.replace('N', &own.to_string())).collect::<Vec<_>>()
    };
    let rules =
        |count| format!("{ONE}images: {{rewrite: [{}]}}", many(count, "{from: N.io, to: a.io}").join(", "));
    assert_eq!(from_file(rules(50), &[]).unwrap().config.images.rewrites.rules().len(), 50);
    let ignored = |count| {
        format!(
            "{ONE}images: {{rewrite: [{{from: b.io, to: a.io}}], ignore: [{}]}}",
            many(count, "b.io/N").join(", ")
        )
    };
    assert_eq!(from_file(ignored(100), &[]).unwrap().config.images.rewrites.ignored().len(), 100);
    assert_told(vec![
        (
            rules(51),
            "c.yaml:3: images.rewrite: has more than 50 rules, which no policy can hold; write fewer, with shorter paths",
        ),
        (ignored(101), "c.yaml:3: images.ignore: has more than 100 patterns; write fewer, with *"),
    ]);
}

#[test]
fn the_webhook_has_a_place() {
    let own = |text: &str| {
        images(&format!("{{rewrite: [{{from: docker.io, to: a.io}}], webhook: {text}}}")).webhook
    };
    assert_eq!(own("{}").host(), "pullkeeper-webhook.pullkeeper.svc");
    assert_eq!(own("{namespace: ops, service: hook}").host(), "hook.ops.svc");
    assert_eq!(own("{url: 'https://[::1]:8443/mutate'}").host(), "::1");
    let bad = |key: &str, value: &str, what: &str| {
        let text = format!(
            "{ONE}images: {{rewrite: [{{from: docker.io, to: a.io}}], webhook: {{{key}: '{value}'}}}}"
        );
        let told = from_file(text, &[]).unwrap_err();
        assert_eq!(told, format!("c.yaml:3: images.webhook.{key}: {what}"), "{value}");
    };
    let url = "is no https URL that an API server calls; write such as https://10.0.0.1:8443/mutate";
    for value in [
        "http://a.io/mutate",
        "https://a.io",
        "https://a.io/",
        "https://a.io./mutate",
        "https://u:p@a.io/mutate",
        "a.io",
        "https://a.io/m?x",
    ] {
        bad("url", value, url);
    }
    bad("service", "A", "is no name of Kubernetes; write such as pullkeeper-webhook");
}

#[test]
fn no_registry_is_needed_for_them() {
    let text = "namespaces: ['*']\nimages: {rewrite: [{from: docker.io, to: a.io}], label: off}\n";
    let config = from_file(text, &[]).unwrap().config;
    assert!(config.registries.is_empty() && config.images.label.is_none());
}

#[test]
fn rules_that_are_none() {
    let with = |rest: &str| format!("{ONE}images:\n  {rest}\n");
    let rules = |rules: &str| with(&format!("rewrite: [{rules}]"));
    assert_told(vec![
        (
            with("ignore: [nginx]"),
            "c.yaml:4: images.rewrite: names no rule; write a list of {from, to}, such as {from: docker.io, to: proxy.example.com/hub}",
        ),
        (rules("{to: a.io}"), "c.yaml:4: images.rewrite[0].from: is missing; write such as docker.io"),
        (
            rules("{from: a.io}"),
            "c.yaml:4: images.rewrite[0].to: is missing; write such as proxy.example.com/hub",
        ),
        (
            rules("{from: nginx, to: a.io}"),
            "c.yaml:4: images.rewrite[0].from: 'nginx' can't be a registry in an image reference; write one with a dot or a port, or localhost",
        ),
        (
            rules("{from: docker.io, to: 'https://a.io'}"),
            "c.yaml:4: images.rewrite[0].to: has a scheme; write 'a.io'",
        ),
        (
            rules("{from: '*.io', to: a.io}"),
            "c.yaml:4: images.rewrite[0].from: can't begin an image reference; write HOST, HOST:PORT or HOST/PATH in lower case",
        ),
        (
            rules("{from: a.io, to: b.io}, {from: a.io, to: c.io}"),
            "c.yaml:4: images.rewrite[1].from: is there twice; keep one of them",
        ),
        (
            rules("{from: a.io, to: c.io, insecure: true}, {from: b.io, to: c.io}"),
            "c.yaml:4: images.rewrite[1].to: is that of another rule, too, with another ca or insecure; write both alike",
        ),
        (
            rules("{from: a.io/b, to: a.io}"),
            "c.yaml:4: images.rewrite[0].to: is where these images are already; write another place",
        ),
        (
            rules("{from: a.io, to: index.docker.io}"),
            "c.yaml:4: images.rewrite[0].to: is Docker Hub as a whole, where HOST/NAME is another image; write a path within it, too",
        ),
        (
            rules("{from: a.io, to: b.io, library: drop}"),
            "c.yaml:4: images.rewrite[0].library: goes with from: docker.io alone; take it out",
        ),
        (
            with("rewrite: [{from: a.io, to: b.io}]\n  ignore: ['a b']"),
            "c.yaml:5: images.ignore[0]: has the character ' ', which no image reference has; take it out",
        ),
        (
            with("rewrite: [{from: a.io, to: b.io}]\n  label: a b"),
            "c.yaml:5: images.label: 'a b' is no label; write KEY=VALUE, or off",
        ),
        (
            with("rewrite: [{from: a.io, to: b.io}]\n  exclude: ['kube-*']"),
            "c.yaml:5: images.exclude[0]: is no name of a namespace; globs are not taken here",
        ),
        (
            with("rewrite: [{from: a.io, to: b.io}]\n  podSelector: a in (b"),
            "c.yaml:5: images.podSelector: is no label selector; write one such as 'team=a,env in (dev,test)'",
        ),
    ]);
}

#[test]
fn the_image_swappers_variable_is_enough() {
    for (variable, url, to, insecure) in [
        ("PROXY_URL", "proxy.example.com", "proxy.example.com", false),
        ("REGISTRY_URL", "proxy.example.com:5000/hub/", "proxy.example.com:5000/hub", false),
        ("PROXY_URL", "https://proxy.example.com/", "proxy.example.com", false),
        ("PROXY_URL", "http://proxy.example.com", "proxy.example.com", true),
    ] {
        let config = Place::new().load(None, &[(variable, url)]).unwrap().config;
        assert_eq!(config.preset, Some(Preset::ImageSwapper), "{url}");
        assert!(config.registries.is_empty() && config.namespaces.names.contains("any"), "{url}");
        assert!(matches!(config.service_accounts, ServiceAccounts::None) && config.time.is_none(), "{url}");
        let expected = format!("{to}/library/busybox:latest");
        assert_eq!(rewritten(&config.images, "busybox"), Some(expected), "{url}");
        let reach: Vec<_> = config.images.reach.values().map(|reach| reach.insecure).collect();
        assert_eq!(reach, [insecure], "{url}");
    }
    for (url, message) in [
        (
            "proxy",
            "PROXY_URL: images.rewrite[0].to: 'proxy' can't be a registry in an image reference; write one with a dot or a port, or localhost",
        ),
        ("ftp://a.io", "PROXY_URL: is no http or https URL; write such as proxy.example.com"),
    ] {
        assert_eq!(Place::new().load(None, &[("PROXY_URL", url)]).unwrap_err(), message);
    }
}

#[test]
fn the_image_swappers_variable_goes_with_anything_else() {
    let proxy = ("PROXY_URL", "proxy.example.com");
    let config = from_file(ONE, &[proxy]).unwrap().config;
    assert_eq!((config.preset, config.registries.len()), (None, 1));
    assert_eq!(
        rewritten(&config.images, "busybox:1").as_deref(),
        Some("proxy.example.com/library/busybox:1")
    );
    let warnings = from_file(ONE, &[proxy]).unwrap().warnings;
    assert_eq!(
        warnings,
        ["PROXY_URL is set: Docker Hub's images are led there, unless images.rewrite is written"]
    );
    // One that is empty is not set.
    let config = Place::new().load(None, &[("PROXY_URL", " "), ("REGISTRY_URL", "a.io")]).unwrap().config;
    assert_eq!(rewritten(&config.images, "busybox:1").as_deref(), Some("a.io/library/busybox:1"));
    let config = Place::new().load(None, &[proxy, ("K8S_PULL_SECRET_NAME", "a")]).unwrap().config;
    assert_eq!(config.preset, Some(Preset::EcrUpdater));
    assert!(!config.images.rewrites.is_empty());
    // What is written counts.
    let text = format!("{ONE}images: {{rewrite: [{{from: quay.io, to: a.io}}]}}\n");
    let images = from_file(text, &[proxy]).unwrap().config.images;
    assert_eq!(
        (rewritten(&images, "busybox"), rewritten(&images, "quay.io/a/b:1").as_deref()),
        (None, Some("a.io/a/b:1"))
    );
}
