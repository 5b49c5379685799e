//! The rules in CEL, the language of the API server's policies.
//!
//! The expressions do what [`Rewrites`] does, step by step. CEL has no functions of its own making, so that a step is a
//! `map` over tuples, lists of texts, each of which gets longer by what the step finds. A variable ends where the cost of
//! an expression would be too high for pods with very many containers (`PerCallLimit` of k8s.io/apiserver,
//! `pkg/apis/cel/config.go`); matching costs the length of the text times that of the expression, so that each part of
//! a reference is matched by itself.

use crate::config::NameSet;
use crate::registry::{DIGEST, LIBRARY, LONGEST_REPOSITORY, PATH, Rewrites, Rule, TAG};

/// Where things are in a tuple, whose first texts are a list of the pod's, and a name in that list.
const NAME: &str = "t[1]";
const IMAGE: &str = "t[2]";
const UNDIGESTED: &str = "t[3]";
const FIRST: &str = "t[4]";
const HOST: &str = "t[5]";
const REST: &str = "t[6]";
const TAGGED: &str = "t[7]";
const REPOSITORY: &str = "t[8]";
/// The tag with its colon, and the digest with its at sign; each may be empty.
const TAG_PART: &str = "t[9]";
const DIGEST_PART: &str = "t[10]";

/// A text as CEL reads it back. Ours hold neither quotes nor line breaks.
pub(super) fn text(text: &str) -> String {
    format!("r'{text}'")
}

/// Is a text one of these names?
pub(super) fn is_among(name: &str, names: &NameSet) -> String {
    let (include, exclude) = names.patterns();
    let matches = |patterns: &[String]| format!("{name}.matches({})", text(&patterns.join("|")));
    let mut conditions = vec![matches(&include)];
    if !exclude.is_empty() {
        conditions.push(format!("!{}", matches(&exclude)));
    }
    conditions.join(" && ")
}

/// The variables that lead from `variables.images`, tuples of a list, a name and an image, to `variables.rewritten`:
/// those that the rules are for, with the image that takes the place of theirs.
pub(super) fn variables(rewrites: &Rewrites) -> [(&'static str, String); 5] {
    [
        ("undigested", chain("images", &undigested())),
        ("spelled", chain("undigested", &spelled())),
        ("named", chain("spelled", &named(rewrites))),
        ("valid", chain("named", &valid(rewrites))),
        ("rewritten", chain("valid", &rewritten(rewrites))),
    ]
}

fn chain(variable: &str, steps: &[String]) -> String {
    format!("variables.{variable}.{}", steps.join("."))
}

/// Parts the digest off, and finds the first segment that is a registry.
fn undigested() -> [String; 3] {
    let first = format!("{UNDIGESTED}.split('/')[0]");
    [
        // Of others the pod is refused anyway.
        format!("filter(t, {IMAGE} != '' && {NAME}.matches('^[-a-z0-9]{{1,63}}$'))"),
        more(&[&format!("{IMAGE}.split('@')[0]")]),
        more(&[&format!(
            "{UNDIGESTED}.contains('/') && {first}.matches('[.:A-Z]|^localhost$') ? {first} : ''"
        )]),
    ]
}

/// Spells out what its author left to defaults.
fn spelled() -> [String; 3] {
    let library = text(LIBRARY);
    [
        more(&[
            &format!("{FIRST} in ['', 'index.docker.io'] ? 'docker.io' : {FIRST}"),
            &format!("{FIRST} == '' ? {UNDIGESTED} : {UNDIGESTED}.substring(size({FIRST}) + 1)"),
        ]),
        more(&[&format!("({HOST} == 'docker.io' && !{REST}.contains('/') ? {library} : '') + {REST}")]),
        more(&[&format!("{HOST} + '/' + {TAGGED}.split(':')[0]")]),
    ]
}

/// Keeps what a rule is for, and parts its tag off.
fn named(rewrites: &Rewrites) -> [String; 2] {
    [
        format!("filter(t, {})", any(rewrites.rules().iter().map(|rule| under(rule.from.as_str())))),
        more(&[
            &format!(
                "size({HOST}) + 1 + size({TAGGED}) == size({REPOSITORY}) ? (size({IMAGE}) == size({UNDIGESTED}) ? ':latest' : '') : {TAGGED}.substring(size({REPOSITORY}) - size({HOST}) - 1)"
            ),
            &format!("{IMAGE}.substring(size({UNDIGESTED}))"),
        ]),
    ]
}

/// The places that images are pulled from, before and after.
pub(super) fn places() -> String {
    format!("variables.spelled.map(t, {REPOSITORY}) + variables.rewritten.map(t, t[3])")
}

/// Keeps what is a reference, and isn't at a target or ignored. Its registry is that of a rule.
fn valid(rewrites: &Rewrites) -> [String; 2] {
    let path = format!("{REPOSITORY}.substring(size({HOST}) + 1)");
    let matches = |part: &str, pattern: &str| format!("{part}.matches({})", text(&format!("^{pattern}$")));
    let conditions = [
        format!("{path}.size() <= {LONGEST_REPOSITORY}"),
        matches(&path, PATH),
        format!("({TAG_PART} == '' || {})", matches(TAG_PART, &format!(":{TAG}"))),
        format!("({DIGEST_PART} == '' || {})", matches(DIGEST_PART, &format!("@{DIGEST}"))),
        // The id of a local image.
        format!("!(size({IMAGE}) == 64 && {})", matches(IMAGE, "[a-f0-9]*")),
    ];
    [format!("filter(t, {})", conditions.join(" && ")), format!("filter(t, {})", stays(rewrites))]
}

/// Leads to the rule's target.
fn rewritten(rewrites: &Rewrites) -> [String; 3] {
    [
        more(&[&elsewhere(rewrites)]),
        format!("filter(t, t[11] != '' && size(t[11]) - t[11].indexOf('/') - 1 <= {LONGEST_REPOSITORY})"),
        format!("map(t, [t[0], {NAME}, {IMAGE}, t[11] + {TAG_PART} + {DIGEST_PART}])"),
    ]
}

/// The tuple with these behind it.
fn more(texts: &[&str]) -> String {
    format!("map(t, t + [{}])", texts.join(", "))
}

fn any(conditions: impl Iterator<Item = String>) -> String {
    let all: Vec<_> = conditions.collect();
    if all.is_empty() { "false".to_owned() } else { all.join(" || ") }
}

/// Is it this prefix, or under it by whole segments?
fn under(prefix: &str) -> String {
    format!("{REPOSITORY} == {} || {REPOSITORY}.startsWith({})", text(prefix), text(&format!("{prefix}/")))
}

/// Is it neither at a target already, nor ignored?
fn stays(rewrites: &Rewrites) -> String {
    let targets = rewrites.rules().iter().map(|rule| under(rule.to.as_str()));
    let ignored = rewrites
        .ignored()
        .iter()
        .map(|own| format!("({REPOSITORY} + {TAG_PART} + {DIGEST_PART}).matches({})", text(own.pattern())));
    format!("!({})", any(targets.chain(ignored)))
}

/// The name under the first rule that matches, or nothing.
fn elsewhere(rewrites: &Rewrites) -> String {
    let rules = rewrites.rules().iter();
    rules.rev().fold("''".to_owned(), |otherwise, rule| {
        format!("({}) ? {} : ({otherwise})", under(rule.from.as_str()), moved(rule))
    })
}

fn moved(rule: &Rule) -> String {
    let (from, to) = (rule.from.as_str(), rule.to.as_str());
    let rest = |length: usize| format!("{REPOSITORY}.substring({length})");
    let whole = format!("{} + {}", text(to), rest(from.len()));
    let official = format!("{from}/{LIBRARY}");
    if rule.drops_library() {
        let bare = format!("{} + {}", text(&format!("{to}/")), rest(official.len()));
        format!("({REPOSITORY}.startsWith({}) ? {bare} : {whole})", text(&official))
    } else if rule.to.path().is_empty() {
        // A registry alone is no image.
        format!("({REPOSITORY} == {} ? '' : {whole})", text(from))
    } else {
        format!("({whole})")
    }
}
