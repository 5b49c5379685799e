//! `pullkeeper webhook`: serves [`review`](super::review()) to API servers, over TLS.
//!
//! It never asks the API server anything, and nothing that it is sent can stop it: a bad request gets a short answer, a
//! slow or silent peer loses its own connection, and a bad new certificate or configuration leaves the last good one.

mod body;
mod certificate;
mod connections;
mod metrics;
mod pace;
mod routes;
mod state;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::keeper::{Files, Setup, follow, open};
use certificate::Certificate;
use state::State;

/// Where a webhook is, and how it ends.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `HOST:PORT`, or `:PORT` for all addresses of this machine.
    pub listen: String,
    /// The folder of `tls.crt` and `tls.key`.
    pub certificates: PathBuf,
    /// How long connections are still taken once it is told to end: until every API server knows.
    pub drain: Duration,
}

/// Serves until it is told to end; then takes connections for a while longer, and finishes what is in flight. What it
/// needs at its start and can't have is an error: an address, a certificate, a configuration. `read` reads the
/// configuration, now and whenever its files change.
pub async fn run(
    settings: &Settings,
    read: &dyn Fn() -> Result<Setup, String>,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    // Marked before they are read, that no change between is missed.
    let mut pair = Files::new(certificate::files(&settings.certificates).to_vec());
    let certificate = Certificate::read(&settings.certificates).map_err(anyhow::Error::msg)?;
    let (setup, mut files) = begin(read)?;
    warn(&setup);
    let state = Arc::new(State::new(setup.config, &certificate));
    let resolver = Arc::new(certificate::Resolver::new(certificate));
    let acceptor = TlsAcceptor::from(Arc::new(resolver.server()?));

    let (listener, address) =
        open(&settings.listen).await.with_context(|| format!("listen on {}", settings.listen))?;
    log::info!("the webhook is on https://{address}/mutate");
    let ended = CancellationToken::new();
    let serving = connections::serve(listener, acceptor, routes::router(Arc::clone(&state)), ended.clone());
    let server = AbortOnDropHandle::new(tokio::spawn(serving));

    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            () = pair.changed() => match Certificate::read(&settings.certificates) {
                Ok(new) => {
                    log::info!("the certificate was read anew");
                    state.took_certificate(&new);
                    resolver.take(new);
                }
                Err(why) => state.refused_certificate(why),
            },
            () = files.changed() => match read() {
                Ok(new) => {
                    warn(&new);
                    files.follow(new.files);
                    log::info!("the configuration was read anew");
                    state.took_configuration(new.config);
                }
                Err(why) => state.refused_configuration(why),
            },
        }
    }
    state.is_ending();
    sleep(settings.drain).await;
    ended.cancel();
    server.await.context("serve")
}

fn warn(setup: &Setup) {
    setup.warn();
    if setup.config.images.rewrites.is_empty() {
        log::warn!("images.rewrite names no rule, so that every pod stays as it is");
    }
}

/// A configuration and its files, read once more after those were looked at.
fn begin(read: &dyn Fn() -> Result<Setup, String>) -> anyhow::Result<(Setup, Files)> {
    let (files, again) = follow(&read().map_err(anyhow::Error::msg)?, read);
    Ok((again.map_err(anyhow::Error::msg)?, files))
}
