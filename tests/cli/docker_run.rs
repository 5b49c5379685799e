//! A kubeconfig that was made for the host, in a container: mounted somewhere, for another user, without the
//! programs and files of the host. What the user then reads says what to do.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::plain;
use super::program::{ConfigFile, Ran, heard, pullkeeper, run, start, terminate};
use super::scripted::objects::ok;
use super::scripted::{Reserved, Server, post};

/// Somewhere that isn't there.
const NOWHERE: &str = "http://127.0.0.1:1";

/// A kubeconfig of this cluster and user, in a folder that is made.
fn kubeconfig(path: PathBuf, cluster: &Value, user: &Value) -> PathBuf {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let content = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": cluster}], "users": [{"name": "u", "user": user}],
    });
    std::fs::write(&path, content.to_string()).unwrap();
    path
}

fn of_user(config: &ConfigFile, user: &Value) -> PathBuf {
    kubeconfig(config.folder().join("kube/config"), &json!({"server": NOWHERE}), user)
}

fn with(config: &ConfigFile) -> Command {
    let mut command = pullkeeper();
    command.arg("--config").arg(config.path());
    command
}

/// Ends with one error that says all of this.
#[track_caller]
fn refused(ran: &Ran, parts: &[&str]) {
    assert_eq!((ran.code, ran.errors().len()), (Some(2), 1), "{}", ran.stderr);
    for part in parts {
        assert!(ran.errors()[0].contains(part), "{part}: {}", ran.stderr);
    }
}

/// Another user than the owner of a file, or one whom its mode shuts out: the superuser is neither.
fn shut_out(command: &mut Command, file: &Path, config: &ConfigFile) -> u32 {
    std::fs::set_permissions(file, PermissionsExt::from_mode(0o000)).unwrap();
    let user = rustix::process::geteuid();
    if !user.is_root() {
        return user.as_raw();
    }
    std::fs::set_permissions(config.folder(), PermissionsExt::from_mode(0o755)).unwrap();
    command.uid(65532);
    65532
}

#[test]
fn files_that_a_kubeconfig_names_are_looked_for_beside_it() {
    let config = plain();
    let folder = config.folder().join("kube");
    let own = rcgen::generate_simple_self_signed(["me".to_owned()]).unwrap();
    std::fs::create_dir_all(folder.join("pki")).unwrap();
    std::fs::write(folder.join("pki/me.crt"), own.cert.pem()).unwrap();
    std::fs::write(folder.join("pki/me.key"), own.signing_key.serialize_pem()).unwrap();
    let server = Server::start([post("/api/v1/namespaces/team-a/secrets").says(ok(&json!({})))]);
    let cluster = json!({"server": server.url(), "certificate-authority": "pki/me.crt"});
    let user = json!({"client-certificate": "pki/me.crt", "client-key": "./pki/me.key"});
    kubeconfig(folder.join("config"), &cluster, &user);
    // The second starts where the working folder is, and that isn't where the file is.
    let elsewhere = json!({"server": NOWHERE, "certificate-authority": "kube/pki/me.crt"});
    kubeconfig(config.folder().join("second"), &elsewhere, &json!({}));
    let mut program = with(&config);
    program.current_dir(config.folder()).env("KUBECONFIG", "missing:kube/config:second");
    let ran = run(program);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains("the kubeconfig missing isn't there; the others are used"), "{}", ran.stderr);
    server.finish();
}

#[test]
fn a_file_that_stayed_on_the_host_is_named() {
    let config = plain();
    let path = config.folder().join("kube/config");
    let cluster =
        json!({"server": "https://127.0.0.1:1", "certificate-authority": "/home/me/.minikube/ca.crt"});
    kubeconfig(path.clone(), &cluster, &json!({}));
    let mut program = with(&config);
    program.env("KUBECONFIG", &path);
    refused(&run(program), &["it names the file /home/me/.minikube/ca.crt, which isn't here", "--flatten"]);
    for (name, value) in [("tokenFile", "token"), ("client-certificate", "my.crt")] {
        let mut program = with(&config);
        program.env("KUBECONFIG", of_user(&config, &json!({name: value})));
        let named = format!("it names the file {}/kube/{value}, which", config.folder().display());
        refused(&run(program), &[&named, "--flatten"]);
    }
}

#[test]
fn a_program_for_credentials_that_the_image_has_not_is_named() {
    let config = plain();
    let broken = config.folder().join("broken");
    std::fs::write(&broken, "#!/nonexistent/python3\n").unwrap();
    std::fs::set_permissions(&broken, PermissionsExt::from_mode(0o755)).unwrap();
    let broken = broken.to_str().unwrap();
    let (missing, there) = (
        "from the program acme-kube-login, which isn't here;",
        format!("which is here as {broken}, but not the interpreter or the libraries that it needs;"),
    );
    for (command, said) in [("acme-kube-login", missing), (broken, &there)] {
        let hint = "Install it\n  with the  SDK.\n";
        let exec = json!({"apiVersion": "client.authentication.k8s.io/v1beta1", "command": command, "installHint": hint});
        let mut program = with(&config);
        program.env("KUBECONFIG", of_user(&config, &json!({"exec": exec})));
        let advice =
            ["a kubeconfig with a token", "run pullkeeper on the host itself", "an image of your own"];
        let ran = run(program);
        refused(&ran, &[&advice[..], &[said, "hint: Install it with the SDK.)"]].concat());
    }
}

#[test]
fn a_program_for_credentials_that_fails_is_told_without_what_it_printed() {
    let table = [
        ("echo hunter2; echo no session >&2; exit 3", "sh, which failed: exit status: 3 (no session)"),
        ("echo hunter2; kill -9 $$", "sh, which failed: signal: 9 (SIGKILL)"),
        ("echo hunter2", "printed something else than credentials"),
        ("echo '{\"kind\":\"ExecCredential\",\"token\":\"hunter2\"}'", "something else than credentials"),
    ];
    for (script, said) in table {
        let config = plain();
        let exec = json!({
            "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "IfAvailable", "command": "sh",
            "args": ["-c", script], "env": [{"name": "SECRET", "value": "hunter2"}],
        });
        let mut program = with(&config);
        program.env("KUBECONFIG", of_user(&config, &json!({"exec": exec})));
        program.env("PATH", "/usr/bin:/bin");
        let ran = run(program);
        refused(&ran, &[said]);
        assert!(!ran.everything().contains("hunter2"), "{script}: {}", ran.stderr);
    }
}

#[test]
fn a_program_for_credentials_that_waits_for_somebody_does_not_hold_up_the_end() {
    let config = plain();
    let exec =
        json!({"apiVersion": "client.authentication.k8s.io/v1", "command": "/bin/sleep", "args": ["100"]});
    let mut command = with(&config);
    command.env("KUBECONFIG", of_user(&config, &json!({"exec": exec})));
    let mut program = start(command);
    let log = heard(&mut program, "asking the program /bin/sleep for credentials");
    terminate(&program);
    // What it started keeps our pipes: it isn't waited for to close them.
    let log = log + &heard(&mut program, "told to end before there were credentials");
    assert_eq!(program.wait().unwrap().code(), Some(2), "{log}");
}

#[test]
fn a_proxy_that_is_not_spoken_with_is_told_without_its_account() {
    let config = plain();
    let cluster = |proxy: &str| json!({"server": "https://api.example.com", "proxy-url": proxy});
    for (scheme, proxy) in [
        ("socks5", "socks5://me:hunter2@proxy.example.com:1"),
        ("ftp", "ftp://me:hunter2@proxy.example.com:1"),
    ] {
        let path = kubeconfig(config.folder().join("kube/config"), &cluster(proxy), &json!({"token": "t"}));
        let mut program = with(&config);
        program.env("KUBECONFIG", path);
        let ran = run(program);
        refused(&ran, &[&format!("the proxy's scheme is {scheme}; write one by http")]);
        assert!(!ran.everything().contains("hunter2"), "{}", ran.everything());
    }
}

/// As every block of YAML text does.
#[test]
fn a_token_that_ends_in_a_line_break_is_taken() {
    let config = plain();
    let server = Server::start([post("/api/v1/namespaces/team-a/secrets").says(ok(&json!({})))]);
    let cluster = json!({"server": server.url()});
    let path = kubeconfig(config.folder().join("kube/config"), &cluster, &json!({"token": "hunter2\n"}));
    let mut program = with(&config);
    program.env("KUBECONFIG", path);
    let ran = run(program);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    server.finish();

    let mut program = with(&config);
    program.env("KUBECONFIG", of_user(&config, &json!({"token": "hunter2\nhunter2"})));
    let ran = run(program);
    refused(&ran, &["its user's token holds a space, a line break"]);
    assert!(!ran.everything().contains("hunter2"), "{}", ran.everything());
}

#[test]
fn an_api_server_on_the_loopback_of_the_host_is_explained() {
    let nobody = Reserved::new();
    let explained = [
        "Connection refused",
        "In a container 127.0.0.1 is the container itself",
        "--network host",
        "host.docker.internal",
    ];
    let config = plain();
    let mut program = with(&config);
    let cluster = json!({"server": format!("https://{}", nobody.address())});
    let path = kubeconfig(config.folder().join("kube/config"), &cluster, &json!({}));
    program.env("KUBECONFIG", path).env("HOME", "/");
    let ran = run(program);
    for part in explained {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }

    // In a pod it is that of the pod, and a container beside it didn't start.
    let mut program = with(&config);
    program.env("KUBERNETES_API_ENDPOINT", nobody.address()).env("KUBERNETES_SERVICE_HOST", "10.0.0.1");
    let ran = run(program);
    assert!(ran.stderr.contains("Connection refused") && !ran.stderr.contains("--network"), "{}", ran.stderr);
}

#[test]
fn a_kubeconfig_of_another_user_says_which_user_to_be() {
    let config = plain();
    let path = of_user(&config, &json!({"token": "t"}));
    let mut program = with(&config);
    program.env("KUBECONFIG", &path);
    let user = shut_out(&mut program, &path, &config);
    let file = format!("user {user} may not read {} of mode 000 and user ", path.display());
    refused(
        &run(program),
        &[&file, "--user \"$(id -u):$(id -g)\"", &format!("where user {user} may read it")],
    );

    let mut program = with(&config);
    program.env("HOME", config.folder());
    std::fs::rename(config.folder().join("kube"), config.folder().join(".kube")).unwrap();
    let folder = config.folder().join(".kube");
    shut_out(&mut program, &folder, &config);
    let told = format!("user {user} may not look into {} of mode 000 and user ", folder.display());
    let ran = run(program);
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).unwrap();
    refused(&ran, &["can't use the kubeconfig", &told, "--user \"$(id -u):$(id -g)\""]);
}

#[test]
fn a_home_that_is_closed_to_this_user_is_not_theirs() {
    let config = plain();
    let home = config.folder().join("home");
    std::fs::create_dir(&home).unwrap();
    let mut program = with(&config);
    program.env("HOME", &home);
    let user = shut_out(&mut program, &home, &config);
    let ran = run(program);
    std::fs::set_permissions(&home, PermissionsExt::from_mode(0o755)).unwrap();
    let closed = format!("/home/.kube/config (user {user} may not look into {}", home.display());
    refused(&ran, &["no cluster: tried --server", &closed, "/root/.kube/config"]);
}

#[test]
fn where_there_is_no_home_the_oldest_tools_place_is_looked_at() {
    for (home, looked) in [(None, "in-cluster, /root/"), (Some("/"), "in-cluster, /.kube/config, /root/")] {
        let config = plain();
        let mut program = with(&config);
        program.env_remove("HOME").envs(home.map(|home| ("HOME", home)));
        // For a superuser who has one there, its context won't be found.
        program.args(["--context", "nonexistent"]);
        let ran = run(program);
        let own = Path::new("/root/.kube/config").exists();
        refused(&ran, &[if own { "/root/.kube/config, context nonexistent" } else { looked }]);
    }
}

#[test]
fn a_folder_in_the_place_of_a_kubeconfig_is_dockers() {
    let config = plain();
    let mut program = with(&config);
    program.env("KUBECONFIG", config.folder());
    refused(&run(program), &["is a folder; docker makes one where the file to be mounted isn't on the host"]);
}

#[test]
fn a_kubeconfig_with_a_mistake_is_not_quoted() {
    let config = plain();
    let path = config.folder().join("kubeconfig");
    let text = "users:\n- name: me\n  user: {token: hunter2}\ncontexts: 7\n";
    std::fs::write(&path, text).unwrap();
    let mut program = with(&config);
    program.env("KUBECONFIG", &path);
    let ran = run(program);
    refused(&ran, &["it isn't the YAML of a kubeconfig, line 4 column "]);
    assert!(!ran.everything().contains("token"), "{}", ran.stderr);
}

#[test]
fn a_context_that_is_not_there_is_answered_with_those_that_are() {
    let config = plain();
    let mut program = with(&config);
    program.args(["--context", "nope"]).env("KUBECONFIG", of_user(&config, &json!({})));
    refused(&run(program), &["it has no context nope; choose with --context: c"]);
}
