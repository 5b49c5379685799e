//! A container of a manifest, as the kubelet would start it.

use std::path::Path;
use std::process::Command;

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::Client;
use kube::api::Api;
use serde_json::Value;
use tempfile::TempDir;

use super::objects::{Manifest, namespace};

/// Its files, and how it is started.
pub struct Container {
    pub namespace: String,
    pub account: String,
    files: TempDir,
    env: Vec<(String, String)>,
    args: Vec<String>,
}

impl Container {
    /// That of the manifest's workload which has this name. The image's own entrypoint is ours.
    pub async fn of(manifest: &Manifest, name: &str, admin: &Client) -> Self {
        let workload = manifest.workload();
        let pod = &workload["spec"]["template"]["spec"];
        let spec = list(&pod["containers"]).find(|spec| spec["name"] == name).expect("the container");
        assert!(spec["command"].is_null(), "another program than the image's");
        let mut container = Self {
            namespace: namespace(workload).to_owned(),
            account: text(&pod["serviceAccountName"]),
            files: tempfile::tempdir().expect("a folder"),
            env: Vec::new(),
            args: list(&spec["args"]).map(text).collect(),
        };
        for mount in list(&spec["volumeMounts"]) {
            let volume =
                list(&pod["volumes"]).find(|volume| volume["name"] == mount["name"]).expect("its volume");
            container.mount(&text(&volume["configMap"]["name"]), &text(&mount["mountPath"]), admin).await;
        }
        for variable in list(&spec["env"]) {
            let value = container.value(variable, admin).await;
            container.env.push((text(&variable["name"]), value));
        }
        container
    }

    /// Has `program` start as the container would. What the image would find in a folder of its own is named to it.
    pub fn put_into(&self, program: &mut Command) {
        program.envs(self.env.iter().map(|(name, value)| (name, value))).args(&self.args);
        let usual = self.inside("/etc/pullkeeper/config.yaml");
        if Path::new(&usual).exists() {
            program.env("PULLKEEPER_CONFIG", usual);
        }
    }

    /// Where a path of the container is.
    fn inside(&self, path: &str) -> String {
        format!("{}{path}", self.files.path().display())
    }

    async fn mount(&self, config_map: &str, path: &str, admin: &Client) {
        let found = Api::<ConfigMap>::namespaced(admin.clone(), &self.namespace).get(config_map).await;
        let folder = self.inside(path);
        std::fs::create_dir_all(&folder).expect("a folder");
        for (key, text) in found.expect("its ConfigMap").data.expect("its files") {
            std::fs::write(Path::new(&folder).join(key), text).expect("a file");
        }
    }

    /// A variable's value; a path in the container is one in our folder.
    async fn value(&self, variable: &Value, admin: &Client) -> String {
        let key = &variable["valueFrom"]["secretKeyRef"];
        if key.is_null() {
            let value = text(&variable["value"]);
            return if Path::new(&self.inside(&value)).exists() { self.inside(&value) } else { value };
        }
        let secrets = Api::<Secret>::namespaced(admin.clone(), &self.namespace);
        let found = secrets.get(&text(&key["name"])).await.expect("its Secret");
        let data = found.data.expect("its keys");
        String::from_utf8(data[&text(&key["key"])].0.clone()).expect("a text")
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
