//! Pods that wait for a registry that has had enough of everybody: another one has their images, and they run from
//! there, still the same pods.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::in_place::{settled, uids};
use crate::pods::images;
use crate::scene::{PASSWORD, Scene};
use crate::table::Row;
use crate::testbed::node::LOCAL_IMAGE;
use crate::workload::{container, deployment, spec};

/// A registry that limits everybody, at whatever is asked.
struct Limited {
    host: String,
    answering: JoinHandle<()>,
}

impl Limited {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let host = listener.local_addr().expect("its address").to_string();
        Self { host, answering: tokio::spawn(answer(listener)) }
    }

    fn image(&self) -> String {
        format!("{}/team/app:1", self.host)
    }
}

impl Drop for Limited {
    fn drop(&mut self) {
        self.answering.abort();
    }
}

async fn answer(listener: TcpListener) {
    const REPLY: &[u8] = b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    while let Ok((mut stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(REPLY).await;
        });
    }
}

pub(crate) async fn rate_limit(scene: &Scene) -> Row {
    let limited = Limited::start().await;
    let spec = spec(&[container("app", &limited.image())]);
    healed(scene, &limited, &spec).await
}

/// What comes after it has the same image.
pub(crate) async fn rate_limit_of_an_init_container(scene: &Scene) -> Row {
    let limited = Limited::start().await;
    let mut first = container("first", &limited.image());
    first["args"] = json!(["done"]);
    let mut spec = spec(&[container("app", &limited.image()), container("sibling", LOCAL_IMAGE)]);
    spec["initContainers"] = json!([first]);
    healed(scene, &limited, &spec).await
}

/// A pass with a rule for the registry: the same pods run, with the images of another.
async fn healed(scene: &Scene, limited: &Limited, spec: &Value) -> Row {
    // They name our Secret from the start.
    scene.pass(&scene.config(PASSWORD, "")).await.succeeded();
    scene.make::<Deployment>(deployment("web", 2, spec)).await;
    let pods = scene.pods();
    // Then each was tried twice, and the kubelet waits for twenty seconds.
    let before = pods.stuck(2).await;
    tokio::time::sleep(std::time::Duration::from_secs(11)).await;
    let (from, to) = (&limited.host, scene.registry.host());
    let rule =
        format!("images: {{rewrite: [{{from: \"{from}\", to: \"{to}\", insecure: true}}], admission: off}}");
    let config = scene.config(PASSWORD, &rule);
    let healed = scene.heals(&config, &pods, 2).await;
    let pass = healed.pass.succeeded();
    assert_eq!((pass.count("rewrite Pod"), healed.deletions), (2, 0), "{pass:?}");
    let after = pods.list().await;
    assert_eq!(uids(&after), uids(&before));
    assert_eq!(scene.told("PullRewritten").await, uids(&before));
    let led = |pod: &Pod| !images(pod).contains(&limited.image()) && images(pod).contains(&scene.image());
    assert!(after.iter().all(led), "{pass:?}");
    settled(scene, &config, &pods).await;
    Row { after: Some(healed.after), deletions: 0, what: "from another registry, the same pods".to_owned() }
}
