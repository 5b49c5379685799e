//! Puts an image into a test registry over its HTTP API, by the distribution
//! project's specification: blobs first, then the manifest that names them.

use reqwest::{Certificate, Client, Method, RequestBuilder, Response, header};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::registry::Registry;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

impl Registry {
    /// Pushes an image of its own (no two of them share a config) and returns its digest.
    /// It has one empty layer; no program is in it.
    pub async fn push(&self, repository: &str, tag: &str) -> String {
        // An archive's end: two empty blocks.
        self.push_layer(repository, tag, vec![0; 1024]).await
    }

    /// As [`Self::push`], with a layer in whose root is the program, `app`.
    pub async fn push_layer(&self, repository: &str, tag: &str, layer: Vec<u8>) -> String {
        let session = Session::open(self, repository).await;
        let layer = session.blob(LAYER, layer).await;
        let config = json!({
            "architecture": architecture(), "os": "linux",
            "config": {
                "Entrypoint": ["/app"],
                "Labels": {"image": format!("{}/{repository}:{tag}", self.host())},
            },
            "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
        });
        let config = session.blob(CONFIG, config.to_string().into_bytes()).await;
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer],
        });
        session.manifest(tag, manifest.to_string()).await
    }

    /// A client that trusts this registry's certificate and no other, and uses no proxy.
    pub fn client(&self) -> Client {
        // Installed already by another test of this process, or by the program itself: as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let certificates = self.ready.ca.as_ref().map(|path| {
            let pem = std::fs::read(path).expect("the registry's CA");
            Certificate::from_pem(&pem).expect("a certificate")
        });
        Client::builder().no_proxy().tls_certs_only(certificates).build().expect("a client")
    }
}

/// A login with the right to push to one repository.
struct Session<'a> {
    registry: &'a Registry,
    repository: &'a str,
    client: Client,
    token: Option<String>,
}

impl<'a> Session<'a> {
    async fn open(registry: &'a Registry, repository: &'a str) -> Self {
        let client = registry.client();
        let mut session = Self { registry, repository, client, token: None };
        if registry.ready.realm.is_some() {
            session.token = Some(session.token().await);
        }
        session
    }

    async fn token(&self) -> String {
        let scope = format!("repository:{}:pull,push", self.repository);
        let realm = format!("{}?service=testbed%20registry&scope={scope}", self.registry.realm());
        let answer = sent(self.with_login(self.client.get(realm))).await;
        let body: Value = serde_json::from_str(&answer.text().await.expect("a token")).expect("JSON");
        body["token"].as_str().expect("a token").to_owned()
    }

    /// Uploads it in one piece; returns its descriptor.
    async fn blob(&self, media_type: &str, content: Vec<u8>) -> Value {
        let (digest, size) = (digest(&content), content.len());
        let uploads = format!("{}/v2/{}/blobs/uploads/", self.registry.url(), self.repository);
        let answer = sent(self.request(Method::POST, &uploads)).await;
        let place = answer.headers()[header::LOCATION].to_str().expect("a URL").to_owned();
        let and = if place.contains('?') { '&' } else { '?' };
        let request = self.request(Method::PUT, &format!("{place}{and}digest={digest}"));
        sent(request.header(header::CONTENT_TYPE, "application/octet-stream").body(content)).await;
        json!({"mediaType": media_type, "digest": digest, "size": size})
    }

    async fn manifest(&self, tag: &str, content: String) -> String {
        let url = format!("{}/v2/{}/manifests/{tag}", self.registry.url(), self.repository);
        let digest = digest(content.as_bytes());
        let request = self.request(Method::PUT, &url).header(header::CONTENT_TYPE, MANIFEST);
        sent(request.body(content)).await;
        digest
    }

    fn request(&self, method: Method, url: &str) -> RequestBuilder {
        let request = self.client.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => self.with_login(request),
        }
    }

    /// An open registry takes no notice of it.
    fn with_login(&self, request: RequestBuilder) -> RequestBuilder {
        let ready = &self.registry.ready;
        request.basic_auth(&ready.push_user, Some(&ready.push_password))
    }
}

/// This machine's, in the words of images.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

async fn sent(request: RequestBuilder) -> Response {
    let answer = request.send().await.unwrap_or_else(|e| panic!("push: {e:?}"));
    let (status, url) = (answer.status(), answer.url().clone());
    assert!(
        status.is_success(),
        "push: {url} answered {status}: {}",
        answer.text().await.unwrap_or_default()
    );
    answer
}

fn digest(content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    digest.iter().fold("sha256:".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}
