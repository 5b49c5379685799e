//! Passwords in the URLs of proxies.

use super::aws::{KEY, SESSION, with_keys};
use super::*;

const PASSWORD: &str = "gH0PmR4vSwXeAtFwKd7Yb9Lq2";

#[test]
fn of_a_proxy_to_aws_that_is_none() {
    for url in ["http://me:PASSWORD@a b", "ftp://me:PASSWORD@127.0.0.1:1/PASSWORD", "http://me:PASSWORD@"] {
        let url = url.replace("PASSWORD", PASSWORD);
        let pass = Pass::new("ecr: {region: eu-west-1}").env("HTTPS_PROXY", url).env("NO_PROXY", "127.0.0.1");
        let errors = with_keys(pass).fails_once(&[KEY, SESSION, PASSWORD]);
        let told = "HTTPS_PROXY is no URL of a proxy that is spoken here; write http://HOST:PORT or https://HOST:PORT. 1 Secret stays without";
        assert_eq!(errors, [told]);
    }
}

#[test]
fn of_a_proxy_to_registries() {
    let urls = [
        "http://me:PASSWORD@127.0.0.1:1",
        // An '@' that is not escaped, and one that is.
        "http://me:x@PASSWORD@127.0.0.1:1",
        "http://me:x%40PASSWORD@127.0.0.1:1",
        "http://me:x/PASSWORD@127.0.0.1:1",
        "me:PASSWORD@127.0.0.1:1",
        "socks5://me:PASSWORD@127.0.0.1:1",
        "socks5://me:x@PASSWORD@127.0.0.1:1",
        "http://127.0.0.1:1/?key=PASSWORD",
        "http://127.0.0.1:1/PASSWORD#PASSWORD",
    ];
    for url in urls {
        // No resolver is asked for a name with so long a label, where there is no proxy after all.
        let host = format!("{}.example.com", "x".repeat(64));
        let mut pass =
            Pass::new(format!("{{host: {host}, username: robot, password: {{env: THE_PASSWORD}}}}"));
        pass.verifies = true;
        let pass = pass
            .env("THE_PASSWORD", KEY)
            .env("HTTPS_PROXY", url.replace("PASSWORD", PASSWORD))
            .env("NO_PROXY", "127.0.0.1");
        let (ran, _) = pass.run(("text", false), vec![post(SECRETS).says(ok(&json!({})))]);
        assert_eq!(ran.code, Some(0), "{}", ran.everything());
        assert_silent(&ran.everything(), &[PASSWORD, KEY]);
        assert!(ran.stdout.contains("could not be verified: "), "{url}: {}", ran.stdout);
    }
}
