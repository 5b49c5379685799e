//! What a Secret holds, as the kubelet reads it, and what is noted beside it.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Secret;
use kube::Client;
use kube::api::{Api, Patch, PatchParams};
use serde_json::{Value, json};

/// The annotation with the notes.
const STATE: &str = "pullkeeper.io/state";

/// A Secret.
pub(crate) async fn read(client: &Client, namespace: &str, name: &str) -> Secret {
    let found = Api::<Secret>::namespaced(client.clone(), namespace).get(name).await;
    found.unwrap_or_else(|error| panic!("{namespace}/{name}: {error}"))
}

/// Its hosts, each with user and password, whichever form it has.
pub(crate) fn logins(secret: &Secret) -> Vec<(String, String)> {
    let data = secret.data.as_ref().unwrap();
    assert_eq!(data.len(), 1, "nothing else is in it");
    let (key, text) = data.first_key_value().unwrap();
    let config: Value = serde_json::from_slice(&text.0).unwrap();
    let auths = match (secret.type_.as_deref().unwrap(), key.as_str()) {
        ("kubernetes.io/dockerconfigjson", ".dockerconfigjson") => &config["auths"],
        ("kubernetes.io/dockercfg", ".dockercfg") => &config,
        other => panic!("{other:?}"),
    };
    let login = |(host, entry): (&String, &Value)| {
        let auth = BASE64_STANDARD.decode(entry["auth"].as_str().unwrap()).unwrap();
        (host.clone(), String::from_utf8(auth).unwrap())
    };
    auths.as_object().unwrap().iter().map(login).collect()
}

/// The only login that moto gives for an account.
pub(crate) fn login(host: &str, account: &str) -> (String, String) {
    (host.to_owned(), format!("AWS:{account}-auth-token"))
}

/// The text of the notes.
pub(crate) fn state_text(secret: &Secret) -> &str {
    &secret.metadata.annotations.as_ref().expect("annotations")[STATE]
}

/// What is noted of a host.
pub(crate) fn noted(secret: &Secret, host: &str) -> Value {
    serde_json::from_str::<Value>(state_text(secret)).unwrap()[host].clone()
}

/// A time among what is noted.
pub(crate) fn time(noted: &Value, key: &str) -> Timestamp {
    noted[key].as_str().unwrap().parse().unwrap()
}

/// Writes notes in the place of the program's; `None` takes them away.
pub(crate) async fn write_state(client: &Client, namespace: &str, name: &str, state: Option<&str>) {
    let patch = Patch::Merge(json!({"metadata": {"annotations": {STATE: state}}}));
    let api = Api::<Secret>::namespaced(client.clone(), namespace);
    api.patch(name, &PatchParams::default(), &patch).await.unwrap();
}

/// Moves the noted life of every host back in time.
pub(crate) async fn age(client: &Client, namespace: &str, name: &str, by: SignedDuration) {
    let secret = read(client, namespace, name).await;
    let mut state: Value = serde_json::from_str(state_text(&secret)).unwrap();
    for noted in state.as_object_mut().unwrap().values_mut() {
        for key in ["issued", "expires"] {
            noted[key] = (time(noted, key) - by).to_string().into();
        }
    }
    write_state(client, namespace, name, Some(&state.to_string())).await;
}
