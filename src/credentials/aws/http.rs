//! The one HTTP client of all calls to AWS: rustls over ring, the system's roots, the environment's proxy.
//!
//! The SDK's own default would bring a second TLS library, and knows of no proxy.

use std::sync::OnceLock;

use aws_sdk_ecr::config::{RuntimeComponents, SharedHttpClient};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, Connector};

use super::proxy;

/// The client of this process. The proxy is read once: the environment doesn't change.
pub(super) fn shared() -> Result<SharedHttpClient, String> {
    static SHARED: OnceLock<Result<SharedHttpClient, String>> = OnceLock::new();
    let made = || proxy::from(&|name| std::env::var(name).ok()).map(client);
    SHARED.get_or_init(made).clone()
}

/// A client of its own, with connections of its own.
pub(super) fn client(proxy: ProxyConfig) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector =
            Connector::builder().tls_provider(Provider::Rustls(CryptoMode::Ring)).proxy_config(proxy.clone());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.build()
    })
}
