//! `pullkeeper image`: what references mean, without a cluster.

use serde_json::{Value, json};

use super::program::{ConfigFile, Ran, pullkeeper, run};

fn image(words: &[&str], env: &[(&str, &str)]) -> Ran {
    let mut command = pullkeeper();
    command.arg("image").args(words).envs(env.iter().copied());
    run(command)
}

#[test]
fn json_has_an_object_for_each_reference() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let pinned = format!("quay.io/a/b:1@{digest}");
    let ran = image(
        &["--output", "json", "busybox", "docker.io/team/app:1", &pinned, "No/Image", ""],
        &[("PROXY_URL", "proxy.example.com")],
    );
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let read: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        read,
        json!([
            {"input": "busybox", "normal": "docker.io/library/busybox:latest",
             "rewritten": "proxy.example.com/library/busybox:latest", "rule": "docker.io"},
            {"input": "docker.io/team/app:1", "normal": "docker.io/team/app:1",
             "rewritten": "proxy.example.com/team/app:1", "rule": "docker.io"},
            {"input": pinned, "normal": pinned, "rewritten": null, "rule": null},
            {"input": "No/Image", "normal": null, "rewritten": null, "rule": null,
             "error": read[3]["error"]},
            {"input": "", "normal": null, "rewritten": null, "rule": null, "error": "names no repository"},
        ])
    );
    assert!(read[3]["error"].as_str().unwrap().contains("lower-case"), "{read}");
}

#[test]
fn text_is_for_people() {
    let config = ConfigFile::new("images: {rewrite: [{from: docker.io, to: proxy.example.com/hub}]}\n");
    let ran = image(&["nginx:1", "quay.io/a/b", "--config", config.path().to_str().unwrap()], &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(
        ran.stdout,
        "nginx:1\n  means         docker.io/library/nginx:1\n  pulled from   proxy.example.com/hub/library/nginx:1   (rule for docker.io)\n\
         quay.io/a/b\n  means         quay.io/a/b:latest\n"
    );
}

#[test]
fn it_needs_no_configuration_but_takes_no_bad_one() {
    let ran = image(&["nginx"], &[]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "nginx\n  means         docker.io/library/nginx:latest\n")
    );
    let config = ConfigFile::new("images: {rewrite: [{from: docker.io, to: proxy}]}\n");
    let ran = image(&["nginx", "--config", config.path().to_str().unwrap()], &[]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("images.rewrite[0].to: 'proxy' can't be a registry"), "{}", ran.stderr);
    assert_eq!(image(&[], &[]).code, Some(2));
}
