//! The oldest tool's users: its own file, its own ServiceAccount, and every stuck pod deleted.

use std::time::Instant;

use k8s_openapi::api::apps::v1::Deployment;
use tokio::task::spawn_blocking;

use crate::program::{ConfigFile, pullkeeper, run};
use crate::scene::{PASSWORD, Scene, USER};
use crate::stage::DESK;
use crate::table::Row;
use crate::testbed::users::{Role, Scope, rules, user};
use crate::workload::{container, deployment, spec};

/// The tool's example but for host, password and namespace. It says nothing of http, which that tool never
/// asked: the registry was the kubelet's business.
pub(crate) async fn its_own_file_heals_all(scene: &Scene) -> Row {
    let spec = spec(&[container("app", &scene.image())]);
    scene.make::<Deployment>(deployment("web", 2, &spec)).await;
    let pods = scene.pods();
    pods.stuck(2).await;
    let its_own = rules(&[
        ("", "pods", "delete get list"),
        ("", "namespaces", "get list"),
        ("", "secrets", "create get list"),
        ("", "serviceaccounts", "get list patch"),
    ]);
    let patcher = user(&scene.admin, DESK, "patcher", Role::Rules(its_own), Scope::Cluster).await;
    let kubeconfig = scene.stage.plane.kubeconfig(&patcher.token);
    let file = ConfigFile::new(format!(
        "namespaces:\n- {}\nregistry:\n  email: bartvanbos@example.com\n  host: {}\n  password: {PASSWORD}\n  \
         pullSecretName: private-registry-secret\n  username: {USER}\ntime:\n  interval: 1\n  runtime: 4\n",
        scene.namespace,
        scene.registry.host(),
    ));

    let (mark, began) = (scene.mark().await, Instant::now());
    let program = spawn_blocking(move || {
        let mut command = pullkeeper();
        command.env("CONF_FILE", file.path()).env("KUBECONFIG", kubeconfig);
        command.env_remove("PULLKEEPER_VERIFY");
        run(command)
    });
    let (ran, ready) = tokio::join!(program, pods.ready(2));
    let ran = ran.expect("the program");
    assert_eq!(ran.code, Some(0), "{}", ran.everything());
    let deletions = scene.deletions(mark, &patcher).await;
    assert_eq!(deletions, 2, "{}", ran.everything());
    let after = Some(ready.duration_since(began));
    Row { after, deletions, what: "every stuck pod deleted once, as it always did".to_owned() }
}
