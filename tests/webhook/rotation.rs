//! What was installed, and the process with the certificate of the Secret, as the kubelet would mount it: a real API
//! server calls it, whatever becomes of the certificate meanwhile.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, PostParams};
use kube::{Client, ResourceExt};
use serde_json::json;
use tokio::time::sleep;

use crate::process::{HUB, Webhook, pod};
use crate::setup::changes;
use crate::site::Site;

const PATIENCE: Duration = Duration::from_secs(40);
/// More than an API server needs to hear of another configuration, and the process of another certificate.
const MOMENT: Duration = Duration::from_secs(3);

/// A process that the API server calls for pods of this namespace, by the certificate that was installed.
async fn called(prefix: &'static str) -> (Site, String, Webhook) {
    let mut webhook = Webhook::start(HUB);
    let site = Site::new(prefix, webhook.client.address().port()).await;
    let namespace = site.place.namespace("one").await;
    site.install();
    mount(&site, &mut webhook).await;
    holds(&site, &namespace).await;
    (site, namespace, webhook)
}

/// The kubelet comes to show the Secret as it is now.
async fn mount(site: &Site, webhook: &mut Webhook) {
    webhook.put(&site.pair().await);
    webhook.says("the certificate was read anew");
}

/// Waits until pods are rewritten.
async fn holds(site: &Site, namespace: &str) {
    let began = Instant::now();
    while image(&made(&site.place.admin, namespace).await) == "nginx" {
        assert!(began.elapsed() < PATIENCE, "the webhook never holds");
        sleep(Duration::from_millis(100)).await;
    }
}

/// What the API server would make of a pod; none is made. An error is the test's.
async fn made(admin: &Client, namespace: &str) -> Pod {
    let own = serde_json::from_value(pod(&["nginx"])).unwrap();
    let pods = Api::<Pod>::namespaced(admin.clone(), namespace);
    pods.create(&PostParams { dry_run: true, ..PostParams::default() }, &own).await.unwrap()
}

fn image(pod: &Pod) -> &str {
    pod.spec.as_ref().unwrap().containers[0].image.as_deref().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn by_the_certificate_that_was_installed_pods_are_rewritten_until_the_process_is_killed() {
    let (site, namespace, webhook) = called("team-mounted").await;
    let own = made(&site.place.admin, &namespace).await;
    assert_eq!(image(&own), "proxy.example.com/library/nginx:latest");
    assert_eq!(own.labels()["k8s-proxy-image-swapper"], "patched-image");
    assert_eq!(own.annotations()["original-image.pullkeeper.io/c0"], "nginx");
    // Its own namespace is left out, whatever the process would make of it.
    assert_eq!(image(&made(&site.place.admin, &site.home).await), "nginx");

    drop(webhook);
    for _ in 0..5 {
        let began = Instant::now();
        assert_eq!(image(&made(&site.place.admin, &namespace).await), "nginx");
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_ended_is_replaced_by_the_next_pass() {
    let (site, namespace, mut webhook) = called("team-ended").await;
    site.age(400).await;
    mount(&site, &mut webhook).await;
    let began = Instant::now();
    while image(&made(&site.place.admin, &namespace).await) != "nginx" {
        assert!(began.elapsed() < PATIENCE, "a certificate that ended is trusted");
        sleep(Duration::from_millis(100)).await;
    }
    site.place.pass(&site.config()).await;
    mount(&site, &mut webhook).await;
    holds(&site, &namespace).await;
}

/// Admissions one after another, some at a time, until they are told to end.
struct Stream<'a> {
    site: &'a Site,
    namespace: &'a str,
    over: AtomicBool,
    made: AtomicUsize,
}

impl Stream<'_> {
    /// The API server makes new connections to the process for what it asks at the same time.
    async fn flow(&self, begin: Duration) {
        sleep(begin).await;
        while !self.over.load(Ordering::Relaxed) {
            let own = made(&self.site.place.admin, self.namespace).await;
            assert_ne!(image(&own), "nginx", "after {:?}", self.made);
            self.made.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn renew(&self, webhook: &mut Webhook) {
        let site = self.site;
        sleep(MOMENT).await;
        let report = site.place.pass(&site.config()).await;
        assert_eq!(changes(&report).len(), 2, "{report}");
        // The kubelet takes its time: the old certificate is still served.
        sleep(MOMENT).await;
        mount(site, webhook).await;
        sleep(MOMENT).await;
        // The last pass of a year hence forgets the CA of before.
        let bundle = site.trusted().await.unwrap();
        let (newest, _) = bundle.split_at(bundle.find("-----END").unwrap());
        site.trust(&format!("{newest}-----END CERTIFICATE-----\n")).await;
        sleep(MOMENT).await;
        self.over.store(true, Ordering::Relaxed);
    }
}

/// By `failurePolicy: Ignore` a call that fails shows as a pod that isn't rewritten.
#[tokio::test(flavor = "multi_thread")]
async fn each_admission_of_a_stream_is_rewritten_while_a_pass_renews_the_certificate() {
    let (site, namespace, mut webhook) = called("team-stream").await;
    // Both at once, for this one is trusted by none that was there before.
    site.age(250).await;
    mount(&site, &mut webhook).await;
    sleep(MOMENT).await;
    holds(&site, &namespace).await;
    site.edit(json!([{"op": "add", "path": "/webhooks/0/failurePolicy", "value": "Fail"}])).await;

    let stream = Stream {
        site: &site,
        namespace: &namespace,
        over: AtomicBool::new(false),
        made: AtomicUsize::new(0),
    };
    let begin = [0, 0, 1, 4, 5, 7, 8, 10].map(Duration::from_secs);
    let (_, ()) = tokio::join!(
        futures::future::join_all(begin.map(|begin| stream.flow(begin))),
        stream.renew(&mut webhook)
    );
    assert!(stream.made.load(Ordering::Relaxed) > 100, "{:?}", stream.made);
}
