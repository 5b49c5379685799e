//! Image references, read by distribution's own package and by ours.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use pullkeeper::registry::Image;

use crate::testbed::reference::{Parts, references};

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        max_shrink_iters: 2000,
        // Each is a process, which reads some hundreds.
        ..ProptestConfig::with_cases(50)
    })]

    #[test]
    fn a_reference_is_read_as_distribution_reads_it(
        texts in vec(prop_oneof![reference(), altered(), other()], 1..400),
    ) {
        let differ = differences(&texts);
        prop_assert!(differ.is_empty(), "{differ:#?}");
    }
}

#[test]
fn oddities_are_read_as_distribution_reads_them() {
    let digests =
        [("sha256", 64), ("sha384", 96), ("sha512", 128), ("sha1", 40), ("md5", 32), ("SHA256", 64)]
            .map(|(algorithm, length)| format!("h.io/a@{algorithm}:{}", "a".repeat(length)));
    let hex = [63, 64, 65].map(|length| "a".repeat(length));
    // Around 255 bytes, with and without what the host adds to them.
    let long = [247, 248, 249, 250, 255, 256].map(|length| "a".repeat(length));
    let tags = [128, 129].map(|length| format!("h.io/a:{}", "1".repeat(length)));
    let of_hosts = HOSTS.iter().flat_map(|host| PATHS.iter().map(move |path| format!("{host}{path}")));
    let of_long = ["", "docker.io/", "h.io/", "a_b.c/"]
        .into_iter()
        .flat_map(|host| long.iter().map(move |path| format!("{host}{path}")));
    let texts: Vec<String> = of_hosts.chain(of_long).chain(digests).chain(hex).chain(tags).collect();
    let differ = differences(&texts);
    assert!(differ.is_empty(), "{differ:#?}");
}

/// With their slash.
const HOSTS: &[&str] = &[
    "",
    "/",
    "docker.io/",
    "docker.io:443/",
    "Docker.io/",
    "index.docker.io/",
    "index.docker.io:443/",
    "localhost/",
    "LOCALHOST/",
    "localhost:5000/",
    "library/",
    "team/",
    "Team/",
    "TEAM_1/",
    "team_1/",
    "a_b.c/",
    "a__b.c/",
    "a___b.c/",
    "a--b.c/",
    "a-.b/",
    "-a.b/",
    "a..b/",
    "a.b./",
    ".a/",
    "a_b:1/",
    "a:/",
    "a:b/",
    "a:1:2/",
    ":1/",
    "a:99999999999999999999/",
    "127.0.0.1/",
    "[::1]/",
    "[::1]:5000/",
    "[::1]:/",
    "[::1]x/",
    "[::1/",
    "::1/",
    "[]/",
    "[]:1/",
    "[a]/",
    "[A]/",
    "[a]:1/",
    "[1.2.3.4]:1/",
    "[fe80::1%eth0]/",
    "É/",
    "é.io/",
    "h.io//",
    " h.io/",
    "https://",
    "a@b.c/",
    "a@b:c/",
];

const PATHS: &[&str] = &[
    "", "a", "a:1", "a/b", "a:1/b", "a:", ":1", "a:1:2", "@", "a@", "a@b", "A", "a.b", "a..b", "a_b", "a__b",
    "a___b", "a---b", "a._b", "a-", "-a", "a/", "a//b", "a:.1", "a:-1", "a:_1", "a:A", "a:é", "a b", "a\n",
    "é", "a%20b",
];

/// The first of those that are read differently, with what each side says.
fn differences(texts: &[String]) -> Vec<String> {
    let differ = texts.iter().zip(references(texts)).filter_map(|(text, theirs)| {
        let (ours, theirs) = (ours(text), theirs.map(with_default_tag));
        let same = ours.as_ref().ok() == theirs.as_ref().ok();
        (!same).then(|| format!("{text:?}: we read {ours:?}, distribution {theirs:?}"))
    });
    differ.take(5).collect()
}

fn ours(text: &str) -> Result<Parts, String> {
    let Image { host, repository: path, tag, digest } =
        Image::parse(text).map_err(|error| error.to_string())?;
    Ok(Parts { host, path, tag: tag.unwrap_or_default(), digest: digest.unwrap_or_default() })
}

/// The kubelet's own addition (`ParseImageName` in k8s.io/kubernetes/pkg/util/parsers).
fn with_default_tag(read: Parts) -> Parts {
    let bare = read.tag.is_empty() && read.digest.is_empty();
    if bare { Parts { tag: "latest".to_owned(), ..read } } else { read }
}

/// One that is well formed, or nearly.
fn reference() -> impl Strategy<Value = String> {
    let host = prop_oneof![
        select(HOSTS).prop_map(str::to_owned),
        "[a-z0-9]{1,3}(-{1,2}[aA0]){0,2}(\\.[a-zA-Z]{1,3}){0,2}(:[0-9]{1,9})?/",
        "\\[[a-fA-F0-9:]{1,8}\\](:[0-9]{1,5})?/",
    ];
    let path = prop_oneof![
        8 => "[a-z0-9]{1,3}((\\.|_|__|-|---|/)[a-z0-9]{1,3}){0,5}",
        1 => "[a-z]{3}(/[a-z]{60,61}){4}[a-z0-9]{0,10}",
    ];
    let tag = prop_oneof![8 => "(:[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,6})?", 1 => ":[a-zA-Z0-9_][a-z_.-]{125,129}"];
    (host, path, tag, digest()).prop_map(|(host, path, tag, digest)| format!("{host}{path}{tag}{digest}"))
}

fn digest() -> impl Strategy<Value = String> {
    let algorithm = select(vec!["sha256", "sha384", "sha512", "sha1", "SHA256", "sha256+b64", "md5"]);
    let length = select(vec![31_usize, 32, 40, 63, 64, 65, 96, 128]);
    let any = (algorithm, length, select(vec!["0", "a", "f", "A", "g"]))
        .prop_map(|(algorithm, length, digit)| format!("@{algorithm}:{}", digit.repeat(length)));
    let good = select(vec![("sha256", 64_usize), ("sha384", 96), ("sha512", 128)])
        .prop_map(|(algorithm, length)| format!("@{algorithm}:{}", "0a".repeat(length / 2)));
    prop_oneof![4 => Just(String::new()), 2 => good, 1 => any]
}

/// One with some characters put in, taken out, doubled, in another's place or in another case.
fn altered() -> impl Strategy<Value = String> {
    let characters = select("aA0_.-:/@[] éÉ\u{212a}\n%+".chars().collect::<Vec<_>>());
    let change = (any::<Index>(), 0..4_u8, characters);
    (reference(), vec(change, 1..4)).prop_map(|(text, changes)| {
        let mut text: Vec<_> = text.chars().collect();
        for (place, kind, character) in changes {
            let place = place.index(text.len());
            let (before, removed) = (text[place], usize::from(kind != 0));
            let between: &[char] = match kind {
                0 | 1 => &[character],
                2 => &[before, before],
                _ if before.is_lowercase() => &[before.to_ascii_uppercase()],
                _ => &[],
            };
            text.splice(place..place + removed, between.iter().copied());
            if text.is_empty() {
                break;
            }
        }
        text.into_iter().collect()
    })
}

/// Whatever else people write.
fn other() -> impl Strategy<Value = String> {
    prop_oneof!["[a-cA0._:/@\\[\\]-]{0,12}", "[a-f0-9]{63,65}", ".{0,10}"]
}
