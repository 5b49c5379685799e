//! Errors in the registries, and in how their passwords are written.

use super::*;

#[test]
fn registries() {
    assert_told(vec![
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
                "namespaces: [a]\nregistries:\n- {{{REGISTRY}}}\n- {{{}}}",
                REGISTRY.replace("a.b", "a.b/")
            ),
            "c.yaml:4: registries[1].host: a.b is in the Secret pullkeeper already, by registries[0]; write another secretName, or namespaces that differ by name",
        ),
        (
            format!(
                "namespaces: [a]\nregistries:\n- {{{REGISTRY}, namespaces: [a, b]}}\n- {{{REGISTRY}, namespaces: [b]}}"
            ),
            "c.yaml:4: registries[1].host: a.b is in the Secret pullkeeper already, by registries[0]; write another secretName, or namespaces that differ by name",
        ),
        (
            format!(
                "namespaces: [a]\nregistries:\n- {{{REGISTRY}, namespaces: [a]}}\n- {{{REGISTRY}, namespaces: ['b*']}}"
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
    ]);
}

#[test]
fn passwords() {
    assert_told(vec![
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
    ]);
}
