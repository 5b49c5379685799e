//! What the user asked for: read from every place where it can be written, checked once.
//!
//! The file and the variables become trees that remember their lines (`yaml`, `variables`); figment
//! joins them (`layers`) into the form as written (`raw`), and that becomes the typed form
//! (`resolve`, `types`), which can't hold a bad value. A setting that can't be used stops the
//! program here, before anything in a cluster was looked at or changed.

mod error;
mod file;
mod flags;
mod images;
mod labels;
mod layers;
mod names;
mod presets;
mod raw;
mod references;
mod registries;
mod resolve;
mod running;
mod selector;
mod sources;
#[cfg(test)]
mod tests;
mod text;
mod tree;
mod types;
mod variables;
mod yaml;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use error::ConfigError;
use error::{KeyPath, Problem};
pub use flags::Flags;
pub use images::{Admission, Images, Label, Webhook};
pub use labels::{LabelSelector, Operator, Requirement};
use layers::Layers;
pub use presets::{Preset, is_ecr_updater};
use raw::RawConfig;
pub use resolve::DEFAULT_INSTANCE;
pub use running::{Listen, Metrics, Pushgateway, Time};
pub use selector::{NameSet, Namespaces, is_dns_label, is_dns_name};
pub use sources::{AwsKeys, AwsLogin, AwsRole, DockerConfigFrom, Programs, Source};
pub use types::{
    Adopt, Config, Heal, Password, PasswordError, Pods, Reach, Refresh, Registry, SecretKey, ServiceAccounts,
    without_line_breaks,
};

/// Where a file lies that nobody named; the second is the oldest tool's.
const USUAL_FILES: [&str; 2] = ["/etc/pullkeeper/config.yaml", "/etc/patcher/config.yaml"];

/// What the configuration is read from. It has no `Debug`: the environment holds passwords.
#[derive(Clone, Default)]
pub struct Inputs {
    /// The file that the command line names.
    pub file: Option<PathBuf>,
    /// The environment.
    pub env: BTreeMap<String, String>,
    /// What the command line says of settings.
    pub flags: Flags,
}

/// A configuration to run with.
#[derive(Debug)]
pub struct Loaded {
    /// What was asked for.
    pub config: Config,
    /// What the user should know, though it works; one line each.
    pub warnings: Vec<String>,
    /// The file that was read, if any was.
    pub file: Option<PathBuf>,
}

/// Reads and checks the configuration. A password in a file or a variable is read as a check; one
/// in a Secret is not, for that needs the cluster.
pub fn load(inputs: &Inputs) -> Result<Loaded, ConfigError> {
    load_from(inputs, &USUAL_FILES.map(Path::new))
}

/// Reads what is said of images alone: for what asks nothing of a cluster. Without a configuration it is nothing.
pub fn load_images(inputs: &Inputs) -> Result<Images, ConfigError> {
    let mut layers = Layers::read(inputs, &USUAL_FILES.map(Path::new))?;
    let raw = layers.raw(&mut Vec::new())?.images.map(|raw::Block(images)| images);
    let images = images::images(raw, None, |_| false, &KeyPath::root().key("images"));
    images.map_err(|problem| layers.error(&problem))
}

/// Reads what this installation is called, and nothing else: for what must work though all else is wrong.
pub fn load_instance(inputs: &Inputs) -> Result<String, ConfigError> {
    let raw = Layers::read(inputs, &USUAL_FILES.map(Path::new))?.raw(&mut Vec::new())?;
    Ok(raw.instance.unwrap_or_else(|| DEFAULT_INSTANCE.to_owned()))
}

/// Reads and checks the configuration, but for its passwords: for what asks no registry, and may not have them.
pub fn load_without_passwords(inputs: &Inputs) -> Result<Loaded, ConfigError> {
    let mut warnings = Vec::new();
    let (layers, resolved) = resolve(inputs, &USUAL_FILES.map(Path::new), &mut warnings)?;
    Ok(Loaded { config: resolved.config, warnings, file: layers.file().map(Path::to_owned) })
}

fn resolve(
    inputs: &Inputs,
    usual_files: &[&Path],
    warnings: &mut Vec<String>,
) -> Result<(Layers, resolve::Resolved), ConfigError> {
    let mut layers = Layers::read(inputs, usual_files)?;
    let raw = layers.raw(warnings)?;
    refuse_both_ways(&raw, &layers)?;
    let resolved =
        resolve::resolve(raw, layers.preset(), &inputs.env).map_err(|problem| layers.error(&problem))?;
    Ok((layers, resolved))
}

fn load_from(inputs: &Inputs, usual_files: &[&Path]) -> Result<Loaded, ConfigError> {
    let mut warnings = Vec::new();
    let (layers, resolved) = resolve(inputs, usual_files, &mut warnings)?;
    if let Some((variable, _)) = presets::proxy(&inputs.env)
        && layers.preset() != Some(Preset::ImageSwapper)
    {
        warnings.push(format!(
            "{variable} is set: Docker Hub's images are led there, unless images.rewrite is written"
        ));
    }
    let unasked = unasked(&resolved);
    warnings.extend(unasked.map(|problem| layers.error(&problem).to_string()));
    let env = |name: &str| inputs.env.get(name).cloned();
    let mut plain = Vec::new();
    for (registry, path) in resolved.config.registries.iter().zip(&resolved.registry_paths) {
        let Source::Static { password, .. } = &registry.source else { continue };
        let path = path.key("password");
        if let Err(error) = password.read_local(&env) {
            return Err(layers.error(&Problem::new(&path, error.to_string())));
        }
        if matches!(password, Password::Text(_)) {
            plain.push(path);
        }
    }
    if let Some((first, more)) = plain.split_first() {
        let others = if more.is_empty() { String::new() } else { format!(" (and {} more)", more.len()) };
        let what = format!(
            "is plain text{others}; better write {{file: PATH}}, {{env: NAME}} or {{secret: {{...}}}}"
        );
        warnings.push(layers.error(&Problem::new(first, what)).to_string());
    }
    Ok(Loaded { config: resolved.config, warnings, file: layers.file().map(Path::to_owned) })
}

/// Plugins that would never be asked: what a glob stands for, only pods that wait tell, and no pod is looked at.
fn unasked(resolved: &resolve::Resolved) -> impl Iterator<Item = Problem> {
    let blind = resolved.config.pods.heal == Heal::Off;
    let all = resolved.config.registries.iter().zip(&resolved.registry_paths);
    all.filter_map(move |(registry, path)| {
        let Source::CredentialProvider { images, .. } = &registry.source else { return None };
        let path = path.key("credentialProvider").key("images");
        let what = "are globs alone, and with pods.heal: off nothing tells which registries they stand for; \
                    write those out";
        (blind && images.iter().all(|image| image.contains('*'))).then(|| Problem::new(&path, what))
    })
}

/// `registry` changes what the defaults are; beside `registries` nobody could tell which count.
fn refuse_both_ways(raw: &RawConfig, layers: &Layers) -> Result<(), ConfigError> {
    if raw.registry.is_none() || raw.registries.is_none() {
        return Ok(());
    }
    let root = KeyPath::root();
    let other = layers.place(&root.key("registry")).unwrap_or_default();
    let what = format!("stands beside registry, the older way to write it ({other}); keep one of them");
    Err(layers.error(&Problem::new(&root.key("registries"), what)))
}
