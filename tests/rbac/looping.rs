//! A loop, and what happens while it runs.

use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Method;
use kube::Client;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::{Instant, sleep};

use crate::cases::How;
use crate::rights::{Right, send};
use crate::testbed::fixtures::namespace;
use crate::trial::{Said, Trial, words};
use crate::world::waiting;

/// Long enough for a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Runs it until all is done, or until it is told what is missing.
pub(crate) async fn run(trial: &Trial, command: Command, admin: &Client, right: Option<&Right>) -> Said {
    let mut command = tokio::process::Command::from(command);
    let mut program = command.stdin(Stdio::null()).kill_on_drop(true).spawn().expect("the program starts");
    let heard = Arc::new(Mutex::new(String::new()));
    let (output, log) = (program.stdout.take().unwrap(), program.stderr.take().unwrap());
    let listening =
        [tokio::spawn(listen(output, Arc::clone(&heard))), tokio::spawn(listen(log, Arc::clone(&heard)))];

    let text = || heard.lock().unwrap().clone();
    let is_over = |text: &str| right.is_some_and(|right| right.is_named_in(text));
    // Its first report has a line with the number of requests.
    until(|| text().contains(" requests") || is_over(&text())).await;
    let first = text().len();
    happen(trial, admin).await;
    let anew = again(trial);
    until(|| {
        let text = text();
        let (all, later) = (words(&text), words(text.get(first..).unwrap_or_default()));
        let done =
            trial.done().iter().all(|done| all.contains(done)) && anew.iter().all(|own| later.contains(own));
        is_over(&text) || (right.is_none() && done)
    })
    .await;
    let id = program.id().expect("it runs");
    let told = Command::new("kill").arg("-TERM").arg(id.to_string()).status().expect("kill");
    assert!(told.success());
    let code = program.wait().await.expect("it ends").code();
    for listener in listening {
        listener.await.expect("a listener");
    }
    Said { code, text: text() }
}

/// Something that others do.
async fn happen(trial: &Trial, admin: &Client) {
    let own = trial.namespace();
    if trial.case.how == How::Waiting {
        waiting(trial, "late").owned_by("ReplicaSet").pull_secret("theirs").create(admin, &own).await;
        return;
    }
    namespace(&format!("{}-new", trial.prefix)).create(admin).await;
    let edits = [
        ("secrets/drifted", json!({"data": {".dockerconfigjson": "e30="}})),
        ("serviceaccounts/default", json!({"imagePullSecrets": []})),
    ];
    for (object, body) in edits {
        let path = format!("/api/v1/namespaces/{own}/{object}");
        let (status, _) = send(admin, Method::PATCH, &path, "application/merge-patch+json", &body).await;
        assert!(status.is_success(), "{path}: {status}");
    }
}

/// What is done once more then.
fn again(trial: &Trial) -> Vec<String> {
    let edited = ["update Secret @P@-a/drifted", "patch ServiceAccount @P@-a/default"];
    let edited = edited.into_iter().filter(|_| trial.case.how == How::Loop);
    edited.map(|done| trial.fill(done)).collect()
}

async fn listen(mut from: impl AsyncRead + Unpin, heard: Arc<Mutex<String>>) {
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        heard.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..read]));
    }
}

/// Waits for something, for some time; what is missing then is told by who judges.
async fn until(is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() && begun.elapsed() < PATIENCE {
        sleep(Duration::from_millis(50)).await;
    }
}
