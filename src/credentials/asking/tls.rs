//! What is trusted: the system's roots, and a file of the user's beside them.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::credentials::is_irregular;

/// Verifies as ever, over ring whatever the process's default is, with the certificates of `ca` among
/// the system's. Read anew each time: `ca` may be a mounted file that changes.
pub(super) fn config(system: &RootCertStore, ca: Option<&Path>) -> Result<ClientConfig, String> {
    let mut roots = system.clone();
    if let Some(path) = ca {
        for certificate in certificates(path)? {
            roots.add(certificate).map_err(|error| unfit(path, &format!("holds a bad one ({error})")))?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = versions.map_err(|error| format!("can't be asked by TLS: {error}"))?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Trusts whom the system trusts, and nobody else.
pub(crate) fn system_tls() -> Result<ClientConfig, String> {
    config(&system_roots(), None)
}

/// The system's roots. Those that can't be read are missed only by who needs them, and then as an unknown issuer.
pub(super) fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    if is_irregular(path) {
        return Err(unfit(path, "is no regular file"));
    }
    let text = std::fs::read(path).map_err(|error| unfit(path, &format!("can't be read ({error})")))?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match read {
        Ok(certificates) if certificates.is_empty() => Err(unfit(path, "holds none")),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(unfit(path, &format!("is no PEM ({error})"))),
    }
}

fn unfit(path: &Path, why: &str) -> String {
    format!("the file of certificates {} {why}; write to ca the path of a PEM file", path.display())
}
