//! The objects of a manifest, and their way to an API server.

use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, Patch, PatchParams, TypeMeta, ValidationDirective};
use kube::core::GroupVersionKind;
use serde_json::Value;

/// A manifest.
pub struct Manifest(Vec<Value>);

impl Manifest {
    /// Parses it.
    pub fn read(text: &str) -> Self {
        Self(serde_saphyr::from_multiple(text).expect("the manifest is YAML"))
    }

    /// The only object of this kind.
    pub fn one(&self, kind: &str) -> &Value {
        let mut found = self.0.iter().filter(|object| object["kind"] == kind);
        let one = found.next().unwrap_or_else(|| panic!("no {kind}"));
        assert!(found.next().is_none(), "several of {kind}");
        one
    }

    /// What makes the pods.
    pub fn workload(&self) -> &Value {
        let kind = ["Job", "Deployment"]
            .into_iter()
            .find(|kind| self.0.iter().any(|object| object["kind"] == *kind));
        self.one(kind.expect("a workload"))
    }

    /// Applies the objects, in their order. The API server refuses what it doesn't know, as kubectl has it do.
    pub async fn apply(&self, admin: &Client) {
        for object in &self.0 {
            let types: TypeMeta = serde_json::from_value(object.clone()).expect("a kind");
            let kind = GroupVersionKind::try_from(&types).expect("a version");
            let resource = ApiResource::from_gvk(&kind);
            let api: Api<DynamicObject> = match types.kind.as_str() {
                "Namespace" | "ClusterRole" | "ClusterRoleBinding" => Api::all_with(admin.clone(), &resource),
                _ => Api::namespaced_with(admin.clone(), namespace(object), &resource),
            };
            let strict = PatchParams {
                field_validation: Some(ValidationDirective::Strict),
                ..PatchParams::apply("kubectl")
            };
            let name = object["metadata"]["name"].as_str().expect("a name");
            let applied = api.patch(name, &strict, &Patch::Apply(object)).await;
            applied.unwrap_or_else(|error| panic!("{} {name}: {error}", types.kind));
        }
    }
}

/// The namespace that an object is in.
pub fn namespace(object: &Value) -> &str {
    object["metadata"]["namespace"].as_str().unwrap_or("default")
}
