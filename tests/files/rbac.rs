//! The roles under `manifests/` are what `pullkeeper rbac` prints, to the byte. `just rbac` writes them.

use std::process::Command;

use crate::{file, read};

const BASE: &str = "manifests/base/config.yaml";
const TIME: (&str, &str) = ("PULLKEEPER_TIME", "{interval: 5m}");
const REWRITE: (&str, &str) =
    ("PULLKEEPER_IMAGES__REWRITE", "[{from: docker.io, to: proxy.example.com/hub}]");

const BY: [(&str, &str); 3] = [
    ("PULLKEEPER_IMAGES__ADMISSION", "policy"),
    ("PULLKEEPER_IMAGES__ADMISSION", "webhook"),
    ("PULLKEEPER_IMAGES__ADMISSION", "off"),
];

/// What the program prints for a configuration and these variables, without a cluster.
fn printed(config: &str, variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pullkeeper"));
    command.env_clear().arg("rbac").arg("--config").arg(file(config)).envs(variables.iter().copied());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_roles_are_what_the_program_prints_for_the_configurations_beside_them() {
    type Row = (&'static str, &'static [(&'static str, &'static str)], &'static [&'static str]);
    let table: [Row; 9] = [
        (BASE, &[], &["base/rbac.yaml"]),
        (BASE, &[TIME], &["base/rbac.yaml", "watch/rbac.yaml"]),
        (BASE, &[REWRITE, BY[0]], &["base/rbac.yaml", "images/policy.yaml"]),
        (BASE, &[REWRITE, BY[1]], &["base/rbac.yaml", "webhook/rbac.yaml"]),
        (BASE, &[REWRITE], &["base/rbac.yaml", "images/policy.yaml", "webhook/rbac.yaml"]),
        (BASE, &[REWRITE, BY[2]], &["base/rbac.yaml"]),
        ("manifests/ecr-irsa/config.yaml", &[], &["base/rbac.yaml"]),
        ("manifests/ecr-secret/config.yaml", &[], &["base/rbac.yaml"]),
        ("manifests/named-namespaces/config.yaml", &[], &["named-namespaces/role.yaml"]),
    ];
    for (config, variables, files) in table {
        let shipped: Vec<_> = files.iter().map(|name| read(&file("manifests").join(name))).collect();
        let what = format!("{config} {variables:?}: `just rbac` writes {files:?}");
        assert_eq!(printed(config, variables), shipped.join("---\n"), "{what}");
    }
}
