//! Pods that Docker Hub doesn't serve: their images are pulled from a proxy, in place and once.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Event, Pod};
use kube::api::{Api, ListParams};
use pullkeeper::config::Config;
use pullkeeper::report::Report;

use crate::nudging::image_of;
use crate::setup::{Place, changes, findings, parse};
use crate::testbed::audit::{AuditEvent, tally};
use crate::testbed::pods::{PodBuilder, pod};
use crate::testbed::registry::Registry;

const PASSWORD: &str = "s3cret";
const ORIGINAL: &str = "original-image.pullkeeper.io/";

/// What containerd says of Docker Hub's limit.
fn limited(image: &str) -> String {
    format!(
        "Back-off pulling image \"{image}\": ErrImagePull: failed to pull and unpack image \"{image}\": unexpected \
         status from HEAD request to https://registry-1.docker.io/v2/library/nginx/manifests/1: 429 Too Many Requests"
    )
}

/// A place, and a registry that has what Docker Hub would have.
struct Bed {
    place: Place,
    proxy: Registry,
}

impl Bed {
    async fn new(prefix: &'static str, proxy: Registry) -> Self {
        proxy.push("hub/library/nginx", "1").await;
        Self { place: Place::new(prefix).await, proxy }
    }

    /// Docker Hub is led to the proxy.
    fn config(&self, more: &str) -> Config {
        self.config_to(self.proxy.host(), more)
    }

    fn config_to(&self, proxy: &str, more: &str) -> Config {
        parse(&format!(
            "namespaces: [\"{}-*\"]\nverify: true\nimages: {{rewrite: [{{from: docker.io, to: \"{proxy}/hub\", insecure: true}}], admission: off}}\n{more}",
            self.place.prefix,
        ))
    }

    /// An entry for the proxy.
    fn entry(&self) -> String {
        let host = self.proxy.host();
        format!(
            "registries: [{{host: \"{host}\", username: admin, password: \"{PASSWORD}\", insecure: true}}]"
        )
    }

    fn target(&self) -> String {
        format!("{}/hub/library/nginx:1", self.proxy.host())
    }

    async fn make(&self, builder: PodBuilder, namespace: &str) -> Pod {
        builder.create(&self.place.admin, namespace).await
    }

    async fn pod(&self, namespace: &str, name: &str) -> Pod {
        self.place.pods(namespace).get(name).await.unwrap()
    }

    async fn events(&self, namespace: &str) -> Vec<String> {
        let events = Api::<Event>::namespaced(self.place.admin.clone(), namespace);
        let events = events.list(&ListParams::default()).await.unwrap().items.into_iter();
        events.map(|event| format!("{}: {}", event.reason.unwrap(), event.message.unwrap())).collect()
    }
}

fn stuck(name: &str) -> PodBuilder {
    pod(name).image("nginx:1").waiting("ImagePullBackOff", &limited("nginx:1"))
}

/// A younger pod is left to its node.
async fn until_tried() {
    tokio::time::sleep(Duration::from_secs(11)).await;
}

fn told(report: &Report, reason: &str) -> Vec<String> {
    let told = report.findings.iter().filter(|finding| finding.reason == reason);
    told.map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_pod_that_docker_hub_limits_is_rewritten_in_place_told_and_then_left() {
    let bed = Bed::new("rewritten", Registry::open()).await;
    let a = bed.place.namespace("a").await;
    let pods = [
        stuck("bare"),
        stuck("marked").label("app", "web").annotation("theirs", "kept"),
        pod("init").init_container("init", "nginx:1").waiting("ErrImagePull", &limited("nginx:1")),
        stuck("sibling").running("runs").phase("Running"),
    ];
    let mut before = BTreeMap::new();
    for builder in pods {
        let made = bed.make(builder, &a).await;
        before.insert(made.metadata.name.clone().unwrap(), made.metadata.uid);
    }
    until_tried().await;
    let config = bed.config("");
    let mark = bed.place.mark();
    let report = bed.place.pass(&config).await;
    assert!(report.errors.is_empty() && report.findings.is_empty(), "{report}");
    let names = ["bare", "init", "marked", "sibling"];
    assert_eq!(changes(&report), names.map(|name| format!("rewrite Pod {a}/{name}")));
    let (writes, reads): (Vec<_>, Vec<_>) = bed.place.since(mark).into_iter().partition(AuditEvent::is_write);
    let each = ["create events", "patch pods"].map(|write| (write.to_owned(), 4));
    assert_eq!(tally(&writes), each.into());
    let others = ["list secrets", "list serviceaccounts"];
    assert!(others.iter().all(|other| !tally(&reads).contains_key(*other)), "{:?}", tally(&reads));

    for name in names {
        let after = bed.pod(&a, name).await;
        assert_eq!(after.metadata.uid, before[name], "{name}");
        let container = if name == "init" { "init" } else { "app" };
        assert_eq!(image_of(&after, container), bed.target(), "{name}");
        let (labels, annotations) = (after.metadata.labels.unwrap(), after.metadata.annotations.unwrap());
        assert_eq!(labels["k8s-proxy-image-swapper"], "patched-image", "{name}");
        assert_eq!(annotations[&format!("{ORIGINAL}{container}")], "nginx:1", "{name}");
        let theirs = usize::from(name == "marked");
        assert_eq!((labels.len(), annotations.len()), (1 + theirs, 1 + theirs), "{name}");
    }
    let said = format!(
        "PullRewritten: container app: nginx:1 is pulled from {}: the registry limits the rate of pulls",
        bed.target()
    );
    assert_eq!(bed.events(&a).await.iter().filter(|event| **event == said).count(), 3);

    let again = bed.place.assert_settled(&config).await;
    assert!(again.findings.is_empty(), "{again}");
}

#[tokio::test]
async fn a_proxy_that_needs_a_credential_gets_it_from_the_pod_that_names_it() {
    let bed = Bed::new("closed", Registry::htpasswd("admin", PASSWORD)).await;
    let a = bed.place.namespace("a").await;
    bed.make(stuck("named").pull_secret("pullkeeper"), &a).await;
    bed.make(stuck("unnamed"), &a).await;
    until_tried().await;
    // No registry is for it.
    let report = bed.place.assert_settled(&bed.config("")).await;
    assert_eq!(findings(&report), ["PodNotHealed", "PodNotHealed", "ProxyNeedsCredential"], "{report}");
    let told_of = told(&report, "ProxyNeedsCredential").remove(0);
    let start = format!("Proxy {}/hub: asks for a credential, and no registry", bed.proxy.host());
    assert!(told_of.starts_with(&start), "{told_of}");
    assert!(told(&report, "PodNotHealed")[0].contains("shows it to nobody without a login"), "{report}");

    let config = bed.config(&bed.entry());
    let report = bed.place.pass(&config).await;
    assert!(report.errors.is_empty(), "{report}");
    let expected = [
        format!("create Secret {a}/pullkeeper"),
        format!("patch ServiceAccount {a}/default"),
        format!("rewrite Pod {a}/named"),
    ];
    assert_eq!(changes(&report), expected, "{report}");
    let [said] = &told(&report, "PodNotHealed")[..] else { panic!("{report}") };
    assert!(said.contains("name Secret pullkeeper in its template"), "{said}");
    assert_eq!(findings(&report), ["PodNotHealed"], "{report}");
    assert_eq!(image_of(&bed.pod(&a, "named").await, "app"), bed.target());
    bed.place.assert_settled(&config).await;
}

#[tokio::test]
async fn a_proxy_that_is_away_is_told_and_no_pod_is_led_there() {
    let bed = Bed::new("away", Registry::open()).await;
    let a = bed.place.namespace("a").await;
    bed.make(stuck("web"), &a).await;
    until_tried().await;
    // Port 1 is nobody's.
    let report = bed.place.assert_settled(&bed.config_to("127.0.0.1:1", "")).await;
    assert_eq!(findings(&report), ["PodNotHealed", "ProxyUnreachable"], "{report}");
    let away = told(&report, "ProxyUnreachable").remove(0);
    assert!(
        away.starts_with("Proxy 127.0.0.1:1: images are to be pulled from it, but it can't be reached"),
        "{away}"
    );
    let said = told(&report, "PodNotHealed").remove(0);
    assert!(
        said.contains("it would be pulled from 127.0.0.1:1/hub/library/nginx:1, but its registry"),
        "{said}"
    );
    // Nor is it led to where its image is missing.
    let missing = bed.place.assert_settled(&bed.config_to(&format!("{}/other", bed.proxy.host()), "")).await;
    assert_eq!(findings(&missing), ["PodNotHealed"], "{missing}");
    assert!(told(&missing, "PodNotHealed")[0].contains("has no such image"), "{missing}");
}
