//! What the tests stand on: one login, a network of their own, and names that nobody else knows.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use rustls::RootCertStore;

use crate::config::Reach;
use crate::credentials::asking::network::Network;
use crate::credentials::asking::tls::system_roots;
use crate::registry::Entry;

pub(crate) const USER: &str = "robot$ci";
pub(crate) const PASSWORD: &str = "pa:ss wörd-5b1e";

/// The header that gives the login away.
pub(crate) fn login() -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{USER}:{PASSWORD}")))
}

/// Read once: that takes a while.
static ROOTS: LazyLock<RootCertStore> = LazyLock::new(system_roots);

/// A machine's way to others, with names that resolve to what a test says.
pub(crate) struct World {
    names: Arc<Names>,
    pub(crate) network: Network,
}

#[derive(Default)]
struct Names {
    known: Mutex<BTreeMap<String, Vec<IpAddr>>>,
    lookups: AtomicUsize,
}

impl Resolve for Names {
    /// What a name resolves to at first; any later lookup is sent elsewhere, as by a rebinding DNS.
    fn resolve(&self, name: Name) -> Resolving {
        self.lookups.fetch_add(1, Ordering::Relaxed);
        let found = self.known.lock().unwrap().remove(name.as_str());
        Box::pin(async move {
            let found = found.ok_or("nobody knows the name")?;
            let addresses = found.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses.collect::<Vec<_>>().into_iter()) as Addrs)
        })
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let names = Arc::<Names>::default();
        let resolve = Arc::clone(&names) as Arc<dyn Resolve>;
        let proxies = Matcher::builder().build();
        Self {
            names,
            network: Network {
                proxies,
                roots: ROOTS.clone(),
                names: resolve,
                deadline: Duration::from_secs(10),
            },
        }
    }

    /// `name` resolves to `address`, once.
    pub(crate) fn knowing(self, name: &str, address: &str) -> Self {
        self.names.known.lock().unwrap().insert(name.to_owned(), vec![address.parse().unwrap()]);
        self
    }

    pub(crate) fn behind(mut self, proxies: Matcher) -> Self {
        self.network.proxies = proxies;
        self
    }

    pub(crate) fn hurried(mut self) -> Self {
        self.network.deadline = Duration::from_millis(300);
        self
    }

    pub(crate) fn lookups(&self) -> usize {
        self.names.lookups.load(Ordering::Relaxed)
    }

    /// The login of these tests.
    pub(crate) fn entry() -> Entry {
        Entry { username: USER.into(), password: PASSWORD.into(), email: None }
    }

    /// Sees that a text gives nothing away.
    pub(crate) fn assert_discreet(text: &str) {
        for secret in [PASSWORD, "5b1e", login().trim_start_matches("Basic ")] {
            assert!(!text.contains(secret), "the password is in: {text}");
        }
        assert!(!text.contains(['\n', '?']), "more than a line, or a query: {text}");
    }
}

/// By plain http.
pub(crate) const PLAIN: Reach = Reach { ca: None, insecure: true };
