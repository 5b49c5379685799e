//! What other crates may put into the log: nothing that may hold a token, whatever the level is set to.
//!
//! Below `info` they trace requests, headers and bodies. Two families do so above it, and are left out
//! wholly; what fails there comes to who asked as an error, and is told there, so no line is lost:
//!
//! - kube: `kube_client::client` warns with the whole body of an answer that it can't parse, be it a
//!   Secret; and its `builder` calls each failed attempt an error, though a later one may succeed.
//! - the AWS SDK: `aws_config` warns with the `Debug` of errors that hold the raw answer of STS or of a
//!   metadata service (`DisplayErrorContext`), and `aws_runtime` with lines of the credentials file that
//!   it can't read.

use log::{LevelFilter, Metadata};

/// The highest level of targets that begin so; the first that fits counts.
const CAPS: [(&str, LevelFilter); 4] = [
    (concat!(env!("CARGO_CRATE_NAME"), "::"), LevelFilter::Trace),
    ("kube_", LevelFilter::Off),
    ("aws_", LevelFilter::Off),
    ("", LevelFilter::Info),
];

/// May a line with this target and level be written?
pub(super) fn allow(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    let ours = target == env!("CARGO_CRATE_NAME");
    let cap = CAPS.iter().find(|(family, _)| target.starts_with(family));
    ours || cap.is_some_and(|(_, cap)| metadata.level() <= *cap)
}

#[cfg(test)]
mod tests {
    use log::Level;

    use super::*;

    #[test]
    fn other_crates_say_nothing_that_may_hold_a_token() {
        let table = [
            // The binary's own target, the library's, and one that only begins alike.
            ("pullkeeper", LevelFilter::Trace),
            ("pullkeeper::cluster::client", LevelFilter::Trace),
            ("pullkeeper_other", LevelFilter::Info),
            ("kube_client::client", LevelFilter::Off),
            ("kube_client::client::builder", LevelFilter::Off),
            ("kube_core::request", LevelFilter::Off),
            ("aws_config::profile::credentials", LevelFilter::Off),
            ("aws_config::web_identity_token", LevelFilter::Off),
            ("aws_runtime::env_config::normalize", LevelFilter::Off),
            ("aws_smithy_runtime::client::orchestrator", LevelFilter::Off),
            ("aws_sdk_ecr::operation", LevelFilter::Off),
            ("hyper::proto::h1::role", LevelFilter::Info),
            ("hyper_util::client::legacy::client", LevelFilter::Info),
            ("h2::codec::framed_write", LevelFilter::Info),
            ("rustls::client::hs", LevelFilter::Info),
            ("reqwest::connect", LevelFilter::Info),
            ("tower_http::trace", LevelFilter::Info),
            ("tracing::span", LevelFilter::Info),
            ("", LevelFilter::Info),
        ];
        for (target, cap) in table {
            for level in Level::iter() {
                let metadata = Metadata::builder().target(target).level(level).build();
                assert_eq!(allow(&metadata), level <= cap, "{target} {level}");
            }
        }
    }
}
