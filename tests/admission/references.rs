//! The references, and the rules, to which everything that rewrites is held.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use pullkeeper::config::Config;
use pullkeeper::registry::Image;
use serde_json::{Value, json};

/// Sets of rules that have little in common.
pub(crate) const RULES: [(&str, &str); 4] = [
    ("hub", "{rewrite: [{from: docker.io, to: proxy.example.com}], ignore: [registry]}"),
    (
        "many",
        "{rewrite: [{from: docker.io, to: 'proxy:5000/hub'}, {from: docker.io/library, to: official.io}, \
         {from: docker.io/a/b, to: 'x.io/y/z'}, {from: quay.io/a, to: proxy.example.com/a}, {from: 'h:1', to: docker.io/mirror}, \
         {from: localhost, to: 'localhost:5000'}, {from: '[::1]:5000', to: '[::2]:5000/v6'}], \
         ignore: ['docker.io/a/*:1', 'a*b:2*', 'quay.io/a/*', 'docker.io/library/c@*', '*.io/x']}",
    ),
    (
        "drop",
        "{rewrite: [{from: docker.io, to: 'gitlab.io/g/dependency_proxy/containers', library: drop}], label: off}",
    ),
    ("under", "{rewrite: [{from: docker.io, to: docker.io/mirror}, {from: quay.io/a/b, to: quay.io/c}]}"),
];

/// Oddities, between blanks.
const ODD: &str = "\
    nginx nginx:1 docker.io/nginx index.docker.io/nginx docker.io/library/nginx library library/library \
    docker.io/library docker.io/a/b a/b a/b/c:1 a/bc quay.io/a quay.io/a/b quay.io/a/b/c quay.io/ab \
    localhost/a localhost:5000/a localhost h:1/a h:1 h:11/a [::1]:5000/a [::1]/a proxy.example.com/a \
    proxy:5000/hub/a proxy:5000/a docker.io/mirror/a mirror/a mirror registry:2 registry a/1b:1 axb:2.1 \
    Docker.io/a docker.io./a A/b a/B a_b.c/d a__b a___b a--b a.-b .a a. a/ /a a//b a: a@ a:b:c \
    a@sha256:1 docker.io docker.io/ docker.io/a@b/c gitlab.io/g/dependency_proxy/containers/a ' a'b r'a' \
    ${a} {{a}} $(A) a;b é a/é 🐳 nginx:é NGINX nginx:LATEST x.io/x y.io/x:1";
/// Those that blanks can't part.
const ODDER: [&str; 9] = ["\"", "\\", "a\"b", "a\\nb", "a\nb", "a\tb", "a b", "\u{0}a", "a\u{200b}"];

/// Beside the generated ones: the oddities.
fn table() -> Vec<String> {
    let (sha, long) = ("a".repeat(64), "p".repeat(240));
    let mut table: Vec<String> = ODD.split(' ').chain(ODDER).map(str::to_owned).collect();
    table.extend([
        sha.clone(),
        format!("a/{sha}"),
        format!("nginx@sha256:{sha}"),
        format!("nginx:1@sha256:{sha}"),
        format!("library/c:1@sha256:{sha}"),
        format!("nginx@sha256:{}", sha.to_uppercase()),
        format!("nginx@sha256:{sha}a"),
        format!("nginx@sha512:{sha}{sha}"),
        format!("nginx@sha1:{sha}"),
        format!("nginx:{}", "1".repeat(128)),
        format!("nginx:{}", "1".repeat(129)),
        long.clone(),
        format!("{long}aaaaaaaa"),
        format!("a/{long}aaaaaaaaaaaaa"),
        format!("a/{long}aaaaaaaaaaaaaa"),
        format!("quay.io/a/b/{long}aaaaaaaaaaa"),
        format!("quay.io/a/b/{long}aaaaaaaaaaaa"),
        format!("{}a", "a/".repeat(200)),
    ]);
    table
}

/// References, nearly all of them good, of which the rules are for many.
fn generated() -> Vec<String> {
    let host = proptest::sample::select(vec![
        "",
        "",
        "docker.io/",
        "index.docker.io/",
        "quay.io/",
        "localhost/",
        "h:1/",
        "[::1]:5000/",
        "proxy:5000/",
        "A/",
        "x.io/",
    ]);
    let path = "([abc]|library|hub|mirror)((/|/|/|\\.|_|__|--|-|//|A)[abcx]{1,2}){0,3}";
    let tag = proptest::option::weighted(0.5, "[12a.-]{1,3}");
    let digest = proptest::option::weighted(0.3, "sha256:[ab0]{63,64}");
    let reference = (host, path, tag, digest).prop_map(|(host, path, tag, digest)| {
        let part =
            |mark: &str, part: Option<String>| part.map(|part| format!("{mark}{part}")).unwrap_or_default();
        format!("{host}{path}{}{}", part(":", tag), part("@", digest))
    });
    let mut runner = TestRunner::deterministic();
    (0..1500).map(|_| reference.new_tree(&mut runner).unwrap().current()).collect()
}

/// What the engine makes of an image.
pub(crate) fn by_the_engine(config: &Config, image: &str) -> String {
    let rewritten =
        Image::parse(image).ok().and_then(|own| Some(config.images.rewrites.rewrite(&own)?.0.to_string()));
    rewritten.unwrap_or_else(|| image.to_owned())
}

/// A pod with these images in each of its lists.
pub(crate) fn mixed(images: &[String]) -> Value {
    let mut pod = json!({"metadata": {"generateName": "mixed-"}, "spec": {}});
    for (index, image) in images.iter().enumerate() {
        let (list, object) = match index % 4 {
            0 => ("initContainers", json!({"image": image})),
            1 => ("volumes", json!({"image": {"reference": image}})),
            _ => ("containers", json!({"image": image})),
        };
        let object = object.as_object().unwrap().clone();
        let mut named = json!({"name": format!("n{index}")});
        named.as_object_mut().unwrap().extend(object);
        let list = pod["spec"].as_object_mut().unwrap().entry(list).or_insert_with(|| json!([]));
        list.as_array_mut().unwrap().push(named);
    }
    pod
}

/// The image of that number in such a pod.
pub(crate) fn found(pod: &Value, index: usize) -> &str {
    let name = format!("n{index}");
    let lists = ["initContainers", "volumes", "containers"];
    let all = lists.iter().flat_map(|list| pod["spec"][list].as_array().into_iter().flatten());
    let own = all.into_iter().find(|own| own["name"] == name).expect("nothing is lost");
    own["image"].as_str().or(own["image"]["reference"].as_str()).unwrap_or_default()
}

/// All of them.
pub(crate) fn all() -> Vec<String> {
    table().into_iter().chain(generated()).collect()
}

/// Panics where too few or too many changed for a test to mean much.
pub(crate) fn assert_changed(changed: usize, all: &[String], rules: &str) {
    assert!((250..all.len() - 100).contains(&changed), "{changed} of {} by {rules}", all.len());
}
