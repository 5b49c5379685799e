//! What a cluster holds besides pods and users, made as its controllers would make
//! it: namespaces with their `default` ServiceAccount, and pull secrets. Each
//! function panics with the server's words.

use std::collections::BTreeMap;
use std::fmt::Debug;

use futures::stream::{self, StreamExt};
use k8s_openapi::api::core::v1::{Namespace, Pod, Secret, ServiceAccount};
use k8s_openapi::{ByteString, NamespaceResourceScope};
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Client, Resource};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// A namespace to be: `namespace("team-a").label("pull-access", "enabled").create(&admin).await`.
pub fn namespace(name: &str) -> NamespaceBuilder {
    NamespaceBuilder { object: Namespace::default(), default_service_account: true }.named(name)
}

#[derive(Clone)]
pub struct NamespaceBuilder {
    object: Namespace,
    default_service_account: bool,
}

impl NamespaceBuilder {
    fn named(mut self, name: &str) -> Self {
        self.object.metadata.name = Some(name.to_owned());
        self
    }

    pub fn label(mut self, key: &str, value: &str) -> Self {
        self.object.metadata.labels.get_or_insert_default().insert(key.to_owned(), value.to_owned());
        self
    }

    pub fn annotation(mut self, key: &str, value: &str) -> Self {
        self.object.metadata.annotations.get_or_insert_default().insert(key.to_owned(), value.to_owned());
        self
    }

    /// As in the first moments of a namespace's life.
    pub fn without_service_account(mut self) -> Self {
        self.default_service_account = false;
        self
    }

    pub async fn create(self, client: &Client) -> Namespace {
        let made = create(&Api::all(client.clone()), &self.object).await;
        if self.default_service_account {
            service_account(client, made.metadata.name.as_deref().unwrap_or_default(), "default", &[]).await;
        }
        made
    }
}

/// A namespace that terminates for ever: it is deleted, and no controller runs that would finish it.
pub async fn terminating_namespace(client: &Client, name: &str) {
    namespace(name).create(client).await;
    terminate_namespace(client, name).await;
}

/// Deletes a namespace, which then stays Terminating with all that it holds.
pub async fn terminate_namespace(client: &Client, name: &str) {
    let namespaces = Api::<Namespace>::all(client.clone());
    namespaces
        .delete(name, &DeleteParams::default())
        .await
        .unwrap_or_else(|e| panic!("delete namespace {name}: {e}"));
}

/// Removes a namespace with the pods, Secrets and ServiceAccounts in it, as the namespace controller would.
pub async fn delete_namespace(client: &Client, name: &str) {
    terminate_namespace(client, name).await;
    empty::<Pod>(client, name).await;
    empty::<Secret>(client, name).await;
    empty::<ServiceAccount>(client, name).await;
    let body = json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}, "spec": {"finalizers": []},
    });
    let api = Api::<Namespace>::all(client.clone());
    let done = api.replace_subresource("finalize", name, &PostParams::default(), &body).await;
    done.unwrap_or_else(|e| panic!("finalize namespace {name}: {e}"));
}

async fn empty<K>(client: &Client, namespace: &str)
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug,
{
    let api = Api::<K>::namespaced(client.clone(), namespace);
    let now = DeleteParams::default().grace_period(0);
    let done = api.delete_collection(&now, &ListParams::default()).await;
    done.unwrap_or_else(|e| panic!("delete the {} of {namespace}: {e}", K::plural(&())));
}

/// Makes a ServiceAccount that names these pull secrets, or makes an existing one name them.
pub async fn service_account(
    client: &Client,
    namespace: &str,
    name: &str,
    pull_secrets: &[&str],
) -> ServiceAccount {
    let names: Vec<_> = pull_secrets.iter().map(|secret| json!({"name": secret})).collect();
    let object = object(json!({"metadata": {"name": name}, "imagePullSecrets": names}));
    let api = Api::<ServiceAccount>::namespaced(client.clone(), namespace);
    let made = match api.create(&PostParams::default(), &object).await {
        Err(kube::Error::Api(status)) if status.is_already_exists() => {
            api.patch(name, &PatchParams::default(), &Patch::Merge(json!({"imagePullSecrets": names}))).await
        }
        made => made,
    };
    made.unwrap_or_else(|e| panic!("create serviceaccount {namespace}/{name}: {e}"))
}

/// A docker config with one entry, as `docker login` would leave it.
pub fn docker_config(host: &str, username: &str, password: &str) -> Value {
    let auth = ByteString(format!("{username}:{password}").into_bytes());
    json!({"auths": {host: {"username": username, "password": password, "auth": auth}}})
}

/// A pull secret (`kubernetes.io/dockerconfigjson`) of this content.
pub async fn docker_config_secret(client: &Client, namespace: &str, name: &str, config: &Value) -> Secret {
    let data = [(".dockerconfigjson", config.to_string())];
    secret(client, namespace, name, "kubernetes.io/dockerconfigjson", data).await
}

/// A Secret of any type.
pub async fn secret<'a, V: Into<String>>(
    client: &Client,
    namespace: &str,
    name: &str,
    of_type: &str,
    data: impl IntoIterator<Item = (&'a str, V)>,
) -> Secret {
    let data: BTreeMap<_, String> = data.into_iter().map(|(key, value)| (key, value.into())).collect();
    let secret = object(json!({"metadata": {"name": name}, "type": of_type, "stringData": data}));
    create(&Api::namespaced(client.clone(), namespace), &secret).await
}

/// Awaits many futures, so many at once: fills a cluster for a bench. Outputs are in order.
pub async fn in_parallel<F: Future>(futures: impl IntoIterator<Item = F>, at_once: usize) -> Vec<F::Output> {
    stream::iter(futures).buffered(at_once).collect().await
}

pub(super) async fn create<K>(api: &Api<K>, object: &K) -> K
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Serialize + Debug,
{
    let made = api.create(&PostParams::default(), object).await;
    // Never the object itself: a Secret would print its content.
    made.unwrap_or_else(|e| {
        panic!("create {} {:?}/{:?}: {e}", K::kind(&()), object.meta().namespace, object.meta().name)
    })
}

/// A typed object from its JSON, which reads like its manifest.
pub(super) fn object<K: DeserializeOwned>(value: Value) -> K {
    serde_json::from_value(value)
        .unwrap_or_else(|e| panic!("a fixture is no {}: {e}", std::any::type_name::<K>()))
}
