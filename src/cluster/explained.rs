//! A client whose errors say what to do where a kubeconfig meets a container.
//!
//! As a layer of the client, so that watches are explained too, and credentials that end in the middle of a run.

use std::error::Error as StdError;
use std::io::{self, ErrorKind};

use kube::client::{AuthError, ClientBuilder};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;
use tower::BoxError;
use tower::util::MapErrLayer;

use super::error::chain;
use super::kubeconfig;
use super::plugin::Plugin;
use super::sidecar::is_loopback;

/// Makes the client. A program that its credentials come from may take long, or wait for a person: that ends
/// when we are told to end.
pub(super) async fn client(
    mut config: kube::Config,
    in_cluster: bool,
    stop: &CancellationToken,
) -> Result<kube::Client, String> {
    let plugin = Plugin::settle(&mut config.auth_info);
    kubeconfig::settle_token(&mut config.auth_info)?;
    if let Some(program) = plugin.program() {
        log::info!("asking the program {program} for credentials");
    }
    let host = config.cluster_url.host().filter(|host| !in_cluster && is_loopback(host));
    let loopback =
        host.filter(|_| config.proxy_url.is_none()).map(|host| host.trim_matches(['[', ']']).to_owned());
    let built = tokio::select! {
        built = spawn_blocking(|| ClientBuilder::try_from(config)) => built.map_err(|error| error.to_string())?,
        () = stop.cancelled(), if plugin.program().is_some() => return Err("told to end before there were credentials".to_owned()),
    };
    let builder = built.map_err(|error| match &error {
        kube::Error::Auth(error) => plugin.words(error),
        kube::Error::InferKubeconfig(error) => kubeconfig::words(error),
        // Their own words quote the proxy's URL, and its password.
        kube::Error::ProxyProtocolUnsupported { proxy_url } | kube::Error::ProxyProtocolDisabled { proxy_url, .. } => {
            let scheme = proxy_url.scheme_str().unwrap_or("none");
            format!("the proxy's scheme is {scheme}; write one by http, in the kubeconfig's proxy-url or in HTTPS_PROXY")
        }
        other => chain(other),
    })?;
    let explain = move |error: BoxError| explained(error, &plugin, loopback.as_deref());
    Ok(builder.with_layer(&MapErrLayer::new(explain)).build())
}

fn explained(error: BoxError, plugin: &Plugin, loopback: Option<&str>) -> BoxError {
    if let Some(error) = error.downcast_ref::<AuthError>() {
        return Box::new(kube::Error::Auth(AuthError::AuthExec(plugin.words(error))));
    }
    match loopback.filter(|_| is_refused(&*error)) {
        Some(host) => format!(
            "{}; nothing listens there. In a container {host} is the container itself: run it with --network host (with Docker Desktop, let the kubeconfig name host.docker.internal instead, with tls-server-name: {host})",
            chain(&*error)
        )
        .into(),
        None => error,
    }
}

fn is_refused(error: &(dyn StdError + 'static)) -> bool {
    let refused =
        error.downcast_ref::<io::Error>().map(io::Error::kind) == Some(ErrorKind::ConnectionRefused);
    refused || error.source().is_some_and(is_refused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::config::AuthInfo;
    use std::os::unix::process::ExitStatusExt;
    use std::process::{ExitStatus, Output};

    fn program() -> Plugin {
        let user = serde_json::json!({"exec": {"command": "aws"}});
        Plugin::settle(&mut serde_json::from_value::<AuthInfo>(user).unwrap())
    }

    fn said(error: impl Into<BoxError>, loopback: Option<&str>) -> String {
        chain(&*explained(error.into(), &program(), loopback))
    }

    #[test]
    fn a_program_that_fails_in_the_middle_of_a_run_is_not_quoted() {
        let out = Output {
            status: ExitStatus::from_raw(255 << 8),
            stdout: b"hunter2".into(),
            stderr: b"\nUnable to locate credentials.\n\n".into(),
        };
        let error = AuthError::AuthExecRun { cmd: "SECRET=hunter2 aws".to_owned(), out: Box::new(out) };
        let said = said(error, None);
        let end = "from the program aws, which failed: exit status: 255 (Unable to locate credentials.)";
        assert!(said.ends_with(end), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }

    #[test]
    fn only_a_refusal_by_loopback_is_explained() {
        let refused = || io::Error::from(ErrorKind::ConnectionRefused);
        assert!(said(refused(), Some("::1")).contains("In a container ::1 is the container itself"));
        assert_eq!(said(refused(), None), refused().to_string());
        let reset = io::Error::from(ErrorKind::ConnectionReset);
        assert_eq!(said(reset, Some("::1")), io::Error::from(ErrorKind::ConnectionReset).to_string());
    }
}
