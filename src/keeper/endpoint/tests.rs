//! Over real sockets: what a scraper, a kubelet and a nuisance meet.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::report::Metrics;

/// Far more than anything here takes.
const GENEROUS: Duration = Duration::from_secs(30);

fn state() -> Arc<State> {
    Arc::new(State::new(Metrics::new(Arc::default()), GENEROUS))
}

async fn endpoint(state: &Arc<State>, stop: &CancellationToken) -> Endpoint {
    Endpoint::start("127.0.0.1:0", Arc::clone(state), stop.clone()).await.unwrap()
}

/// An endpoint that nobody ends.
async fn open_endpoint(state: &Arc<State>) -> Endpoint {
    endpoint(state, &CancellationToken::new()).await
}

/// All that comes after `request` was sent.
async fn send(endpoint: &Endpoint, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(endpoint.address()).await.unwrap();
    stream.write_all(request).await.unwrap();
    rest(stream).await
}

async fn rest(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    // A connection that is reset has an end, too.
    _ = timeout(GENEROUS, stream.read_to_end(&mut answer)).await.expect("the connection stays open");
    String::from_utf8(answer).unwrap()
}

/// The status and the body.
async fn ask(endpoint: &Endpoint, path: &str) -> (String, String) {
    let answer = send(endpoint, format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.lines().next().unwrap().strip_prefix("HTTP/1.1 ").unwrap();
    (status.to_owned(), body.to_owned())
}

async fn assert_serves(endpoint: &Endpoint) {
    assert_eq!(ask(endpoint, "/healthz").await, ("200 OK".into(), "ok\n".into()));
}

#[tokio::test]
async fn a_scraper_gets_the_form_that_it_reads() {
    let endpoint = open_endpoint(&state()).await;
    let table = [
        ("", "text/plain; version=0.0.4", "# TYPE secrets_created_total counter"),
        (
            "Accept: application/openmetrics-text;version=1.0.0,*/*\r\n",
            "application/openmetrics-text; version=1.0.0",
            "# EOF",
        ),
    ];
    for (accept, kind, line) in table {
        let request = format!("GET /metrics HTTP/1.1\r\nHost: localhost\r\n{accept}\r\n");
        let answer = send(&endpoint, request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains(&format!("content-type: {kind}")), "{answer}");
        assert!(answer.lines().any(|own| own == line), "{answer}");
    }
}

#[tokio::test]
async fn it_is_ready_once_a_pass_reached_the_cluster_and_while_the_configuration_is_good() {
    let state = state();
    let endpoint = open_endpoint(&state).await;
    let unready = |why: &str| ("503 Service Unavailable".to_owned(), format!("{why}\n"));
    assert_eq!(ask(&endpoint, "/readyz").await, unready("no pass has reached the cluster yet"));
    state.reached_cluster();
    assert_eq!(ask(&endpoint, "/readyz").await.0, "200 OK");
    state.refused_configuration("config.yaml:3: unknown key 'regitries'");
    let why =
        "the configuration is bad, and the last good one is in use: config.yaml:3: unknown key 'regitries'";
    assert_eq!(ask(&endpoint, "/readyz").await, unready(why));
    assert!(ask(&endpoint, "/metrics").await.1.contains("\npullkeeper_config_good 0\n"));
    // It does its work by the last good one.
    assert_serves(&endpoint).await;
    state.took_configuration();
    assert_eq!(ask(&endpoint, "/readyz").await.0, "200 OK");
    let text = ask(&endpoint, "/metrics").await.1;
    assert!(text.contains("\npullkeeper_config_good 1\n"), "{text}");
    assert!(text.contains("\npullkeeper_config_reloads_total{result=\"bad\"} 1\n"), "{text}");
}

#[tokio::test]
async fn a_loop_that_hangs_is_not_healthy() {
    let state = Arc::new(State::new(Metrics::new(Arc::default()), Duration::ZERO));
    let endpoint = open_endpoint(&state).await;
    let (status, why) = ask(&endpoint, "/healthz").await;
    assert_eq!(
        (status.as_str(), why.as_str()),
        ("503 Service Unavailable", "the loop has given no sign of life for 0 s\n")
    );
    let patient = State::new(Metrics::new(Arc::default()), GENEROUS);
    patient.is_alive();
    assert_eq!(patient.health(), Ok(()));
}

#[tokio::test]
async fn other_requests_are_told_what_there_is() {
    let endpoint = open_endpoint(&state()).await;
    let (status, body) = ask(&endpoint, "/").await;
    assert_eq!(
        (status.as_str(), body.as_str()),
        ("404 Not Found", "there are /metrics, /healthz and /readyz\n")
    );
    let post =
        send(&endpoint, b"POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n").await;
    assert!(post.starts_with("HTTP/1.1 405 "), "{post}");
}

#[tokio::test]
async fn a_port_in_use_is_no_reason_to_stop() {
    let first = open_endpoint(&state()).await;
    let address = first.address().to_string();
    for address in [address.as_str(), "nobody knows", "", ":", ":99999"] {
        assert!(Endpoint::start(address, state(), CancellationToken::new()).await.is_none(), "{address}");
    }
    assert_serves(&first).await;
}

#[tokio::test]
async fn a_port_alone_is_on_all_addresses() {
    let endpoint = Endpoint::start(":0", state(), CancellationToken::new()).await.unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], endpoint.address().port()));
    let stream = TcpStream::connect(address).await.unwrap();
    assert!(endpoint.address().ip().is_unspecified());
    drop(stream);
}

/// Clients that say nothing, garbage, or too much, and those that never read.
#[tokio::test]
async fn a_nuisance_holds_nobody_up() {
    let endpoint = open_endpoint(&state()).await;
    let mut idle = Vec::new();
    for index in 0..CONNECTIONS * 3 {
        let mut stream = TcpStream::connect(endpoint.address()).await.unwrap();
        if index % 2 == 0 {
            _ = stream.write_all(b"GET /metrics HTTP/1.1\r\nX-Slow: ").await;
        }
        idle.push(stream);
    }
    assert_serves(&endpoint).await;
    // The oldest gave way.
    assert_eq!(rest(idle.remove(0)).await, "");
    let garbage = send(&endpoint, b"\x16\x03\x01\x02\x00\x01\x00\xff\r\n\r\n").await;
    assert!(garbage.is_empty() || garbage.starts_with("HTTP/1.1 400 "), "{garbage}");
    let huge = [b"GET / HTTP/1.1\r\nX-Huge: ".as_slice(), &vec![b'a'; 4 * BUFFER]].concat();
    let mut stream = TcpStream::connect(endpoint.address()).await.unwrap();
    _ = stream.write_all(&huge).await;
    let told = rest(stream).await;
    assert!(told.is_empty() || told.starts_with("HTTP/1.1 431 "), "{told}");
    assert_serves(&endpoint).await;
}

#[tokio::test]
async fn who_never_ends_its_request_is_dropped() {
    let endpoint = open_endpoint(&state()).await;
    let mut slow = TcpStream::connect(endpoint.address()).await.unwrap();
    slow.write_all(b"GET /healthz HTTP/1.1\r\n").await.unwrap();
    let told = rest(slow).await;
    assert!(told.is_empty() || told.starts_with("HTTP/1.1 408 "), "{told}");
}

#[tokio::test]
async fn it_ends_when_told() {
    let (state, stop) = (state(), CancellationToken::new());
    let endpoint = endpoint(&state, &stop).await;
    let open = TcpStream::connect(endpoint.address()).await.unwrap();
    assert_serves(&endpoint).await;
    stop.cancel();
    assert_eq!(rest(open).await, "");
    // Its port is free for the next one.
    let again = Endpoint::start(&endpoint.address().to_string(), state, CancellationToken::new()).await;
    assert_serves(&again.unwrap()).await;
}
