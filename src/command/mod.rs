//! What the program does besides passes.

mod image;
mod images;

use crate::cli::{ImagesAction, Output};
use crate::cluster::Cluster;
use crate::config::{self, Config, ConfigError, Inputs};
use crate::print::print;
use crate::report::ExitStatus;

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

/// `pullkeeper images …`: makes the policy that rewrites images when pods are made, or takes it away.
pub async fn images(
    action: ImagesAction,
    cluster: &Cluster,
    config: &Config,
    dry_run: bool,
    output: Output,
) -> ExitStatus {
    let done = match action {
        ImagesAction::Install => images::install(cluster, config, dry_run).await,
        ImagesAction::Remove => images::remove(cluster, config, dry_run).await,
    };
    match (done, output) {
        (Ok(done), Output::Text) => print(&done),
        (Ok(done), Output::Json) => print(&done.to_json()),
        (Err(error), _) => {
            log::error!("{error}");
            return ExitStatus::Incomplete;
        }
    }
    ExitStatus::Success
}
