//! The loader as a whole: what loads, and each error's full text.

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
        let root = self.0.path().to_str().unwrap();
        let mut all = BTreeMap::from([("PASS".to_owned(), "s3cret".to_owned())]);
        all.extend(env.iter().map(|(k, v)| ((*k).to_owned(), v.replace("ROOT", root))));
        let inputs = Inputs { file: file.map(|name| self.0.path().join(name)), env: all };
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

#[test]
fn the_defaults() {
    let loaded = from_file(ONE, &[]).unwrap();
    let config = &loaded.config;
    assert_eq!(loaded.warnings, [""; 0]);
    assert_eq!(config.namespaces.listed(), Some(vec!["default".to_owned()]));
    assert_eq!((&*config.instance, &*config.registries[0].secret_name), ("default", "pullkeeper"));
    assert_eq!((config.create, config.adopt, config.pods.heal), (true, Adopt::No, Heal::Auto));
    assert_eq!((config.pods.max_evictions, config.pods.evict_running), (50, false));
    assert!(matches!(config.service_accounts, ServiceAccounts::All));
    assert_eq!((config.time, config.preset), (None, None));
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
secret: {name: pull, create: false, adopt: replace}
serviceAccounts: [builder, "app-*"]
pods: {heal: off, maxEvictions: 0, evictRunning: true}
time: {interval: 10m, runtime: 0}
"#,
        &[],
    )
    .unwrap();
    let config = &loaded.config;
    assert_eq!((&*config.instance, config.create, config.adopt), ("blue", false, Adopt::Replace));
    assert_eq!(
        (config.pods.heal, config.pods.max_evictions, config.pods.evict_running),
        (Heal::Off, 0, true)
    );
    assert_eq!(config.time, Some(Time { interval: std::time::Duration::from_mins(10), runtime: None }));
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

#[test]
fn json_is_yaml_and_a_byte_order_mark_is_no_text() {
    let json = "\u{feff}{\n\t\"namespaces\": [\"a\"],\n\t\"registries\": [{\"host\": \"a.example.com\", \
                \"username\": \"u\", \"password\": \"\\u0041\\/\\ud83d\\ude00\"}]\n}\n";
    assert_eq!(password(&from_file(json, &[]).unwrap(), 0), "A/😀");
}

#[test]
fn passwords_keep_their_text_and_warn_once() {
    for text in ["012345", "true", "1e5", "0x10", "off", "2001-01-01", "'~'", "\"null\"", "!!str 5", "a#b"] {
        let yaml = ONE
            .replace("{env: PASS}}", &format!("{text}}}, {{host: b.example.com, username: u, password: x}}"));
        let loaded = from_file(yaml, &[]).unwrap();
        let expected = text.trim_start_matches("!!str ").trim_matches(['\'', '"']);
        assert_eq!(password(&loaded, 0), expected);
        assert_eq!(
            loaded.warnings,
            ["c.yaml:2: registries[0].password: is plain text (and 1 more); \
              better write {file: PATH}, {env: NAME} or {secret: {...}}"]
        );
    }
}

#[test]
fn a_file_loses_its_last_newlines_only() {
    let place = Place::new();
    for (content, expected) in
        [("p\n", "p"), (" p \r\n\r\n", " p "), ("p\r", "p\r"), ("\np", "\np"), ("p\0\n", "p\0")]
    {
        let path = place.write("p", content);
        let yaml = ONE.replace("env: PASS", &format!("file: {}", path.display()));
        assert_eq!(password(&from_file(yaml, &[]).unwrap(), 0), expected, "{content:?}");
    }
}

#[test]
fn the_file_is_chosen() {
    let place = Place::new();
    let other = |name: &str| ONE.replace("default", name);
    place.write("old.yaml", other("old"));
    let chosen =
        |file, env: &[_]| place.load(file, env).unwrap().config.namespaces.listed().unwrap().remove(0);
    assert_eq!(chosen(None, &[]), "old");
    place.write("usual.yaml", other("usual"));
    assert_eq!(chosen(None, &[]), "usual");
    place.write("conf.yaml", other("conf"));
    assert_eq!(chosen(None, &[("CONF_FILE", "ROOT/conf.yaml"), ("PULLKEEPER_CONFIG", "")]), "conf");
    place.write("own.yaml", other("own"));
    assert_eq!(
        chosen(None, &[("CONF_FILE", "ROOT/conf.yaml"), ("PULLKEEPER_CONFIG", "ROOT/own.yaml")]),
        "own"
    );
    place.write("flag.yaml", other("flag"));
    assert_eq!(chosen(Some("flag.yaml"), &[("PULLKEEPER_CONFIG", "ROOT/none.yaml")]), "flag");
}

#[test]
fn variables_win() {
    let env = [
        ("PULLKEEPER_NAMESPACES", "[a, b]"),
        ("PULLKEEPER_SECRET__NAME", "mine"),
        ("PULLKEEPER_SECRET", "{name: theirs, adopt: merge}"),
        ("PULLKEEPER_SERVICE_ACCOUNTS", "none"),
        ("PULLKEEPER_PODS__MAX_EVICTIONS", "7"),
        ("PULLKEEPER_TIME__INTERVAL", ""),
        ("PULLKEEPER_PORT", "tcp://10.0.0.1:80"),
        ("PULLKEEPER_PORT_80_TCP_ADDR", "10.0.0.1"),
        ("PULLKEEPER_SERVICE_HOST", "10.0.0.1"),
        ("PULLKEEPER_SERVICE_PORT_HTTP", "80"),
        ("PULLKEEPER_METRICS_PORT_80_TCP", "tcp://10.0.0.1:80"),
        ("PULLKEEPER_METRICS_SERVICE_HOST", "10.0.0.1"),
        ("PULLKEEPERS", "x"),
    ];
    let yaml =
        format!("{ONE}secret: {{create: false, adopt: ~}}\nserviceAccounts: all\ntime: {{interval: 5}}\n");
    let config = from_file(yaml, &env).unwrap().config;
    assert_eq!(config.namespaces.listed().unwrap(), ["a", "b"]);
    assert_eq!(
        (&*config.registries[0].secret_name, config.create, config.adopt),
        ("mine", false, Adopt::Merge)
    );
    assert!(matches!(config.service_accounts, ServiceAccounts::None));
    assert_eq!((config.pods.max_evictions, config.time.unwrap().interval.as_secs()), (7, 5));
}

#[test]
fn variables_are_enough() {
    let env = [
        ("PULLKEEPER_NAMESPACES", "[a]"),
        ("PULLKEEPER_REGISTRIES", "[{host: a.b, username: u, password: 007}]"),
    ];
    let loaded = Place::new().load(None, &env).unwrap();
    assert_eq!(password(&loaded, 0), "007");
    assert_eq!(loaded.file, None);
    assert_eq!(loaded.warnings.len(), 1);
}

const OLDEST: &str = "\
namespaces: [default, team]
registry:
  email: a@example.com
  host: harbor.example.com
  password: 0123
  pullSecretName: regcred
  username: admin
  colour: red
time: {runtime: 60}
debug:
";

#[test]
fn the_oldest_tools_file() {
    let loaded = from_file(OLDEST, &[]).unwrap();
    let config = &loaded.config;
    assert_eq!(config.preset, Some(Preset::PrivateRepoPatcher));
    assert_eq!((config.create, config.adopt, config.pods.heal), (true, Adopt::Merge, Heal::All));
    assert_eq!((&*config.registries[0].secret_name, &*password(&loaded, 0)), ("regcred", "0123"));
    let time = config.time.unwrap();
    assert_eq!((time.interval.as_secs(), time.runtime.unwrap().as_secs()), (10, 60));
    assert_eq!(
        loaded.warnings,
        [
            "c.yaml:10: unknown key 'debug'; the keys here are namespaces, registries, registry, instance, secret, \
             serviceAccounts, pods, time, refresh, verify, programs; ignored, as private-repo-patcher did",
            "c.yaml:8: registry: unknown key 'colour'; the keys here are host, username, password, email, \
             pullSecretName; ignored, as private-repo-patcher did",
            "c.yaml:5: registry.password: is plain text; better write {file: PATH}, {env: NAME} or {secret: {...}}",
        ]
    );
}

#[test]
fn written_keys_override_the_oldest_tools_ways() {
    let yaml = format!("{OLDEST}secret: {{name: x, adopt: false, create: ~}}\npods: {{heal: ~}}\n");
    let config = from_file(yaml, &[("PULLKEEPER_REGISTRY__PULL_SECRET_NAME", "env")]).unwrap().config;
    assert_eq!((config.create, config.adopt, config.pods.heal), (true, Adopt::No, Heal::All));
    assert_eq!(config.registries[0].secret_name, "env");
}

/// Each row: what is in the file, and the whole message.
#[allow(clippy::too_many_lines)] // a table
#[test]
fn errors_in_the_file() {
    let registry = "host: a.b, username: u, password: {env: PASS}";
    let ns = |value: &str| format!("namespaces: {value}\nregistries: [{{{registry}}}]");
    let reg = |value: &str| format!("namespaces: [a]\nregistries:\n  - {{{value}}}");
    let more = |text: &str| format!("{ONE}{text}");
    let table: Vec<(String, &str)> = vec![
        // the text itself
        (
            "a: [".into(),
            "c.yaml:1: is not valid YAML: unclosed bracket '['; check quotes, brackets and indentation there",
        ),
        (
            "namespaces: [a]\n\tb: c\n".into(),
            "c.yaml:2: is not valid YAML: while parsing a block mapping, did not find expected key; check quotes, brackets and indentation there",
        ),
        (
            "namespaces: [a]\nnamespaces: [b]\n".into(),
            "c.yaml:2: the key 'namespaces' is on line 1 already; keep one of them",
        ),
        ("[a, b]".into(), "c.yaml:1: is not a mapping; write keys, such as namespaces: [default]"),
        ("text".into(), "c.yaml:1: is not a mapping; write keys, such as namespaces: [default]"),
        (more("---\na: b\n"), "c.yaml:3: a second document starts here; keep one"),
        (
            more("pods: &p {<<: *p}\n"),
            "c.yaml:3: the merge key '<<' is not supported; repeat the keys instead",
        ),
        (
            more("pods: &p {heal: *p}\n"),
            "c.yaml:3: an alias stands within its own anchor; write the value out",
        ),
        (more("? [a]\n: b\n"), "c.yaml:3: a key is not plain text; write a name"),
        (reg("password: {hunter2, hunter2}"), "c.yaml:3: the key is on line 3 already; keep one of them"),
        (
            reg("password: !hunter2"),
            "c.yaml:3: a value has a YAML tag; put text that starts with ! in quotes",
        ),
        (
            reg("password: *hunter2"),
            "c.yaml:3: is not valid YAML: while parsing node, found unknown anchor; check quotes, brackets and indentation there",
        ),
        (
            format!("a: {}{}", "[".repeat(40), "]".repeat(40)),
            "c.yaml:1: is nested too deeply; no setting is that deep",
        ),
        // shapes and keys
        (String::new(), "c.yaml: namespaces: is missing; write the names or globs of namespaces"),
        (more("registires: []\n"), "c.yaml:3: unknown key 'registires' (did you mean 'registries'?)"),
        (
            more("colour: red\n"),
            "c.yaml:3: unknown key 'colour'; the keys here are namespaces, registries, registry, instance, secret, serviceAccounts, pods, time, refresh, verify, programs",
        ),
        (
            more("colour: ~\n"),
            "c.yaml:3: unknown key 'colour'; the keys here are namespaces, registries, registry, instance, secret, serviceAccounts, pods, time, refresh, verify, programs",
        ),
        (
            more("secret: {secret_name: x}\n"),
            "c.yaml:3: secret: unknown key 'secret_name'; the keys here are name, create, adopt",
        ),
        (reg("hots: a.b"), "c.yaml:3: registries[0]: unknown key 'hots' (did you mean 'host'?)"),
        ("namespaces: [a]\nregistries: 3\n".into(), "c.yaml:2: registries: is a single value; write a list"),
        (
            "namespaces: a\n".into(),
            "c.yaml:1: namespaces: is a single value; write a list of names and globs, or {include: [...], exclude: [...], selector: ...}",
        ),
        ("namespaces: [[a]]\n".into(), "c.yaml:1: namespaces[0]: is a list; write a single value"),
        (
            "namespaces: [a]\nregistries:\n- [a.b, u, p]\n".into(),
            "c.yaml:3: registries[0]: is a list; write a mapping",
        ),
        ("namespaces: [a]\nregistries:\n-\n".into(), "c.yaml:3: registries[0]: is empty; write a mapping"),
        (
            more("secret:\n  create: maybe\n"),
            "c.yaml:4: secret.create: 'maybe' is no choice; write one of true, false",
        ),
        (
            more("secret: {adopt: true}\n"),
            "c.yaml:3: secret.adopt: 'true' is no choice; write one of false, merge, replace",
        ),
        (more("secret: [pullkeeper, true]\n"), "c.yaml:3: secret: is a list; write a mapping"),
        (
            more("pods: {heal: none}\n"),
            "c.yaml:3: pods.heal: 'none' is no choice; write one of auto, all, off",
        ),
        (
            more("pods: {maxEvictions: -1}\n"),
            "c.yaml:3: pods.maxEvictions: '-1' is no count; write 0 or more",
        ),
        (
            more("serviceAccounts: some\n"),
            "c.yaml:3: serviceAccounts: 'some' is no choice; write one of all, default, none, or a list of names and globs",
        ),
        (
            more("serviceAccounts: {a: b}\n"),
            "c.yaml:3: serviceAccounts: is a mapping; write all, default, none, or a list of names and globs",
        ),
        (more("serviceAccounts: []\n"), "c.yaml:3: serviceAccounts: is empty; write none, or some names"),
        (
            more("serviceAccounts: [A]\n"),
            "c.yaml:3: serviceAccounts[0]: 'A' is neither a name nor a glob of names; write one such as team-a or team-*",
        ),
        (
            more("instance: a b\n"),
            "c.yaml:3: instance: is no label value; write up to 63 letters, digits, '-', '_' and '.'",
        ),
        // namespaces
        (
            format!("registries: [{{{registry}}}]"),
            "c.yaml: namespaces: is missing; write the names or globs of namespaces",
        ),
        (ns("[]"), "c.yaml:1: namespaces: includes no namespace; write at least one name or glob"),
        (ns(""), "c.yaml:1: namespaces: is missing; write the names or globs of namespaces"),
        (
            ns("[Team]"),
            "c.yaml:1: namespaces[0]: 'Team' is neither a name nor a glob of names; write one such as team-a or team-*",
        ),
        (
            ns("[a, a.b]"),
            "c.yaml:1: namespaces[1]: 'a.b' is no namespace's name; write up to 63 of a-z, 0-9 and '-'",
        ),
        (
            ns("[\"[a\"]"),
            "c.yaml:1: namespaces[0]: '[a' is no glob: unclosed character class; missing ']'; write one such as team-*",
        ),
        (ns("\n- a\n- {b: c}"), "c.yaml:3: namespaces[1]: is a mapping; write a single value"),
        (
            ns("{include: [a], exclude: [\"*\"]}"),
            "c.yaml:1: namespaces: excludes every namespace that it includes; exclude fewer",
        ),
        (
            ns("{exclude: [a]}"),
            "c.yaml:1: namespaces: includes no namespace; write include, such as include: [\"*\"]",
        ),
        (
            ns("{include: [a],\n  exclude: [b, B]}"),
            "c.yaml:2: namespaces.exclude[1]: 'B' is neither a name nor a glob of names; write one such as team-a or team-*",
        ),
        (
            ns("{selector: \"a in (b\"}"),
            "c.yaml:1: namespaces.selector: is no label selector; write one such as 'team=a,env in (dev,test)'",
        ),
        (
            ns("{selector: ''}"),
            "c.yaml:1: namespaces.selector: is no label selector; write one such as 'team=a,env in (dev,test)'",
        ),
        // registries
        (
            "namespaces: [a]".into(),
            "c.yaml: registries: names no registry; write a list of {host, username, password}",
        ),
        (
            "namespaces: [a]\nregistries: []\n".into(),
            "c.yaml:2: registries: names no registry; write a list of {host, username, password}",
        ),
        (
            reg("username: u, password: x"),
            "c.yaml:3: registries[0].host: is missing; write the registry's host, such as harbor.example.com",
        ),
        (
            reg("host: a.b, password: x"),
            "c.yaml:3: registries[0].username: is missing; write the account at the registry",
        ),
        (
            reg("host: a.b, username: '', password: x"),
            "c.yaml:3: registries[0].username: is missing; write the account at the registry",
        ),
        (
            reg("host: a.b, username: 'a:b', password: x"),
            "c.yaml:3: registries[0].username: holds a ':'; write the account's name alone",
        ),
        (
            reg("host: a.b, username: u"),
            "c.yaml:3: registries[0].password: is missing; write {file: PATH}, {env: NAME} or {secret: {...}}",
        ),
        (
            reg("host: a.b, username: u, password: ~"),
            "c.yaml:3: registries[0].password: is missing; write {file: PATH}, {env: NAME} or {secret: {...}}",
        ),
        (
            reg("host: '', username: u, password: x"),
            "c.yaml:3: registries[0].host: is empty; write the registry's host, such as harbor.example.com",
        ),
        (
            reg("host: 'https://a.b/', username: u, password: x"),
            "c.yaml:3: registries[0].host: has a scheme; write 'a.b'",
        ),
        (
            reg("host: 'a b', username: u, password: x"),
            "c.yaml:3: registries[0].host: has blanks; write it without them",
        ),
        (
            reg("host: a.b, username: u, password: {env: PASS}, namespaces: []"),
            "c.yaml:3: registries[0].namespaces: is empty; leave it out for all of the namespaces, or write some",
        ),
        (
            reg("host: a.b, username: u, password: {env: PASS}, namespaces: ['{a']"),
            "c.yaml:3: registries[0].namespaces[0]: '{a' is no glob: unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?); write one such as team-*",
        ),
        (
            reg("host: a.b, username: u, password: {env: PASS}, secretName: A"),
            "c.yaml:3: registries[0].secretName: 'A' is no Secret's name; write a-z, 0-9, '-' and '.'",
        ),
        (
            more("secret: {name: 'a b'}\n"),
            "c.yaml:3: secret.name: 'a b' is no Secret's name; write a-z, 0-9, '-' and '.'",
        ),
        (
            more("registry: {host: a.b}\n"),
            "c.yaml:2: registries: stands beside registry, the older way to write it (c.yaml:3); keep one of them",
        ),
        (
            format!(
                "namespaces: [a]\nregistries:\n- {{{registry}}}\n- {{{}}}",
                registry.replace("a.b", "a.b/")
            ),
            "c.yaml:4: registries[1].host: a.b is in the Secret pullkeeper already, by registries[0]; write another secretName, or namespaces that differ by name",
        ),
        (
            format!(
                "namespaces: [a]\nregistries:\n- {{{registry}, namespaces: [a, b]}}\n- {{{registry}, namespaces: [b]}}"
            ),
            "c.yaml:4: registries[1].host: a.b is in the Secret pullkeeper already, by registries[0]; write another secretName, or namespaces that differ by name",
        ),
        (
            format!(
                "namespaces: [a]\nregistries:\n- {{{registry}, namespaces: [a]}}\n- {{{registry}, namespaces: ['b*']}}"
            ),
            "c.yaml:4: registries[1].host: a.b is in the Secret pullkeeper already, by registries[0]; write another secretName, or namespaces that differ by name",
        ),
        (
            "namespaces: [a]\nregistry: {host: a.b}\n".into(),
            "c.yaml:2: registry.username: is missing; write the account at the registry",
        ),
        (
            "namespaces: [a]\nregistry:\n  host: a.b\n  username: u\n  password: x\n  pullSecretName: A_B\n"
                .into(),
            "c.yaml:6: registry.pullSecretName: 'A_B' is no Secret's name; write a-z, 0-9, '-' and '.'",
        ),
        // passwords
        (
            reg("host: a.b, username: u, password: [hunter2]"),
            "c.yaml:3: registries[0].password: is a list; write one of {file: PATH}, {env: NAME}, {secret: {namespace, name, key}}, or the password in quotes",
        ),
        (
            reg("host: a.b, username: u, password: ''"),
            "c.yaml:3: registries[0].password: is empty; write the password",
        ),
        (
            reg("host: a.b, username: u, password: {hunter2}"),
            "c.yaml:3: registries[0].password: has a key that is not file, env or secret; write one of {file: PATH}, {env: NAME}, {secret: {namespace, name, key}}, or the password in quotes",
        ),
        (
            reg("host: a.b, username: u, password: {}"),
            "c.yaml:3: registries[0].password: names no source; write one of {file: PATH}, {env: NAME}, {secret: {namespace, name, key}}, or the password in quotes",
        ),
        (
            reg("host: a.b, username: u, password: {env: A, file: b}"),
            "c.yaml:3: registries[0].password: names more than one source; write one of {file: PATH}, {env: NAME}, {secret: {namespace, name, key}}, or the password in quotes",
        ),
        (
            reg("host: a.b, username: u, password: {env: ''}"),
            "c.yaml:3: registries[0].password.env: is empty; write where the password is",
        ),
        (
            reg("host: a.b, username: u, password: {env: NONE}"),
            "c.yaml:3: registries[0].password: the variable NONE is not set; set it to the password",
        ),
        (
            reg("host: a.b, username: u, password: {env: EMPTY}"),
            "c.yaml:3: registries[0].password: the variable EMPTY is empty; set it to the password",
        ),
        (
            reg("host: a.b, username: u, password: {file: /nonexistent/p}"),
            "c.yaml:3: registries[0].password: the file /nonexistent/p can't be read: No such file or directory (os error 2); write the path of a file that can",
        ),
        (
            reg("host: a.b, username: u, password: {file: /dev/null}"),
            "c.yaml:3: registries[0].password: the file /dev/null is empty; write the password to it",
        ),
        (
            reg("host: a.b, username: u, password: {secret: {name: s}}"),
            "c.yaml:3: registries[0].password.secret.namespace: is missing; write the Secret's namespace",
        ),
        (
            reg("host: a.b, username: u, password: {secret: hunter2}"),
            "c.yaml:3: registries[0].password.secret: is a single value; write a mapping",
        ),
        (
            reg("host: a.b, username: u, password: {secret: {name: s, namespace: N}}"),
            "c.yaml:3: registries[0].password.secret.namespace: is no namespace's name; write up to 63 of a-z, 0-9 and '-'",
        ),
        (
            reg("host: a.b, username: u, password: {secret: {name: s, namespace: n, key: 'a/b'}}"),
            "c.yaml:3: registries[0].password.secret.key: is no key of a Secret; write letters, digits, '-', '_' and '.'",
        ),
        // time
        (
            more("time: {interval: -5}\n"),
            "c.yaml:3: time.interval: '-5' is negative; write seconds such as 60, or 10m",
        ),
        (
            more("time:\n  interval: 0\n"),
            "c.yaml:4: time.interval: is zero; write seconds such as 60, or 10m",
        ),
        (
            more("time: {interval: 0s}\n"),
            "c.yaml:3: time.interval: is zero; write seconds such as 60, or 10m",
        ),
        (
            more("time: {interval: soon}\n"),
            "c.yaml:3: time.interval: 'soon' is no duration; write seconds such as 60, or 10m",
        ),
        (
            more("time: {runtime: 5}\n"),
            "c.yaml:3: time.interval: is missing; write seconds such as 60, or 10m",
        ),
        (
            more("time: {interval: 5, runtime: -1m}\n"),
            "c.yaml:3: time.runtime: '-1m' is negative; write seconds such as 60, or 10m",
        ),
    ];
    for (yaml, message) in table {
        assert_eq!(from_file(&yaml, &[("EMPTY", "")]).unwrap_err(), message, "{yaml}");
    }
}

/// Each row: a variable beside a good file, and the whole message.
#[test]
fn errors_in_a_variable() {
    let table = [
        (
            "PULLKEEPER_SECRET_NAME",
            "x",
            "PULLKEEPER_SECRET_NAME: unknown variable; did you mean PULLKEEPER_SECRET__NAME?",
        ),
        (
            "PULLKEEPER_SERVICEACCOUNT",
            "all",
            "PULLKEEPER_SERVICEACCOUNT: unknown variable; did you mean PULLKEEPER_SERVICE_ACCOUNTS?",
        ),
        (
            "PULLKEEPER_COLOUR",
            "red",
            "PULLKEEPER_COLOUR: unknown variable; write the keys after PULLKEEPER_ with two underscores between them, such as PULLKEEPER_SECRET__NAME",
        ),
        (
            "PULLKEEPER_",
            "red",
            "PULLKEEPER_: unknown variable; write the keys after PULLKEEPER_ with two underscores between them, such as PULLKEEPER_SECRET__NAME",
        ),
        (
            "PULLKEEPER_SERVICEACCOUNTS",
            "all",
            "PULLKEEPER_SERVICE_ACCOUNTS: serviceAccounts: is set by PULLKEEPER_SERVICEACCOUNTS too; keep one of them",
        ),
        (
            "PULLKEEPER_NAMESPACES",
            "[a",
            "PULLKEEPER_NAMESPACES: namespaces: is not valid YAML: unclosed bracket '['; check quotes, brackets and indentation there",
        ),
        (
            "PULLKEEPER_NAMESPACES",
            "[]",
            "PULLKEEPER_NAMESPACES: namespaces: includes no namespace; write at least one name or glob",
        ),
        (
            "PULLKEEPER_NAMESPACES",
            "[a, B]",
            "PULLKEEPER_NAMESPACES: namespaces[1]: 'B' is neither a name nor a glob of names; write one such as team-a or team-*",
        ),
        (
            "PULLKEEPER_REGISTRIES",
            "[{host: a.b}]",
            "PULLKEEPER_REGISTRIES: registries[0].username: is missing; write the account at the registry",
        ),
        ("PULLKEEPER_REGISTRIES", "3", "PULLKEEPER_REGISTRIES: registries: is a single value; write a list"),
        (
            "PULLKEEPER_SECRET",
            "{nome: x}",
            "PULLKEEPER_SECRET: secret: unknown key 'nome' (did you mean 'name'?)",
        ),
        (
            "PULLKEEPER_SECRET__CREATE",
            "maybe",
            "PULLKEEPER_SECRET__CREATE: secret.create: 'maybe' is no choice; write one of true, false",
        ),
        (
            "PULLKEEPER_TIME__INTERVAL",
            "0",
            "PULLKEEPER_TIME__INTERVAL: time.interval: is zero; write seconds such as 60, or 10m",
        ),
        (
            "PULLKEEPER_TIME__RUNTIME",
            "5",
            "PULLKEEPER_TIME__RUNTIME: time.interval: is missing; write seconds such as 60, or 10m",
        ),
        (
            "PULLKEEPER_REGISTRY__HOST",
            "a.b",
            "c.yaml:2: registries: stands beside registry, the older way to write it (PULLKEEPER_REGISTRY__HOST); keep one of them",
        ),
    ];
    let others = ("PULLKEEPER_SERVICE_ACCOUNTS", "all");
    for (name, value, message) in table {
        assert_eq!(from_file(ONE, &[others, (name, value)]).unwrap_err(), message, "{name}={value}");
    }
}

#[test]
fn errors_about_the_file() {
    let place = Place::new();
    std::fs::create_dir(place.0.path().join("folder")).unwrap();
    place.write("latin1", b"namespaces: [a]\n# \xe4\n");
    place.write("large", vec![b'#'; (1 << 20) + 1]);
    let table = [
        (
            Some("none"),
            vec![],
            "none: does not exist, but --config names it; write the path of a configuration file",
        ),
        (
            None,
            vec![("PULLKEEPER_CONFIG", "ROOT/none")],
            "none: does not exist, but PULLKEEPER_CONFIG names it; write the path of a configuration file",
        ),
        (
            None,
            vec![("CONF_FILE", "ROOT/none")],
            "none: does not exist, but CONF_FILE names it; write the path of a configuration file",
        ),
        (
            Some("folder"),
            vec![],
            "folder: is a directory, but --config names it; write the path of a file in it",
        ),
        (Some("latin1"), vec![], "latin1:2: is not UTF-8; save the file as UTF-8"),
        (Some("large"), vec![], "large: is larger than 1 MiB; write the path of a configuration file"),
        (
            None,
            vec![],
            "no configuration file: namespaces: is missing; name a file with --config or PULLKEEPER_CONFIG, or put it at /etc/pullkeeper/config.yaml",
        ),
        (
            None,
            vec![("PULLKEEPER_NAMESPACES", "[a]")],
            "no configuration file: registries: names no registry; name a file with --config or PULLKEEPER_CONFIG, or put it at /etc/pullkeeper/config.yaml",
        ),
    ];
    for (file, env, message) in table {
        assert_eq!(place.load(file, &env).unwrap_err(), message);
    }
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_file_makes_it_panic(bytes in any::<Vec<u8>>(), yaml in "([a-z]{1,3}|[ \n]|[-:?,#&*!|>'\"%@{}]|\\[|\\]|\\t|<<: ){0,60}") {
            let _ = from_file(bytes, &[]);
            let _ = from_file(format!("{OLDEST}{yaml}"), &[("PULLKEEPER_REGISTRIES", &yaml)]);
        }

        #[test]
        fn a_quoted_password_comes_back(text in any::<String>(), printable in "[ -~]{1,20}") {
            prop_assume!(!text.is_empty());
            let escaped: Vec<_> = text.chars().map(|c| format!("\\U{:08X}", u32::from(c))).collect();
            let escaped = escaped.concat();
            for (quoted, expected) in [
                (format!("\"{escaped}\""), &text),
                (serde_json::to_string(&printable).unwrap(), &printable),
                (format!("'{}'", printable.replace('\'', "''")), &printable),
            ] {
                let loaded = from_file(ONE.replace("{env: PASS}", &quoted), &[]).unwrap();
                prop_assert_eq!(&password(&loaded, 0), expected);
            }
        }
    }
}
