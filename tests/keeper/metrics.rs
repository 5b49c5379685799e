//! What a loop tells those who watch it: metrics, and whether it lives and is ready.

use std::collections::BTreeMap;

use crate::keeping::{Loop, place, settings, until};

/// The status of an answer and its body; 0 where there is none.
async fn ask(port: u16, path: &str) -> (u16, String) {
    let Ok(answer) = reqwest::get(format!("http://127.0.0.1:{port}{path}")).await else {
        return (0, String::new());
    };
    let status = answer.status().as_u16();
    (status, answer.text().await.unwrap_or_default())
}

/// A port that nobody listens on.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Of whole numbers.
fn values(text: &str) -> BTreeMap<String, String> {
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let told = samples.filter_map(|line| line.rsplit_once(' '));
    told.map(|(name, value)| (name.to_owned(), value.trim_end_matches(".0").to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn they_tell_what_the_loop_did_and_how_it_is() {
    let place = place("metrics").await;
    place.namespace("one").await;
    let port = free_port();
    let text = settings(&place, "").replace("listen: off", &format!("listen: \"127.0.0.1:{port}\""));
    let keeping = Loop::start(&place, &text).await;
    until("ready", async || ask(port, "/readyz").await.0 == 200).await;
    assert_eq!(ask(port, "/healthz").await.0, 200);

    let fresh = place.namespace("fresh").await;
    until("served", async || place.pull_secrets(&fresh, "default").await == ["pullkeeper"]).await;
    place.secrets(&fresh).delete("pullkeeper", &kube::api::DeleteParams::default()).await.unwrap();
    let created = async || {
        values(&ask(port, "/metrics").await.1).get("secrets_created_total").is_some_and(|count| count == "3")
    };
    until("counted", created).await;
    let text = ask(port, "/metrics").await.1;
    let told = values(&text);
    assert_eq!(told["pullkeeper_passes_total{result=\"complete\"}"], "1", "{text}");
    assert_eq!(told["pullkeeper_config_good"], "1", "{text}");
    let watches = "pullkeeper_api_requests_total{verb=\"watch\",code=\"200\"}";
    assert_eq!(told.get(watches).map(String::as_str), Some("3"), "{text}");
    assert!(!text.contains("s3cret"), "{text}");

    keeping.write("config.yaml", "namespaces: [");
    until("not ready", async || ask(port, "/readyz").await.0 == 503).await;
    assert_eq!(ask(port, "/healthz").await.0, 200);
    let good = async || values(&ask(port, "/metrics").await.1)["pullkeeper_config_good"].clone();
    assert_eq!(good().await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_no_reason_to_end() {
    let place = place("port-in-use").await;
    place.namespace("one").await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let text = settings(&place, "").replace("listen: off", &format!("listen: \"{address}\""));
    let keeping = Loop::start(&place, &text).await;
    keeping.says(&address.to_string()).await;
    let fresh = place.namespace("fresh").await;
    until("served", async || place.pull_secrets(&fresh, "default").await == ["pullkeeper"]).await;
}
