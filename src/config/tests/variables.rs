//! Variables: what they set, which are not ours, and what they get wrong.

use super::*;

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
