//! From what was written to what is meant: every value checked once, every default filled in.
//!
//! What leaves this file holds no bad value, so nothing downstream looks at a string twice. It
//! knows keys, not lines: a problem gets its place from the layers.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::error::{KeyPath, Problem};
use super::images;
use super::names::{check_names, secret_name};
use super::presets::Preset;
use super::raw::{Block, RawConfig, RawNamespaces, RawRefresh, RawSelection, RawServiceAccounts};
use super::registries;
use super::running;
use super::selector::{NameSet, Namespaces, is_dns_label, is_dns_name, is_label_selector, is_label_value};
use super::text::{Before, choose};
use super::types::{Config, Heal, Pods, Refresh, ServiceAccounts};

const DEFAULT_NAME: &str = "pullkeeper";
/// The instance of installations that name none.
pub const DEFAULT_INSTANCE: &str = "default";
/// Where the kubelet tells a pod its namespace.
const OWN_NAMESPACE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";
const DEFAULT_MAX_EVICTIONS: usize = 50;

/// The checked configuration, and where each of its registries was written.
pub(super) struct Resolved {
    pub(super) config: Config,
    pub(super) registry_paths: Vec<KeyPath>,
}

/// Checks everything but the passwords' own sources.
pub(super) fn resolve(
    raw: RawConfig,
    preset: Option<Preset>,
    env: &BTreeMap<String, String>,
) -> Result<Resolved, Problem> {
    let root = KeyPath::root();
    let instance = raw.instance.unwrap_or_else(|| DEFAULT_INSTANCE.to_owned());
    if !is_label_value(&instance) {
        let what = "is no label value; write up to 63 letters, digits, '-', '_' and '.'";
        return Err(Problem::new(&root.key("instance"), what));
    }
    let namespaces = namespaces(raw.namespaces, &root.key("namespaces"))?;
    let secret = raw.secret.map(|Block(secret)| secret).unwrap_or_default();
    let secret_name = match secret.name {
        Some(name) => secret_name(name, &root.key("secret").key("name"))?,
        None => DEFAULT_NAME.to_owned(),
    };

    let shared = registries::Shared {
        secret: &secret_name,
        programs: programs(raw.programs, &root.key("programs"))?,
        env: &|name| env.get(name).cloned(),
    };
    let images = images::images(
        raw.images.map(|Block(raw)| raw),
        own_namespace(env),
        |name| namespaces.names.names_exactly(name),
        &root.key("images"),
    )?;
    let written = registries::as_list(raw.registries, raw.registry, !images.rewrites.is_empty())?;
    let (registries, registry_paths) = registries::resolve(written, &shared)?;
    let pods = raw.pods.map(|Block(pods)| pods).unwrap_or_default();
    let time = raw.time.map(|Block(raw)| running::time(&raw, preset, &root.key("time"))).transpose()?;
    let metrics = raw.metrics.map(|Block(raw)| raw).unwrap_or_default();
    let config = Config {
        namespaces,
        registries,
        instance,
        create: secret.create.is_none_or(|create| create.0),
        adopt: secret.adopt.map(|adopt| adopt.0).unwrap_or_default(),
        prune: secret.prune.is_some_and(|prune| prune.0),
        service_accounts: service_accounts(raw.service_accounts, &root.key("serviceAccounts"))?,
        pods: Pods {
            heal: pods.heal.map(|heal| heal.0).unwrap_or_default(),
            nudge: pods.nudge.is_none_or(|nudge| nudge.0),
            max_evictions: pods.max_evictions.map_or(DEFAULT_MAX_EVICTIONS, |max| max.0),
            evict_running: pods.evict_running.is_some_and(|evict| evict.0),
        },
        images,
        refresh: raw
            .refresh
            .map_or(Ok(Refresh::default()), |Block(raw)| refresh(&raw, &root.key("refresh")))?,
        verify: raw.verify.is_none_or(|verify| verify.0),
        metrics: running::metrics(metrics, time.is_some(), preset, &root.key("metrics"))?,
        time,
        preset,
    };
    if config.pods.heal == Heal::Off && config.time.is_some_and(|time| time.until_healthy) {
        let what = "needs to look at pods, and pods.heal is off; set pods.heal: auto, or take it out";
        return Err(Problem::new(&root.key("time").key("until"), what));
    }
    Ok(Resolved { config, registry_paths })
}

/// The namespace of the pod that this is, if it is one.
fn own_namespace(env: &BTreeMap<String, String>) -> Option<String> {
    env.get("KUBERNETES_SERVICE_HOST")?;
    let name = std::fs::read_to_string(OWN_NAMESPACE).ok()?;
    Some(name.trim().to_owned()).filter(|name| is_dns_label(name))
}

fn namespaces(raw: Option<RawNamespaces>, path: &KeyPath) -> Result<Namespaces, Problem> {
    let none = |what| Err(Problem::new(path, what));
    let (selection, include_path) = match raw {
        None => return none("is missing; write the names or globs of namespaces"),
        Some(RawNamespaces::Selection(selection)) => (selection, path.key("include")),
        Some(RawNamespaces::List(include)) => {
            let selection = RawSelection { include: Some(include), exclude: None, selector: None };
            (selection, path.clone())
        }
    };
    let selector = selection.selector;
    if selector.as_ref().is_some_and(|text| !is_label_selector(text)) {
        let what = "is no label selector; write one such as 'team=a,env in (dev,test)'";
        return Err(Problem::new(&path.key("selector"), what));
    }
    let include = match selection.include {
        Some(include) => include,
        None if selector.is_some() => vec!["*".to_owned()],
        None => return none("includes no namespace; write include, such as include: [\"*\"]"),
    };
    if include.is_empty() {
        return none("includes no namespace; write at least one name or glob");
    }
    let exclude = selection.exclude.unwrap_or_default();
    check_names(&include, &include_path, is_dns_label)?;
    check_names(&exclude, &path.key("exclude"), is_dns_label)?;
    let names = NameSet::new(&include, &exclude).map_err(|what| Problem::new(path, what))?;
    if names.names().is_some_and(|names| names.is_empty()) {
        return none("excludes every namespace that it includes; exclude fewer");
    }
    Ok(Namespaces { names, selector })
}

fn service_accounts(raw: Option<RawServiceAccounts>, path: &KeyPath) -> Result<ServiceAccounts, Problem> {
    #[derive(Clone, Copy)]
    enum Word {
        All,
        Default,
        None,
    }
    const WORDS: [(&str, Word); 3] = [("all", Word::All), ("default", Word::Default), ("none", Word::None)];

    let wrong = |what: String| Problem::new(path, what);
    Ok(match raw {
        None => ServiceAccounts::All,
        Some(RawServiceAccounts::Word(word)) => match choose(&word, &WORDS) {
            Ok(Word::All) => ServiceAccounts::All,
            Ok(Word::Default) => ServiceAccounts::Default,
            Ok(Word::None) => ServiceAccounts::None,
            Err(what) => return Err(wrong(format!("{what}, or a list of names and globs"))),
        },
        Some(RawServiceAccounts::List(names)) => {
            if names.is_empty() {
                return Err(wrong("is empty; write none, or some names".to_owned()));
            }
            check_names(&names, path, is_dns_name)?;
            ServiceAccounts::Named(NameSet::new(&names, &[]).map_err(wrong)?)
        }
    })
}

fn programs(folder: Option<String>, path: &KeyPath) -> Result<Option<PathBuf>, Problem> {
    let folder = folder.map(PathBuf::from);
    match folder {
        Some(folder) if !folder.is_absolute() => {
            Err(Problem::new(path, "is no absolute path; write the folder that the programs are in"))
        }
        folder => Ok(folder),
    }
}

fn refresh(raw: &RawRefresh, path: &KeyPath) -> Result<Refresh, Problem> {
    match (&raw.before, &raw.every) {
        (None, None) => Ok(Refresh::Half),
        (Some(before), None) => Ok(match before.0 {
            Before::Half => Refresh::Half,
            Before::Time(before) => Refresh::Before(before),
        }),
        (None, Some(every)) if every.0.is_zero() => {
            Err(Problem::new(&path.key("every"), "is zero; write such as 6h"))
        }
        (None, Some(every)) => Ok(Refresh::Every(every.0)),
        (Some(_), Some(_)) => Err(Problem::new(&path.key("every"), "stands beside before; keep one of them")),
    }
}
