//! The proxy that the environment names.
//!
//! AWS is asked by https. What is asked by plain http is near: the instance's metadata, a pod's identity agent,
//! a stand-in on loopback. A proxy would ask its own machine's instead of ours, so none of these goes through
//! one, and `HTTP_PROXY` is not read.

use aws_smithy_http_client::proxy::ProxyConfig;

/// Never through a proxy, beside what `NO_PROXY` names: loopback and link-local.
const NEAR: &str = "localhost,127.0.0.0/8,::1,169.254.0.0/16,fe80::/10,fd00:ec2::/32";

/// The proxy for https as `variable` has it: `HTTPS_PROXY`, then `ALL_PROXY`, each in lower case
/// too; `NO_PROXY` as curl reads it. One that can't be read is an error, for going around it may be forbidden.
pub(super) fn from(variable: &dyn Fn(&str) -> Option<String>) -> Result<ProxyConfig, String> {
    let set = |name: &&'static str| {
        let text = variable(name).filter(|text| !text.trim().is_empty())?;
        Some((*name, text))
    };
    let named = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"].iter().find_map(set);
    let Some((name, url)) = named else { return Ok(ProxyConfig::disabled()) };
    let url = url.trim();
    let url = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
    // What is wrong with it isn't repeated: it may hold a password.
    let proxy = ProxyConfig::https(url).map_err(|_| {
        format!(
            "{name} is no URL of a proxy that is spoken here; write http://HOST:PORT or https://HOST:PORT"
        )
    })?;
    let beside = ["NO_PROXY", "no_proxy"].iter().find_map(set).map(|(_, rules)| rules + ",");
    Ok(proxy.no_proxy(beside.unwrap_or_default() + NEAR))
}
