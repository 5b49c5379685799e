//! Entries whose credentials a docker config, a helper or a plugin has: what they come to, and each error's
//! full text.

use super::*;

fn source(entry: &str) -> Source {
    from_file(format!("{}\nprograms: /plugins\n", reg(entry)), &[])
        .unwrap()
        .config
        .registries
        .remove(0)
        .source
}

#[test]
fn a_docker_config_is_in_a_file_or_a_secret() {
    let Source::DockerConfig { from, programs } = source("dockerConfig: {file: d.json, env: ['GOOGLE_*']}")
    else {
        unreachable!()
    };
    assert_eq!(from, DockerConfigFrom::File("d.json".into()));
    let expected = Programs { folder: Some("/plugins".into()), env: vec!["GOOGLE_*".to_owned()] };
    assert_eq!(programs, expected);
    for (written, key) in [("", ".dockerconfigjson"), (", key: .dockercfg", ".dockercfg")] {
        let entry = format!("dockerConfig: {{secret: {{namespace: ops, name: docker{written}}}}}");
        let Source::DockerConfig { from, .. } = source(&entry) else { unreachable!() };
        let key = SecretKey { namespace: "ops".into(), name: "docker".into(), key: key.into() };
        assert_eq!(from, DockerConfigFrom::Secret(key));
    }
}

#[test]
fn a_helper_has_a_name_or_a_path() {
    for (name, program) in [("gcr", "docker-credential-gcr"), ("/bin/my-helper", "/bin/my-helper")] {
        let entry = format!("credentialHelper: {{name: {name}, hosts: [gcr.io]}}");
        let Source::CredentialHelper { program: found, .. } = source(&entry) else { unreachable!() };
        assert_eq!(found, PathBuf::from(program));
    }
}

#[test]
fn a_plugin_has_a_name_or_a_path_and_arguments_as_written() {
    for command in ["acr", "/opt/bin/acr"] {
        let entry =
            format!("credentialProvider: {{command: {command}, args: [007, ''], images: [docker.io]}}");
        let Source::CredentialProvider { command: found, args, images, .. } = source(&entry) else {
            unreachable!()
        };
        assert_eq!(found, PathBuf::from(command));
        assert_eq!((args, images), (vec!["007".to_owned(), String::new()], vec!["docker.io".to_owned()]));
    }
}

/// Each row: the entry, and the message without the file and line.
#[test]
fn errors() {
    let table = [
        ("dockerConfig: /d.json", "dockerConfig: is a single value; write a mapping"),
        (
            "dockerConfig: {}",
            "dockerConfig: names no source; write {file: PATH} or {secret: {namespace, name}}",
        ),
        ("dockerConfig: {file: ''}", "dockerConfig.file: is empty; write the docker config's path"),
        (
            "dockerConfig: {path: /d.json}",
            "dockerConfig: unknown key 'path'; the keys here are file, secret, env",
        ),
        (
            "dockerConfig: {file: /d.json, secret: {namespace: ops, name: d}}",
            "dockerConfig: names a file and a secret; keep one of them",
        ),
        (
            "dockerConfig: {secret: {name: d}}",
            "dockerConfig.secret.namespace: is missing; write the Secret's namespace",
        ),
        ("dockerConfig: {file: /d.json, env: X}", "dockerConfig.env: is a single value; write a list"),
        (
            "dockerConfig: {file: /d.json, env: [X, 'A=b']}",
            "dockerConfig.env[1]: 'A=b' is no variable's name or glob; write such as AWS_*",
        ),
        ("credentialHelper: gcr", "credentialHelper: is a single value; write a mapping"),
        (
            "credentialHelper: {hosts: [gcr.io]}",
            "credentialHelper.name: is missing; write such as gcr for docker-credential-gcr, or a path",
        ),
        (
            "credentialHelper: {name: '', hosts: [gcr.io]}",
            "credentialHelper.name: is empty; write the program's absolute path",
        ),
        (
            "credentialHelper: {name: gcr, hosts: [gcr.io]}",
            "credentialHelper.name: 'docker-credential-gcr' has no path; write an absolute one, or set programs to the folder that it is in",
        ),
        (
            "credentialHelper: {name: ./gcr, hosts: [gcr.io]}",
            "credentialHelper.name: './gcr' is a relative path; write an absolute one, or a name in the folder of programs",
        ),
        (
            "credentialHelper: {name: ../bin/gcr, hosts: [gcr.io]}",
            "credentialHelper.name: '../bin/gcr' is a relative path; write an absolute one, or a name in the folder of programs",
        ),
        (
            "credentialHelper: {name: /gcr}",
            "credentialHelper.hosts: names no host; write those that the helper is for",
        ),
        (
            "credentialHelper: {name: /gcr, hosts: [gcr.io, '*.pkg.dev']}",
            "credentialHelper.hosts[1]: is a glob, and a helper is asked for one host; write each",
        ),
        (
            "credentialHelper: {name: /gcr, hosts: [docker.io, index.docker.io]}",
            "credentialHelper.hosts[1]: docker.io stands there already; keep one of them",
        ),
        (
            "credentialHelper: {name: /gcr, hosts: [gcr]}",
            "credentialHelper.hosts[0]: 'gcr' can't be a registry in an image reference; write one with a dot or a port, or localhost",
        ),
        (
            "credentialProvider: {images: [a.io]}",
            "credentialProvider.command: is missing; write the plugin's absolute path",
        ),
        (
            "credentialProvider: {command: '', images: [a.io]}",
            "credentialProvider.command: is empty; write the program's absolute path",
        ),
        (
            "credentialProvider: {command: acr, images: [a.io]}",
            "credentialProvider.command: 'acr' has no path; write an absolute one, or set programs to the folder that it is in",
        ),
        (
            "credentialProvider: {command: bin/acr, images: [a.io]}",
            "credentialProvider.command: 'bin/acr' is a relative path; write an absolute one, or a name in the folder of programs",
        ),
        (
            "credentialProvider: {command: /acr, images: []}",
            "credentialProvider.images: names no image; write such as \"*.azurecr.io\"",
        ),
        (
            "credentialProvider: {command: /acr, images: ['*.azurecr.io/team/app:1']}",
            "credentialProvider.images[0]: has the character ':', which no registry host may hold; take it out",
        ),
        (
            "credentialProvider: {command: /acr, images: [a.io], args: x}",
            "credentialProvider.args: is a single value; write a list",
        ),
        (
            "credentialProvider: {command: /acr, matchImages: [a.io]}",
            "credentialProvider: unknown key 'matchImages'; the keys here are command, args, images, env",
        ),
    ];
    for (entry, message) in table {
        let told = from_file(reg(entry), &[]).unwrap_err();
        assert_eq!(told, format!("c.yaml:3: registries[0].{message}"), "{entry}");
    }
}

#[test]
fn the_folder_is_an_absolute_path() {
    for folder in ["plugins", "''", "./plugins"] {
        let told = from_file(more(&format!("programs: {folder}\n")), &[]).unwrap_err();
        let expected = "c.yaml:3: programs: is no absolute path; write the folder that the programs are in";
        assert_eq!(told, expected);
    }
    assert!(from_file(more("programs:\n"), &[]).is_ok());
}

#[test]
fn a_plugin_that_would_never_be_asked_is_told() {
    let warnings = |images: &str, heal: &str| {
        let entry = reg(&format!("credentialProvider: {{command: /p, images: [{images}]}}"));
        from_file(format!("{entry}\npods: {{heal: {heal}}}\n"), &[]).unwrap().warnings
    };
    let told = "c.yaml:3: registries[0].credentialProvider.images: are globs alone, and with pods.heal: off nothing tells \
                which registries they stand for; write those out";
    assert_eq!(warnings("'*.azurecr.io', 'a.*.io'", "off"), [told]);
    assert_eq!(warnings("'*.azurecr.io', a.azurecr.io", "off"), [""; 0]);
    assert_eq!(warnings("'*.azurecr.io'", "auto"), [""; 0]);
}
