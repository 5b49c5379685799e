//! What is done to pods, and what their Events say.

use serde_json::json;

use super::super::pods::{Marks, event, write_images};
use super::{header, told};
use crate::config::Label;
use crate::plan::{Containers, Pod, Spelling, Waiting};

fn pod(list: Containers) -> Pod {
    let waiting = |container: &str, index| Waiting {
        container: container.into(),
        image: "h.io/app:1".into(),
        list,
        index,
        ..Waiting::default()
    };
    Pod {
        name: "web".into(),
        uid: "u".into(),
        resource_version: "7".into(),
        waiting: vec![waiting("app", 2)],
        ..Pod::default()
    }
}

fn spelling(container: &str, from: &str) -> Spelling {
    Spelling { container: container.into(), from: from.into(), to: "h.io/app:1@sha256:a".into() }
}

/// Marks with these annotations and no label.
fn marks(annotations: &[(&str, &str)]) -> Marks {
    let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    Marks { annotations: annotations.iter().map(own).collect(), label: None }
}

#[test]
fn a_nudge_tests_what_it_was_judged_by() {
    for (list, place) in [(Containers::Init, "initContainers"), (Containers::Regular, "containers")] {
        let request = write_images(
            "a",
            &pod(list),
            &[spelling("app", "h.io/app:1")],
            &marks(&[("pullkeeper.io/nudged", "{}")]),
        )
        .unwrap();
        let (uri, body) = told(&request);
        assert_eq!(uri, "PATCH /api/v1/namespaces/a/pods/web?fieldManager=pullkeeper");
        assert_eq!(header(&request, super::header::CONTENT_TYPE), "application/json-patch+json");
        let expected = json!([
            {"op": "test", "path": "/metadata/resourceVersion", "value": "7"},
            {"op": "test", "path": format!("/spec/{place}/2/name"), "value": "app"},
            {"op": "test", "path": format!("/spec/{place}/2/image"), "value": "h.io/app:1"},
            {"op": "replace", "path": format!("/spec/{place}/2/image"), "value": "h.io/app:1@sha256:a"},
            {"op": "add", "path": "/metadata/annotations", "value": {"pullkeeper.io/nudged": "{}"}},
        ]);
        assert_eq!(body, expected);
    }
}

#[test]
fn marks_are_added_to_what_is_there_or_make_the_map() {
    let mut marks = marks(&[("a.io/x~y", "1"), ("b", "2")]);
    marks.label = Some(Label { key: "c/d".into(), value: "3".into() });
    let bare = pod(Containers::Regular);
    let full = Pod { annotated: true, labels: [("app".into(), "web".into())].into(), ..bare.clone() };
    let whole = json!([
        {"op": "add", "path": "/metadata/annotations", "value": {"a.io/x~y": "1", "b": "2"}},
        {"op": "add", "path": "/metadata/labels", "value": {"c/d": "3"}},
    ]);
    let each = json!([
        {"op": "add", "path": "/metadata/annotations/a.io~1x~0y", "value": "1"},
        {"op": "add", "path": "/metadata/annotations/b", "value": "2"},
        {"op": "add", "path": "/metadata/labels/c~1d", "value": "3"},
    ]);
    for (pod, added) in [(bare, whole), (full, each)] {
        let (_, body) = told(&write_images("a", &pod, &[spelling("app", "h.io/app:1")], &marks).unwrap());
        assert_eq!(body.as_array().unwrap()[4..], *added.as_array().unwrap());
    }
}

#[test]
fn there_is_no_nudge_of_what_waits_no_more_or_cannot_be_changed() {
    let table = [
        (Containers::Regular, "app", "h.io/app:2"),
        (Containers::Regular, "other", "h.io/app:1"),
        (Containers::Ephemeral, "app", "h.io/app:1"),
    ];
    for (list, container, from) in table {
        // One of several is enough.
        let spellings = [spelling("app", "h.io/app:1"), spelling(container, from)];
        assert!(write_images("a", &pod(list), &spellings, &marks(&[])).is_none(), "{container} {from}");
    }
}

#[test]
fn an_event_fits_into_what_the_api_server_takes() {
    let now = "2026-11-21T03:00:00.9Z".parse().unwrap();
    let named = |name: String| Pod { name, ..pod(Containers::Regular) };
    let long = format!("{}.-.{}", "a".repeat(198), "b".repeat(52));
    for (name, kept) in [("web".to_owned(), "web".to_owned()), (long.clone(), "a".repeat(198))] {
        let (uri, body) = told(&event("a", &named(name.clone()), "PullNudged", "x", now));
        assert_eq!(uri, "POST /api/v1/namespaces/a/events?fieldManager=pullkeeper");
        let own = body["metadata"]["name"].as_str().unwrap();
        assert_eq!(own.rsplit_once('.').unwrap().0, kept);
        assert!(own.len() <= 253, "{own}");
        assert_eq!(body["involvedObject"]["name"], json!(name), "the pod's own name is whole");
        assert_eq!(body["firstTimestamp"], "2026-11-21T03:00:00Z");
    }
    for (message, length) in
        [("a".repeat(1024), 1024), ("a".repeat(1025), 1024), (format!("{}ü", "a".repeat(1023)), 1023)]
    {
        let (_, body) = told(&event("a", &pod(Containers::Regular), "PullNudged", &message, now));
        assert_eq!(body["message"].as_str().unwrap().len(), length);
    }
}
