//! `config.example.yaml`: it loads, with and without its comments, and no setting is missing from it.

use std::collections::BTreeSet;

use pullkeeper::config::Config;

use crate::testbed::ControlPlane;
use crate::{file, load_file, load_text, read, run};

const EXAMPLE: &str = "config.example.yaml";

#[test]
fn it_loads_as_it_is_and_needs_nothing_else() {
    let loaded = load_file(&file(EXAMPLE)).unwrap();
    let config = &loaded.config;
    assert_eq!(config.registries.len(), 1);
    assert!(config.time.is_none(), "a try with it must end");
    // Its one plain text is announced in its own comment.
    assert_eq!(loaded.warnings.len(), 1, "{:?}", loaded.warnings);
    assert!(loaded.warnings[0].contains("registries[0].password: is plain text"), "{:?}", loaded.warnings);
}

/// The first thing that a reader of it tries, on a cluster that has never heard of us.
#[test]
fn a_dry_run_with_it_says_what_would_be_done() {
    let plane = ControlPlane::start().unwrap();
    let output = run("--dry-run", &file(EXAMPLE), &plane.kubeconfig(plane.admin_token()));
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{stdout}\n{stderr}");
    assert!(stdout.contains("default/pullkeeper"), "{stdout}\n{stderr}");
}

/// What it shows as a default is the default: leaving all of that out changes nothing.
#[test]
fn its_values_are_the_defaults() {
    let shortest = "namespaces: {include: [default], exclude: [\"kube-*\"]}\n\
        registries: [{host: registry.example.com, username: puller, password: replace-me}]\n";
    let shown = |config: &Config| format!("{config:#?}");
    let (example, shortest) = (load_file(&file(EXAMPLE)).unwrap(), load_text(shortest).unwrap());
    assert_eq!(shown(&example.config), shown(&shortest.config));
}

#[test]
fn it_loads_with_every_setting_uncommented() {
    let loaded = load_text(&uncommented(&read(&file(EXAMPLE)))).unwrap();
    let config = &loaded.config;
    assert_eq!(config.registries.len(), 8);
    assert_eq!(config.registries[1].secret_name, "team-a-pull");
    assert!(config.namespaces.selector.is_some());
    assert!(config.time.is_some_and(|time| time.runtime.is_none()));
}

#[test]
fn it_has_every_setting() {
    let keys = settings();
    // The search below finds some of each kind, so that a change of its messages can't make it find none.
    for known in [
        "namespaces.selector",
        "registries[0].password.secret.key",
        "registry.pullSecretName",
        "time.runtime",
    ] {
        assert!(keys.contains(known), "the search for settings misses {known}: {keys:?}");
    }
    let text = read(&file(EXAMPLE));
    let words: BTreeSet<&str> = text
        .split(|c: char| !c.is_ascii_alphanumeric() && c != ':')
        .filter_map(|w| w.strip_suffix(':'))
        .collect();
    let missing: Vec<_> = keys.iter().filter(|key| !words.contains(last(key))).collect();
    assert!(missing.is_empty(), "{EXAMPLE} lacks {missing:?}");
}

/// A line whose first sign is a `#` with no space after it is a setting.
fn uncommented(text: &str) -> String {
    let line = |line: &str| match line.trim_start().strip_prefix('#') {
        Some(setting) if !setting.is_empty() && !setting.starts_with(' ') => line.replacen('#', "", 1),
        _ => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Every key that the loader knows, asked of the loader itself: it answers an unknown key with the known ones.
fn settings() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut blocks = vec![String::new()];
    while let Some(block) = blocks.pop() {
        for key in keys_of(&block) {
            let path = if block.is_empty() { key } else { format!("{block}.{key}") };
            // Sources of a password are words of their own, which no message lists.
            if path.ends_with(".password") {
                found.extend(["file", "env", "secret"].map(|source| format!("{path}.{source}")));
                blocks.push(format!("{path}.secret"));
            }
            blocks.extend([path.clone(), format!("{path}[0]")]);
            found.insert(path);
        }
    }
    found
}

/// The keys of the mapping at `block`, such as `registries[0]`; none if a mapping is not allowed there.
fn keys_of(block: &str) -> Vec<String> {
    const NOBODYS: &str = "qqqqqqqqqqqqqqqq";
    let mut yaml = format!("{{{NOBODYS}: 1}}");
    for step in block.split('.').rev().filter(|step| !step.is_empty()) {
        yaml = match step.strip_suffix("[0]") {
            Some(key) => format!("{{{key}: [{yaml}]}}"),
            None => format!("{{{step}: {yaml}}}"),
        };
    }
    // In the oldest tool's block an unknown key is a warning, told only if the rest loads.
    if block == "registry" {
        let rest = "host: a.example.com, username: u, password: p";
        yaml = format!("{{namespaces: [default], registry: {{{rest}, {NOBODYS}: 1}}}}");
    }
    let told = load_text(&yaml).map_or_else(|error| error, |loaded| loaded.warnings.join("\n"));
    let list = told.split_once(&format!("unknown key '{NOBODYS}'; the keys here are "));
    let keys = list.map(|(_, keys)| keys.split([';', '\n']).next().unwrap_or_default());
    keys.map_or_else(Vec::new, |keys| keys.split(", ").map(str::to_owned).collect())
}

fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}
