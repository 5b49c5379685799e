//! Pods as a `ReplicaSet` makes them, with what the API server has filled in.

use serde_json::{Value, json};

/// What an API server sends of pods of 4 KB to 8 KB.
pub(crate) fn reviews() -> Vec<Vec<u8>> {
    (0..20).map(|number| review(&pod(1 + number % 3, 10 + number)).to_string().into_bytes()).collect()
}

/// A pod with so many containers, of so many variables each.
pub(crate) fn pod(containers: usize, variables: usize) -> Value {
    let images =
        ["nginx:1.27.3", "quay.io/team/app:v1", "registry.example.com/own:2", "docker.io/team/sidecar"];
    let container = |(number, image): (usize, &&str)| {
        let variable = |name| json!({"name": format!("SETTING_{name}"), "value": format!("https://service-{name}.team-a.svc:8443/path")});
        json!({
            "name": format!("container-{number}"),
            "image": image,
            "command": ["/bin/server", "--listen=:8080", "--log-level=info"],
            "env": (0..variables).map(variable).collect::<Vec<_>>(),
            "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
            "resources": {"limits": {"cpu": "1", "memory": "512Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"}},
            "readinessProbe": {"httpGet": {"path": "/readyz", "port": "http", "scheme": "HTTP"}, "timeoutSeconds": 1, "periodSeconds": 10},
            "securityContext": {"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]}},
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
            "imagePullPolicy": "IfNotPresent",
            "volumeMounts": [
                {"name": "config", "mountPath": "/etc/config"},
                {"name": "kube-api-access-x7k2p", "readOnly": true, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"},
            ],
        })
    };
    let owner = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-7d4b9c6f5d", "uid": "0d9a4c1e-4b0c-4a55-8a0b-0d6f3a2f7c11", "controller": true, "blockOwnerDeletion": true});
    let fields = json!({"f:metadata": {"f:generateName": {}, "f:labels": {".": {}, "f:app": {}}}, "f:spec": {"f:containers": {}, "f:dnsPolicy": {}, "f:restartPolicy": {}}});
    json!({
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {
            "generateName": "web-7d4b9c6f5d-",
            "namespace": "team-a",
            "creationTimestamp": null,
            "labels": {"app": "web", "pod-template-hash": "7d4b9c6f5d"},
            "annotations": {"prometheus.io/scrape": "true"},
            "ownerReferences": [owner],
            "managedFields": [{"manager": "kube-controller-manager", "operation": "Update", "apiVersion": "v1", "time": "2026-01-01T00:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": fields}],
        },
        "spec": {
            "volumes": [
                {"name": "config", "configMap": {"name": "web", "defaultMode": 420}},
                {"name": "kube-api-access-x7k2p", "projected": {"sources": [{"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}}], "defaultMode": 420}},
            ],
            "initContainers": [{"name": "init", "image": "busybox:1.36", "command": ["true"], "resources": {}}],
            "containers": images.iter().enumerate().take(containers).map(container).collect::<Vec<_>>(),
            "restartPolicy": "Always",
            "terminationGracePeriodSeconds": 30,
            "dnsPolicy": "ClusterFirst",
            "serviceAccountName": "default",
            "securityContext": {"runAsNonRoot": true},
            "schedulerName": "default-scheduler",
            "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}],
            "priority": 0,
            "enableServiceLinks": true,
            "preemptionPolicy": "PreemptLowerPriority",
        },
        "status": {},
    })
}

fn review(pod: &Value) -> Value {
    let kind = json!({"group": "", "version": "v1", "kind": "Pod"});
    let resource = json!({"group": "", "version": "v1", "resource": "pods"});
    json!({
        "kind": "AdmissionReview",
        "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "kind": kind,
            "resource": resource,
            "requestKind": kind,
            "requestResource": resource,
            "namespace": "team-a",
            "operation": "CREATE",
            "userInfo": {"username": "system:serviceaccount:kube-system:replicaset-controller", "groups": ["system:serviceaccounts", "system:authenticated"]},
            "object": pod,
            "oldObject": null,
            "dryRun": false,
            "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
        },
    })
}
