//! Requests that are answered: good ones, and ones that are told what is wrong.

use serde_json::json;

use crate::client::{get, post};
use crate::process::{HUB, Webhook, patched, pod, review, settings};
use crate::program::{ConfigFile, pullkeeper, run};

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_is_rewritten_whatever_labels_and_annotations_it_has() {
    let webhook = Webhook::start(HUB);
    let bare = webhook.made(&pod(&["nginx", "quay.io/a"])).await;
    assert_eq!(bare["spec"]["containers"][0]["image"], "proxy.example.com/library/nginx:latest");
    assert_eq!(bare["spec"]["containers"][1]["image"], "quay.io/a");
    assert_eq!(bare["metadata"]["labels"], json!({"k8s-proxy-image-swapper": "patched-image"}));
    assert_eq!(bare["metadata"]["annotations"], json!({"original-image.pullkeeper.io/c0": "nginx"}));
    let mut own = pod(&["nginx"]);
    own["metadata"]["labels"] = json!({"app": "web"});
    own["metadata"]["annotations"] = json!({"note": "mine"});
    let made = webhook.made(&own).await;
    let labels = json!({"app": "web", "k8s-proxy-image-swapper": "patched-image"});
    assert_eq!(made["metadata"]["labels"], labels);
    let annotations = json!({"note": "mine", "original-image.pullkeeper.io/c0": "nginx"});
    assert_eq!(made["metadata"]["annotations"], annotations);
    assert!(webhook.metric("pullkeeper_admissions_total{result=\"rewritten\"} 2").await);
    assert!(webhook.metric("pullkeeper_admission_duration_seconds_count 2").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_request_is_told() {
    let webhook = Webhook::start(HUB);
    let good = review(&pod(&["nginx"]));
    let with =
        |from: &str, to: &str| String::from_utf8(post(&good)).unwrap().replacen(from, to, 1).into_bytes();
    let huge = vec![b'a'; 4 * 1024 * 1024];
    let chunked = b"POST /mutate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n400000\r\n";
    let table = [
        (post(b"garbage"), 400, "no AdmissionReview: no JSON"),
        (post(b""), 400, "no AdmissionReview: it ends too early"),
        (post(&good[..good.len() / 2]), 400, "no AdmissionReview: it ends too early"),
        (post(&huge), 413, "more than 3 MiB"),
        ([chunked.as_slice(), &huge, b"\r\n0\r\n\r\n"].concat(), 413, "more than 3 MiB"),
        (with("POST /mutate?timeout=2s", "POST /other"), 404, "there are /mutate"),
        (with("POST /mutate?timeout=2s", "PUT /mutate"), 405, ""),
        (get("/mutate"), 405, ""),
        (with("application/json", "text/plain"), 415, "write application/json"),
        (with("Content-Type: application/json\r\n", ""), 415, "write application/json"),
        (b"garbage\r\n\r\n".to_vec(), 400, ""),
        (with("Host: localhost", &format!("X: {}", "a".repeat(20_000))), 431, ""),
    ];
    for (request, status, words) in table {
        let shown = String::from_utf8_lossy(&request[..request.len().min(60)]).into_owned();
        let answer = webhook.client.ask(&request).await;
        let answer = answer.unwrap_or_else(|error| panic!("{error} for {shown}"));
        assert_eq!(answer.status, status, "{} for {shown}", answer.text());
        assert!(answer.text().contains(words), "{} for {shown}", answer.text());
        assert!(answer.text().len() < 100, "{}", answer.text());
    }
    let charset = with("application/json", "Application/JSON; charset=utf-8");
    assert_eq!(webhook.client.ask(&charset).await.unwrap().status, 200);
    assert!(webhook.metric("pullkeeper_admissions_total{result=\"failed\"} 3").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_that_cannot_be_read_is_allowed_and_its_words_are_not_logged() {
    let mut webhook = Webhook::with(HUB, &["--drain", "0s"]);
    let odd = json!({"metadata": {}, "spec": {"containers": [{"name": "a", "image": ["sesame"]}]}});
    assert_eq!(webhook.made(&odd).await, odd);
    webhook.says("a pod can't be read, and stays as it is: another form than expected");
    webhook.terminate();
    let ran = webhook.end();
    assert!(ran.code == Some(0) && !ran.stderr.contains("sesame"), "{}", ran.stderr);
}

/// A hundred requests over each of a few connections, among them large ones.
#[tokio::test(flavor = "multi_thread")]
async fn connections_are_kept() {
    let webhook = Webhook::start(HUB);
    let many = vec!["docker.io/team/application:1.2.3"; 1900];
    let pods = [pod(&["nginx"]), pod(&["quay.io/a"]), pod(&many)];
    let mut kept = Vec::new();
    for _ in 0..5 {
        kept.push(webhook.client.connect().await.unwrap());
    }
    for round in 0..100 {
        let pod = &pods[if round == 50 { 2 } else { round % 2 }];
        for connection in &mut kept {
            let answer = connection.ask(&post(&review(pod))).await.unwrap();
            assert!(!answer.is_last());
            let made = patched(pod, &answer.body);
            assert_eq!(made == *pod, round % 2 == 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_configuration_holds_and_a_bad_one_does_not() {
    let mut webhook = Webhook::start(HUB);
    let image = async |webhook: &Webhook| {
        webhook.made(&pod(&["nginx:1"])).await["spec"]["containers"][0]["image"].clone()
    };
    let write = |webhook: &Webhook, text: String| std::fs::write(webhook.config.path(), text).unwrap();
    write(&webhook, settings("{rewrite: [{from: docker.io, to: other.example.com}]}"));
    webhook.says("the configuration was read anew");
    assert_eq!(image(&webhook).await, "other.example.com/library/nginx:1");
    write(&webhook, "namespaces: [".to_owned());
    webhook.says("the last good configuration goes on");
    assert_eq!(image(&webhook).await, "other.example.com/library/nginx:1");
    assert!(webhook.metric("pullkeeper_config_good 0").await);
    let ready = webhook.client.ask(&get("/readyz")).await.unwrap();
    let told = "ok\nthe configuration is bad, and the last good one is in use";
    assert!(ready.status == 200 && ready.text().starts_with(told), "{}", ready.text());
    write(&webhook, settings(HUB));
    webhook.says("the configuration was read anew");
    assert_eq!(image(&webhook).await, "proxy.example.com/library/nginx:1");
    assert_eq!(webhook.client.ask(&get("/readyz")).await.unwrap().text(), "ok\n");
}

#[test]
fn without_what_it_needs_it_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let good = ConfigFile::new(settings(HUB));
    let table = [
        (good.path().to_owned(), "tls.crt: No such file"),
        (folder.path().join("absent.yaml"), "tls.crt: No such file"),
    ];
    for (path, words) in table {
        let mut command = pullkeeper();
        command.args(["webhook", "--listen", "127.0.0.1:0", "--cert-dir"]).arg(folder.path());
        command.arg("--config").arg(path);
        let ran = run(command);
        assert!(ran.code == Some(2) && ran.stderr.contains(words), "{ran:?}");
    }
    let authority = crate::process::Authority::new();
    crate::process::put(folder.path(), &authority.issue(2040));
    let table = [("absent.yaml", "127.0.0.1:0", "absent.yaml"), ("", "nowhere", "listen on nowhere")];
    for (name, listen, words) in table {
        let mut command = pullkeeper();
        command.args(["webhook", "--listen", listen, "--cert-dir"]).arg(folder.path()).arg("--config");
        command.arg(if name.is_empty() { good.path().to_owned() } else { folder.path().join(name) });
        let ran = run(command);
        assert!(ran.code == Some(2) && ran.stderr.contains(words), "{ran:?}");
    }
}
