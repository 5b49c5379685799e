//! A `kubectl proxy` beside us that starts later than we do: containers of a pod start in no order that
//! could be relied on, and a pass that fails is tried again only an interval later.

use std::io::ErrorKind;
use std::net::IpAddr;
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// How long it is waited for.
const PATIENCE: Duration = Duration::from_mins(1);
/// From one try to the next.
const PAUSE: Duration = Duration::from_millis(500);
/// How long one try may take, which on loopback is never long.
const TRY: Duration = Duration::from_secs(3);

/// Waits for a server at `url`, if it is one of plain http on loopback and nobody listens there yet;
/// anything else that may be wrong is for the first request to find. Ends at once when told to.
pub(super) async fn wait_for(url: &http::Uri, stop: &CancellationToken) {
    let Some((host, port)) = loopback(url) else { return };
    let started = Instant::now();
    let mut told = false;
    while nobody_listens(&host, port).await && started.elapsed() < PATIENCE {
        if !told {
            let url = url.to_string();
            log::info!("waiting for {}, which may start later than this program", url.trim_end_matches('/'));
            told = true;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(PAUSE) => {}
        }
    }
}

/// Host and port, where they are of plain http on loopback.
fn loopback(url: &http::Uri) -> Option<(String, u16)> {
    let host = url.host()?.trim_start_matches('[').trim_end_matches(']');
    let is_plain = url.scheme_str() == Some("http");
    (is_plain && is_loopback(host)).then(|| (host.to_owned(), url.port_u16().unwrap_or(80)))
}

/// Is this host, whose brackets may stand, the machine or the container itself?
pub(super) fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Is a connection refused at one of the host's addresses, and made at none?
async fn nobody_listens(host: &str, port: u16) -> bool {
    let Ok(addresses) = lookup_host((host, port)).await else { return false };
    let mut refused = false;
    for address in addresses {
        match timeout(TRY, TcpStream::connect(address)).await {
            Ok(Ok(_)) => return false,
            Ok(Err(error)) => refused |= error.kind() == ErrorKind::ConnectionRefused,
            Err(_) => {}
        }
    }
    refused
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_http_on_loopback_is_a_sidecar() {
        let table = [
            ("http://localhost:8001", Some(("localhost", 8001))),
            ("http://LOCALHOST:8001/", Some(("LOCALHOST", 8001))),
            ("http://127.0.0.1:8001", Some(("127.0.0.1", 8001))),
            ("http://127.1.2.3/path", Some(("127.1.2.3", 80))),
            ("http://[::1]:8001", Some(("::1", 8001))),
            ("https://localhost:8001", None),
            ("http://10.0.0.1:8001", None),
            ("http://localhost.example.com:8001", None),
            ("http://kubernetes:8001", None),
            ("/path", None),
        ];
        for (url, expected) in table {
            let expected = expected.map(|(host, port): (&str, u16)| (host.to_owned(), port));
            assert_eq!(loopback(&url.parse().unwrap()), expected, "{url}");
        }
    }
}
