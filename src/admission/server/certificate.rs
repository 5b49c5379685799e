//! The certificate that is shown to API servers, as a mounted Secret has it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::admission::expiry;

/// The names in a Secret of the type `kubernetes.io/tls`.
const NAMES: [&str; 2] = ["tls.crt", "tls.key"];

/// A certificate with its key. It has no `Debug`.
pub(super) struct Certificate {
    key: Arc<CertifiedKey>,
    /// When it ends.
    pub(super) expiry: Timestamp,
}

/// The files of a folder that make a certificate.
pub(super) fn files(folder: &Path) -> [PathBuf; 2] {
    NAMES.map(|name| folder.join(name))
}

impl Certificate {
    /// Reads a pair. The error says what to do, and nothing of the key.
    pub(super) fn read(folder: &Path) -> Result<Self, String> {
        let [chain, key] = files(folder);
        let wrong = |path: &Path, what: &dyn fmt::Display| format!("{}: {what}", path.display());
        let read = |path: &Path| std::fs::read(path).map_err(|error| wrong(path, &error));
        let own: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&read(&chain)?)
            .collect::<Result<_, _>>()
            .map_err(|error| wrong(&chain, &format!("is no certificate in PEM: {error}")))?;
        let end = own.first().and_then(|first| expiry::of(first));
        let expiry = end.ok_or_else(|| wrong(&chain, &"holds no certificate in PEM that can be read"))?;
        // The error's own words may be those of the file.
        let secret = PrivateKeyDer::from_pem_slice(&read(&key)?)
            .map_err(|_| wrong(&key, &"holds no key in PEM that can be read"))?;
        let certified = CertifiedKey::from_der(own, secret, &provider())
            .map_err(|error| wrong(&key, &format!("does not go with {}: {error}", NAMES[0])))?;
        Ok(Self { key: Arc::new(certified), expiry })
    }
}

/// Shows the newest certificate to each new connection. Those that are open keep theirs.
pub(super) struct Resolver(RwLock<Arc<CertifiedKey>>);

impl Resolver {
    pub(super) fn new(certificate: Certificate) -> Self {
        Self(RwLock::new(certificate.key))
    }

    /// From now on another one is shown.
    pub(super) fn take(&self, certificate: Certificate) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = certificate.key;
    }

    /// How TLS is spoken: with HTTP/1.1 inside.
    pub(super) fn server(self: &Arc<Self>) -> Result<ServerConfig, rustls::Error> {
        let builder = ServerConfig::builder_with_provider(Arc::new(provider()));
        let resolver: Arc<dyn ResolvesServerCert> = Arc::<Self>::clone(self);
        let mut config =
            builder.with_safe_default_protocol_versions()?.with_no_client_auth().with_cert_resolver(resolver);
        // API servers resume no session; who did would go on trusting a certificate that isn't shown any more.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// The certificate's key stays out of logs.
impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolver")
    }
}

fn provider() -> CryptoProvider {
    ring::default_provider()
}
