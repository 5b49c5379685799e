//! The process, and the certificates that it is given.

use std::path::Path;
use std::process::Child;

use pullkeeper::config::{Config, Inputs};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::CertificateDer;
use serde_json::{Value, json};

use crate::client::{Client, get};
use crate::program::{ConfigFile, Ran, end, heard, pullkeeper, start, terminate};

pub(crate) const HUB: &str = "{rewrite: [{from: docker.io, to: proxy.example.com}]}";

/// Who issues certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) certificate: CertificateDer<'static>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Self { issuer: Issuer::new(params, key), certificate }
    }

    /// A certificate and its key, in PEM, that end with this year.
    pub(crate) fn issue(&self, year: i32) -> (String, String) {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(year, 12, 31);
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

/// A webhook that runs as long as this is held.
pub(crate) struct Webhook {
    pub(crate) config: ConfigFile,
    pub(crate) authority: Authority,
    pub(crate) client: Client,
    child: Option<Child>,
}

impl Webhook {
    pub(crate) fn start(images: &str) -> Self {
        Self::with(images, &[])
    }

    /// With more words on its command line.
    pub(crate) fn with(images: &str, words: &[&str]) -> Self {
        let config = ConfigFile::new(settings(images));
        let authority = Authority::new();
        put(config.folder(), &authority.issue(2040));
        let mut command = pullkeeper();
        command.args(["webhook", "--listen", "127.0.0.1:0", "--cert-dir"]).arg(config.folder());
        command.arg("--config").arg(config.path()).args(words);
        let mut child = start(command);
        let said = heard(&mut child, "/mutate\n");
        let address = said.rsplit_once("https://").unwrap().1.trim_end().strip_suffix("/mutate").unwrap();
        let client = Client::new(address.parse().unwrap(), &authority.certificate);
        Self { config, authority, client, child: Some(child) }
    }

    /// Puts another certificate where it looks.
    pub(crate) fn put(&self, pair: &(String, String)) {
        put(self.config.folder(), pair);
    }

    /// Waits until its log has these words.
    pub(crate) fn says(&mut self, words: &str) -> String {
        heard(self.child.as_mut().unwrap(), words)
    }

    pub(crate) fn terminate(&self) {
        terminate(self.child.as_ref().unwrap());
    }

    pub(crate) fn end(mut self) -> Ran {
        end(self.child.take().unwrap())
    }

    /// What a pod becomes.
    pub(crate) async fn made(&self, pod: &Value) -> Value {
        let answer = self.client.ask(&crate::client::post(&review(pod))).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        patched(pod, &answer.body)
    }

    pub(crate) async fn metric(&self, line: &str) -> bool {
        let text = self.client.ask(&get("/metrics")).await.unwrap().text();
        text.lines().any(|own| own == line)
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            _ = child.kill();
            _ = child.wait();
        }
    }
}

/// As the kubelet does: both at once, by a link that takes the place of another.
pub(crate) fn put(folder: &Path, (certificate, key): &(String, String)) {
    let data = folder.join(format!("..{}", fastrand::u64(..)));
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("tls.crt"), certificate).unwrap();
    std::fs::write(data.join("tls.key"), key).unwrap();
    std::os::unix::fs::symlink(&data, folder.join("..new")).unwrap();
    std::fs::rename(folder.join("..new"), folder.join("..data")).unwrap();
    for name in ["tls.crt", "tls.key"] {
        _ = std::os::unix::fs::symlink(Path::new("..data").join(name), folder.join(name));
    }
}

pub(crate) fn settings(images: &str) -> String {
    // Its password is another process's.
    let registry = "{host: proxy.example.com, username: robot, password: {env: NOT_HERE}}";
    format!("namespaces: [\"team-*\"]\nregistries: [{registry}]\nimages: {images}\n")
}

pub(crate) fn config(images: &str) -> Config {
    let file = ConfigFile::new(settings(images));
    let inputs = Inputs { file: Some(file.path().to_owned()), ..Inputs::default() };
    pullkeeper::config::load_without_passwords(&inputs).unwrap().config
}

pub(crate) fn pod(images: &[&str]) -> Value {
    let container = |(index, image): (usize, &&str)| json!({"name": format!("c{index}"), "image": image});
    let containers: Vec<_> = images.iter().enumerate().map(container).collect();
    json!({"metadata": {"generateName": "pod-"}, "spec": {"containers": containers}})
}

/// What an API server sends of a pod that is made.
pub(crate) fn review(pod: &Value) -> Vec<u8> {
    let request = json!({
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "requestKind": {"group": "", "version": "v1", "kind": "Pod"},
        "requestResource": {"group": "", "version": "v1", "resource": "pods"},
        "namespace": "team-a",
        "operation": "CREATE",
        "userInfo": {"username": "system:serviceaccount:kube-system:replicaset-controller", "groups": ["system:authenticated"]},
        "object": pod,
        "oldObject": null,
        "dryRun": false,
        "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
    });
    let review = json!({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request});
    review.to_string().into_bytes()
}

/// A pod with the patch of an answer, as an API server applies it.
pub(crate) fn patched(pod: &Value, answer: &[u8]) -> Value {
    use base64::Engine;
    let answer: Value = serde_json::from_slice(answer).unwrap();
    assert_eq!(answer["response"]["allowed"], true);
    assert_eq!(answer["response"]["uid"], "705ab4f5-6393-11e8-b7cc-42010a800002");
    let mut pod = pod.clone();
    if let Some(patch) = answer["response"]["patch"].as_str() {
        let patch = base64::prelude::BASE64_STANDARD.decode(patch).unwrap();
        let patch: json_patch::Patch = serde_json::from_slice(&patch).unwrap();
        json_patch::patch(&mut pod, &patch).unwrap();
    }
    pod
}
