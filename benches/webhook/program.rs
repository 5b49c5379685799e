//! The release binary, with a certificate of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;

use crate::client::Client;

pub(crate) const CONFIG: &str = "\
namespaces: [\"team-*\", bench-webhook]
registries:
  - {host: proxy.example.com, username: robot, password: {env: REGISTRY_PASSWORD}}
images:
  rewrite:
    - {from: docker.io, to: proxy.example.com/hub}
    - {from: quay.io, to: proxy.example.com/quay}
    - {from: gcr.io, to: proxy.example.com/gcr}
  ignore: [registry, \"docker.io/internal/*\"]
";

pub(crate) struct Program {
    process: Child,
    pub(crate) client: Client,
    /// As PEM.
    pub(crate) certificate: String,
    _folder: TempDir,
}

impl Program {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
        let certificate = params.self_signed(&key).expect("a certificate");
        let pem = (certificate.pem(), key.serialize_pem());
        for (name, text) in [("tls.crt", &*pem.0), ("tls.key", &*pem.1), ("config.yaml", CONFIG)] {
            std::fs::write(folder.path().join(name), text).expect("the file is written");
        }
        let mut process = Command::new(env!("CARGO_BIN_EXE_pullkeeper"))
            .args(["webhook", "--listen", "127.0.0.1:0", "--cert-dir"])
            .arg(folder.path())
            .arg("--config")
            .arg(folder.path().join("config.yaml"))
            .env_clear()
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the release binary starts");
        let log = BufReader::new(process.stderr.take().expect("a log"));
        let mut lines = log.lines().map_while(Result::ok);
        let address = lines
            .find_map(|line| Some(line.split_once("https://")?.1.trim_end_matches("/mutate").to_owned()));
        let address = address.and_then(|address| address.parse().ok()).expect("it says where it is");
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, client: Client::new(address, certificate.der()), certificate: pem.0, _folder: folder }
    }

    /// The most memory that it had resident.
    pub(crate) fn peak_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("it has memory");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}
