//! Where an image is pulled from instead: rules that lead from one registry to another.
//!
//! One engine for all who rewrite: the pass, what admits pods, and the command line. It changes registry and path, and
//! keeps tag and digest. What lies under a rule's target stays, so that what was rewritten once is never rewritten again.

mod ignored;
mod prefix;
#[cfg(test)]
mod tests;

pub use ignored::{Ignored, IgnoredError};
pub use prefix::{Prefix, PrefixError};

use super::image::{HUB, Image, LONGEST_REPOSITORY};

/// The part of Docker Hub whose images are written without it.
pub const LIBRARY: &str = "library/";

/// Images under one prefix are pulled from under another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Which images.
    pub from: Prefix,
    /// Where to.
    pub to: Prefix,
    /// Leaves out `library/`, the path of Docker Hub's official images: some proxies know those without it.
    pub drop_library: bool,
}

/// Rules, and what none of them is for.
#[derive(Debug, Clone, Default)]
pub struct Rewrites {
    rules: Vec<Rule>,
    ignored: Vec<Ignored>,
}

impl Rewrites {
    /// Rules of which the longest that matches counts.
    #[must_use]
    pub fn new(mut rules: Vec<Rule>, ignored: Vec<Ignored>) -> Self {
        rules.sort_by_key(|rule| std::cmp::Reverse(rule.from.as_str().len()));
        Self { rules, ignored }
    }

    /// The rules, the longest `from` first.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// What none of them is for.
    #[must_use]
    pub fn ignored(&self) -> &[Ignored] {
        &self.ignored
    }

    /// Is there no rule?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// What an image becomes, and by which rule; `None` where it stays as it is.
    #[must_use]
    pub fn rewrite(&self, image: &Image) -> Option<(Image, &Rule)> {
        let name = image.name();
        let rule = self.rules.iter().find(|rule| rule.from.rest_of(&name).is_some())?;
        let at_its_target = self.rules.iter().any(|rule| rule.to.rest_of(&name).is_some());
        if at_its_target || self.ignored.iter().any(|ignored| ignored.matches(image)) {
            return None;
        }
        Some((rule.apply(image)?, rule))
    }
}

impl Rule {
    /// Does it leave `library/` out of what it is for?
    #[must_use]
    pub fn drops_library(&self) -> bool {
        self.drop_library && self.from.as_str() == HUB
    }

    /// The image under its target; `None` where it isn't under its source, or would have no fit name.
    fn apply(&self, image: &Image) -> Option<Image> {
        let name = image.name();
        let rest = self.from.rest_of(&name)?;
        let rest = if self.drops_library() { rest.strip_prefix(LIBRARY).unwrap_or(rest) } else { rest };
        let parts = [self.to.path(), rest];
        let repository = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
        let fits = (1..=LONGEST_REPOSITORY).contains(&repository.len());
        fits.then(|| Image { host: self.to.host().to_owned(), repository, ..image.clone() })
    }
}
