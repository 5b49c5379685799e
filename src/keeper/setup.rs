//! The configuration that a loop follows, and reads anew when its files change.

use std::path::PathBuf;

use super::files::Files;
use super::watched::Watched;
use super::{Keeper, State};
use crate::config::Config;

/// A configuration, and the files it came from.
#[derive(Debug, Clone)]
pub struct Setup {
    /// What is asked for.
    pub config: Config,
    /// The files to read it from anew when they change: its own, and those that it names.
    pub files: Vec<PathBuf>,
    /// What is doubtful about it.
    pub warnings: Vec<String>,
}

impl Setup {
    /// Logs what is doubtful about it.
    pub fn warn(&self) {
        self.warnings.iter().for_each(|warning| log::warn!("{warning}"));
    }
}

/// The files of a configuration from now on, and what they say now: what was edited after they were read and before they
/// were looked at would never be noticed. Where that is bad, why.
pub(crate) fn follow(
    setup: &Setup,
    reload: &dyn Fn() -> Result<Setup, String>,
) -> (Files, Result<Setup, String>) {
    let mut files = Files::new(setup.files.clone());
    let again = reload();
    if let Ok(again) = &again {
        files.follow(again.files.clone());
    }
    (files, again)
}

/// The same for a loop, which goes on with what it has; a single pass has no time to follow anything.
pub(super) fn begin(
    setup: Setup,
    reload: &dyn Fn() -> Result<Setup, String>,
    state: &State,
) -> (Setup, Files) {
    if setup.config.time.is_none() {
        let files = Files::new(setup.files.clone());
        return (setup, files);
    }
    let (files, again) = follow(&setup, reload);
    let setup = again.unwrap_or_else(|why| {
        refuse(&why, state);
        setup
    });
    (setup, files)
}

fn refuse(why: &str, state: &State) {
    log::error!("{why}; the last good configuration goes on");
    state.refused_configuration(why);
}

impl Keeper<'_> {
    /// Reads the configuration anew; is there a new one?
    pub(super) fn reload(&mut self) -> bool {
        self.memory.forgive();
        match (self.reload)() {
            Ok(setup) if setup.config.time.is_some() => {
                setup.warn();
                if let Some(watched) = &self.watched {
                    self.left.append(&mut watched.changes.known());
                }
                self.left.extend(self.config.namespaces.listed().into_iter().flatten());
                if setup.config.metrics.listen != self.config.metrics.listen {
                    log::warn!("metrics.listen has changed; restart to serve them there");
                }
                self.config = setup.config;
                self.files.follow(setup.files);
                self.watched = Watched::begin(self.cluster, &self.config);
                log::info!("the configuration was read anew");
                self.state.took_configuration();
                return true;
            }
            Ok(_) => refuse("the configuration has no time any more; restart for a single pass", &self.state),
            Err(error) => refuse(&error, &self.state),
        }
        false
    }
}
