//! `pullkeeper webhook`: the process that API servers call.

use tokio_util::sync::CancellationToken;

use crate::admission::server::{self, Settings};
use crate::cli::Webhook;
use crate::keeper::Setup;
use crate::report::ExitStatus;

/// Serves until it is told to end. `read` reads the configuration, now and whenever its files change.
pub async fn webhook(
    own: &Webhook,
    read: &dyn Fn() -> Result<Setup, String>,
    stop: &CancellationToken,
) -> anyhow::Result<ExitStatus> {
    let settings =
        Settings { listen: own.listen.clone(), certificates: own.cert_dir.clone(), drain: own.drain };
    server::run(&settings, read, stop).await?;
    Ok(ExitStatus::Success)
}
