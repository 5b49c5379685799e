//! Which cluster: the first way that is given, said in the log, and no other where that one is broken.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use super::plain;
use super::program::{ConfigFile, pullkeeper, run};
use super::scripted::objects::ok;
use super::scripted::{Server, post};

/// Somewhere that isn't there.
const NOWHERE: &str = "http://127.0.0.1:1";

fn kubeconfig(folder: &Path, name: &str, url: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let content = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "one",
        "contexts": [
            {"name": "one", "context": {"cluster": "one", "user": "me"}},
            {"name": "two", "context": {"cluster": "two", "user": "me"}},
        ],
        "clusters": [
            {"name": "one", "cluster": {"server": url}},
            {"name": "two", "cluster": {"server": NOWHERE}},
        ],
        "users": [{"name": "me", "user": {}}],
    });
    std::fs::write(&path, content.to_string()).unwrap();
    path
}

fn with(config: &ConfigFile) -> Command {
    let mut command = pullkeeper();
    command.arg("--config").arg(config.path());
    command
}

/// Makes a pass against the server, and the log says that it was chosen in this `way`.
#[track_caller]
fn chooses(way: &str, command: impl FnOnce(&mut Command, &Server, &Path)) {
    let (server, config) =
        (Server::start([post("/api/v1/namespaces/team-a/secrets").says(ok(&json!({})))]), plain());
    let mut program = with(&config);
    command(&mut program, &server, config.folder());
    let ran = run(program);
    let line = format!(
        "cluster {} ({})",
        server.url(),
        way.replace("FOLDER", &config.folder().display().to_string())
    );
    assert!(ran.stderr.contains(&line), "{line}: {}", ran.stderr);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    server.finish();
}

/// Ends before anything is asked, and says all `parts`.
#[track_caller]
fn refuses(parts: &[&str], command: impl FnOnce(&mut Command, &Server, &Path)) {
    let (server, config) = (Server::start([]), plain());
    let mut program = with(&config);
    command(&mut program, &server, config.folder());
    let ran = run(program);
    assert_eq!((ran.code, ran.errors().len()), (Some(2), 1), "{}", ran.stderr);
    for part in parts {
        assert!(ran.errors()[0].contains(part), "{part}: {}", ran.stderr);
    }
    assert_eq!(server.requests(), 0);
    server.finish();
}

#[test]
fn the_flag_comes_first() {
    chooses("--server", |program, server, folder| {
        program.args(["--server", server.url()]);
        program.env("KUBERNETES_API_ENDPOINT", NOWHERE);
        program.env("KUBECONFIG", kubeconfig(folder, "other", NOWHERE));
    });
    chooses("--kubeconfig FOLDER/mine", |program, server, folder| {
        program.arg("--kubeconfig").arg(kubeconfig(folder, "mine", server.url()));
        program.env("KUBERNETES_API_ENDPOINT", NOWHERE);
        program.env("KUBECONFIG", kubeconfig(folder, "other", NOWHERE));
    });
    chooses("KUBECONFIG FOLDER/mine, context one", |program, server, folder| {
        program.args(["--context", "one"]);
        program.env("KUBERNETES_API_ENDPOINT", NOWHERE);
        program.env("KUBERNETES_SERVICE_HOST", "127.0.0.1");
        program.env("KUBECONFIG", kubeconfig(folder, "mine", server.url()));
    });
}

#[test]
fn the_endpoint_needs_no_scheme_and_comes_before_kubeconfig() {
    chooses("KUBERNETES_API_ENDPOINT", |program, server, folder| {
        program.env("KUBERNETES_API_ENDPOINT", server.address());
        program.env("KUBECONFIG", kubeconfig(folder, "other", NOWHERE));
    });
}

#[test]
fn kubeconfig_comes_before_the_pod_and_home() {
    chooses("KUBECONFIG FOLDER/mine", |program, server, folder| {
        program.env("KUBECONFIG", kubeconfig(folder, "mine", server.url()));
        program.env("KUBERNETES_SERVICE_HOST", "127.0.0.1");
        kubeconfig(folder, ".kube/config", NOWHERE);
        program.env("HOME", folder);
    });
}

#[test]
fn home_comes_last() {
    chooses("FOLDER/.kube/config", |program, server, folder| {
        kubeconfig(folder, ".kube/config", server.url());
        program.env("HOME", folder).env("KUBECONFIG", "").env("KUBERNETES_API_ENDPOINT", "");
    });
}

#[test]
fn a_broken_way_is_the_error_and_no_other_is_taken() {
    refuses(&["can't use the kubeconfig (KUBECONFIG /nonexistent/kubeconfig)"], |program, server, folder| {
        program.env("KUBECONFIG", "/nonexistent/kubeconfig");
        kubeconfig(folder, ".kube/config", server.url());
        program.env("HOME", folder);
    });
    refuses(&["can't use the kubeconfig (--kubeconfig /nonexistent/mine)"], |program, server, folder| {
        program.args(["--kubeconfig", "/nonexistent/mine"]);
        program.env("KUBECONFIG", kubeconfig(folder, "other", server.url()));
    });
    refuses(&["KUBECONFIG", "mine: the API server's URL holds an '@'"], |program, _, folder| {
        let mine = kubeconfig(folder, "mine", "http://robot:hunter2@127.0.0.1:1");
        program.env("KUBECONFIG", mine);
    });
    refuses(&["context nope"], |program, server, folder| {
        program.args(["--context", "nope"]);
        program.env("KUBECONFIG", kubeconfig(folder, "mine", server.url()));
    });
    refuses(&["this is a pod", "automountServiceAccountToken: true"], |program, server, folder| {
        program.env("KUBERNETES_SERVICE_HOST", "127.0.0.1").env("KUBERNETES_SERVICE_PORT", "1");
        kubeconfig(folder, ".kube/config", server.url());
        program.env("HOME", folder);
    });
    for url in ["ftp://h.io", "http://", "http://a b"] {
        refuses(&["--server", url, "http://localhost:8001"], |program, _, _| {
            program.args(["--server", url]);
        });
    }
}

#[test]
fn no_way_at_all_lists_what_was_tried() {
    let tried = [
        "--server",
        "KUBERNETES_API_ENDPOINT",
        "--kubeconfig",
        "KUBECONFIG",
        "in-cluster",
        "/nonexistent/.kube/config",
    ];
    refuses(&tried, |_, _, _| {});
}
