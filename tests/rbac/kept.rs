//! What rewrites images when pods are made, installed and out of step.

use http::{Method, StatusCode};
use kube::Client;
use pullkeeper::config::Admission;
use pullkeeper::rbac::Part;
use serde_json::{Value, json};

use crate::program::{ConfigFile, pullkeeper, run};
use crate::rights::{Right, send};
use crate::trial::Trial;

/// Installs it with other rules, and for other namespaces. The configuration alone doesn't tell by which way, where it
/// says auto: then it is that of the right which is taken away.
pub(crate) async fn install(trial: &Trial, admin: &Client, right: Option<&Right>) {
    let by_webhook = match trial.config().images.admission {
        Admission::Auto => right.is_some_and(|right| right.part == Part::Webhook),
        other => other == Admission::Webhook,
    };
    let admission = if by_webhook { "webhook" } else { "policy" };
    let settings = trial.fill(&format!(
        "namespaces: ['@P@-*']\ninstance: '@P@'\npods: {{heal: off}}\nimages:\n  \
         rewrite: [{{from: quay.io, to: '@PROXY@', insecure: true}}]\n  exclude: [another]\n  \
         admission: {admission}\n  webhook: {{namespace: home-@P@}}\n"
    ));
    let kubeconfig = trial.site.plane.kubeconfig(trial.site.plane.admin_token());
    let ran = tokio::task::spawn_blocking(move || {
        let file = ConfigFile::new(settings);
        let mut command = pullkeeper();
        command.args(["images", "install", "--unchecked", "--config"]).arg(file.path());
        command.arg("--kubeconfig").arg(kubeconfig);
        run(command)
    });
    let ran = ran.await.expect("a run");
    assert_eq!(ran.code, Some(0), "{}", ran.everything());
    if by_webhook {
        spoil(trial, admin, right.is_some_and(|right| right.verb == "create")).await;
    }
}

/// The certificate is gone, or no good any more.
async fn spoil(trial: &Trial, admin: &Client, gone: bool) {
    let path = format!("/api/v1/namespaces/{}/secrets/pullkeeper-webhook", trial.home());
    let (method, body) = if gone {
        (Method::DELETE, Value::Null)
    } else {
        (Method::PATCH, json!({"data": {"tls.key": "bm9uZQ=="}}))
    };
    let content = if gone { "application/json" } else { "application/merge-patch+json" };
    let (status, answer) = send(admin, method, &path, content, &body).await;
    assert_eq!(status, StatusCode::OK, "{}", answer["message"]);
}
