//! When passes are made, and how those who watch the program are told of them.
//!
//! A pushgateway's URL may hold a password, so it is kept as a secret: nothing but the part that is safe to
//! show is ever printed.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use reqwest::Url;
use secrecy::SecretString;

use super::error::{KeyPath, Problem};
use super::presets::Preset;
use super::raw::{RawMetrics, RawTime};
use super::text::{FromText, choose};

/// The loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time {
    /// From the end of one pass to the start of the next.
    pub interval: Duration,
    /// When the loop ends; `None` is never.
    pub runtime: Option<Duration>,
    /// How often everything is looked at; passes between look at what waits and at what changed. `None` is at
    /// each pass. Never shorter than `interval`.
    pub resync: Option<Duration>,
    /// Does the loop end as soon as no pod waits for a pull that is ours to mend?
    pub until_healthy: bool,
    /// How many pods of our registries must have been seen before it may end so.
    pub min_pods: usize,
}

/// How metrics are told.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    /// Where they are served; `None` is nowhere, as in a single pass.
    pub listen: Option<Listen>,
    /// Where they are sent after a pass.
    pub push: Option<Pushgateway>,
}

/// An address to listen on, told as `:5000`, `127.0.0.1:5000` or `[::1]:5000`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen {
    /// `None` is all interfaces, of IPv4 and IPv6.
    pub address: Option<IpAddr>,
    /// The port; 0, beside an address only, is any that is free.
    pub port: u16,
}

/// A Pushgateway's base URL, which may hold a user and a password. `Debug` and `Display` leave those out.
#[derive(Clone)]
pub struct Pushgateway {
    /// The URL as it was written, without slashes at its end.
    pub url: SecretString,
    shown: String,
}

/// What ends the loop before its runtime does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    Healthy,
}

/// What `metrics.listen` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listening {
    Off,
    On(Listen),
}

/// eatr's port.
const USUAL: Listen = Listen { address: None, port: 5000 };

/// Checks what is written at `time`.
pub(super) fn time(raw: &RawTime, preset: Option<Preset>, path: &KeyPath) -> Result<Time, Problem> {
    let written = raw.interval.as_ref().map(|interval| interval.0);
    let wrong = |key: &str, what: &str| Err(Problem::new(&path.key(key), what));
    let interval = match written.or(preset.and_then(Preset::interval)) {
        None => return wrong("interval", "is missing; write seconds such as 60, or 10m"),
        Some(Duration::ZERO) => return wrong("interval", "is zero; write seconds such as 60, or 10m"),
        Some(interval) => interval,
    };
    let resync = raw.resync.as_ref().map(|resync| resync.0);
    if resync.is_some_and(|resync| resync < interval) {
        let interval = humantime::format_duration(interval);
        return wrong("resync", &format!("is shorter than interval; write {interval} or more"));
    }
    if raw.pods.is_some() && raw.until.is_none() {
        return wrong("pods", "goes with until; write until: healthy, or take it out");
    }
    let runtime = raw.runtime.as_ref().map(|runtime| runtime.0);
    Ok(Time {
        interval,
        runtime: runtime.filter(|runtime| !runtime.is_zero()),
        resync,
        until_healthy: raw.until.as_ref().is_some_and(|until| until.0 == Until::Healthy),
        min_pods: raw.pods.as_ref().map_or(0, |pods| pods.0),
    })
}

/// Checks what is written at `metrics`. A single pass is over before anybody could ask it, and an older tool's users
/// expect no port.
pub(super) fn metrics(
    raw: RawMetrics,
    is_loop: bool,
    preset: Option<Preset>,
    path: &KeyPath,
) -> Result<Metrics, Problem> {
    let listen = match raw.listen.map(|listen| listen.0) {
        Some(Listening::Off) => None,
        Some(Listening::On(_)) if !is_loop => {
            let what = "is of no use in a single pass; set time.interval, or take it out";
            return Err(Problem::new(&path.key("listen"), what));
        }
        Some(Listening::On(listen)) => Some(listen),
        None => (is_loop && preset.is_none()).then_some(USUAL),
    };
    Ok(Metrics { listen, push: raw.pushgateway.map(|push| push.0) })
}

impl FromText for Until {
    fn from_text(text: &str) -> Result<Self, String> {
        choose(text, &[("healthy", Self::Healthy)])
    }
}

impl FromText for Listening {
    fn from_text(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self::Off);
        }
        let listen = match port(text.strip_prefix(':').unwrap_or(text)) {
            Some(port) => Some(Listen { address: None, port }),
            None => {
                text.parse().ok().map(|at: SocketAddr| Listen { address: Some(at.ip()), port: at.port() })
            }
        };
        listen.map(Self::On).ok_or_else(|| {
            let text = text.escape_debug();
            format!("'{text}' is no address; write such as :5000, 127.0.0.1:5000 or [::1]:5000, or off")
        })
    }
}

/// A port alone. None is 0: for some programs that is off, for others any that is free.
fn port(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port != 0)
}

impl FromText for Pushgateway {
    /// What is wrong is told without the text, for it may hold a password.
    fn from_text(text: &str) -> Result<Self, String> {
        let wrong = || "is no URL; write such as http://pushgateway.monitoring:9091".to_owned();
        let mut url = Url::parse(text).map_err(|_| wrong())?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(wrong());
        }
        if url.query().is_some() || url.fragment().is_some() || url.path().contains('@') {
            // As a password makes it that is not encoded.
            return Err(
                "holds a '?', '#' or '@' beyond the host; write a plain URL, and encode a password: \
                        %2F for '/', %3F for '?', %23 for '#', %40 for '@'"
                    .to_owned(),
            );
        }
        let whole = SecretString::from(url.as_str().trim_end_matches('/'));
        // Neither fails for a URL with a host.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        Ok(Self { url: whole, shown: url.as_str().trim_end_matches('/').to_owned() })
    }
}

impl fmt::Display for Pushgateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Pushgateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pushgateway").field(&self.shown).finish()
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            None => write!(f, ":{}", self.port),
            Some(address) => SocketAddr::new(address, self.port).fmt(f),
        }
    }
}
