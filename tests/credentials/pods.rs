//! Pods and refused credentials: none is touched for a credential that its registry refuses, and each is helped in
//! its own way once there is a good one.

use kube::api::{Patch, PatchParams};
use serde_json::json;

use crate::desk::{Desk, USER, asked, entry, told};
use crate::setup::{changes, findings};
use crate::testbed::pods::{PodBuilder, pod};
use crate::testbed::registry::Registry;

/// What containerd says of a credential that its registry refuses.
fn refused(image: &str) -> String {
    format!(
        r#"Back-off pulling image "{image}": ErrImagePull: failed to pull and unpack image "{image}": failed to resolve reference "{image}": unexpected status from HEAD request to http://{image}: 401 Unauthorized"#
    )
}

fn stuck(name: &str, image: &str) -> PodBuilder {
    pod(name).image(image).waiting("ImagePullBackOff", &refused(image)).owned_by("ReplicaSet")
}

#[tokio::test]
async fn pods_are_reported_while_their_secret_keeps_a_refused_entry_and_healed_when_it_is_mended() {
    let desk = Desk::new("refusedpods").await;
    let a = desk.place.namespace("a").await;
    let registry = Registry::htpasswd(USER, "first");
    let image = format!("{}/team/app:1", registry.host());
    let digest = registry.push("team/app", "1").await;
    // Made before its ServiceAccount names our Secret, and still at it: a new pod would get the Secret.
    let before = pod("before").image(&image).owned_by("ReplicaSet").create(&desk.place.admin, &a).await;
    assert!(before.spec.unwrap().image_pull_secrets.unwrap_or_default().is_empty());
    let file = desk.file("password", "first");
    let config = desk.config(&json!([entry(&registry, &file)]));
    desk.writes(&config).await;

    registry.change_password("second");
    let after = stuck("after", &image).create(&desk.place.admin, &a).await;
    assert_eq!(after.spec.clone().unwrap().image_pull_secrets.unwrap()[0].name, "pullkeeper");
    let waiting = json!({"waiting": {"reason": "ImagePullBackOff", "message": refused(&image)}});
    let status = json!({"status": {"containerStatuses": [{
        "name": "app", "image": image, "imageID": "", "ready": false, "restartCount": 0, "state": waiting,
    }]}});
    let pods = desk.place.pods(&a);
    pods.patch_status("before", &PatchParams::default(), &Patch::Merge(status)).await.unwrap();

    // Of pods that their nodes have hardly tried nothing is said.
    assert!(findings(&desk.place.assert_settled(&config).await).is_empty());
    tokio::time::sleep(std::time::Duration::from_secs(11)).await;
    let report = desk.place.assert_settled(&config).await;
    let errors = told(&report.errors);
    assert!(errors.len() == 1 && errors[0].starts_with("CredentialRefused: "), "{errors:?}");
    assert_eq!(findings(&report), ["PodNotHealed", "PodNotHealed"], "{report}");
    let words = format!("there is no good credential for {}; another line says", registry.host());
    assert!(report.findings.iter().all(|finding| finding.message.contains(&words)), "{report}");

    // Nor does the oldest tool's way delete any.
    let text = desk.text(&json!([entry(&registry, &file)]));
    desk.place.assert_settled(&crate::setup::parse(&format!("{text}pods: {{heal: all}}\n"))).await;

    std::fs::write(&file, "second").unwrap();
    let report = desk.place.pass(&config).await;
    assert_eq!(
        changes(&report),
        [
            format!("evict Pod {a}/before"),
            format!("nudge Pod {a}/after"),
            format!("update Secret {a}/pullkeeper")
        ],
        "{report}"
    );
    let nudged = pods.get("after").await.unwrap();
    assert_eq!(nudged.metadata.uid, after.metadata.uid);
    assert_eq!(nudged.spec.unwrap().containers[0].image, Some(format!("{image}@{digest}")));
    let note = &nudged.metadata.annotations.unwrap()["pullkeeper.io/nudged"];
    assert!(note.contains(&format!(r#""was":"{image}""#)), "{note}");
    // The registry isn't asked again about a pod that its node is about to try.
    let asked_before = asked(&registry).len();
    desk.place.assert_settled(&config).await;
    assert!(
        asked(&registry)[asked_before..].iter().all(|line| !line.contains("/manifests/")),
        "{:?}",
        asked(&registry)
    );
}
