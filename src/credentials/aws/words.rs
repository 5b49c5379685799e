//! Somebody else's words, as far as they may be shown. What answers in AWS' place may repeat all that it was
//! sent, so of an answer only that is taken which can be no key, token or signature.

use reqwest::Url;

/// The longest quotation.
const QUOTED: usize = 300;
/// The longest word of a sentence: a secret key has 40 characters, tokens and signatures have more.
const WORD: usize = 24;
/// The longest of what has a fixed form.
const NAME: usize = 64;
/// Stands for what isn't shown.
const LEFT_OUT: &str = "…";

/// The words of an error that arose here, on one line, and not too many.
pub(super) fn quoted(words: &str) -> String {
    split(words).collect::<Vec<_>>().join(" ").chars().take(QUOTED).collect()
}

/// AWS' words: those of its sentence, with the ARNs and actions that it names.
pub(super) fn sentence(words: &str) -> String {
    let mut shown: Vec<_> = split(words).map(|word| if is_plain(word) { word } else { LEFT_OUT }).collect();
    shown.dedup_by(|one, other| *one == LEFT_OUT && one == other);
    quoted(&shown.join(" "))
}

/// An error's code: letters, and the dots between them.
pub(super) fn code(code: &str) -> &str {
    let is_code = code.len() <= NAME && code.chars().all(|c| c.is_ascii_alphabetic() || c == '.');
    if is_code { code } else { "a code of its own" }
}

/// A request's id: a UUID. `None` where it is anything else.
pub(super) fn request(id: &str) -> Option<&str> {
    (id.len() <= NAME && id.chars().all(|c| c.is_ascii_hexdigit() || c == '-')).then_some(id)
}

/// Scheme, host and port of a URL, which may hold a password in every other part. `None` where it is none.
pub(super) fn place(url: &str) -> Option<String> {
    let url = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    Some(url.origin().ascii_serialization())
}

fn split(words: &str) -> impl Iterator<Item = &str> {
    words.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty())
}

fn is_plain(word: &str) -> bool {
    let word = word.trim_matches(|c: char| c.is_ascii_punctuation() && c != '*');
    word.len() <= WORD || word.starts_with("arn:aws") || is_action(word)
}

/// `ecr-public:GetAuthorizationToken`.
fn is_action(word: &str) -> bool {
    let service = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let parts = word.split_once(':').filter(|_| word.len() <= NAME);
    parts.is_some_and(|(of, action)| {
        of.chars().all(service) && action.chars().all(|c| c.is_ascii_alphabetic())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_loses_what_may_be_secret() {
        let arn = "arn:aws:sts::123456789012:assumed-role/eksctl-prod-NodeInstanceRole-1ABCDEFGHIJKL/i-0abc";
        let key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYzT5qLp0Ks3";
        let table = [
            (
                format!(
                    "User: {arn} is not authorized to perform: sts:AssumeRoleWithWebIdentity on resource: *"
                ),
                format!(
                    "User: {arn} is not authorized to perform: sts:AssumeRoleWithWebIdentity on resource: *"
                ),
            ),
            (format!("the key\n\"{key}\" {key}, {key} was sent"), "the key … was sent".to_owned()),
            (
                format!(
                    "Authorization: AWS4-HMAC-SHA256 Credential=AKIA/20260101/eu/ecr/aws4_request, Signature={key}"
                ),
                "Authorization: AWS4-HMAC-SHA256 …".to_owned(),
            ),
            (format!("token:{key}"), LEFT_OUT.to_owned()),
            (String::new(), String::new()),
            ("x ".repeat(400), "x ".repeat(150)),
        ];
        for (words, shown) in table {
            assert_eq!(sentence(&words), shown, "{words}");
        }
    }

    #[test]
    fn names_have_their_form() {
        assert_eq!(code("Throttling.User"), "Throttling.User");
        for odd in ["wJalrXUtnFEMI7K", "a b", &"A".repeat(65)] {
            assert_eq!(code(odd), "a code of its own", "{odd}");
        }
        let id = "c6104cbe-af31-11e0-8154-cbc7ccf896c7";
        assert_eq!((request(id), request("wJalrXUtn")), (Some(id), None));
    }

    #[test]
    fn a_place_has_no_password() {
        for (url, shown) in [
            ("http://127.0.0.1:5000", Some("http://127.0.0.1:5000")),
            ("https://me:hunter2@ecr.example.com/", Some("https://ecr.example.com")),
            ("https://me:hun@ter2@ecr.example.com/hunter2?hunter2@#hunter2", Some("https://ecr.example.com")),
            ("https://me:hun/ter2@ecr.example.com", None),
            ("me:hunter2@ecr.example.com", None),
            ("hunter2", None),
            ("", None),
        ] {
            assert_eq!(place(url).as_deref(), shown, "{url}");
        }
    }
}
