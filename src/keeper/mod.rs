//! The loop: the same pass again, until its time is over or it is told to end. It has no second way of
//! doing anything.

mod endpoint;
mod push;

use std::time::{Duration, Instant};

use tokio::time::timeout;

use crate::cluster::Cluster;
use crate::config::{Config, Preset, Time};
use crate::credentials::Memory;
use crate::pass::{Options, pass_after};
use crate::progress::Progress;
use crate::report::{ExitStatus, Report};
pub use endpoint::{Endpoint, State};
pub use push::push;

/// The longest pause after a pass in which no API server answered.
const RETRY: Duration = Duration::from_mins(1);

/// Makes one pass, or passes as `config.time` says, and hands each report to `tell`.
///
/// A loop ends with the status of its last pass; one that follows the oldest tool's file with success,
/// if any pass reached the API server. A signal that cuts a pass short is an error of that pass.
pub async fn run(
    cluster: &Cluster,
    config: &Config,
    options: Options,
    progress: &Progress,
    tell: &mut dyn FnMut(&Report),
) -> ExitStatus {
    let (started, memory) = (Instant::now(), Memory::default());
    let mut last: Option<Report> = None;
    let mut status;
    loop {
        let mut unanswered = false;
        match pass_after(cluster, config, options, progress, &memory).await {
            Ok(report) => {
                status = report.exit_status();
                // A loop that finds all as it left it is silent.
                if !last.as_ref().is_some_and(|last| last.says_the_same(&report)) {
                    tell(&report);
                }
                last = Some(report);
            }
            Err(error) => {
                log::error!("{error}; nothing was written");
                unanswered = true;
                status = if last.is_some() { ExitStatus::Incomplete } else { ExitStatus::Unusable };
            }
        }
        match config.time {
            Some(time) if sleep(cluster, time, unanswered, started).await => {}
            _ => break,
        }
    }
    let lenient = config.time.is_some() && config.preset.is_some_and(Preset::is_lenient);
    match last {
        // A signal that cut a pass short is told; the oldest tool knew no other failure.
        Some(last) if lenient && !(last.was_interrupted() && cluster.stop().is_cancelled()) => {
            ExitStatus::Success
        }
        _ => status,
    }
}

/// Waits for the next pass; `false` where there is none. The last one is made when the runtime is over, so
/// that what came up to then is served.
async fn sleep(cluster: &Cluster, time: Time, unanswered: bool, started: Instant) -> bool {
    let left = time.runtime.map(|runtime| runtime.saturating_sub(started.elapsed()));
    if left == Some(Duration::ZERO) {
        return false;
    }
    // A cluster that doesn't answer is hardly away for an hour.
    let interval = if unanswered { time.interval.min(RETRY) } else { time.interval };
    let pause = left.map_or(interval, |left| left.min(interval));
    timeout(pause, cluster.stop().cancelled()).await.is_err()
}
