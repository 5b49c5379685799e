//! The token server that a registry names in a `Bearer` challenge (distribution's token authentication
//! specification), and whether it may be asked.
//!
//! A registry decides here where the password goes and what this program connects to. A bad one would
//! have it sent in clear, or have this program reach what only it can (server-side request forgery).

use std::net::IpAddr;

use reqwest::Url;

use super::address::{Zone, zone};
use super::challenge::Challenge;
use super::peer::Peer;
use super::words::origin;

/// The URL to ask for a token of these scopes, with the realm's own query kept. `account` is left out as
/// containerd leaves it out: the login says it already.
pub(super) fn token_url(challenge: &Challenge, registry: &Peer, scopes: &[&str]) -> Result<Url, String> {
    let none =
        || format!("{} asks for a token, and names no server that gives one (no realm)", registry.server);
    let mut url = realm_url(challenge.param("realm").ok_or_else(none)?, &registry.url)?;
    let service = challenge.param("service").map(|service| ("service", service));
    let scopes = scopes.iter().map(|scope| ("scope", *scope));
    for (name, value) in service.into_iter().chain(scopes) {
        url.query_pairs_mut().append_pair(name, value);
    }
    Ok(url)
}

fn realm_url(realm: &str, registry: &Url) -> Result<Url, String> {
    let mut url = Url::parse(realm)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or("its token server (realm) is no http or https URL; not asked")?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("its token server (realm) is a URL with a login in it; not asked".to_owned());
    }
    if url.scheme() == "http" && registry.scheme() == "https" {
        return Err(format!(
            "its token server (realm) {} would get the password by plain http; not asked",
            origin(&url)
        ));
    }
    url.set_fragment(None);
    Ok(url)
}

/// May the token server at `addresses` be asked for a registry at `registry`? Link-local ones never;
/// private ones only for a registry that is itself known to be private, as a self-hosted GitLab is whose
/// token server is another machine. Behind a proxy nobody here knows the registry's addresses: that
/// counts as public.
pub(super) fn check(addresses: &[IpAddr], registry: &[IpAddr]) -> Result<(), String> {
    let inside = !registry.is_empty() && registry.iter().all(|address| zone(*address) != Zone::Public);
    for address in addresses {
        match zone(*address) {
            Zone::LinkLocal => return Err(format!("points at the link-local address {address}")),
            Zone::Private if !inside => return Err(format!("points at the private address {address}")),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::asking::{Server, challenge, network, tls};

    fn asked_for(registry: &str, params: &str, scopes: &[&str]) -> Result<String, String> {
        let challenge = challenge::parse([format!("Bearer {params}").as_str()]).remove(0);
        let url = Url::parse(registry).unwrap();
        let tls = tls::config(&rustls::RootCertStore::empty(), None).unwrap();
        let peer = Peer::new(Server::Registry, url, &network::Route::Direct(Vec::new()), tls).unwrap();
        token_url(&challenge, &peer, scopes).map(Into::into)
    }

    fn asked(registry: &str, params: &str) -> Result<String, String> {
        asked_for(registry, params, &[])
    }

    #[test]
    fn asks_the_realm_in_its_own_words() {
        let table = [
            (r#"realm="https://a.io/token",service="s.io""#, "https://a.io/token?service=s.io"),
            (r#"realm="https://a.io/t?x=1&y",service="a b&c""#, "https://a.io/t?x=1&y&service=a+b%26c"),
            (r#"realm="https://a.io/t?x=1""#, "https://a.io/t?x=1"),
            (r#"realm="https://a.io:8443/t#top",service="""#, "https://a.io:8443/t"),
            (r#"realm="https://[2606:4700::1]/t""#, "https://[2606:4700::1]/t"),
        ];
        for (params, url) in table {
            assert_eq!(asked("https://r.io/v2/", params).as_deref(), Ok(url), "{params}");
        }
        let scopes = ["repository:a/b:pull", "x&y=z#"];
        let url = "https://a.io/t?service=s&scope=repository%3Aa%2Fb%3Apull&scope=x%26y%3Dz%23";
        assert_eq!(
            asked_for("https://r.io/v2/", "realm=https://a.io/t,service=s", &scopes).as_deref(),
            Ok(url)
        );
        let plain = r#"realm="http://a.io/t""#;
        assert_eq!(asked("http://r.io/v2/", plain).as_deref(), Ok("http://a.io/t"));
    }

    #[test]
    fn refuses_a_realm_that_is_none() {
        let table = [
            ("service=s", "names no server"),
            (r#"realm="""#, "names no server"),
            (r#"realm="/token""#, "no http or https URL"),
            (r#"realm="a.io/token""#, "no http or https URL"),
            (r#"realm="file:///etc/passwd""#, "no http or https URL"),
            (r#"realm="ftp://a.io/""#, "no http or https URL"),
            (r#"realm="https://""#, "no http or https URL"),
            (r#"realm="https://me:word@a.io/""#, "a login in it"),
            (r#"realm="https://r.io@a.io/""#, "a login in it"),
            (r#"realm="http://a.io/t?secret""#, "http://a.io would get the password by plain http"),
        ];
        for (params, words) in table {
            let error = asked("https://r.io/v2/", params).unwrap_err();
            assert!(error.contains(words), "{params}: {error}");
            assert!(!error.contains("secret") && !error.contains("word@"), "{params}: {error}");
        }
    }

    #[test]
    fn asks_only_where_the_registry_may_point() {
        let table = [
            // The registry, the realm, and may it be asked?
            ("8.8.8.8", "1.1.1.1", true),
            ("8.8.8.8", "10.0.0.1", false),
            ("8.8.8.8", "127.0.0.1", false),
            ("8.8.8.8", "::1", false),
            ("8.8.8.8", "0.0.0.0", false),
            ("8.8.8.8", "100.64.0.1", false),
            ("8.8.8.8", "fd12::1", false),
            ("8.8.8.8", "::ffff:192.168.0.1", false),
            ("8.8.8.8", "1.1.1.1 10.0.0.1", false),
            ("10.0.0.1", "10.0.0.2", true),
            ("10.0.0.1", "127.0.0.1", true),
            ("10.0.0.1", "1.1.1.1", true),
            ("10.0.0.1 fd12::1", "fd12::2", true),
            ("10.0.0.1 8.8.8.8", "10.0.0.2", false),
            ("10.0.0.1", "169.254.169.254", false),
            ("169.254.1.1", "169.254.169.254", false),
            ("127.0.0.1", "fe80::1", false),
            ("127.0.0.1", "::ffff:169.254.169.254", false),
            // Behind a proxy nothing is known but what is written.
            ("", "1.1.1.1", true),
            ("", "10.0.0.1", false),
            ("", "169.254.169.254", false),
            ("", "", true),
        ];
        let addresses = |text: &str| -> Vec<IpAddr> {
            text.split_whitespace().map(|address| address.parse().unwrap()).collect()
        };
        for (registry, realm, asked) in table {
            let checked = check(&addresses(realm), &addresses(registry));
            assert_eq!(checked.is_ok(), asked, "{registry} names {realm}: {checked:?}");
        }
    }
}
