//! What the older tools publish, applied with kubectl, with our image in the place of theirs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, DeleteParams};
use serde_json::json;
use tokio::task::spawn_blocking;

use crate::aws::{ECR, TOKEN, moto};
use crate::kubectl::Kubectl;
use crate::manifests::{EATR, ECRUPDATER, PATCHER_JOB};
use crate::scene::Scene;
use crate::stage::Stage;
use crate::table::Row;
use crate::testbed::registry::Registry;
use crate::workload::{container, deployment, spec};

/// A cluster to which one of them is applied.
struct Place {
    scene: Scene,
    kubectl: Kubectl,
}

impl Place {
    /// A namespace, and a registry that the node finds by this name.
    async fn new(
        stage: &Arc<Stage>,
        namespace: &str,
        host: &str,
        user: &'static str,
        password: &'static str,
    ) -> Self {
        let registry = spawn_blocking(move || Registry::htpasswd(user, password)).await.expect("a registry");
        stage.node.leads(host, registry.host());
        let scene = Scene::of(Arc::clone(stage), namespace.to_owned(), registry, host.to_owned()).await;
        Self { scene, kubectl: Kubectl::new(stage) }
    }

    /// Applies it. Our image is on the node, and in no registry.
    async fn apply(&self, manifest: &str) {
        let manifest = manifest.replace("imagePullPolicy: Always", "imagePullPolicy: IfNotPresent");
        std::fs::write(self.kubectl.folder().join("all.yaml"), manifest).expect("a file");
        self.kubectl.run("apply -f all.yaml").await;
    }

    /// Waits until the Secret of that name holds the token.
    async fn has_token(&self, name: &str) {
        let secrets = self.scene.api::<Secret>();
        loop {
            let found = secrets.get_opt(name).await.expect("an answer");
            let data = found.and_then(|secret| secret.data).unwrap_or_default();
            let text =
                data.get(".dockerconfigjson").map(|text| String::from_utf8_lossy(&text.0).into_owned());
            if text.is_some_and(|text| text.contains(TOKEN)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Pods that name that Secret run.
    async fn runs_with(&self, secret: &str) -> Instant {
        let mut pod = spec(&[container("app", &self.scene.image())]);
        pod["imagePullSecrets"] = json!([{"name": secret}]);
        self.scene.make::<Deployment>(deployment("web", 1, &pod)).await;
        self.scene.pods().ready(1).await
    }

    async fn remove(self) {
        self.kubectl.run("delete -f all.yaml").await;
        self.scene.clear().await;
    }
}

/// Its namespaces, host and account are those of the example. Of what it deletes, each is made anew and runs.
pub(crate) async fn job_of_private_repo_patcher(stage: &Arc<Stage>) -> Row {
    let host = "harbor.example.com";
    let place = Place::new(stage, "test", host, "admin", "Boeboe@harbor123!").await;
    let scene = &place.scene;
    scene.registry.push_layer("boeboe/app", "1", stage.node.layer()).await;
    let image = format!("{host}/boeboe/app:1");
    scene.make::<Deployment>(deployment("web", 2, &spec(&[container("app", &image)]))).await;
    scene.pods().stuck(2).await;

    place.kubectl.run("create namespace private-repo-patcher").await;
    let (mark, began) = (scene.mark().await, Instant::now());
    place.apply(&PATCHER_JOB.replace("runtime: 6000", "runtime: 15")).await;
    let after = scene.pods().ready(2).await.duration_since(began);
    place
        .kubectl
        .run("-n private-repo-patcher wait --for=condition=complete job/private-repo-patcher --timeout=2m")
        .await;
    let deletions = place.scene.stage.deletions(mark, "private-repo-patcher:private-repo-patcher").await;
    assert_eq!(deletions, 2);
    // It served this one, too.
    let served = Api::<Secret>::namespaced(scene.admin.clone(), "default");
    let now = DeleteParams::default();
    served.delete("private-registry-secret", &now).await.expect("its Secret in the other namespace");
    let account = r#"patch serviceaccount default --type=merge -p {"imagePullSecrets":null}"#;
    place.kubectl.run(&format!("-n default {account}")).await;
    place.kubectl.run("delete namespace private-repo-patcher").await;
    place.kubectl.run("delete clusterrole,clusterrolebinding private-repo-patcher").await;
    scene.clear().await;
    Row { after: Some(after), deletions, what: "each pod deleted once; the Job completes".to_owned() }
}

/// The Secrets are those that its users make by hand, each in its way.
pub(crate) async fn deployment_of_k8s_ecrupdater(stage: &Arc<Stage>) -> Row {
    let (moto, aws) = moto().await;
    let place = Place::new(stage, "ecrupdater", ECR, "AWS", TOKEN).await;
    let made = "create secret docker-registry ecr --docker-username=smash --docker-password=lol --docker-email=a@b.io";
    place.kubectl.run(&format!("-n ecrupdater {made}")).await;

    let (mark, began) = (place.scene.mark().await, Instant::now());
    let endpoint = format!("env:\n        - {{name: AWS_ENDPOINT_URL, value: \"http://{}\"}}", aws.host());
    place.apply(&ECRUPDATER.replace("env:", &endpoint)).await;
    place.has_token("ecr").await;
    let after = place.runs_with("ecr").await.duration_since(began);
    let deletions = place.scene.stage.deletions(mark, "default:ecr-updater").await;
    place.remove().await;
    spawn_blocking(move || drop(moto)).await.expect("its end");
    Row { after: Some(after), deletions, what: "each Secret of that name has the token".to_owned() }
}

/// With our file, and its own rights.
pub(crate) async fn deployment_of_eatr(stage: &Arc<Stage>) -> Row {
    let (moto, aws) = moto().await;
    let place = Place::new(stage, "eatr", ECR, "AWS", TOKEN).await;
    place.kubectl.run("create namespace ci-cd --save-config").await;
    let keys =
        "aws_region=eu-west-1\naws_access_key_id=AKIAIOSFODNN7EXAMPLE\naws_secret_access_key=aws-s3cret\n";
    std::fs::write(place.kubectl.folder().join("keys"), keys).expect("a file");
    let secret = format!("create secret generic eatr-aws-credentials-{ECR} --from-env-file=keys");
    place.kubectl.run(&format!("-n ci-cd {secret}")).await;
    place.kubectl.run(&format!("label namespace eatr {ECR}=true")).await;

    let (mark, began) = (place.scene.mark().await, Instant::now());
    let endpoint =
        format!("env: [{{name: AWS_ENDPOINT_URL, value: \"http://{}\"}}]\n        volumeMounts:", aws.host());
    place.apply(&EATR.replacen("volumeMounts:", &endpoint, 1)).await;
    place.has_token(ECR).await;
    let after = place.runs_with(ECR).await.duration_since(began);
    place.kubectl.run("-n ci-cd rollout status deployment/eatr --timeout=1m").await;
    let deletions = place.scene.stage.deletions(mark, "ci-cd:eatr").await;
    place.remove().await;
    spawn_blocking(move || drop(moto)).await.expect("its end");
    Row { after: Some(after), deletions, what: "a labelled namespace has its Secret".to_owned() }
}
