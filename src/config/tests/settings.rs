//! Errors in the settings that are not about registries.

use super::*;

#[test]
fn shapes_and_keys() {
    assert_told(vec![
        (String::new(), "c.yaml: namespaces: is missing; write the names or globs of namespaces"),
        (more("registires: []\n"), "c.yaml:3: unknown key 'registires' (did you mean 'registries'?)"),
        (
            more("colour: red\n"),
            "c.yaml:3: unknown key 'colour'; the keys here are namespaces, registries, registry, instance, secret, serviceAccounts, pods, images, time, metrics, refresh, verify, programs",
        ),
        (
            more("colour: ~\n"),
            "c.yaml:3: unknown key 'colour'; the keys here are namespaces, registries, registry, instance, secret, serviceAccounts, pods, images, time, metrics, refresh, verify, programs",
        ),
        (
            more("secret: {secret_name: x}\n"),
            "c.yaml:3: secret: unknown key 'secret_name'; the keys here are name, create, adopt, prune",
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
    ]);
}

#[test]
fn namespaces() {
    assert_told(vec![
        (
            format!("registries: [{{{REGISTRY}}}]"),
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
    ]);
}

#[test]
fn refresh() {
    let hours = |hours| std::time::Duration::from_hours(hours);
    let table = [
        ("refresh:", Refresh::Half),
        ("refresh: {}", Refresh::Half),
        ("refresh: {before: half}", Refresh::Half),
        ("refresh: {before: 2h}", Refresh::Before(hours(2))),
        ("refresh: {before: 0}", Refresh::Before(hours(0))),
        ("refresh: {before: ~, every: 7200}", Refresh::Every(hours(2))),
    ];
    for (text, expected) in table {
        assert_eq!(from_file(more(&format!("{text}\n")), &[]).unwrap().config.refresh, expected, "{text}");
    }
    let env = [("PULLKEEPER_REFRESH__EVERY", "6h")];
    assert_eq!(from_file(ONE, &env).unwrap().config.refresh, Refresh::Every(hours(6)));

    assert_told(vec![
        (more("refresh: 6h\n"), "c.yaml:3: refresh: is a single value; write a mapping"),
        (
            more("refresh: {after: 6h}\n"),
            "c.yaml:3: refresh: unknown key 'after'; the keys here are before, every",
        ),
        (
            more("refresh:\n  before: half\n  every: 6h\n"),
            "c.yaml:5: refresh.every: stands beside before; keep one of them",
        ),
        (more("refresh: {every: 0}\n"), "c.yaml:3: refresh.every: is zero; write such as 6h"),
        (
            more("refresh: {every: half}\n"),
            "c.yaml:3: refresh.every: 'half' is no duration; write seconds such as 60, or 10m",
        ),
        (
            more("refresh: {before: 50%}\n"),
            "c.yaml:3: refresh.before: '50%' is no duration; write seconds such as 60, or 10m, or half",
        ),
        (
            more("refresh: {before: -1h}\n"),
            "c.yaml:3: refresh.before: '-1h' is negative; write seconds such as 60, or 10m, or half",
        ),
    ]);
}

#[test]
fn verify() {
    for (text, expected) in [("verify: false", false), ("verify: TRUE", true), ("verify:", true)] {
        assert_eq!(from_file(more(&format!("{text}\n")), &[]).unwrap().config.verify, expected, "{text}");
    }
    assert_told(vec![
        (more("verify: no\n"), "c.yaml:3: verify: 'no' is no choice; write one of true, false"),
        (more("verify: {}\n"), "c.yaml:3: verify: is a mapping; write a single value"),
    ]);
}
