//! The grammar of image references: github.com/distribution/reference v0.6.0, `regexp.go`, and the digests of
//! github.com/opencontainers/go-digest, whose rules the kubelet applies. A test asks those (tests/registries).

/// The regular expression of a repository, whatever its length. A slash is one more separator between its words. Like
/// the others it is of the common part of Rust's syntax and RE2's, and without anchors.
pub const PATH: &str = "[a-z0-9]+(?:(?:[._/]|__|-+)[a-z0-9]+)*";
/// The regular expression of a tag.
pub const TAG: &str = "[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}";
/// The regular expression of a digest of an algorithm that the kubelet knows.
pub const DIGEST: &str = "sha(?:256:[a-f0-9]{64}|384:[a-f0-9]{96}|512:[a-f0-9]{128})";

/// Is it a registry: a name or an address, with or without a port?
pub(super) fn is_domain(text: &str) -> bool {
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if !text.ends_with(']') => (name, Some(port)),
        _ => (text, None),
    };
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    let good_name = match address {
        Some(address) => !address.is_empty() && address.chars().all(|c| c.is_ascii_hexdigit() || c == ':'),
        None => joined(name, |c| c.is_ascii_alphanumeric(), |between| between == "." || dashes(between)),
    };
    good_name && port.is_none_or(|port| !port.is_empty() && port.chars().all(|c| c.is_ascii_digit()))
}

/// Is it a repository, whatever its length?
pub(super) fn is_path(text: &str) -> bool {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    joined(text, word, |between| matches!(between, "." | "_" | "__" | "/") || dashes(between))
}

/// Is it a tag?
pub(super) fn is_tag(text: &str) -> bool {
    let fit = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    (1..=128).contains(&text.len()) && !text.starts_with(['.', '-']) && text.chars().all(fit)
}

/// Is it a digest of an algorithm that the kubelet knows?
pub(super) fn is_digest(text: &str) -> bool {
    text.split_once(':').is_some_and(|(algorithm, hex)| {
        let length = match algorithm {
            "sha256" => 64,
            "sha384" => 96,
            "sha512" => 128,
            _ => return false,
        };
        hex.len() == length && is_lower_hex(hex)
    })
}

/// Are there only hex digits, in lower case?
pub(super) fn is_lower_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Words with one separator between each two.
fn joined(text: &str, word: impl Fn(char) -> bool, separator: impl Fn(&str) -> bool) -> bool {
    text.starts_with(&word)
        && text.ends_with(&word)
        && text.split(&word).all(|between| between.is_empty() || separator(between))
}

fn dashes(text: &str) -> bool {
    text.chars().all(|c| c == '-')
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;
    use regex_lite::Regex;

    use super::*;

    fn whole(pattern: &str) -> Regex {
        Regex::new(&format!("^(?:{pattern})$")).unwrap()
    }

    static EXPRESSIONS: LazyLock<[Regex; 3]> = LazyLock::new(|| [PATH, TAG, DIGEST].map(whole));

    fn assert_alike(text: &str) -> Result<(), TestCaseError> {
        let functions = [is_path(text), is_tag(text), is_digest(text)];
        prop_assert_eq!(EXPRESSIONS.each_ref().map(|own| own.is_match(text)), functions, "{}", text);
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn the_expressions_say_what_the_functions_say(text in "[ab0_.A/-]{0,8}") {
            assert_alike(&text)?;
        }

        #[test]
        fn the_expressions_of_digests(text in "(sha(256|384|512|1):)?[a-f0-9]{0,2}([a-f0-9]{62}|[a-f0-9]{94}|[a-f0-9]{126})[0A]?") {
            assert_alike(&text)?;
        }
    }

    #[test]
    fn the_expressions_of_long_tags_and_odd_texts() {
        for text in ["a".repeat(128), "a".repeat(129), "a\n".into(), "é".into(), "a b".into()] {
            assert_alike(&text).unwrap();
        }
    }
}
