//! Which names to add to a ServiceAccount's pull secrets.
//!
//! The list is atomic: whoever patches it replaces it whole, other tools' entries included. So a
//! change is always the whole list that was seen with ours added, and is written only if the
//! ServiceAccount is still the one that was seen.

use super::snapshot::ServiceAccount;
use crate::config::ServiceAccounts;

/// The list that `seen` should have, if it is another than it has: every entry in its place, ours once,
/// new ones at the end.
#[must_use]
pub fn judge(seen: &ServiceAccount, ours: &[String]) -> Option<Vec<String>> {
    let mut list: Vec<String> = Vec::with_capacity(seen.pull_secrets.len() + ours.len());
    for name in &seen.pull_secrets {
        if !(ours.contains(name) && list.contains(name)) {
            list.push(name.clone());
        }
    }
    for name in ours {
        if !list.contains(name) {
            list.push(name.clone());
        }
    }
    (list != seen.pull_secrets).then_some(list)
}

/// Is the ServiceAccount `name` one that the user chose?
#[must_use]
pub fn is_chosen(chosen: &ServiceAccounts, name: &str) -> bool {
    match chosen {
        ServiceAccounts::All => true,
        ServiceAccounts::Default => name == "default",
        ServiceAccounts::None => false,
        ServiceAccounts::Named(names) => names.contains(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_ours_once_and_keeps_the_rest() {
        type Names = &'static [&'static str];
        let table: [(Names, Names, Option<Names>); 7] = [
            (&[], &["us"], Some(&["us"])),
            (&["us"], &["us"], None),
            (&["b", "a"], &["us"], Some(&["b", "a", "us"])),
            (&["b", "us", "a"], &["us"], None),
            (&["us", "a", "us"], &["us"], Some(&["us", "a"])),
            (&["a", "", "a"], &["us", "too"], Some(&["a", "", "a", "us", "too"])),
            (&["a", "a"], &[], None),
        ];
        let own = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        for (seen, ours, list) in table {
            let seen = ServiceAccount { pull_secrets: own(seen), ..ServiceAccount::default() };
            assert_eq!(judge(&seen, &own(ours)), list.map(own), "{seen:?}");
        }
    }
}
