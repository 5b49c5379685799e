//! Which names the user meant: exact ones, globs, exclusions, a label selector.

use globset::{GlobBuilder, GlobMatcher};

/// A set of names: exact ones and globs, less the excluded ones.
#[derive(Debug, Clone, Default)]
pub struct NameSet {
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
}

#[derive(Debug, Clone)]
enum Pattern {
    Exact(String),
    Glob(GlobMatcher),
}

impl NameSet {
    /// Parses names and globs; the error names the pattern that is neither.
    pub fn new<S: AsRef<str>>(include: &[S], exclude: &[S]) -> Result<Self, String> {
        let parse = |patterns: &[S]| {
            patterns.iter().map(|p| Pattern::parse(p.as_ref())).collect::<Result<_, String>>()
        };
        Ok(Self { include: parse(include)?, exclude: parse(exclude)? })
    }

    /// Is `name` in the set?
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        let any = |patterns: &[Pattern]| patterns.iter().any(|p| p.matches(name));
        any(&self.include) && !any(&self.exclude)
    }

    /// The members, where they can be told without a list to choose from: sorted, each once.
    #[must_use]
    pub fn names(&self) -> Option<Vec<String>> {
        let mut names = self
            .include
            .iter()
            .map(|pattern| match pattern {
                Pattern::Exact(name) => Some(name.clone()),
                Pattern::Glob(_) => None,
            })
            .collect::<Option<Vec<_>>>()?;
        names.retain(|name| self.contains(name));
        names.sort();
        names.dedup();
        Some(names)
    }

    /// The same as regular expressions, of the common part of Rust's syntax and RE2's: those of names that are in it, but
    /// for those that the second ones match.
    #[must_use]
    pub fn patterns(&self) -> (Vec<String>, Vec<String>) {
        let regexes = |patterns: &[Pattern]| patterns.iter().map(Pattern::regex).collect();
        (regexes(&self.include), regexes(&self.exclude))
    }

    /// Was `name` written out, rather than caught by a glob?
    #[must_use]
    pub fn names_exactly(&self, name: &str) -> bool {
        let exact = |p: &Pattern| matches!(p, Pattern::Exact(own) if own == name);
        self.include.iter().any(exact) && self.contains(name)
    }
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, String> {
        if is_dns_name(text) {
            return Ok(Self::Exact(text.to_owned()));
        }
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.*?[]{},!".contains(c);
        if !text.contains(['*', '?', '[', '{']) || !text.chars().all(allowed) {
            let shown = text.escape_debug();
            return Err(format!(
                "'{shown}' is neither a name nor a glob of names; write one such as team-a or team-*"
            ));
        }
        let wrong =
            |e: globset::Error| format!("'{text}' is no glob: {}; write one such as team-*", e.kind());
        let glob = GlobBuilder::new(text).build().map_err(wrong)?;
        Ok(Self::Glob(glob.compile_matcher()))
    }

    fn regex(&self) -> String {
        match self {
            Self::Exact(name) => format!("^{}$", regex_lite::escape(name)),
            // The flag is Rust's own; names are ASCII.
            Self::Glob(glob) => glob.glob().regex().trim_start_matches("(?-u)").to_owned(),
        }
    }

    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Exact(own) => own == name,
            Self::Glob(glob) => glob.is_match(name),
        }
    }
}

/// Is `name` a DNS subdomain, the form of most Kubernetes names (RFC 1123)?
#[must_use]
pub fn is_dns_name(name: &str) -> bool {
    name.len() <= 253 && name.split('.').all(is_dns_label)
}

/// Is `label` a DNS label, the form of a namespace's name (RFC 1123)?
#[must_use]
pub fn is_dns_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// May `text` be a label selector? A rough look at its syntax; the API server has the last word.
pub(super) fn is_label_selector(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_./=!<>,() ".contains(c);
    let mut open = false;
    let balanced = text.chars().all(|c| match c {
        '(' => !std::mem::replace(&mut open, true),
        ')' => std::mem::replace(&mut open, false),
        _ => true,
    });
    let whole = |part: &str| !part.trim().is_empty();
    balanced && !open && text.chars().all(allowed) && text.split(',').all(whole)
}

/// Is `text` a label's value that says something (up to 63 letters, digits, `-`, `_` and `.`)?
pub(super) fn is_label_value(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    text.len() <= 63
        && edge(text.chars().next())
        && edge(text.chars().next_back())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

/// The namespaces to make able to pull.
#[derive(Debug, Clone, Default)]
pub struct Namespaces {
    /// By name.
    pub names: NameSet,
    /// By label, in the API's own selector syntax; the API server does the matching.
    pub selector: Option<String>,
}

impl Namespaces {
    /// Where namespaces are written out by name, each takes watches of its own; of more than this none is watched.
    pub const MOST_WATCHED: usize = 50;

    /// The namespaces, when all of them were written out by name: then the pass uses requests
    /// within these namespaces only. A label selector or a glob needs the list of all.
    #[must_use]
    pub fn listed(&self) -> Option<Vec<String>> {
        match self.selector {
            Some(_) => None,
            None => self.names.names(),
        }
    }

    /// Where a pass makes its requests: within each namespace of [`listed`](Self::listed); else in the whole cluster,
    /// which is `None`.
    #[must_use]
    pub fn places(&self) -> Vec<Option<String>> {
        self.listed().map_or_else(|| vec![None], |names| names.into_iter().map(Some).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_globs_and_exclusions() {
        let set = NameSet::new(&["b", "a", "team-*", "x"], &["team-c", "x"]).unwrap();
        let table = [
            ("a", true, true),
            ("team-a", true, false),
            ("team-c", false, false),
            ("x", false, false),
            ("z", false, false),
        ];
        for (name, member, exactly) in table {
            assert_eq!((set.contains(name), set.names_exactly(name)), (member, exactly), "{name}");
        }
        assert_eq!(set.names(), None);
        assert_eq!(NameSet::new(&["b", "a", "b", "x"], &["x*"]).unwrap().names().unwrap(), ["a", "b"]);
    }

    #[test]
    fn label_selectors() {
        for good in ["a=b", "a", "!a", "a!=b,c in (d, e)", "example.com/a notin (b),c==d"] {
            assert!(is_label_selector(good), "{good}");
        }
        for bad in ["", " ", "a=b,", ",a", "a in (b", "a in b)", "a in ((b))", "a=b;c", "a=\"b\""] {
            assert!(!is_label_selector(bad), "{bad}");
        }
    }

    #[test]
    fn label_values() {
        let long = "a".repeat(64);
        for good in ["default", "A_b.1", "0"] {
            assert!(is_label_value(good), "{good}");
        }
        for bad in ["", "-a", "a.", "a b", &*long] {
            assert!(!is_label_value(bad), "{bad}");
        }
    }
}
