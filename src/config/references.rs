//! The files that a configuration names: what is read anew when they change.

use std::path::PathBuf;

use super::sources::{DockerConfigFrom, Source};
use super::types::{Config, Password, Registry};

impl Config {
    /// Every file that holds a credential, or tells how a registry is trusted, sorted and each once: password
    /// files, docker configs, CA files. Programs that are started are not among them, nor the configuration's own
    /// file, which is in [`Loaded`](super::Loaded).
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<_> = self.registries.iter().flat_map(files_of).cloned().collect();
        files.sort();
        files.dedup();
        files
    }
}

fn files_of(registry: &Registry) -> impl Iterator<Item = &PathBuf> {
    let source = match &registry.source {
        Source::Static { password: Password::File(file), .. }
        | Source::DockerConfig { from: DockerConfigFrom::File(file), .. } => Some(file),
        Source::Static { .. }
        | Source::Ecr { .. }
        | Source::EcrPublic { .. }
        | Source::DockerConfig { .. }
        | Source::CredentialHelper { .. }
        | Source::CredentialProvider { .. } => None,
    };
    source.into_iter().chain(&registry.reach.ca)
}
