//! When we added names to the pull secrets of ServiceAccounts, as annotations tell it.
//!
//! A ServiceAccount has no managed fields, so it carries when each name came there: pods made before lack it. Who keeps
//! the ServiceAccount may drop that with the name, again and again; so our Secrets note it, too, where pods are evicted
//! for it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{NamespacePlan, ServiceAccount, ServiceAccountChange};

/// The annotation that holds it: by Secret on a ServiceAccount, by ServiceAccount on a Secret of ours.
pub const ADDED: &str = "pullkeeper.io/added";

/// Whoever takes our Secret out of a `ServiceAccount` again and again does so within a day. Who did it once, as an
/// upgrade does, may well have made pods of it that need us now.
const LATELY: SignedDuration = SignedDuration::from_hours(24);

/// When names were added, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Added {
    by_name: BTreeMap<String, Timestamp>,
    /// As it was noted once: for whichever name.
    any: Option<Timestamp>,
}

impl Added {
    /// Reads the annotation; what can't be read tells nothing.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.parse() {
            Ok(time) => Self { any: Some(time), ..Self::default() },
            Err(_) => Self { by_name: serde_json::from_str(text).unwrap_or_default(), any: None },
        }
    }

    /// The annotation, if there is anything to tell.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        let second = |at: &Timestamp| at.strftime("%FT%TZ").to_string();
        let by_name: BTreeMap<_, _> = self.by_name.iter().map(|(name, at)| (name, second(at))).collect();
        (!by_name.is_empty()).then(|| serde_json::to_string(&by_name).unwrap_or_default())
    }

    /// When this one was added last.
    #[must_use]
    pub fn of(&self, name: &str) -> Option<Timestamp> {
        self.by_name.get(name).copied().or(self.any)
    }

    /// What a ServiceAccount tells once it has these names of ours.
    #[must_use]
    pub fn to_account(seen: &ServiceAccount, ours: &[String], now: Timestamp) -> Self {
        let kept = seen.pull_secrets.iter().filter_map(|name| Some((name.clone(), seen.added.of(name)?)));
        let new =
            ours.iter().filter(|name| !seen.pull_secrets.contains(name)).map(|name| (name.clone(), now));
        Self { by_name: kept.chain(new).collect(), any: None }
    }

    /// What is told of all but these.
    #[must_use]
    pub fn without(&self, names: &[String]) -> Self {
        let kept = self.by_name.iter().filter(|(name, _)| !names.contains(name));
        Self { by_name: kept.map(|(name, at)| (name.clone(), *at)).collect(), any: None }
    }

    /// Was it added so short a time ago that somebody takes it out again and again?
    #[must_use]
    pub fn lately(added: Timestamp, now: Timestamp) -> bool {
        now.duration_since(added) < LATELY
    }
}

impl NamespacePlan {
    /// What our Secrets are to note, by Secret, once these ServiceAccounts are patched: additions for which pods are
    /// evicted, and those to ServiceAccounts that they note already, or it would look as if nobody took the names out.
    pub fn notes<'a>(
        &'a self,
        patched: &'a [&'a ServiceAccountChange],
        now: Timestamp,
    ) -> impl Iterator<Item = (&'a String, Added)> {
        let evicts = |account: &String| {
            self.pods.iter().any(|change| change.act.service_account.as_ref() == Some(account))
        };
        self.noted.iter().filter_map(move |(secret, seen)| {
            let new = |change: &&&ServiceAccountChange| {
                change.ours.contains(secret) && !change.seen.pull_secrets.contains(secret)
            };
            let worth = |name: &&String| seen.of(name).is_some() || evicts(name);
            let new: Vec<_> = patched.iter().filter(new).map(|change| &change.name).filter(worth).collect();
            let mut by_name = seen.by_name.clone();
            by_name.retain(|_, at| Added::lately(*at, now));
            by_name.extend(new.iter().map(|name| ((*name).clone(), now)));
            (!new.is_empty()).then_some((secret, Added { by_name, any: None }))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn each_name_has_its_time_and_others_keep_theirs() {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let old = "1970-01-01T00:00:05Z";
        let map =
            r#"{"a":"1970-01-01T00:00:05Z","gone":"1970-01-01T00:00:05Z","other":"1970-01-01T00:00:06Z"}"#;
        let table = [
            ("", &["theirs"][..], &["a"][..], Some(r#"{"a":"1970-01-01T00:00:09Z"}"#)),
            ("garbage", &[], &["a"], Some(r#"{"a":"1970-01-01T00:00:09Z"}"#)),
            ("", &["a", "a"], &["a"], None),
            (
                map,
                &["a", "other"],
                &["a"],
                Some(r#"{"a":"1970-01-01T00:00:05Z","other":"1970-01-01T00:00:06Z"}"#),
            ),
            (map, &["a"], &["a", "b"], Some(r#"{"a":"1970-01-01T00:00:05Z","b":"1970-01-01T00:00:09Z"}"#)),
            // The old form is of whichever name.
            (old, &["a"], &["a", "b"], Some(r#"{"a":"1970-01-01T00:00:05Z","b":"1970-01-01T00:00:09Z"}"#)),
        ];
        for (text, list, ours, expected) in table {
            let seen = ServiceAccount {
                pull_secrets: own(list),
                added: Added::parse(text),
                ..ServiceAccount::default()
            };
            let after = Added::to_account(&seen, &own(ours), at(9));
            assert_eq!(after.text().as_deref(), expected, "{text} {list:?}");
            assert_eq!(Added::parse(&after.text().unwrap_or_default()), after, "{text}");
        }
        assert_eq!(Added::parse(old).of("anything"), Some(at(5)));
    }
}
