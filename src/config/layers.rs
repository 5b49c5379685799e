//! The layers that a configuration is joined from, and where each of them came from.
//!
//! figment joins them: an older tool's defaults, the file, the variables, the flags; later wins. Every layer
//! goes in as a tree of texts with its own metadata, so that a key in error, here or later, is
//! turned back into the line or the variable that set it.

use std::path::Path;

use figment::error::Kind;
use figment::value::{Dict, Empty, Map, Tag, Value as Joined};
use figment::{Figment, Metadata, Profile, Provider};

use super::error::{ConfigError, KeyPath, Problem};
use super::file::{self, CONFIG_VARIABLE};
use super::presets::{self, Preset, Sign};
use super::raw::RawConfig;
use super::tree::{Entry, Layer, Node, Source, Value};
use super::yaml;
use super::{Inputs, flags, variables};

/// All layers, the strongest last.
pub(super) struct Layers {
    layers: Vec<Layer>,
    preset: Option<Preset>,
}

impl Layers {
    /// Reads the file and the variables; `usual` are the places to look for a file nobody named.
    pub(super) fn read(inputs: &Inputs, usual: &[&Path]) -> Result<Self, ConfigError> {
        let mut layers = Vec::new();
        if let Some((path, named_by)) = file::choose(inputs, usual) {
            let tree = file::read(&path, named_by)?;
            layers.push(Layer { source: Source::File(path), tree });
        }
        let own = variables::read(&inputs.env)?;

        let given = |preset: &Preset| match preset.sign() {
            Sign::Key(key) => layers.iter().chain(&own).any(|layer| layer.tree.sets(key)),
            sign @ Sign::Variable(_) => sign.is_in(&inputs.env),
        };
        let mut presets = Preset::ALL.into_iter().filter(given);
        let mut preset = presets.next();
        if let (Some(one), Some(other)) = (preset, presets.next()) {
            let what = format!(
                "stands beside {}: they are of two tools, {} and {}; keep one of them",
                one.sign().name(),
                other.name(),
                one.name()
            );
            return Err(ConfigError::new(other.sign().name(), "", what));
        }
        if let Some(preset) = preset {
            layers.insert(0, of_preset(preset)?);
            layers.extend(variables::of_preset(preset, &inputs.env));
        }
        layers.extend(own);
        if let Some((variable, url)) = presets::proxy(&inputs.env) {
            layers.insert(0, of_proxy(variable, url)?);
            let alone = |key: &str| !layers.iter().any(|layer| layer.tree.sets(key));
            if preset.is_none() && ["registries", "namespaces"].into_iter().all(alone) {
                preset = Some(Preset::ImageSwapper);
                layers.insert(0, of_preset(Preset::ImageSwapper)?);
            }
        }
        flags::apply(&inputs.flags, &mut layers);
        Ok(Self { layers, preset })
    }

    /// The older tool whose configuration this is.
    pub(super) fn preset(&self) -> Option<Preset> {
        self.preset
    }

    /// The file that was read.
    pub(super) fn file(&self) -> Option<&Path> {
        self.file_layer().map(|(path, _)| path)
    }

    /// Joins the layers. A lenient preset's unknown keys are taken out, with a warning each.
    pub(super) fn raw(&mut self, warnings: &mut Vec<String>) -> Result<RawConfig, ConfigError> {
        let lenient = self.preset.is_some_and(Preset::is_lenient);
        loop {
            let error = match self.figment().extract() {
                Ok(raw) => return Ok(raw),
                Err(error) => error,
            };
            let forgivable = lenient && matches!(error.kind, Kind::UnknownField(..));
            let problem = Problem::from(error);
            let told = self.error(&problem);
            if !forgivable || !self.remove(&problem.path) {
                return Err(told);
            }
            warnings.push(format!("{told}; ignored, as {} did", self.preset.map_or("", Preset::name)));
        }
    }

    /// Adds the place to a problem.
    pub(super) fn error(&self, problem: &Problem) -> ConfigError {
        match self.place(&problem.path) {
            Some(place) => ConfigError::new(place, &problem.key, &problem.what),
            None => ConfigError::new(
                "no configuration file",
                &problem.key,
                format_args!(
                    "{}; name a file with --config or {CONFIG_VARIABLE}, or put it at {}",
                    problem.what.split(';').next().unwrap_or_default(),
                    super::USUAL_FILES[0],
                ),
            ),
        }
    }

    /// The file and line, or the variable, that set the key at `path`, or of the nearest key above
    /// it. A mapping that several layers make is the file's, if the file has a part of it.
    pub(super) fn place(&self, path: &KeyPath) -> Option<String> {
        let figment = self.figment();
        let steps = path.steps();
        let found = (1..=steps.len()).rev().find_map(|length| {
            let (above, _) = steps.split_at(length);
            figment.find_value(&above.join(".")).ok().map(|value| (above, value))
        });
        let Some((above, value)) = found else {
            return self.file_place(path);
        };
        let shared = value.as_dict().is_some() && self.file_layer().is_some_and(|(_, tree)| tree.has(above));
        match figment.get_metadata(value.tag()).map(|metadata| &*metadata.name) {
            Some(name) if !shared && name != FILE => Some(name.to_owned()),
            _ => self.file_place(path),
        }
    }

    fn file_place(&self, path: &KeyPath) -> Option<String> {
        let (file, tree) = self.file_layer()?;
        let file = file.display();
        let written = path.steps().first().is_some_and(|key| tree.has(std::slice::from_ref(key)));
        let line = written.then(|| format!(":{}", tree.line_of(path.steps())));
        Some(format!("{file}{}", line.unwrap_or_default()))
    }

    fn file_layer(&self) -> Option<(&Path, &Node)> {
        self.layers.iter().find_map(|layer| match &layer.source {
            Source::File(path) => Some((&**path, &layer.tree)),
            _ => None,
        })
    }

    fn remove(&mut self, path: &KeyPath) -> bool {
        let removed = self.layers.iter_mut().map(|layer| layer.tree.remove(path.steps()));
        removed.fold(false, |any, one| any | one)
    }

    /// A key that is written without a value is not set: it goes in below everything else, where
    /// it hides nothing, and yet is there to be recognised as known or unknown.
    fn figment(&self) -> Figment {
        let part = |keep| self.layers.iter().map(move |layer| Part { layer, keep });
        let parts = part(Keep::Unset).chain(part(Keep::Set));
        parts.fold(Figment::new(), Figment::merge)
    }
}

fn of_preset(preset: Preset) -> Result<Layer, ConfigError> {
    let wrong = |e: yaml::SyntaxError| ConfigError::new(preset.name(), "", e.what);
    let tree = yaml::read(preset.defaults()).map_err(wrong)?;
    Ok(Layer { source: Source::Preset(preset), tree })
}

/// Docker Hub's images come from there, unless rules are written.
fn of_proxy(variable: &str, url: &str) -> Result<Layer, ConfigError> {
    let (insecure, host) = match url.split_once("://") {
        Some(("http", host)) => (true, host),
        Some(("https", host)) => (false, host),
        Some(_) => {
            return Err(ConfigError::new(
                variable,
                "",
                "is no http or https URL; write such as proxy.example.com",
            ));
        }
        None => (false, url),
    };
    let scalar = |text: &str| Node { line: 1, value: Value::Scalar(text.to_owned()) };
    let pairs = [
        ("from", "docker.io"),
        ("to", host.trim_end_matches('/')),
        ("insecure", if insecure { "true" } else { "false" }),
    ];
    let rule = pairs.map(|(key, text)| (key.to_owned(), Entry { line: 1, node: scalar(text) }));
    let rule = Node { line: 1, value: Value::Map(rule.into()) };
    let rules = Node { line: 1, value: Value::Seq(vec![rule]) };
    Ok(Layer {
        source: Source::Variable(variable.to_owned()),
        tree: variables::under("images.rewrite", rules),
    })
}

/// The name of the file's layer; the lines come from its tree.
const FILE: &str = "file";

/// A layer's keys that have a value, or those that have none.
struct Part<'a> {
    layer: &'a Layer,
    keep: Keep,
}

#[derive(Clone, Copy, PartialEq)]
enum Keep {
    Set,
    Unset,
    /// Below a list: it replaces another list as a whole.
    Both,
}

impl Provider for Part<'_> {
    fn metadata(&self) -> Metadata {
        match &self.layer.source {
            Source::Preset(preset) => Metadata::named(preset.name()),
            Source::File(path) => Metadata::from(FILE, &**path),
            Source::Variable(name) => Metadata::named(name.clone()),
            Source::Flag(name) => Metadata::named(*name),
        }
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let tree = to_figment(&self.layer.tree, self.keep).and_then(Joined::into_dict);
        Ok(Profile::Default.collect(tree.unwrap_or_default()))
    }
}

/// Every scalar stays text: what it means is for the raw form to say.
fn to_figment(node: &Node, keep: Keep) -> Option<Joined> {
    let tag = Tag::Default;
    match &node.value {
        Value::Null => (keep != Keep::Set).then_some(Joined::Empty(tag, Empty::None)),
        Value::Map(map) => {
            let pair = |(key, entry): (&String, &Entry)| Some((key.clone(), to_figment(&entry.node, keep)?));
            Some(Joined::Dict(tag, map.iter().filter_map(pair).collect()))
        }
        _ if keep == Keep::Unset => None,
        Value::Scalar(text) => Some(Joined::String(tag, text.clone())),
        Value::Seq(items) => {
            let items = items.iter().filter_map(|item| to_figment(item, Keep::Both));
            Some(Joined::Array(tag, items.collect()))
        }
    }
}
