//! The older tools' ways of being configured.

use super::*;

pub(super) const OLDEST: &str = "\
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
             serviceAccounts, pods, images, time, metrics, refresh, verify, programs; ignored, as private-repo-patcher did",
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

/// The variables that say k8s-ecrupdater.
const UPDATER: (&str, &str) = ("K8S_PULL_SECRET_NAME", "regcred");

#[test]
fn the_ecr_updaters_variables_are_enough() {
    let config = Place::new().load(None, &[UPDATER]).unwrap().config;
    assert_eq!(config.preset, Some(Preset::EcrUpdater));
    assert_eq!((config.create, config.adopt, config.pods.heal), (false, Adopt::Replace, Heal::Off));
    assert!(matches!(config.service_accounts, ServiceAccounts::None));
    assert!(config.namespaces.names.contains("kube-system") && config.namespaces.listed().is_none());
    assert_eq!(config.time, Some(every(std::time::Duration::from_hours(1))));
    let [registry] = config.registries.as_slice() else { unreachable!() };
    assert_eq!((registry.secret_name.as_str(), registry.hosts.len()), ("regcred", 0));
    assert!(matches!(&registry.source, Source::Ecr { region: None, account: None, .. }));
}

#[test]
fn each_of_the_ecr_updaters_variables() {
    let with = |name, value| Place::new().load(None, &[UPDATER, (name, value)]).unwrap().config;
    for (value, create) in [
        ("true", true),
        ("True", true),
        ("TRUE", true),
        ("false", false),
        ("yes", false),
        ("1", false),
        ("", false),
    ] {
        assert_eq!(with("ECR_CREATE_MISSING", value).create, create, "{value}");
    }
    for (value, seconds) in [("60", 60), ("", 3600), ("10m", 600)] {
        let interval = with("ECR_UPDATE_INTERVAL", value).time.unwrap().interval;
        assert_eq!(interval.as_secs(), seconds, "{value}");
    }
}

#[test]
fn the_ecr_updaters_variables_say_nothing_without_its_sign() {
    for sign in [&[][..], &[("K8S_PULL_SECRET_NAME", "")]] {
        let env = [sign, &[("ECR_CREATE_MISSING", "true"), ("ECR_UPDATE_INTERVAL", "soon")]].concat();
        let config = from_file(more("secret: {create: false}\n"), &env).unwrap().config;
        assert_eq!((config.preset, config.create, config.time), (None, false, None));
    }
}

#[test]
fn variables_override_the_file_and_ours_override_the_ecr_updaters() {
    let yaml = "registries: [{ecr: {region: eu-west-1}}]\nsecret: {name: file, adopt: false}\n\
                time: {interval: 5}\nserviceAccounts: default\n";
    let config = from_file(yaml, &[UPDATER]).unwrap().config;
    let registry = &config.registries[0];
    assert_eq!(
        (registry.secret_name.as_str(), registry.source.name().as_str()),
        ("regcred", "ECR eu-west-1")
    );
    assert_eq!((config.adopt, config.time.unwrap().interval.as_secs()), (Adopt::No, 5));
    assert!(matches!(config.service_accounts, ServiceAccounts::Default));
    assert_eq!(config.preset, Some(Preset::EcrUpdater));

    let env = [
        UPDATER,
        ("ECR_CREATE_MISSING", "true"),
        ("ECR_UPDATE_INTERVAL", "60"),
        ("PULLKEEPER_SECRET__NAME", "ours"),
        ("PULLKEEPER_SECRET__CREATE", "false"),
        ("PULLKEEPER_TIME__INTERVAL", "7"),
        ("PULLKEEPER_NAMESPACES", "[a]"),
    ];
    let config = from_file(yaml, &env).unwrap().config;
    assert_eq!((config.registries[0].secret_name.as_str(), config.create), ("ours", false));
    assert_eq!(config.time.unwrap().interval.as_secs(), 7);
    assert_eq!(config.namespaces.listed().unwrap(), ["a"]);
}

#[test]
fn errors_of_the_ecr_updaters_variables() {
    let two_tools = "K8S_PULL_SECRET_NAME: stands beside registry: they are of two tools, k8s-ecrupdater and private-repo-patcher; keep one of them";
    let table = [
        (
            ("K8S_PULL_SECRET_NAME", "Reg_Cred"),
            "K8S_PULL_SECRET_NAME: secret.name: 'Reg_Cred' is no Secret's name; write a-z, 0-9, '-' and '.'",
        ),
        (
            ("ECR_UPDATE_INTERVAL", "hourly"),
            "ECR_UPDATE_INTERVAL: time.interval: 'hourly' is no duration; write seconds such as 60, or 10m",
        ),
        (
            ("ECR_UPDATE_INTERVAL", "0"),
            "ECR_UPDATE_INTERVAL: time.interval: is zero; write seconds such as 60, or 10m",
        ),
        (
            ("ECR_UPDATE_INTERVAL", "-5"),
            "ECR_UPDATE_INTERVAL: time.interval: '-5' is negative; write seconds such as 60, or 10m",
        ),
        (("PULLKEEPER_REGISTRY__HOST", "a.b"), two_tools),
    ];
    for (variable, message) in table {
        let told = Place::new().load(None, &[UPDATER, variable]).unwrap_err();
        assert_eq!(told, message, "{variable:?}");
    }
    assert_eq!(from_file(OLDEST, &[UPDATER]).unwrap_err(), two_tools);
}
