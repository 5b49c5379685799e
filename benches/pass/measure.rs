//! One run of the program, and one of the yardstick.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use futures::future::join_all;
use http::{Request, header};
use http_body_util::BodyExt;
use k8s_openapi::api::rbac::v1::ClusterRole;
use kube::Client;
use kube::api::{Api, PostParams};
use serde::Deserialize;

use crate::testbed::ControlPlane;
use crate::testbed::audit::AuditEvent;
use crate::testbed::users::{Role, Scope, User, user};

const CONFIG: &str = "\
namespaces: [\"team-*\"]
registries:
  - {host: harbor.example.com, username: robot, password: {env: REGISTRY_PASSWORD}}
verify: false
";

/// The release binary, and what it is started with.
pub(crate) struct Program {
    user: User,
    kubeconfig: PathBuf,
    config: PathBuf,
    output: PathBuf,
}

/// One run of it.
pub(crate) struct Run {
    /// Requests of the audit log that begin a list, those that continue one, and those for one object.
    pub(crate) lists: usize,
    pub(crate) pages: usize,
    pub(crate) gets: usize,
    /// Of lists and pages, those for pods.
    pub(crate) pod_pages: usize,
    pub(crate) writes: usize,
    /// Of those, the Events that tell of pods.
    pub(crate) events: usize,
    /// And the notes on our Secrets of what ServiceAccounts were given; a first pass patches no Secret for else.
    pub(crate) notes: usize,
    pub(crate) changes: usize,
    /// As the report says.
    pub(crate) pass: Duration,
    /// From the start of the process to its end.
    pub(crate) wall: Duration,
    pub(crate) peak_kib: u64,
}

#[derive(Deserialize)]
struct Output {
    errors: Vec<serde_json::Value>,
    summary: Summary,
}

#[derive(Deserialize)]
struct Summary {
    changes: usize,
    reads: usize,
    writes: usize,
    seconds: f64,
}

impl Program {
    pub(crate) async fn new(plane: &ControlPlane) -> Self {
        let admin = plane.admin();
        let manifest = include_str!("../../manifests/base/rbac.yaml");
        let role = manifest.split("\n---\n").next().unwrap_or_default();
        let role: ClusterRole = serde_saphyr::from_str(role).expect("a ClusterRole");
        Api::all(admin.clone()).create(&PostParams::default(), &role).await.expect("the ClusterRole is made");
        crate::testbed::fixtures::namespace("pullkeeper").create(&admin).await;
        let user = user(&admin, "pullkeeper", "pullkeeper", Role::Named("pullkeeper"), Scope::Cluster).await;
        let (config, output) = (plane.dir().join("config.yaml"), plane.dir().join("report.json"));
        std::fs::write(&config, CONFIG).expect("the file is written");
        Self { kubeconfig: plane.kubeconfig(&user.token), user, config, output }
    }

    /// Runs it once. Panics if it fails, or if its report and the audit log disagree.
    pub(crate) fn run(&self, plane: &ControlPlane) -> Run {
        let audit = plane.audit_log();
        let mark = audit.mark();
        let started = Instant::now();
        let mut process = Command::new(env!("CARGO_BIN_EXE_pullkeeper"))
            .arg("--config")
            .arg(&self.config)
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .args(["--output", "json"])
            .env_clear()
            .envs([("REGISTRY_PASSWORD", "correct horse"), ("RUST_LOG", "warn")])
            .stdout(File::create(&self.output).expect("a file for its output"))
            .stdin(Stdio::null())
            .spawn()
            .expect("the release binary starts");
        let watch = std::thread::spawn({
            let id = process.id();
            move || peak_memory(id)
        });
        let status = process.wait().expect("it ends");
        let wall = started.elapsed();
        let peak_kib = watch.join().expect("the watch ends");

        let report = std::fs::read(&self.output).expect("its output");
        let Output { errors, summary } = serde_json::from_slice(&report).expect("a report");
        assert!(status.success() && errors.is_empty(), "{status}; errors: {errors:?}");
        let events = audit.since(mark, &self.user.name);
        let (writes, reads): (Vec<_>, Vec<_>) = events.iter().partition(|event| event.is_write());
        assert_eq!((summary.reads, summary.writes), (reads.len(), writes.len()), "report and audit log");
        let pages = reads.iter().filter(|event| event.uri.contains("continue=")).count();
        let of_pods = |event: &&&AuditEvent| event.resource == "pods";
        let is_note = |event: &AuditEvent| event.verb == "patch" && event.resource == "secrets";
        let gets = reads.iter().filter(|event| event.verb == "get").count();
        Run {
            lists: reads.len() - pages - gets,
            pages,
            gets,
            pod_pages: reads.iter().filter(of_pods).count(),
            writes: writes.len(),
            events: writes.iter().filter(|event| event.resource == "events").count(),
            notes: writes.iter().filter(|event| is_note(event)).count(),
            changes: summary.changes,
            pass: Duration::from_secs_f64(summary.seconds),
            wall,
            peak_kib,
        }
    }
}

/// The most memory that the process had resident, asked of the kernel until it ends. `getrusage` would
/// say it once and for all, but Linux counts in it what the parent had when it started the child.
fn peak_memory(process: u32) -> u64 {
    let mut peak = 0;
    // An ended process still has a status, but no memory in it.
    while let Ok(status) = std::fs::read_to_string(format!("/proc/{process}/status")) {
        let Some(line) = status.lines().find_map(|line| line.strip_prefix("VmHWM:")) else {
            break;
        };
        peak = line.trim().trim_end_matches(" kB").parse().unwrap_or(peak);
        std::thread::sleep(Duration::from_millis(2));
    }
    peak
}

/// The four lists that a pass looks at, whole and as JSON: how long it takes to receive the bytes.
pub(crate) async fn full_lists(plane: &ControlPlane, at_once: bool) -> Duration {
    const LISTS: [&str; 4] = [
        "/api/v1/namespaces",
        "/api/v1/serviceaccounts",
        "/api/v1/pods",
        "/api/v1/secrets?fieldSelector=metadata.name%3Dpullkeeper",
    ];
    let started = Instant::now();
    let client = plane.admin();
    if at_once {
        join_all(LISTS.map(|list| fetch(&client, list))).await;
    } else {
        for list in LISTS {
            fetch(&client, list).await;
        }
    }
    started.elapsed()
}

async fn fetch(client: &Client, path: &str) {
    let request = Request::get(path).header(header::ACCEPT, "application/json").body(Vec::new());
    let request = request.expect("a request").map(kube::client::Body::from);
    let answer = client.send(request).await.expect("an answer");
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
    let mut body = answer.into_body();
    while let Some(frame) = body.frame().await {
        frame.expect("a part of the body");
    }
}
