//! Metrics of a single pass: the process is gone before anybody could scrape it, so they are brought to a
//! Pushgateway. That this fails is told in the log and changes nothing else.

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, Url};

use crate::credentials::system_tls;
use crate::report::{Format, Metrics};

/// A pass that is done waits no longer for its metrics.
const DEADLINE: Duration = Duration::from_secs(10);

/// Brings the metrics to the Pushgateway at `gateway`, where they take the place of what this `instance` brought
/// before. The URL may hold a user and a password, which are never shown.
pub async fn push(gateway: &str, instance: &str, metrics: &Metrics) {
    let pushed = match target(gateway, instance) {
        Ok(url) => send(url, metrics.text(Format::Prometheus)).await,
        Err(why) => Err(why),
    };
    match pushed {
        Ok(()) => log::debug!("metrics pushed"),
        Err(why) => log::warn!("metrics not pushed: {why}; the pass itself is not concerned"),
    }
}

/// `URL/metrics/job/pullkeeper`, by which a Pushgateway groups what it is brought (its README, "URL"); several
/// installations are several groups.
fn target(gateway: &str, instance: &str) -> Result<Url, String> {
    let unfit =
        || "metrics.pushgateway is no http or https URL; write one like http://pushgateway:9091".to_owned();
    let mut url = Url::parse(gateway).map_err(|_| unfit())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(unfit());
    }
    url.set_query(None);
    url.set_fragment(None);
    let mut path = url.path_segments_mut().map_err(|()| unfit())?;
    path.pop_if_empty().extend(["metrics", "job", "pullkeeper"]);
    if instance != "default" {
        path.extend(["instance", instance]);
    }
    drop(path);
    Ok(url)
}

async fn send(url: Url, text: String) -> Result<(), String> {
    let gateway = url.origin().ascii_serialization();
    let client = Client::builder()
        .tls_backend_preconfigured(system_tls()?)
        .user_agent(concat!("pullkeeper/", env!("CARGO_PKG_VERSION")))
        .timeout(DEADLINE)
        .redirect(Policy::none())
        .build()
        .map_err(|error| format!("{gateway} can't be asked: {}", words(error)))?;
    let request = client.put(url).header(CONTENT_TYPE, Format::Prometheus.content_type()).body(text);
    match request.send().await {
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(answer) => Err(format!("{gateway} answered {}; {}", answer.status(), remedy(answer.status()))),
        Err(error) => Err(format!(
            "{gateway} was not reached: {}; see that it runs and that this pod may reach it",
            words(error)
        )),
    }
}

fn remedy(status: StatusCode) -> &'static str {
    match status.as_u16() {
        300..400 => "it points elsewhere: write that address to metrics.pushgateway",
        401 | 403 => "see user and password in metrics.pushgateway",
        404 | 405 => "see that metrics.pushgateway is a Pushgateway, and its path",
        400 => "its own log says what it doesn't like",
        _ => "the next pass tries again",
    }
}

/// What is at the bottom of an error: what is above may name the URL, with its password.
fn words(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::Router;
    use axum::http::{HeaderMap, Method, Uri};

    use super::*;

    /// What a gateway was brought: method, path, content type, login, text.
    type Brought = (Method, String, String, Option<String>, String);

    /// A gateway that answers so; returns its address, and what it is brought.
    async fn gateway(status: u16) -> (String, Arc<Mutex<Vec<Brought>>>) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let brought = Arc::<Mutex<Vec<Brought>>>::default();
        let log = Arc::clone(&brought);
        let answer = async move |method: Method, uri: Uri, headers: HeaderMap, body: String| {
            let header = |name: &str| Some(headers.get(name)?.to_str().unwrap().to_owned());
            let kind = header("content-type").unwrap_or_default();
            log.lock().unwrap().push((method, uri.path().to_owned(), kind, header("authorization"), body));
            (StatusCode::from_u16(status).unwrap(), [("location", "http://127.0.0.1:1/")])
        };
        tokio::spawn(async { axum::serve(listener, Router::new().fallback(answer)).await });
        (address, brought)
    }

    fn metrics() -> Metrics {
        Metrics::new(Arc::default())
    }

    #[tokio::test]
    async fn a_gateway_is_brought_the_text_that_it_reads() {
        let (address, brought) = gateway(200).await;
        push(&format!("http://user:p%40ss@{address}/push/"), "blue", &metrics()).await;
        let brought = brought.lock().unwrap();
        let [(method, path, kind, login, text)] = brought.as_slice() else { panic!("{brought:?}") };
        assert_eq!((method, path.as_str()), (&Method::PUT, "/push/metrics/job/pullkeeper/instance/blue"));
        assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
        // user:p@ss
        assert_eq!(login.as_deref(), Some("Basic dXNlcjpwQHNz"));
        assert!(text.contains("\n# TYPE pullkeeper_passes_total counter\n"), "{text}");
        assert!(!text.contains("# EOF") && text.ends_with('\n'), "{text}");
    }

    #[test]
    fn an_installation_is_a_group_of_its_own() {
        let table = [
            ("http://gateway:9091", "default", "http://gateway:9091/metrics/job/pullkeeper"),
            ("http://gateway:9091/", "green", "http://gateway:9091/metrics/job/pullkeeper/instance/green"),
            ("https://example.com/push?x=1#y", "default", "https://example.com/push/metrics/job/pullkeeper"),
        ];
        for (gateway, instance, url) in table {
            assert_eq!(target(gateway, instance).unwrap().as_str(), url);
        }
        for unfit in ["", "gateway:9091", "ftp://gateway", "http://", "/metrics", "http://a:s3cret@b:nine"] {
            let why = target(unfit, "default").unwrap_err();
            assert!(why.starts_with("metrics.pushgateway is no http or https URL; "), "{unfit}: {why}");
        }
    }

    #[tokio::test]
    async fn a_refusal_is_told_without_the_password() {
        let table = [
            (202, Ok(())),
            (302, Err("answered 302 Found; it points elsewhere: write that address to metrics.pushgateway")),
            (400, Err("answered 400 Bad Request; its own log says what it doesn't like")),
            (401, Err("answered 401 Unauthorized; see user and password in metrics.pushgateway")),
            (503, Err("answered 503 Service Unavailable; the next pass tries again")),
        ];
        for (status, expected) in table {
            let (address, brought) = gateway(status).await;
            let url = target(&format!("http://user:s3cret@{address}"), "default").unwrap();
            let sent = send(url, String::new()).await;
            assert_eq!(sent, expected.map_err(|why| format!("http://{address} {why}")));
            assert_eq!(brought.lock().unwrap().len(), 1, "a redirect is not followed");
        }
    }

    #[tokio::test]
    async fn a_gateway_that_is_away_is_told_without_the_password() {
        let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let url = target(&format!("http://user:s3cret@{free}"), "default").unwrap();
        let why = send(url, String::new()).await.unwrap_err();
        assert!(why.starts_with(&format!("http://{free} was not reached: Connection refused")), "{why}");
        assert!(!why.contains("s3cret"), "{why}");
    }
}
