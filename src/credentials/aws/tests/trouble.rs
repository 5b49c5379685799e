//! No AWS at the other end: dead, slow, somebody else, nobody of that name.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use super::stand_in::{Reply, StandIn};
use super::{caller, error, machine};
use crate::credentials::aws::{ecr_in, http, proxy};

async fn trouble(url: &str) -> String {
    let mut around = machine(&[("AWS_ENDPOINT_URL_ECR", url)], &[]);
    around.deadline = Duration::from_secs(10);
    error(ecr_in(&caller(), around).await)
}

#[tokio::test]
async fn nobody_listens() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = trouble(&format!("http://127.0.0.1:{port}")).await;
    let told = format!("ECR at http://127.0.0.1:{port} can't be reached: Connection refused");
    assert!(error.starts_with(&told), "{error}");
}

#[tokio::test]
async fn nobody_has_that_name() {
    // Longer than a label may be: no resolver is asked.
    let error = trouble(&format!("http://{}.example.com", "x".repeat(64))).await;
    assert!(error.contains(" has no address; see that it is a region of AWS"), "{error}");
}

#[tokio::test]
async fn nobody_speaks_tls() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let error = trouble(&url).await;
    assert!(error.contains(": TLS failed: ") && error.contains("SSL_CERT_FILE"), "{error}");
}

#[tokio::test]
async fn somebody_else_answers() {
    let html = "<html>Welcome</html>";
    for (status, words) in [
        (200, "gave an answer that can't be read; see that the endpoint is AWS'"),
        (404, "answered 404 and no code; see that the endpoint is AWS'"),
        (500, "answered 500, after all retries too"),
    ] {
        let stand_in = StandIn::new(vec![Reply::xml(status, html)]);
        let error = trouble(&stand_in.url).await;
        assert!(error.contains(words), "{status}: {error}");
        assert_eq!(stand_in.asked().len(), if status == 500 { 4 } else { 1 }, "{status}");
    }
}

#[tokio::test]
async fn too_slow() {
    let stand_in = StandIn::new(Vec::new());
    let mut around = machine(&[("AWS_ENDPOINT_URL_ECR", &stand_in.url)], &[]);
    around.deadline = Duration::from_millis(300);
    let error = error(ecr_in(&caller(), around).await);
    assert!(error.starts_with("ECR: no token within 300ms; "), "{error}");
    stand_in.only();
}

#[tokio::test]
async fn https_goes_through_the_proxy_and_http_does_not() {
    let proxied = StandIn::new(vec![Reply::xml(403, "")]);
    let url = proxied.url.replace("http://", "http://me:secret@");
    let proxy = move |name: &str| (name == "HTTPS_PROXY" || name == "HTTP_PROXY").then(|| url.clone());
    let client = http::client(proxy::from(&proxy).unwrap());

    let mut around = machine(&[("AWS_ENDPOINT_URL_ECR", "https://ecr.example.com")], &[]);
    around.http = client.clone();
    let told = error(ecr_in(&caller(), around).await);
    assert!(told.contains("can't be reached: ") && !told.contains("secret"), "{told}");
    let asked = proxied.asked();
    assert_eq!((asked[0].method.as_str(), asked[0].path.as_str()), ("CONNECT", "ecr.example.com:443"));
    assert_eq!(asked[0].header("proxy-authorization"), "Basic bWU6c2VjcmV0");

    let near = StandIn::new(vec![Reply::error(400, "AccessDeniedException", "")]);
    let mut around = machine(&[("AWS_ENDPOINT_URL_ECR", &near.url)], &[]);
    around.http = client;
    error(ecr_in(&caller(), around).await);
    near.only();
    assert_eq!(proxied.asked().len(), asked.len());
}

#[test]
fn a_bad_proxy_is_told_without_its_password() {
    let proxy = |url: &'static str| proxy::from(&move |name| (name == "https_proxy").then(|| url.to_owned()));
    let error = proxy("ftp://me:secret@proxy.example.com").unwrap_err();
    assert!(
        error.starts_with("https_proxy is no URL of a proxy that is spoken here; ")
            && !error.contains("secret"),
        "{error}"
    );
    assert!(proxy("proxy.example.com:3128").is_ok_and(|proxy| !proxy.is_disabled()));
    assert!(proxy(" ").is_ok_and(|proxy| proxy.is_disabled()));
}
