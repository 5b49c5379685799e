//! What happened since the last pass, as far as watches tell it: by namespace, so that its size follows the number of
//! namespaces, whatever the number of events.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::cluster::{Key, Seen, Version, Written};

/// A namespace is served at once so often in [`WINDOW`]; a fight with somebody who undoes it goes on at the interval.
const OFTEN: usize = 5;
const WINDOW: Duration = Duration::from_mins(1);

/// What happened, gathered by whoever reads the watches.
pub(super) struct Changes {
    pending: Mutex<Pending>,
    more: Notify,
    complete: Notify,
}

struct Pending {
    /// The namespaces that are there, and whether they are paused; `None` where they are written out by name.
    known: Option<BTreeMap<String, bool>>,
    /// Those that were there when they began to be told anew.
    former: BTreeSet<String>,
    namespaces: BTreeSet<String>,
    /// Those that were chosen, and are not any more.
    left: BTreeSet<String>,
    objects: BTreeMap<Key, Version>,
    /// The watches that have not told all that is there.
    incomplete: BTreeSet<usize>,
    /// Something may have happened that nobody told.
    anew: bool,
    troubles: BTreeSet<String>,
}

/// What is to be served.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Batch {
    /// Nothing: all that happened was our own doing.
    Nothing,
    /// These namespaces.
    Some(BTreeSet<String>),
    /// Whatever there is.
    Everything,
}

impl Changes {
    /// Of so many watches; `listed` tells that namespaces are written out by name.
    pub(super) fn new(watches: usize, listed: bool) -> Self {
        let pending = Pending {
            known: (!listed).then(BTreeMap::new),
            former: BTreeSet::new(),
            namespaces: BTreeSet::new(),
            left: BTreeSet::new(),
            objects: BTreeMap::new(),
            incomplete: (0..watches).collect(),
            anew: false,
            troubles: BTreeSet::new(),
        };
        Self { pending: Mutex::new(pending), more: Notify::new(), complete: Notify::new() }
    }

    /// Notes what was seen.
    pub(super) fn see(&self, seen: Seen) {
        let mut pending = self.pending();
        match seen {
            Seen::Namespace { name, paused, before } => {
                let known = pending.known.get_or_insert_default().insert(name.clone(), paused);
                // Who is no longer paused is to be served; of other changes nothing follows.
                if !before && !paused && known != Some(false) {
                    pending.namespaces.insert(name);
                }
            }
            Seen::Namespaces => {
                let known = pending.known.replace(BTreeMap::new()).unwrap_or_default();
                pending.former.extend(known.into_keys());
                return;
            }
            Seen::NamespaceLeft(name) => {
                pending.known.get_or_insert_default().remove(&name);
                pending.namespaces.remove(&name);
                pending.left.insert(name);
            }
            Seen::Object(key, version) => {
                // Of a namespace that isn't known by now its own event follows.
                if pending.known.as_ref().is_none_or(|known| known.contains_key(&key.namespace)) {
                    pending.objects.insert(key, version);
                }
            }
            Seen::Complete(watch) => {
                pending.anew = true;
                pending.who_left_meanwhile();
                if pending.incomplete.remove(&watch) && pending.incomplete.is_empty() {
                    self.complete.notify_one();
                }
            }
            Seen::Trouble { what, words, forbidden } => {
                // Each refusal is told once: lists may be allowed where watches aren't, so that they seem to go on. Of an
                // API server that restarts there is nothing to tell.
                if forbidden && pending.troubles.insert(what) {
                    log::warn!("{words}; grant watch there. Until then what changes is seen at the interval");
                } else {
                    log::debug!("{words}; it is tried again");
                }
                // The first pass doesn't wait for it.
                self.complete.notify_one();
                return;
            }
        }
        drop(pending);
        self.more.notify_one();
    }

    /// Waits until all watches have told what is there, or one of them can't; what happens from then on is told by
    /// events.
    pub(super) async fn complete(&self) {
        if !self.pending().incomplete.is_empty() {
            self.complete.notified().await;
        }
    }

    /// Waits until something happened.
    pub(super) async fn more(&self) {
        self.more.notified().await;
    }

    /// A pass that looks at everything is about to begin: it sees what happened until now.
    pub(super) fn will_be_seen(&self) {
        let mut pending = self.pending();
        pending.anew = false;
        pending.namespaces.clear();
        pending.objects.clear();
    }

    /// The namespaces that are known.
    pub(super) fn known(&self) -> BTreeSet<String> {
        self.pending().known.iter().flat_map(BTreeMap::keys).cloned().collect()
    }

    /// The namespaces that were chosen, and are not any more; each is told once.
    pub(super) fn take_left(&self) -> BTreeSet<String> {
        std::mem::take(&mut self.pending().left)
    }

    /// What happened, but for what we `wrote` ourselves.
    pub(super) fn take(&self, wrote: &Written) -> Batch {
        let mut pending = self.pending();
        let mut namespaces = std::mem::take(&mut pending.namespaces);
        for (key, version) in std::mem::take(&mut pending.objects) {
            if !wrote.take(&key, &version) {
                namespaces.insert(key.namespace);
            }
        }
        if std::mem::take(&mut pending.anew) {
            Batch::Everything
        } else if namespaces.is_empty() && pending.left.is_empty() {
            Batch::Nothing
        } else {
            Batch::Some(namespaces)
        }
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pending {
    /// When all namespaces were told anew: those that were there before, and are not now.
    fn who_left_meanwhile(&mut self) {
        // Another watch may be complete first.
        if let Some(known) = self.known.as_ref().filter(|known| !known.is_empty()) {
            let former = std::mem::take(&mut self.former);
            self.left.extend(former.into_iter().filter(|name| !known.contains_key(name)));
        }
    }
}

/// How often namespaces were served at once, lately.
#[derive(Default)]
pub(super) struct Served(BTreeMap<String, Vec<Instant>>);

impl Served {
    /// Those of `namespaces` that may be served at once, and the others, which wait for the interval.
    pub(super) fn admit(&mut self, namespaces: BTreeSet<String>) -> (BTreeSet<String>, BTreeSet<String>) {
        let now = Instant::now();
        self.0.retain(|_, times| {
            times.retain(|time| now.duration_since(*time) < WINDOW);
            !times.is_empty()
        });
        let admit = |name: &String| {
            let times = self.0.entry(name.clone()).or_default();
            if times.len() >= OFTEN {
                log::debug!("namespace {name} changes again and again; the next pass sees to it");
                return false;
            }
            times.push(now);
            true
        };
        namespaces.into_iter().partition(admit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there(name: &str, paused: bool, before: bool) -> Seen {
        Seen::Namespace { name: name.into(), paused, before }
    }

    fn object(namespace: &str, version: Option<&str>) -> Seen {
        let key = Key { kind: "Secret", namespace: namespace.into(), name: "pullkeeper".into() };
        Seen::Object(key, version.map(str::to_owned))
    }

    fn some(names: &[&str]) -> Batch {
        Batch::Some(names.iter().map(|name| (*name).to_owned()).collect())
    }

    /// Of watches that have told what is there, and a pass that has seen it.
    fn settled(before: Vec<Seen>) -> Changes {
        let changes = Changes::new(1, false);
        for seen in before {
            changes.see(seen);
        }
        changes.see(Seen::Complete(0));
        changes.will_be_seen();
        changes
    }

    #[test]
    fn what_is_to_be_served() {
        let known = || vec![there("known", false, true), there("paused", true, true)];
        let table = [
            ("nothing", vec![], Batch::Nothing),
            ("a new one", vec![there("new", false, false)], some(&["new"])),
            ("a new one that is paused", vec![there("new", true, false)], Batch::Nothing),
            ("a label somewhere", vec![there("known", false, false)], Batch::Nothing),
            ("a pause", vec![there("known", true, false)], Batch::Nothing),
            ("the end of a pause", vec![there("paused", false, false)], some(&["paused"])),
            ("one that is no longer chosen", vec![Seen::NamespaceLeft("known".into())], some(&[])),
            ("an edit", vec![object("known", Some("2"))], some(&["known"])),
            ("a deletion", vec![object("known", None)], some(&["known"])),
            ("an edit where nothing is chosen", vec![object("elsewhere", Some("2"))], Batch::Nothing),
            ("a watch that begins anew", vec![Seen::Complete(0)], Batch::Everything),
        ];
        for (what, seen, batch) in table {
            let changes = settled(known());
            for seen in seen {
                changes.see(seen);
            }
            assert_eq!(changes.take(&Written::default()), batch, "{what}");
            changes.take_left();
            assert_eq!(changes.take(&Written::default()), Batch::Nothing, "{what}: once");
        }
    }

    #[test]
    fn what_we_wrote_ourselves_is_nothing_new() {
        let written = Written::default();
        written.watch();
        let answer = |version: &str| {
            format!(
                r#"{{"kind": "Secret", "metadata": {{"name": "pullkeeper", "namespace": "known", "resourceVersion": "{version}"}}}}"#
            )
        };
        let changes = settled(vec![there("known", false, true)]);
        written.note(answer("7").as_bytes());
        changes.see(object("known", Some("7")));
        assert_eq!(changes.take(&written), Batch::Nothing);
        // Somebody else wrote after us, before anybody looked.
        written.note(answer("8").as_bytes());
        changes.see(object("known", Some("8")));
        changes.see(object("known", Some("9")));
        assert_eq!(changes.take(&written), some(&["known"]));
    }

    #[test]
    fn its_size_follows_the_namespaces_not_the_events() {
        let changes = settled(vec![there("known", false, true)]);
        for version in 0..10_000 {
            changes.see(object("known", Some(&version.to_string())));
            changes.see(there("known", version % 2 == 0, false));
            changes.see(Seen::Trouble { what: "pods".into(), words: "lost".into(), forbidden: false });
        }
        let pending = changes.pending();
        let sizes = (pending.objects.len(), pending.namespaces.len(), pending.troubles.len());
        assert_eq!(sizes, (1, 1, 0));
    }

    #[test]
    fn who_left_while_a_watch_was_away_is_told_when_it_begins_anew() {
        let changes = settled(vec![there("stays", false, true), there("leaves", false, true)]);
        for seen in [Seen::Namespaces, there("stays", false, true), Seen::Complete(0)] {
            changes.see(seen);
        }
        assert_eq!(changes.take(&Written::default()), Batch::Everything);
        assert_eq!(changes.take_left(), BTreeSet::from(["leaves".to_owned()]));
        assert_eq!(changes.known(), BTreeSet::from(["stays".to_owned()]));
        // It comes back, and is new.
        changes.see(there("leaves", false, false));
        assert_eq!(changes.take(&Written::default()), some(&["leaves"]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_fight_goes_on_at_the_interval() {
        let mut served = Served::default();
        let one = || BTreeSet::from(["one".to_owned()]);
        for _ in 0..OFTEN {
            assert_eq!(served.admit(one()).0, one());
        }
        assert_eq!(served.admit(one()), (BTreeSet::new(), one()));
        let both = BTreeSet::from(["one".to_owned(), "two".to_owned()]);
        assert_eq!(served.admit(both), (BTreeSet::from(["two".to_owned()]), one()));
        tokio::time::advance(WINDOW).await;
        assert_eq!(served.admit(one()).0, one());
        assert_eq!(served.0.len(), 1, "what is over is forgotten");
    }
}
