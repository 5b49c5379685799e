//! The loader as a whole: what loads, and each error's full text.

mod aws;
mod entries;
mod files;
mod flags;
mod images;
mod presets;
mod programs;
mod properties;
mod registries;
mod running;
mod settings;
mod variables;

use super::*;

const ONE: &str = "namespaces: [default]\n\
    registries: [{host: a.example.com, username: u, password: {env: PASS}}]\n";

/// A folder to load from; in messages its own path is left out.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn load(&self, file: Option<&str>, env: &[(&str, &str)]) -> Result<Loaded, String> {
        self.load_with(file, env, Flags::default())
    }

    fn load_with(&self, file: Option<&str>, env: &[(&str, &str)], flags: Flags) -> Result<Loaded, String> {
        let root = self.0.path().to_str().unwrap();
        let mut all = BTreeMap::from([("PASS".to_owned(), "s3cret".to_owned())]);
        all.extend(env.iter().map(|(k, v)| ((*k).to_owned(), v.replace("ROOT", root))));
        let inputs = Inputs { file: file.map(|name| self.0.path().join(name)), env: all, flags };
        let usual = [self.0.path().join("usual.yaml"), self.0.path().join("old.yaml")];
        let mut loaded = load_from(&inputs, &usual.each_ref().map(PathBuf::as_path))
            .map_err(|e| self.bare(&e.to_string()))?;
        loaded.warnings = loaded.warnings.iter().map(|warning| self.bare(warning)).collect();
        Ok(loaded)
    }

    fn bare(&self, message: &str) -> String {
        message.replace(&format!("{}/", self.0.path().display()), "")
    }
}

fn from_file(yaml: impl AsRef<[u8]>, env: &[(&str, &str)]) -> Result<Loaded, String> {
    let place = Place::new();
    place.write("c.yaml", yaml);
    place.load(Some("c.yaml"), env)
}

fn password(loaded: &Loaded, index: usize) -> String {
    use secrecy::ExposeSecret;
    let Source::Static { password, .. } = &loaded.config.registries[index].source else { unreachable!() };
    let env = |name: &str| (name == "PASS").then(|| "s3cret".to_owned());
    password.read_local(&env).unwrap().unwrap().expose_secret().to_owned()
}

/// Each row: what is in the file, and the whole message.
fn assert_told(table: Vec<(String, &str)>) {
    for (yaml, message) in table {
        assert_eq!(from_file(&yaml, &[("EMPTY", "")]).unwrap_err(), message, "{yaml}");
    }
}

/// A good registry, without its braces.
const REGISTRY: &str = "host: a.b, username: u, password: {env: PASS}";

/// A file with these namespaces.
fn ns(value: &str) -> String {
    format!("namespaces: {value}\nregistries: [{{{REGISTRY}}}]")
}

/// A file with this registry.
fn reg(value: &str) -> String {
    format!("namespaces: [a]\nregistries:\n  - {{{value}}}")
}

/// A good file, and more.
fn more(text: &str) -> String {
    format!("{ONE}{text}")
}

/// A loop with nothing but an interval.
fn every(interval: std::time::Duration) -> Time {
    Time { interval, runtime: None, resync: None, until_healthy: false, min_pods: 0 }
}

#[test]
fn the_defaults() {
    let loaded = from_file(ONE, &[]).unwrap();
    let config = &loaded.config;
    assert_eq!(loaded.warnings, [""; 0]);
    assert_eq!(config.namespaces.listed(), Some(vec!["default".to_owned()]));
    assert_eq!((&*config.instance, &*config.registries[0].secret_name), ("default", "pullkeeper"));
    assert_eq!((config.create, config.adopt, config.pods.heal), (true, Adopt::No, Heal::Auto));
    assert_eq!((config.pods.nudge, config.pods.max_evictions, config.pods.evict_running), (true, 50, false));
    assert!(matches!(config.service_accounts, ServiceAccounts::All));
    assert_eq!((config.time, config.preset, config.prune), (None, None, false));
    assert!(config.metrics.listen.is_none() && config.metrics.push.is_none());
    assert_eq!((config.refresh, config.verify), (Refresh::Half, true));
    assert_eq!(password(&loaded, 0), "s3cret");
}

#[test]
fn every_setting() {
    let loaded = from_file(
        r#"
namespaces: {include: ["*"], exclude: ["kube-*"], selector: "pull in (yes, on),team=a"}
registries:
  - {host: harbor.example.com/team, username: a, password: {secret: {name: s, namespace: n}}, email: a@example.com,
     namespaces: [team-a], secretName: other}
  - {host: harbor.example.com/team, username: b, password: {env: PASS}, namespaces: [team-b], secretName: other}
instance: blue
secret: {name: pull, create: false, adopt: replace, prune: true}
serviceAccounts: [builder, "app-*"]
pods: {heal: off, nudge: false, maxEvictions: 0, evictRunning: true}
time: {interval: 10m, runtime: 0}
"#,
        &[],
    )
    .unwrap();
    let config = &loaded.config;
    assert_eq!((&*config.instance, config.create, config.adopt), ("blue", false, Adopt::Replace));
    assert!(config.prune);
    assert_eq!(
        (config.pods.heal, config.pods.nudge, config.pods.max_evictions, config.pods.evict_running),
        (Heal::Off, false, 0, true)
    );
    assert_eq!(config.time, Some(every(std::time::Duration::from_mins(10))));
    let key = SecretKey { namespace: "n".into(), name: "s".into(), key: "password".into() };
    let Source::Static { password, email, .. } = &config.registries[0].source else { unreachable!() };
    assert!(matches!(password, Password::Secret(found) if *found == key));
    assert_eq!(email.as_deref(), Some("a@example.com"));
    assert!(config.namespaces.names.contains("x") && !config.namespaces.names.contains("kube-x"));
    assert_eq!(config.namespaces.selector.as_deref(), Some("pull in (yes, on),team=a"));
    assert_eq!(config.namespaces.listed(), None);
    assert!(matches!(&config.service_accounts, ServiceAccounts::Named(names) if names.contains("app-x")));
    assert!(config.registries.iter().all(|registry| registry.secret_name == "other"));
}

#[test]
fn registry_without_a_value_is_no_preset() {
    let config = from_file(format!("{ONE}registry:\n"), &[]).unwrap().config;
    assert_eq!((config.preset, config.pods.heal), (None, Heal::Auto));
}

#[test]
fn a_selector_alone_includes_all() {
    let yaml = ONE.replace("[default]", "{selector: a=b}");
    assert!(from_file(yaml, &[]).unwrap().config.namespaces.names.contains("any"));
}
