//! `pullkeeper rbac`: the rights that the configuration needs. Asks nobody.

use crate::cli::{Output, Rbac};
use crate::config::Config;
use crate::rbac::{self, Holder};

/// What is printed for `config`, without the line break at its end.
#[must_use]
pub(super) fn text(config: &Config, own: &Rbac, output: Output) -> String {
    let holder = Holder { namespace: own.namespace.clone(), service_account: own.service_account.clone() };
    let mut grants = rbac::grants(config);
    grants.retain(|grant| own.part.is_none_or(|part| grant.part == part));
    match output {
        Output::Text => rbac::yaml(&grants, &holder).trim_end().to_owned(),
        Output::Json => rbac::json(&grants, &holder).to_string(),
    }
}
