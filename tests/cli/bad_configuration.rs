//! A configuration that can't be used: one line that says where, which key and what to do, and the
//! cluster is never asked.

use super::program::{ConfigFile, Ran, against, pullkeeper, run};
use super::scripted::Server;

/// Runs it with this file and variables; the one line of error, without time and level.
fn refused(text: impl AsRef<[u8]>, env: &[(&str, &str)]) -> String {
    let config = ConfigFile::new(text);
    let server = Server::start([]);
    let mut command = against(server.url(), &config);
    command.envs(env.iter().copied());
    let line = only_error(&run(command));
    assert_eq!(server.requests(), 0);
    server.finish();
    line.replace(&config.path().display().to_string(), "FILE")
}

fn only_error(ran: &Ran) -> String {
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{}", ran.stderr);
    let lines: Vec<_> = ran.stderr.lines().collect();
    assert_eq!((ran.errors().len(), lines.len()), (1, 1), "{}", ran.stderr);
    lines[0].split_once("] ").unwrap().1.to_owned()
}

const GOOD: &str = "host: h.io, username: me, password: hunter2";

/// A file with one registry of these fields.
fn registry(fields: &str) -> String {
    format!("namespaces: [team-a]\nregistries:\n- {{{fields}}}\n")
}

/// A good file, with this line.
fn and(line: &str) -> String {
    format!("{}{line}\n", registry(GOOD))
}

#[test]
fn of_a_file_is_one_line_with_place_key_and_remedy() {
    let table = [
        (
            "namespaces: [team-a\nregistries: {}\n".to_owned(),
            "FILE:2: is not valid YAML: illegal placement of ':' indicator; check quotes, brackets and indentation there",
        ),
        (
            "namespaces: [a]\nnamespaces: [b]\n".to_owned(),
            "FILE:2: the key 'namespaces' is on line 1 already; keep one of them",
        ),
        (and("namespacs: [a]"), "FILE:4: unknown key 'namespacs' (did you mean 'namespaces'?)"),
        (and("pods: {heel: auto}"), "FILE:4: pods: unknown key 'heel' (did you mean 'heal'?)"),
        (and("secret: [a]"), "FILE:4: secret: is a list; write a mapping"),
        (and("pods: {maxEvictions: many}"), "FILE:4: pods.maxEvictions: 'many' is no count; write 0 or more"),
        (
            and("time: {interval: -1}"),
            "FILE:4: time.interval: '-1' is negative; write seconds such as 60, or 10m",
        ),
        (and("time: {interval: 0}"), "FILE:4: time.interval: is zero; write seconds such as 60, or 10m"),
        (
            and("registry: {host: h.io}"),
            "FILE:2: registries: stands beside registry, the older way to write it (FILE:4); keep one of them",
        ),
        (
            and(&format!("- {{{GOOD}}}")),
            "FILE:4: registries[1].host: h.io is in the Secret pullkeeper already, by registries[0]; \
             write another secretName, or namespaces that differ by name",
        ),
        (
            "namespaces: [team-a]\n".to_owned(),
            "FILE: registries: names no registry; write a list of {host, username, password}",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(refused(&text, &[]), expected, "{text}");
    }
}

#[test]
fn of_a_registry_is_one_line_with_place_key_and_remedy() {
    let table = [
        (
            "host: '', username: me, password: x",
            "host: is empty; write the registry's host, such as harbor.example.com",
        ),
        ("host: 'https://h.io', username: me, password: x", "host: has a scheme; write 'h.io'"),
        (
            "username: me, password: x",
            "host: is missing; write the registry's host, such as harbor.example.com",
        ),
        (
            "host: h.io, username: me",
            "password: is missing; write {file: PATH}, {env: NAME} or {secret: {...}}",
        ),
        (
            "host: h.io, username: me, password: {file: /nonexistent/password}",
            "password: the file /nonexistent/password can't be read: No such file or directory (os error 2); \
             write the path of a file that can",
        ),
        (
            "host: h.io, username: me, password: {env: NO_SUCH_VARIABLE}",
            "password: the variable NO_SUCH_VARIABLE is not set; set it to the password",
        ),
    ];
    for (fields, expected) in table {
        assert_eq!(refused(registry(fields), &[]), format!("FILE:3: registries[0].{expected}"), "{fields}");
    }
}

#[test]
fn of_namespaces_is_one_line_with_place_key_and_remedy() {
    let table = [
        (
            "namespaces: [Team_A]\n",
            "FILE:1: namespaces[0]: 'Team_A' is neither a name nor a glob of names; write one such as team-a or team-*",
        ),
        ("namespaces: []\n", "FILE:1: namespaces: includes no namespace; write at least one name or glob"),
        ("", "FILE: namespaces: is missing; write the names or globs of namespaces"),
    ];
    for (line, expected) in table {
        let text = registry(GOOD).replace("namespaces: [team-a]\n", line);
        assert_eq!(refused(&text, &[]), expected, "{text}");
    }
}

#[test]
fn of_a_variable_names_the_variable() {
    let table = [
        (
            "PULLKEEPER_SECRET__NAM",
            "x",
            "PULLKEEPER_SECRET__NAM: unknown variable; did you mean PULLKEEPER_SECRET__NAME?",
        ),
        (
            "PULLKEEPER_TIME__INTERVAL",
            "-1",
            "PULLKEEPER_TIME__INTERVAL: time.interval: '-1' is negative; write seconds such as 60, or 10m",
        ),
    ];
    for (name, value, expected) in table {
        assert_eq!(refused(registry(GOOD), &[(name, value)]), expected);
    }
}

#[test]
fn of_a_file_that_is_not_there_names_it_and_who_named_it() {
    for (variable, flag) in [
        (None, "--config"),
        (Some("CONF_FILE"), "CONF_FILE"),
        (Some("PULLKEEPER_CONFIG"), "PULLKEEPER_CONFIG"),
    ] {
        let server = Server::start([]);
        let mut command = pullkeeper();
        command.args(["--server", server.url()]);
        match variable {
            None => command.args(["--config", "/nonexistent/config.yaml"]),
            Some(name) => command.env(name, "/nonexistent/config.yaml"),
        };
        assert_eq!(
            only_error(&run(command)),
            format!(
                "/nonexistent/config.yaml: does not exist, but {flag} names it; write the path of a configuration file"
            )
        );
        assert_eq!(server.requests(), 0);
        server.finish();
    }
}
