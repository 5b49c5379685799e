//! What a server asks for: the challenges of `WWW-Authenticate` (RFC 9110, sections 11.2 to 11.6.1).
//!
//! Commas part both challenges and parameters, so the text is read from left to right. What breaks the
//! grammar is skipped up to the next comma: a server that garbles one challenge may still mean another.

use std::collections::BTreeMap;

/// One challenge: a scheme and its parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Challenge {
    /// In lower case, for case says nothing here.
    pub(crate) scheme: String,
    /// By their names in lower case. Of two of one name the last counts, as it does for containerd.
    pub(crate) params: BTreeMap<String, String>,
}

impl Challenge {
    /// A parameter that says something.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.params.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// The challenges of the header's values, in their order.
pub(crate) fn parse<'a>(values: impl IntoIterator<Item = &'a str>) -> Vec<Challenge> {
    let mut challenges = Vec::new();
    for value in values {
        challenges.append(&mut parse_value(value));
    }
    challenges
}

fn parse_value(value: &str) -> Vec<Challenge> {
    let mut challenges: Vec<Challenge> = Vec::new();
    let mut rest = value;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return challenges;
        }
        rest = match element(rest) {
            Some((Element::Scheme(scheme), after)) => {
                challenges.push(Challenge { scheme, ..Challenge::default() });
                after
            }
            Some((Element::Param(name, text), after)) => {
                if let Some(challenge) = challenges.last_mut() {
                    challenge.params.insert(name, text);
                }
                past_comma(after)
            }
            None => past_comma(rest),
        };
    }
}

enum Element {
    /// A new challenge; what comes after it may be its first parameter.
    Scheme(String),
    /// A parameter of the challenge before it.
    Param(String, String),
}

fn element(text: &str) -> Option<(Element, &str)> {
    let (name, after) = token(text)?;
    if let Some(value) = blanks(after).strip_prefix('=') {
        let (value, after) = parameter_value(blanks(value))?;
        return Some((Element::Param(name.to_ascii_lowercase(), value), after));
    }
    if !(after.is_empty() || after.starts_with([' ', '\t', ','])) {
        return None;
    }
    Some((Element::Scheme(name.to_ascii_lowercase()), past_token68(after)))
}

/// A quoted string, or all up to a comma or blank: more than a token, for a URL is easily left unquoted.
fn parameter_value(text: &str) -> Option<(String, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        return unquote(quoted);
    }
    let (value, after) = text.split_at(text.find([' ', '\t', ',', '"']).unwrap_or(text.len()));
    (!value.is_empty()).then(|| (value.to_owned(), after))
}

/// What stands before the closing quote, without its escapes; `None` where nothing closes it.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut plain = String::new();
    let mut chars = text.chars();
    loop {
        match chars.next()? {
            '"' => return Some((plain, chars.as_str())),
            '\\' => plain.push(chars.next()?),
            other => plain.push(other),
        }
    }
}

/// Some schemes carry one bare text (`Negotiate YII=`) in place of parameters; nobody here reads it.
fn past_token68(text: &str) -> &str {
    let bare = |c: char| c.is_ascii_alphanumeric() || "-._~+/".contains(c);
    let after = blanks(text).trim_start_matches(bare).trim_start_matches('=');
    if matches!(blanks(after).chars().next(), None | Some(',')) { after } else { text }
}

/// Skips what is left of an element that can't be read, quoted commas included.
fn past_comma(text: &str) -> &str {
    let mut chars = text.chars();
    let mut quoted = false;
    while let Some(next) = chars.next() {
        match next {
            '"' => quoted = !quoted,
            '\\' if quoted => _ = chars.next(),
            ',' if !quoted => break,
            _ => {}
        }
    }
    chars.as_str()
}

fn token(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)));
    let (token, after) = text.split_at(end.unwrap_or(text.len()));
    (!token.is_empty()).then_some((token, after))
}

fn blanks(text: &str) -> &str {
    text.trim_start_matches([' ', '\t'])
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;

    use super::*;

    fn shown(values: &[&str]) -> Vec<String> {
        let show = |c: &Challenge| {
            let params = c.params.iter().map(|(name, value)| format!(" {name}=<{value}>"));
            params.fold(c.scheme.clone(), |text, param| text + &param)
        };
        parse(values.iter().copied()).iter().map(show).collect()
    }

    #[test]
    fn reads_what_registries_send() {
        let hub = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io""#;
        let table: [(&[&str], &[&str]); 17] = [
            (&[hub], &["bearer realm=<https://auth.docker.io/token> service=<registry.docker.io>"]),
            (&[r#"Basic realm="a", charset="UTF-8""#], &["basic charset=<UTF-8> realm=<a>"]),
            (&[r#"basic REALM="a""#, "BEARER realm=b"], &["basic realm=<a>", "bearer realm=<b>"]),
            (
                &[r#"Basic realm="a", Bearer realm="b",service=c"#],
                &["basic realm=<a>", "bearer realm=<b> service=<c>"],
            ),
            (&[r#"Bearer realm="a,b \"c\" \\d",scope="x""#], &[r#"bearer realm=<a,b "c" \d> scope=<x>"#]),
            (&["Bearer realm = \"a\" ,\tservice\t=\tb"], &["bearer realm=<a> service=<b>"]),
            (&["Negotiate YII=, Basic realm=x"], &["negotiate", "basic realm=<x>"]),
            (&["Negotiate, Basic realm=x"], &["negotiate", "basic realm=<x>"]),
            (&["NTLM abc/+d, Basic"], &["ntlm", "basic"]),
            (&[", ,Basic realm=a,, ,service=b,"], &["basic realm=<a> service=<b>"]),
            (
                &["Bearer realm=https://a.io/token,service=b"],
                &["bearer realm=<https://a.io/token> service=<b>"],
            ),
            (&["Bearer realm=a, realm=b"], &["bearer realm=<b>"]),
            (&[r#"Bearer realm="open, Basic realm=x"#], &["bearer"]),
            (&[r#"Bearer @@"a,b", realm=c, Basic"#], &["bearer realm=<c>", "basic"]),
            (&["realm=lost, Basic realm=a"], &["basic realm=<a>"]),
            (&["@, =, \"\", /"], &[]),
            (&[""], &[]),
        ];
        for (values, expected) in table {
            assert_eq!(shown(values), expected, "{values:?}");
        }
    }

    fn written(challenge: &Challenge, quote_all: bool) -> String {
        let param = |(name, value): (&String, &String)| {
            let bare = token(value).is_some_and(|(_, after)| after.is_empty());
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
            if bare && !quote_all { format!("{name}={value}") } else { format!("{name}=\"{escaped}\"") }
        };
        let params: Vec<_> = challenge.params.iter().map(param).collect();
        format!("{} {}", challenge.scheme, params.join(", ")).trim_end().to_owned()
    }

    fn challenge() -> impl Strategy<Value = Challenge> {
        let params = btree_map("[a-z][a-z0-9_-]{0,8}", "[ -~\u{e9}]{0,20}", 0..4);
        ("[a-z][a-z0-9-]{0,8}", params).prop_map(|(scheme, params)| Challenge { scheme, params })
    }

    proptest! {
        #[test]
        fn reads_back_what_was_written(challenges in vec(challenge(), 0..4), quote_all: bool, split: bool) {
            let texts: Vec<_> = challenges.iter().map(|c| written(c, quote_all)).collect();
            let joined = [texts.join(", ")];
            let values = if split { texts.as_slice() } else { joined.as_slice() };
            prop_assert_eq!(parse(values.iter().map(String::as_str)), challenges);
        }

        #[test]
        fn survives_garbage(text in ".{0,60}", grammar in r#"[a=, "\\/:]{0,60}"#) {
            parse([text.as_str(), grammar.as_str()]);
        }
    }
}
