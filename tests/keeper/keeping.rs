//! A loop that runs, and what it does meanwhile.

use std::collections::BTreeSet;
use std::future::Future;
use std::io::Read;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use k8s_openapi::api::rbac::v1::PolicyRule;
use serde_json::Value;

use crate::program::{ConfigFile, Ran, pullkeeper, start, terminate};
use crate::setup::{Place, shipped_rules};
use crate::testbed::ControlPlane;
use crate::testbed::audit::{AuditEvent, Mark};
use crate::testbed::users::{Role, Scope};

/// Long enough for a busy machine; what is to come at once comes long before.
const PATIENCE: Duration = Duration::from_secs(40);

/// The rules of a loop: those of a pass, and its watches.
pub(crate) fn rules() -> Vec<PolicyRule> {
    let text = include_str!("../../manifests/watch/rbac.yaml");
    let role = text.split("\n---").next().unwrap();
    let role: Value = serde_saphyr::from_str(role).expect("manifests/watch/rbac.yaml is YAML");
    let watch: Vec<PolicyRule> = serde_json::from_value(role["rules"].clone()).expect("a ClusterRole");
    shipped_rules().into_iter().chain(watch).collect()
}

/// The place of a test whose user may do what a loop may.
pub(crate) async fn place(prefix: &'static str) -> Place {
    Place::with(ControlPlane::shared(), prefix, Role::Rules(rules()), Scope::Cluster).await
}

/// One registry, an hour between passes: whatever comes sooner comes because something happened.
pub(crate) fn settings(place: &Place, more: &str) -> String {
    let namespaces = if more.contains("namespaces:") {
        String::new()
    } else {
        format!("namespaces: [\"{}-*\"]\n", place.prefix)
    };
    let time = if more.contains("time:") { "" } else { "time: {interval: 1h}\n" };
    format!(
        "{namespaces}{time}metrics: {{listen: off}}\nregistries: [{{host: harbor.example.com, username: admin, password: {{file: password}}}}]\n{more}\n"
    )
}

/// The program, looping.
pub(crate) struct Loop {
    pub(crate) child: Child,
    pub(crate) config: ConfigFile,
    said: Arc<Mutex<String>>,
}

impl Loop {
    /// Starts it, with a password in a file beside the configuration, and waits until a first pass has ended.
    pub(crate) async fn start(place: &Place, settings: &str) -> Self {
        let keeping = Self::begin(place, settings);
        keeping.has_reported().await;
        keeping
    }

    /// Starts it.
    pub(crate) fn begin(place: &Place, settings: &str) -> Self {
        let mut command = pullkeeper();
        command.env("KUBECONFIG", place.kubeconfig());
        Self::begin_with(command, settings)
    }

    /// Starts it, as the command says.
    pub(crate) fn begin_with(mut command: Command, settings: &str) -> Self {
        let config = ConfigFile::new("");
        let password = config.folder().join("password");
        std::fs::write(&password, "s3cret").unwrap();
        let text = settings.replace("file: password", &format!("file: {}", password.display()));
        std::fs::write(config.path(), text).unwrap();
        command.arg("--config").arg(config.path());
        let mut child = start(command);
        let said = Arc::new(Mutex::new(String::new()));
        listen(child.stdout.take().unwrap(), Arc::clone(&said));
        listen(child.stderr.take().unwrap(), Arc::clone(&said));
        Self { child, config, said }
    }

    /// The memory that it has, in KiB.
    pub(crate) fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// All that it wrote so far, log and reports.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Waits until it has told of a first pass.
    pub(crate) async fn has_reported(&self) {
        self.says(" reads, ").await;
    }

    pub(crate) async fn says(&self, words: &str) {
        until(words, async || self.said().contains(words)).await;
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.config.folder().join(name), text).unwrap();
    }

    /// Tells it to end, and waits for that.
    pub(crate) fn end(mut self) -> Ran {
        terminate(&self.child);
        self.ended()
    }

    pub(crate) fn ended(&mut self) -> Ran {
        let code = self.child.wait().unwrap().code();
        Ran { code, stdout: self.said(), stderr: String::new() }
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the loop said:\n{}", self.said());
        }
    }
}

fn listen(mut from: impl Read + Send + 'static, said: Arc<Mutex<String>>) {
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(read) = from.read(&mut bytes) {
            if read == 0 {
                break;
            }
            said.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..read]));
        }
    });
}

/// Waits until it is so.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, so: impl Fn() -> F) -> Duration {
    let began = Instant::now();
    while !so().await {
        assert!(began.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    began.elapsed()
}

/// The namespaces in which the loop read or wrote since, and of lists of the whole cluster the resource: "*pods".
pub(crate) fn touched(place: &Place, mark: Mark) -> BTreeSet<String> {
    let of = |event: &AuditEvent| match (&event.namespace, event.resource.as_str(), &event.name) {
        (_, "namespaces", Some(name)) => name.clone(),
        (Some(namespace), ..) => namespace.clone(),
        // A list by name is of one namespace.
        (None, "namespaces", None) => event
            .uri
            .split("metadata.name%3D")
            .nth(1)
            .map_or("*namespaces".to_owned(), |name| name.split('&').next().unwrap().to_owned()),
        (None, resource, _) => format!("*{resource}"),
    };
    place.since(mark).iter().filter(|event| event.verb != "watch").map(of).collect()
}
