//! What the program does besides passes.

mod image;
mod images;
mod rbac;
mod webhook;

use crate::cli::{ImagesAction, Output, Rbac};
use crate::cluster::Cluster;
use crate::config::{self, Config, ConfigError, Inputs};
use crate::print::print;
use crate::report::ExitStatus;
pub use webhook::webhook;

/// `pullkeeper image REF…`: prints what the references mean, and where rules lead them. Asks nobody. One that is no
/// reference is told, and makes the status 1.
pub fn image(references: &[String], inputs: &Inputs, output: Output) -> Result<ExitStatus, ConfigError> {
    let rewrites = config::load_images(inputs)?.rewrites;
    let read: Vec<_> = references.iter().map(|reference| image::read(reference, &rewrites)).collect();
    match output {
        Output::Text => read.iter().for_each(print),
        Output::Json => print(&serde_json::json!(read)),
    }
    let all = read.iter().all(|own| own.error.is_none());
    Ok(if all { ExitStatus::Success } else { ExitStatus::Incomplete })
}

/// `pullkeeper rbac`: prints the rights that the configuration needs. Asks nobody, and reads no password.
pub fn rbac(own: &Rbac, once: bool, inputs: &Inputs, output: Output) -> Result<ExitStatus, ConfigError> {
    let config = read(inputs)?;
    let config = if once { config.once() } else { config };
    let text = rbac::text(&config, own, output);
    if text.is_empty() {
        log::warn!(
            "the configuration takes no such rights; what PULLKEEPER_TIME and the like add must be set here, too"
        );
    } else {
        print(&text);
    }
    Ok(ExitStatus::Success)
}

/// `pullkeeper images …`: makes the policy that rewrites images when pods are made, or takes it away. An error is a
/// configuration that can't be used.
pub async fn images(
    action: ImagesAction,
    cluster: &Cluster,
    inputs: &Inputs,
    dry_run: bool,
    output: Output,
) -> Result<ExitStatus, ConfigError> {
    let done = match action {
        ImagesAction::Install { unchecked } => {
            images::install(cluster, &read(inputs)?, unchecked, dry_run).await
        }
        // In an emergency the configuration is no reason not to.
        ImagesAction::Remove => {
            let webhook = config::load_images(inputs).map(|images| images.webhook).unwrap_or_default();
            images::remove(cluster, &config::load_instance(inputs)?, &webhook, dry_run).await
        }
    };
    match (done, output) {
        (Ok(done), Output::Text) => print(&done),
        (Ok(done), Output::Json) => print(done.to_json()),
        (Err(error), _) => {
            log::error!("{error}");
            return Ok(ExitStatus::Incomplete);
        }
    }
    Ok(ExitStatus::Success)
}

/// The configuration of what asks no registry: its passwords may be out of reach.
fn read(inputs: &Inputs) -> Result<Config, ConfigError> {
    let loaded = config::load_without_passwords(inputs)?;
    loaded.warnings.iter().for_each(|warning| log::warn!("{warning}"));
    Ok(loaded.config)
}
