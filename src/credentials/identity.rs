//! Identity tokens, made into what a pull secret can hold.
//!
//! Docker gives an identity token to a registry's token service as an OAuth refresh token. The kubelet
//! reads user names and passwords only, so the token must pass as a password. Azure documents that for its
//! registries, with a user name of zeros; elsewhere only the registry knows.

use secrecy::SecretString;

use crate::registry::Entry;

/// The user name that Azure's registries take an identity token under, as `az acr login --expose-token`
/// says.
const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

/// The entry for `server`, a host with or without scheme and path, and what the user should know of it.
pub(super) fn as_entry(
    server: &str,
    username: Option<String>,
    token: SecretString,
    email: Option<String>,
) -> (Entry, Option<String>) {
    let azure = is_azure(server);
    let username = username.filter(|name| !azure && !name.is_empty()).unwrap_or_else(|| NOBODY.to_owned());
    let remark = (!azure).then(|| {
        format!("{server} has an identity token, which is used as a password; verification tells whether it is taken")
    });
    (Entry { username, password: token, email }, remark)
}

fn is_azure(server: &str) -> bool {
    let server = server.split_once("://").map_or(server, |(_, rest)| rest);
    let name = server.split(['/', ':']).next().unwrap_or_default().to_ascii_lowercase();
    [".azurecr.io", ".azurecr.cn", ".azurecr.us"].iter().any(|suffix| name.ends_with(suffix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_as_a_password() {
        let table = [
            ("team.azurecr.io", Some("me"), NOBODY, false),
            ("https://Team.azurecr.cn/v1/", None, NOBODY, false),
            ("team.azurecr.us:443", None, NOBODY, false),
            ("azurecr.io.example.com", Some("me"), "me", true),
            ("reg.example.com", Some(""), NOBODY, true),
            ("reg.example.com/x.azurecr.io", None, NOBODY, true),
        ];
        for (server, username, expected, remarked) in table {
            let (entry, remark) = as_entry(server, username.map(str::to_owned), "t".into(), None);
            assert_eq!((entry.username.as_str(), remark.is_some()), (expected, remarked), "{server}");
        }
    }
}
