//! A large cluster: namespaces with three ServiceAccounts and ten pods each, as kubelets and
//! controllers leave them. One pod in twenty waits for its image, for one reason or another.

use std::fmt;

use k8s_openapi::api::core::v1::Pod;
use kube::Client;
use kube::api::{Api, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use crate::testbed::fixtures::{in_parallel, namespace, service_account};

const PODS: usize = 10;
/// One pod in so many waits.
const WAITING: usize = 20;
const ACCOUNTS: [&str; 2] = ["builder", "web"];

/// How large.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) namespaces: usize,
}

impl Size {
    fn pods(self) -> usize {
        self.namespaces * PODS
    }

    /// Those that don't wait.
    pub(crate) fn running_pods(self) -> usize {
        self.pods() - self.pods().div_ceil(WAITING)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let accounts = self.namespaces * (1 + ACCOUNTS.len());
        let waiting = self.pods() - self.running_pods();
        write!(
            f,
            "{} namespaces, {accounts} ServiceAccounts, {} pods ({waiting} wait)",
            self.namespaces,
            self.pods()
        )
    }
}

/// Fills the cluster; returns the bytes of a running pod's JSON.
pub(crate) async fn fill(admin: &Client, size: Size) -> usize {
    let work = (0..size.namespaces).map(|number| async move {
        let name = format!("team-{number:03}");
        namespace(&name).create(admin).await;
        for account in ACCOUNTS {
            service_account(admin, &name, account, &[]).await;
        }
        for pod in 0..PODS {
            create_pod(admin, &name, number * PODS + pod).await;
        }
    });
    in_parallel(work, 32).await;
    let pods = Api::<Pod>::namespaced(admin.clone(), "team-000");
    let pod = pods.get("web-7d4b9c6f58-00001").await.expect("a running pod");
    serde_json::to_vec(&pod).expect("JSON").len()
}

async fn create_pod(admin: &Client, namespace: &str, number: usize) {
    let pods = Api::<Pod>::namespaced(admin.clone(), namespace);
    let name = format!("web-7d4b9c6f58-{number:05}");
    let state = State::of(number);
    let pod = serde_json::from_value(manifest(&name, state)).expect("a pod");
    pods.create(&PostParams::default(), &pod).await.expect("the pod is made");
    let status = Patch::Merge(json!({"status": status(state)}));
    pods.patch_status(&name, &PatchParams::apply("kubelet"), &status).await.expect("its status is written");
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Running,
    /// Waits, and a new one would not.
    Evictable,
    NotFound,
    OfJob,
    Bare,
    NotOurs,
}

impl State {
    fn of(number: usize) -> Self {
        let kinds = [Self::Evictable, Self::NotFound, Self::OfJob, Self::Bare, Self::NotOurs];
        if !number.is_multiple_of(WAITING) {
            return Self::Running;
        }
        kinds.get(number / WAITING % kinds.len()).copied().unwrap_or(Self::Running)
    }
}

fn image(state: State) -> &'static str {
    match state {
        State::NotOurs => "quay.example.org/vendor/agent:2.1.0",
        _ => "harbor.example.com/team/web:1.42.0",
    }
}

fn manifest(name: &str, state: State) -> Value {
    let owner = match state {
        State::Bare => json!([]),
        State::OfJob => owner("batch/v1", "Job", "migrate-28931040"),
        _ => owner("apps/v1", "ReplicaSet", "web-7d4b9c6f58"),
    };
    let env: Vec<_> = (0..4)
        .map(|number| {
            json!({"name": format!("SETTING_{number:02}"), "value": format!("https://service-{number}.example.com/v1")})
        })
        .collect();
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name, "ownerReferences": owner,
            "labels": {
                "app.kubernetes.io/name": "web", "app.kubernetes.io/instance": "web-production",
                "app.kubernetes.io/version": "1.42.0", "app.kubernetes.io/managed-by": "Helm",
                "pod-template-hash": "7d4b9c6f58",
            },
            "annotations": {
                "checksum/config": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                "prometheus.io/scrape": "true", "prometheus.io/port": "9090", "prometheus.io/path": "/metrics",
            },
        },
        "spec": {
            "serviceAccountName": "web",
            "containers": [{
                "name": "app", "image": image(state), "args": ["--listen=:8080", "--log-format=json"],
                "ports": [{"name": "http", "containerPort": 8080}, {"name": "metrics", "containerPort": 9090}],
                "env": env, "envFrom": [{"configMapRef": {"name": "web"}}],
                "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
                "livenessProbe": {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 10},
                "readinessProbe": {"httpGet": {"path": "/readyz", "port": "http"}, "periodSeconds": 5},
                "volumeMounts": [
                    {"name": "config", "mountPath": "/etc/web", "readOnly": true}, {"name": "tmp", "mountPath": "/tmp"},
                ],
                "securityContext": {
                    "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "runAsNonRoot": true,
                    "capabilities": {"drop": ["ALL"]},
                },
            }],
            "volumes": [{"name": "config", "configMap": {"name": "web"}}, {"name": "tmp", "emptyDir": {}}],
        },
    })
}

fn owner(version: &str, kind: &str, name: &str) -> Value {
    let uid = "3f1c7a52-9d0e-4b8a-8f67-0c5f2f1d9e11";
    json!([{"apiVersion": version, "kind": kind, "name": name, "uid": uid, "controller": true, "blockOwnerDeletion": true}])
}

fn status(state: State) -> Value {
    let runs = state == State::Running;
    let since = "2026-01-01T00:00:00Z";
    let condition = |kind: &str, is: bool| {
        let is = if is { "True" } else { "False" };
        json!({"type": kind, "status": is, "lastProbeTime": null, "lastTransitionTime": since})
    };
    let state_of_container = if runs {
        json!({"running": {"startedAt": since}})
    } else {
        let image = image(state);
        let cause = match state {
            State::NotFound => format!("failed to resolve reference \"{image}\": {image}: not found"),
            _ => format!(
                "failed to pull and unpack image \"{image}\": failed to resolve reference \"{image}\": unexpected status from HEAD request: 401 Unauthorized"
            ),
        };
        json!({"waiting": {
            "reason": "ImagePullBackOff",
            "message": format!("Back-off pulling image \"{image}\": ErrImagePull: {cause}"),
        }})
    };
    let digest = "sha256:8f3b2a6c0d5e4f7a9b1c2d3e4f5061728394a5b6c7d8e9f00112233445566778";
    json!({
        "phase": if runs { "Running" } else { "Pending" }, "qosClass": "Burstable", "startTime": since,
        "hostIP": "10.1.2.3", "hostIPs": [{"ip": "10.1.2.3"}], "podIP": "10.244.1.7", "podIPs": [{"ip": "10.244.1.7"}],
        "conditions": [
            condition("PodReadyToStartContainers", true), condition("Initialized", true), condition("Ready", runs),
            condition("ContainersReady", runs), condition("PodScheduled", true),
        ],
        "containerStatuses": [{
            "name": "app", "image": image(state), "ready": runs, "started": runs, "restartCount": 0,
            "imageID": if runs { format!("harbor.example.com/team/web@{digest}") } else { String::new() },
            "containerID": if runs { format!("containerd://{}", &digest[7..]) } else { String::new() },
            "state": state_of_container,
        }],
    })
}
