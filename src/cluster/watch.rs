//! Watching what a loop serves between its passes: namespaces, ServiceAccounts, and our Secrets by name.
//!
//! Of objects only the metadata is received, and nothing of them is kept: what was seen is told, and whoever serves it
//! reads it again. kube's watcher goes on from where it was, and begins anew where that is too long ago (410).

use futures::stream::{BoxStream, select_all};
use futures::{Stream, StreamExt};
use http::StatusCode;
use k8s_openapi::api::core::v1;
use kube::api::{Api, PartialObjectMeta};
use kube::core::Status;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Resource, ResourceExt};

use super::client::{self, Cluster};
use super::error::{ApiError, Meaning, chain};
use crate::config::{Config, Namespaces, ServiceAccounts};
use crate::plan::PAUSE;
use crate::plan::service_accounts::is_chosen;

/// Something that was seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seen {
    /// A namespace is there, whose name may be chosen and whose labels are.
    Namespace {
        /// Its name.
        name: String,
        /// It stops all writes.
        paused: bool,
        /// It was there when the watch began, or began anew.
        before: bool,
    },
    /// The namespaces are told anew, from the first on.
    Namespaces,
    /// A namespace is gone, or its labels are no longer chosen.
    NamespaceLeft(String),
    /// A ServiceAccount or a Secret of ours was made, written or deleted.
    Object(Key, Version),
    /// One of the watches has told all that is there: what happened before is told by no other event.
    Complete(usize),
    /// A watch can't go on for now; it tries again by itself.
    Trouble {
        /// Which.
        what: String,
        /// Which, and why.
        words: String,
        /// It is not allowed.
        forbidden: bool,
    },
}

/// Which object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// `ServiceAccount` or `Secret`.
    pub kind: &'static str,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// Its `resourceVersion`; `None` is gone.
pub type Version = Option<String>;

type Events = BoxStream<'static, Seen>;

impl Cluster {
    /// What happens to what the configuration chooses, until it is dropped, and how many watches tell it.
    pub fn watch(&self, config: &Config) -> (usize, impl Stream<Item = Seen> + Send + use<>) {
        let mut watches: Vec<Events> = Vec::new();
        match config.namespaces.listed() {
            Some(names) if names.len() > Namespaces::MOST_WATCHED => {
                log::info!(
                    "more than {} namespaces are named: nothing is watched there; a glob would have them watched at once",
                    Namespaces::MOST_WATCHED
                );
            }
            Some(names) => {
                for name in names {
                    self.watch_contents(config, Some(&name), &mut watches);
                }
            }
            None => {
                watches.push(self.watch_namespaces(config, watches.len()));
                self.watch_contents(config, None, &mut watches);
            }
        }
        (watches.len(), select_all(watches))
    }

    fn watch_namespaces(&self, config: &Config, place: usize) -> Events {
        let api = Api::<PartialObjectMeta<v1::Namespace>>::all(self.watching());
        let names = config.namespaces.names.clone();
        let chosen = watcher::Config {
            label_selector: config.namespaces.selector.clone(),
            ..watcher::Config::default()
        };
        let told = move |event| match event {
            Event::Apply(own) => Some(namespace(&own, false)),
            Event::InitApply(own) => Some(namespace(&own, true)),
            Event::Delete(own) => Some(Seen::NamespaceLeft(own.name_any())),
            Event::Init => Some(Seen::Namespaces),
            Event::InitDone => Some(Seen::Complete(place)),
        };
        let ours = move |seen: &Seen| match seen {
            Seen::Namespace { name, .. } | Seen::NamespaceLeft(name) => names.contains(name),
            _ => true,
        };
        events("namespaces", watcher(api, chosen), told)
            .filter(move |seen| futures::future::ready(ours(seen)))
            .boxed()
    }

    /// ServiceAccounts, and each Secret by its name: RBAC can grant a watch by `resourceNames`.
    fn watch_contents(&self, config: &Config, namespace: Option<&str>, watches: &mut Vec<Events>) {
        let mut secrets: Vec<_> = config.registries.iter().map(|registry| &registry.secret_name).collect();
        secrets.sort();
        secrets.dedup();
        for name in secrets {
            let place = watches.len();
            watches.push(self.watch_objects::<v1::Secret>(
                namespace,
                Some(name),
                object("Secret", |_| true, place),
            ));
        }
        let chosen = config.service_accounts.clone();
        if config.registries.is_empty() || matches!(chosen, ServiceAccounts::None) {
            return;
        }
        let one = chosen.single();
        let place = watches.len();
        let told = object("ServiceAccount", move |name| is_chosen(&chosen, name), place);
        watches.push(self.watch_objects::<v1::ServiceAccount>(namespace, one.as_deref(), told));
    }

    fn watch_objects<K>(
        &self,
        namespace: Option<&str>,
        name: Option<&str>,
        told: impl Fn(Event<PartialObjectMeta<K>>) -> Option<Seen> + Send + 'static,
    ) -> Events
    where
        K: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>
            + Clone
            + std::fmt::Debug
            + Send
            + Sync
            + 'static,
    {
        let client = self.watching();
        let api: Api<PartialObjectMeta<K>> = match namespace {
            Some(namespace) => Api::namespaced(client, namespace),
            None => Api::all(client),
        };
        let field_selector = name.map(|name| format!("metadata.name={name}"));
        let what = watcher::Config { field_selector, ..watcher::Config::default() };
        events(&K::plural(&()), watcher(api, what), told)
    }
}

/// The events of a watch, as far as they tell something; one that fails pauses longer and longer, and is told of.
fn events<K: Send + 'static>(
    what: &str,
    watch: impl Stream<Item = watcher::Result<Event<K>>> + Send + 'static,
    told: impl Fn(Event<K>) -> Option<Seen> + Send + 'static,
) -> Events {
    let what = what.to_owned();
    let seen = watch.default_backoff().filter_map(move |event| {
        let seen = match event {
            Ok(event) => told(event),
            Err(error) => Some(trouble(&what, &error)),
        };
        futures::future::ready(seen)
    });
    seen.boxed()
}

fn trouble(what: &str, error: &watcher::Error) -> Seen {
    use watcher::Error::{InitialListFailed, WatchError, WatchFailed, WatchStartFailed};
    let answer = match error {
        InitialListFailed(kube::Error::Api(status))
        | WatchStartFailed(kube::Error::Api(status))
        | WatchFailed(kube::Error::Api(status))
        | WatchError(status) => Some(status),
        _ => None,
    };
    let answer = answer.map(|status| ApiError::Refused { status: Box::new(told(status)), attempts: 1 });
    let words = answer.as_ref().map_or_else(|| chain(error), ToString::to_string);
    Seen::Trouble {
        what: what.to_owned(),
        words: format!("watch {what}: {words}"),
        forbidden: answer.is_some_and(|answer| answer.meaning() == Meaning::Forbidden),
    }
}

/// Without the body of an answer that isn't the API server's, which kube takes for its message.
fn told(status: &Status) -> Status {
    if status.reason != "Failed to parse error data" {
        return status.clone();
    }
    client::status(StatusCode::from_u16(status.code).unwrap_or_default(), &[])
}

fn namespace(own: &PartialObjectMeta<v1::Namespace>, before: bool) -> Seen {
    let paused = own.annotations().get(PAUSE).is_some_and(|value| value == "true");
    Seen::Namespace { name: own.name_any(), paused, before }
}

/// What an event tells of an object whose name is chosen. What is there when a watch begins is for the pass.
fn object<K: Resource<DynamicType = ()>>(
    kind: &'static str,
    chosen: impl Fn(&str) -> bool,
    place: usize,
) -> impl Fn(Event<PartialObjectMeta<K>>) -> Option<Seen> {
    move |event| {
        let (own, there) = match event {
            Event::Apply(own) => (own, true),
            Event::Delete(own) => (own, false),
            Event::InitDone => return Some(Seen::Complete(place)),
            Event::Init | Event::InitApply(_) => return None,
        };
        let name = own.name_any();
        // A ServiceAccount that is gone is nobody's.
        if !chosen(&name) || !(there || kind == "Secret") {
            return None;
        }
        let key = Key { kind, namespace: own.namespace().unwrap_or_default(), name };
        Some(Seen::Object(key, own.resource_version().filter(|_| there)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_watch_is_told_on_one_line_whoever_refuses() {
        const FORBIDDEN: &str =
            "secrets is forbidden: User \"x\" cannot watch resource \"secrets\" in API group \"\"";
        let ours = |message: &str, reason: &str, code| Status::failure(message, reason).with_code(code);
        let not_its = "Failed to parse error data";
        let table = [
            (ours(FORBIDDEN, "Forbidden", 403), &*format!("{FORBIDDEN} (403)"), true),
            (ours("<html>\nno</html>", not_its, 403), "the answer is a plain 403 Forbidden", false),
            (ours("", not_its, 502), "the answer is a plain 502 Bad Gateway", false),
            (ours("too old", "Expired", 410), "too old (410)", false),
        ];
        for (status, expected, missing) in table {
            let Seen::Trouble { words, forbidden, .. } =
                trouble("secrets", &watcher::Error::WatchError(status.boxed()))
            else {
                panic!("trouble");
            };
            assert_eq!((words, forbidden), (format!("watch secrets: {expected}"), missing));
        }
    }
}
