//! The older tools' published manifests, applied to a real API server; our program takes the place of theirs, as the
//! ServiceAccount that they make, with the rights, variables, arguments and files that they give.

use std::process::Command;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Pod, Secret, ServiceAccount};
use kube::Client;
use kube::api::{Api, Patch, PatchParams};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use crate::calls::Calls;
use crate::place::{ACCOUNT, HOST, KEY};
use crate::program::{Ran, end, pullkeeper, run, start, terminate};
use crate::published::{Container, EATR, ECRUPDATER, Manifest, PATCHER_DEPLOYMENT, PATCHER_JOB};
use crate::secrets::{login, logins, read};
use crate::testbed::ControlPlane;
use crate::testbed::fixtures::{docker_config, docker_config_secret, namespace, secret, service_account};
use crate::testbed::pods::pod;
use crate::testbed::users::{honoured, token};

/// A cluster with a published manifest in it, and the program in the place of the tool.
struct Theirs {
    plane: ControlPlane,
    admin: Client,
    container: Container,
    token: String,
}

impl Theirs {
    /// Applies it, and waits until its rights are in force.
    async fn apply(plane: ControlPlane, text: &str, container: &str) -> Self {
        let (admin, manifest) = (plane.admin(), Manifest::read(text));
        manifest.apply(&admin).await;
        let container = Container::of(&manifest, container, &admin).await;
        let token = token(&admin, &container.namespace, &container.account).await;
        let user = format!("system:serviceaccount:{}:{}", container.namespace, container.account);
        let rules: Vec<_> = serde_json::from_value(manifest.one("ClusterRole")["rules"].clone()).unwrap();
        honoured(&admin, &user, &rules, None).await;
        Self { plane, admin, container, token }
    }

    fn program(&self) -> Command {
        let mut command = pullkeeper();
        self.container.put_into(&mut command);
        command.env("KUBECONFIG", self.plane.kubeconfig(&self.token));
        command
    }

    async fn run(&self) -> Ran {
        let program = self.program();
        spawn_blocking(move || run(program)).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_job_and_the_deployment_of_private_repo_patcher_do_its_work() {
    for (text, runtime) in [(PATCHER_JOB, "runtime: 6000"), (PATCHER_DEPLOYMENT, "runtime: 60")] {
        let plane = ControlPlane::start().unwrap();
        let admin = plane.admin();
        service_account(&admin, "default", "default", &["theirs"]).await;
        namespace("private-repo-patcher").create(&admin).await;
        namespace("test").create(&admin).await;
        pod("stuck").waiting("ImagePullBackOff", "Back-off pulling image").create(&admin, "test").await;
        pod("well").running("app").phase("Running").create(&admin, "test").await;
        // Nobody waits for an hour and a half, or between two passes.
        let soon = text.replace(runtime, "runtime: 2").replace("interval: 10", "interval: 1");
        assert_ne!(soon, text);
        let theirs = Theirs::apply(plane, &soon, "private-repo-patcher").await;

        let ran = theirs.run().await;
        assert_eq!(ran.code, Some(0), "{}", ran.everything());
        assert!(!ran.stdout.contains("finding") && !ran.stdout.contains("error"), "{}", ran.stdout);
        let admin = &theirs.admin;
        for (namespace, before) in [("default", vec!["theirs"]), ("test", vec![])] {
            let secret = read(admin, namespace, "private-registry-secret").await;
            let login = ("harbor.example.com/boeboe".to_owned(), "admin:Boeboe@harbor123!".to_owned());
            assert_eq!(logins(&secret), [login]);
            let accounts = Api::<ServiceAccount>::namespaced(admin.clone(), namespace);
            let names = accounts.get("default").await.unwrap().image_pull_secrets.unwrap();
            let names: Vec<_> = names.into_iter().map(|one| one.name).collect();
            assert_eq!(names, [before, vec!["private-registry-secret"]].concat());
        }
        let pods = Api::<Pod>::namespaced(admin.clone(), "test");
        assert!(pods.get_opt("stuck").await.unwrap().is_none());
        assert!(pods.get_opt("well").await.unwrap().is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deployment_of_k8s_ecrupdater_does_its_work() {
    let (plane, aws) = (ControlPlane::start().unwrap(), Calls::start());
    let admin = plane.admin();
    namespace("team").create(&admin).await;
    for namespace in ["default", "team"] {
        let made = docker_config("https://index.docker.io/v1/", "smash", "lol");
        docker_config_secret(&admin, namespace, "ecr", &made).await;
    }
    let theirs = Theirs::apply(plane, ECRUPDATER, "ecrupdater").await;
    let mut program = theirs.program();
    program.env("AWS_ENDPOINT_URL", aws.url());
    let program = start(program);
    for namespace in ["default", "team"] {
        is(&theirs.admin, namespace, "ecr").await;
    }
    terminate(&program);
    let ran = end(program);
    assert_eq!((ran.code, ran.errors()), (Some(0), vec![]), "{}", ran.everything());
    assert!(!ran.everything().contains("aws-s3cret"), "{}", ran.everything());

    let calls = aws.taken();
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert_eq!((&*calls[0].region, &*calls[0].key), ("eu-west-1", KEY));
    // Its log is what LOG_CONFIG makes it.
    let lines: Result<Vec<Value>, _> = ran.stderr.lines().map(serde_json::from_str).collect();
    assert!(lines.is_ok_and(|lines| !lines.is_empty()), "{}", ran.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deployment_of_eatr_does_its_work_with_our_file() {
    let (plane, aws) = (ControlPlane::start().unwrap(), Calls::start());
    let theirs = Theirs::apply(plane, EATR, "eatr").await;
    let admin = &theirs.admin;
    let keys =
        [("aws_region", "eu-west-1"), ("aws_access_key_id", KEY), ("aws_secret_access_key", "aws-s3cret")];
    secret(admin, "ci-cd", &format!("eatr-aws-credentials-{HOST}"), "Opaque", keys).await;
    for name in ["new", "renewed"] {
        namespace(name).label(HOST, "true").create(admin).await;
    }
    docker_config_secret(admin, "renewed", HOST, &docker_config(HOST, "AWS", "ended")).await;
    let label = Patch::Merge(json!({"metadata": {"labels": {"theirs": "kept"}}}));
    let secrets = Api::<Secret>::namespaced(admin.clone(), "renewed");
    secrets.patch(HOST, &PatchParams::default(), &label).await.unwrap();
    let mut program = theirs.program();
    program.env("AWS_ENDPOINT_URL", aws.url()).env("PULLKEEPER_METRICS__LISTEN", "127.0.0.1:0");
    let program = start(program);
    for namespace in ["new", "renewed"] {
        is(admin, namespace, HOST).await;
    }
    namespace("later").label(HOST, "true").create(admin).await;
    is(admin, "later", HOST).await;
    terminate(&program);
    let ran = end(program);
    assert_eq!((ran.code, ran.errors()), (Some(0), vec![]), "{}", ran.everything());
    assert!(!ran.everything().contains("aws-s3cret"), "{}", ran.everything());

    // Its rights let a Secret be replaced whole, and not be patched: nothing that others wrote is lost by that.
    let renewed = read(admin, "renewed", HOST).await;
    assert_eq!(renewed.metadata.labels.unwrap(), [("theirs".to_owned(), "kept".to_owned())].into());
}

/// Waits for a Secret with the token in it, and nothing else.
async fn is(admin: &Client, namespace: &str, name: &str) {
    let secrets = Api::<Secret>::namespaced(admin.clone(), namespace);
    for _ in 0..400 {
        let found = secrets.get_opt(name).await.unwrap();
        if found.is_some_and(|secret| logins(&secret) == [login(HOST, ACCOUNT)]) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{namespace} is not served");
}
