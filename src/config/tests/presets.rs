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
