//! Pods that name our Secret: healed in place, once, and nothing of them is lost.

use std::collections::BTreeMap;

use crate::nudging::{Bed, but_for_a_nudge, image_of, note};
use crate::setup::{changes, findings};
use crate::testbed::audit::{AuditEvent, tally};
use crate::testbed::fixtures::{in_parallel, namespace};
use crate::testbed::pods::pod;

#[tokio::test]
async fn a_pod_is_nudged_in_place_told_and_then_left() {
    let bed = Bed::new("nudged").await;
    let a = bed.place.namespace("a").await;
    let before = bed.make(bed.named("web"), &a).await;
    let config = bed.config("");
    let mark = bed.place.mark();
    let report = bed.place.pass(&config).await;
    assert!(report.errors.is_empty() && report.findings.is_empty(), "{report}");
    let nudged = format!("nudge Pod {a}/web");
    let expected =
        [format!("create Secret {a}/pullkeeper"), nudged, format!("patch ServiceAccount {a}/default")];
    assert_eq!(changes(&report), expected);
    let writes: Vec<_> = bed.place.since(mark).into_iter().filter(AuditEvent::is_write).collect();
    let once = ["create events", "create secrets", "patch pods", "patch serviceaccounts"];
    assert_eq!(tally(&writes), once.map(|write| (write.to_owned(), 1)).into());

    let after = bed.pod(&a, "web").await;
    assert_eq!(image_of(&after, "app"), bed.digested());
    assert_eq!(but_for_a_nudge(&after), but_for_a_nudge(&before), "its uid among the rest");
    let note = note(&after).unwrap();
    assert_eq!(note["app"]["was"], bed.image());
    assert!(note["app"]["at"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "{note}");
    assert_eq!(after.metadata.annotations.as_ref().unwrap().len(), 1);
    let said = format!(
        "PullNudged: container app waits for {}: the registry refuses access; Secret pullkeeper has a good credential for it",
        bed.image()
    );
    assert_eq!(bed.events(&a, &after).await, [said]);

    let again = bed.place.assert_settled(&config).await;
    assert!(again.findings.is_empty(), "its node is about to pull: {again}");
    assert_eq!(bed.all_events(&a).await.len(), 1);
}

#[tokio::test]
async fn containers_that_wait_are_nudged_and_no_other() {
    let bed = Bed::new("containers").await;
    let a = bed.place.namespace("a").await;
    let (image, refused) = (bed.image(), bed.refused());
    let pods = [
        bed.named("sibling").running("runs").phase("Running"),
        pod("init")
            .init_container("init", &image)
            .waiting("ErrImagePull", &refused)
            .pull_secret("pullkeeper"),
        pod("sidecar").sidecar("side", &image).waiting("ErrImagePull", &refused).pull_secret("pullkeeper"),
        bed.named("annotated")
            .annotation("theirs", "kept")
            .container("second", &image)
            .waiting("ErrImagePull", &refused),
        bed.named("restarted").phase("Running"),
        // Nobody would recreate it: in place it is healed all the same.
        pod("bare").image(&image).waiting("ErrImagePull", &refused).pull_secret("pullkeeper"),
    ];
    let mut before = BTreeMap::new();
    for builder in pods {
        let made = bed.make(builder, &a).await;
        before.insert(made.metadata.name.clone().unwrap(), made);
    }
    let config = bed.config("");
    let report = bed.place.pass(&config).await;
    assert!(report.errors.is_empty() && report.findings.is_empty(), "{report}");
    let digested = bed.digested();
    let table: [(&str, &[(&str, &str)]); 6] = [
        ("sibling", &[("app", &digested), ("runs", "registry.example.org/runs:1")]),
        ("init", &[("init", &digested), ("app", "harbor.example.com/app:1")]),
        ("sidecar", &[("side", &digested), ("app", "harbor.example.com/app:1")]),
        ("annotated", &[("app", &digested), ("second", &digested)]),
        ("restarted", &[("app", &digested)]),
        ("bare", &[("app", &digested)]),
    ];
    for (name, images) in table {
        let after = bed.pod(&a, name).await;
        for (container, image) in images {
            assert_eq!(image_of(&after, container), *image, "{name}");
        }
        assert_eq!(but_for_a_nudge(&after), but_for_a_nudge(&before[name]), "{name}");
        let noted = note(&after).unwrap().as_object().unwrap().len();
        assert_eq!(noted, images.iter().filter(|(_, image)| *image == digested).count(), "{name}");
        assert_eq!(bed.events(&a, &after).await.len(), 1, "{name}");
    }
    let annotated = bed.pod(&a, "annotated").await.metadata.annotations.unwrap();
    assert_eq!((annotated.len(), annotated["theirs"].as_str()), (2, "kept"));
    bed.place.assert_settled(&config).await;
}

#[tokio::test]
async fn a_password_that_changes_is_a_reason_to_nudge_once_more() {
    let bed = Bed::new("changed").await;
    let a = bed.place.namespace("a").await;
    bed.make(bed.named("web"), &a).await;
    bed.place.pass(&bed.config("")).await;
    bed.registry.change_password("n3w");
    let config = bed.config_with("n3w", "");
    let report = bed.place.pass(&config).await;
    assert_eq!(changes(&report), [format!("nudge Pod {a}/web"), format!("update Secret {a}/pullkeeper")]);
    let after = bed.pod(&a, "web").await;
    assert_eq!(image_of(&after, "app"), format!("{}/team/app@{}", bed.registry.host(), bed.digest));
    assert_eq!(note(&after).unwrap()["app"]["was"], bed.image(), "as its author wrote it");
    bed.place.assert_settled(&config).await;
}

#[tokio::test]
async fn nudges_are_no_evictions_and_are_switched_off_by_themselves() {
    let bed = Bed::new("settings").await;
    let a = bed.place.namespace("a").await;
    bed.make(bed.named("named"), &a).await;
    bed.make(bed.unnamed("unnamed"), &a).await;
    for (pods, verb, told) in [
        ("{heal: off}", None, None),
        ("{nudge: false, maxEvictions: 0}", None, Some("EvictionsLimited")),
        ("{maxEvictions: 0}", Some("nudge Pod settings-a/named"), Some("EvictionsLimited")),
        ("{nudge: false}", Some("evict Pod settings-a/unnamed"), None),
    ] {
        let report = bed.place.pass(&bed.config(&format!("pods: {pods}"))).await;
        let done: Vec<_> = changes(&report).into_iter().filter(|change| change.contains("Pod")).collect();
        assert_eq!(done, verb.into_iter().collect::<Vec<_>>(), "{pods}");
        assert_eq!(findings(&report), told.into_iter().collect::<Vec<_>>(), "{pods}: {report}");
    }
}

#[tokio::test]
async fn what_access_does_not_mend_is_told_and_neither_touched_nor_noted_on_it() {
    let bed = Bed::new("untouched").await;
    let a = bed.place.namespace("a").await;
    let volume = format!("{}/models:3", bed.registry.host());
    // `toKubeContainerImageVolumes` of the kubelet: in the words of a container's own image.
    let of_volume = format!(
        "Back-off pulling image \"{volume}\": ErrImagePull: rpc error: code = Unknown desc = failed to pull and unpack image \"{volume}\": 401 Unauthorized"
    );
    bed.make(bed.named("volume").image_volume(&volume).waiting("ImagePullBackOff", &of_volume), &a).await;
    let missing = format!("{}/team/app:typo", bed.registry.host());
    let denied = "pull access denied, repository does not exist or may require authorization";
    bed.make(bed.named("typo").image(&missing).waiting("ErrImagePull", denied), &a).await;
    bed.make(bed.named("not-found").waiting("ErrImagePull", "code = NotFound desc = not found"), &a).await;
    bed.make(bed.unnamed("mirror").mirror(), &a).await;
    bed.make(bed.named("terminating").terminating(), &a).await;

    let config = bed.config("");
    let report = bed.place.pass(&config).await;
    assert!(!changes(&report).iter().any(|change| change.contains("Pod")), "{report}");
    let said = |pod: &str, part: &str| {
        let finding = report.findings.iter().find(|finding| finding.subject.name == pod);
        let finding = finding.unwrap_or_else(|| panic!("{pod}: {report}"));
        assert!(finding.message.contains(part), "{finding}");
    };
    said("volume", &format!("the kubelet speaks of another image, {volume}: an image volume?"));
    said("typo", "its registry has no such image");
    said("not-found", "correct the image in the pod's template");
    assert_eq!(report.findings.len(), 3, "{report}");
    for _ in 0..2 {
        bed.place.assert_settled(&config).await;
    }
    assert_eq!(bed.all_events(&a).await, [""; 0]);
}

#[tokio::test]
async fn fifty_waiting_pods_of_fifty_namespaces_take_as_many_reads_as_of_three() {
    let bed = Bed::new("fifty").await;
    let config = bed.config("");
    let fill = |from: usize, to: usize| {
        let bed = &bed;
        let one = move |index: usize| async move {
            let name = bed.place.name(&format!("{index:02}"));
            namespace(&name).create(&bed.place.admin).await;
            bed.make(bed.named("web"), &name).await;
        };
        in_parallel((from..to).map(one), 8)
    };
    let mut counts = Vec::new();
    for (from, to) in [(0, 3), (3, 53)] {
        fill(from, to).await;
        let (mark, asked) = (bed.place.mark(), bed.registry.requests().len());
        let report = bed.place.pass(&config).await;
        assert!(report.errors.is_empty() && report.findings.is_empty(), "{report}");
        let (writes, reads): (Vec<_>, Vec<_>) =
            bed.place.since(mark).into_iter().partition(AuditEvent::is_write);
        let each = to - from;
        let expected = ["create events", "create secrets", "patch pods", "patch serviceaccounts"];
        assert_eq!(tally(&writes), expected.map(|write| (write.to_owned(), each)).into());
        counts.push((tally(&reads), bed.registry.requests().len() - asked));
    }
    // One image, one login: its registry is asked once, too.
    assert_eq!(counts[0], counts[1]);
    assert!(counts[0].0.values().sum::<usize>() <= 8, "{counts:?}");
    assert!(!counts[0].0.contains_key("get pods"), "none is read a second time: {counts:?}");
    bed.place.assert_settled(&config).await;
}
