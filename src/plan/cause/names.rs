//! Takes the names of images, hosts and addresses out of a message. They are chosen by people: a
//! repository `team/toomanyrequests` or a tag `unknown` must not pass for an answer of a registry.

/// Stands where a name stood; rows of the table may rely on it.
const NAME: &str = "_";

/// The message, in lower case, with one blank between words and [`NAME`] for every name.
pub(super) fn without(message: &str) -> String {
    let words: Vec<&str> = message.split_whitespace().collect();
    let at = |index: Option<usize>| index.and_then(|index| words.get(index)).copied().unwrap_or_default();
    let kept = words.iter().enumerate().map(|(index, word)| {
        let (before, after) = (at(index.checked_sub(1)), at(index.checked_add(1)));
        if is_name(word) || is_named_by(before, word, after) { NAME } else { word }
    });
    kept.collect::<Vec<_>>().join(" ")
}

/// A quoted word, a URL, or a reference that starts with a host. Runtimes spell references out, so that a
/// bare name as in `nginx: not found` is never said.
fn is_name(word: &str) -> bool {
    let bare = word.trim_start_matches(['(', '[', '{', '\\']);
    is_quoted(bare) || bare.contains("://") || starts_with_host(bare)
}

fn is_quoted(word: &str) -> bool {
    ['"', '\'', '`']
        .into_iter()
        .any(|quote| word.strip_prefix(quote).is_some_and(|rest| rest.contains(quote)))
}

/// By the rule of references (`reference.go` of the distribution project): a host holds a dot or a colon,
/// or is `localhost`. So `i/o` and `net/http` aren't names.
fn starts_with_host(word: &str) -> bool {
    word.split_once('/').is_some_and(|(host, path)| {
        (host == "localhost" || host.contains(['.', ':'])) && path.starts_with(|c: char| c.is_alphanumeric())
    })
}

/// `reading manifest TAG in …` and `registry HOST:` of CRI-O, `[manifests TAG]` and `from host HOST failed`
/// of containerd 1.6, `lookup HOST: …` of Go, `repository: PATH` of registries.
fn is_named_by(before: &str, word: &str, after: &str) -> bool {
    match before {
        "manifest" => after == "in",
        "registry" | "host" => word.trim_end_matches([':', ',']).contains(['.', ':']),
        "repository" | "repository:" => word.contains('/'),
        _ => matches!(before, "[manifests" | "lookup"),
    }
}
