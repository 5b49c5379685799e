//! https: an authority of one's own, and servers that speak otherwise than the configuration says.

use std::path::Path;
use std::sync::Arc;

use hyper_util::client::proxy::matcher::Matcher;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tempfile::TempDir;

use super::asks::unverified;
use crate::config::Reach;
use crate::credentials::asking::stand_in::server::{Reply, Server, reply};
use crate::credentials::asking::stand_in::world::{World, login};
use crate::credentials::asking::stand_in::{basic, bearer};
use crate::plan::Trust;

/// An authority that only `ca.pem` in its folder speaks for.
struct Authority {
    folder: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        Self { folder, issuer: Issuer::new(params, key) }
    }

    async fn server(&self, name: &str, script: impl IntoIterator<Item = Reply>) -> Server {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        if name == "old.example" {
            params.not_after = rcgen::date_time_ymd(2020, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = if name == "self.example" {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.self_signed(&key).unwrap()
        } else {
            params.signed_by(&key, &self.issuer).unwrap()
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = builder.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key);
        Server::with_tls(script, config.unwrap()).await
    }

    fn reach(&self) -> Reach {
        trusting(&self.folder.path().join("ca.pem"))
    }
}

fn trusting(ca: &Path) -> Reach {
    Reach { ca: Some(ca.to_owned()), insecure: false }
}

fn at(name: &str, server: &Server) -> (String, World) {
    (format!("{name}:{}", server.port()), World::new().knowing(name, "127.0.0.1"))
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_with_ca() {
    let authority = Authority::new();
    let tokens = authority.server("tokens.example", [reply(200)]).await;
    let realm = format!("https://tokens.example:{}/", tokens.port());
    let registry = authority.server("registry.example", [bearer(&realm)]).await;
    let (host, world) = at("registry.example", &registry);
    let world = world.knowing("tokens.example", "127.0.0.1");
    assert_eq!(world.ask(&host, &authority.reach()).await, Trust::Accepted);
    assert_eq!(tokens.asked()[0].login, Some(login()));
}

#[tokio::test]
async fn a_certificate_that_is_not_good_gets_no_login() {
    let (authority, other) = (Authority::new(), Authority::new());
    let unknown = "its certificate was signed by nobody who is trusted here; write to ca the path of the \
                   certificate of who signed it";
    let expired = "its certificate has expired; ask who runs it for one that is good";
    let misnamed = "its certificate is for another name; ask who runs it for one that is good";
    let own = "its certificate is an authority's own (CA:TRUE), which no server may show; ask who runs it for \
               one that is good";
    let table = [
        ("self.example", "self.example", authority.reach(), own),
        ("registry.example", "registry.example", other.reach(), unknown),
        ("registry.example", "registry.example", Reach::default(), unknown),
        ("old.example", "old.example", authority.reach(), expired),
        ("registry.example", "other.example", authority.reach(), misnamed),
    ];
    for (certified, name, reach, words) in table {
        let registry = authority.server(certified, [basic()]).await;
        let (host, world) = at(name, &registry);
        let text = format!("it can't be reached: {words}");
        assert_eq!(world.ask(&host, &reach).await, unverified(&text), "{name}");
        assert_eq!(registry.lines().len(), 0, "{name}");
    }
}

#[tokio::test]
async fn http_and_https_are_told_apart() {
    let registry = Server::new([basic()]).await;
    let text = "it can't be reached: it speaks plain http, not https; write insecure: true if that is how it \
                is meant to be";
    let host = registry.address.to_string();
    assert_eq!(World::new().ask(&host, &Reach::default()).await, unverified(text));
    assert_eq!(registry.lines().len(), 0);

    let registry = Authority::new().server("registry.example", [basic()]).await;
    let Trust::Unverified(text) = World::new().ask_plain(&registry).await else { panic!("told") };
    assert!(text.starts_with("it can't be reached: "), "{text}");
    assert!(text.ends_with("; if it speaks https, take insecure out"), "{text}");
}

#[tokio::test]
async fn a_login_never_leaves_tls() {
    let authority = Authority::new();
    let tokens = Server::new([reply(200), reply(200)]).await;
    let address = tokens.address;
    let says_http =
        format!("its token server (realm) http://{address} would get the password by plain http; not asked");
    let speaks_http = format!(
        "its token server {address} can't be reached: it speaks plain http, not https; ask who runs the \
         registry to name it by its right URL"
    );
    for (scheme, text) in [("http", says_http), ("https", speaks_http)] {
        let realm = format!("{scheme}://{address}/");
        let registry = authority.server("registry.example", [bearer(&realm)]).await;
        let (host, world) = at("registry.example", &registry);
        assert_eq!(world.ask(&host, &authority.reach()).await, unverified(&text));
        assert_eq!((registry.logins(), tokens.lines().len()), (vec![None], 0));
    }
}

#[tokio::test]
async fn a_proxy_that_refuses_to_tunnel_is_named() {
    let proxy = Server::new([reply(407)]).await;
    let proxies = Matcher::builder().https(format!("http://{}", proxy.address)).build();
    let trust = World::new().behind(proxies).ask("registry.example", &Reach::default()).await;
    let Trust::Unverified(text) = trust else { panic!("told") };
    assert!(
        text.starts_with(&format!("it can't be reached through the proxy {}: ", proxy.address)),
        "{text}"
    );
    assert!(text.contains("proxy authorization required"), "{text}");
    assert_eq!(proxy.lines(), ["CONNECT registry.example:443"]);
}

#[tokio::test]
async fn a_file_of_certificates_that_cant_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    let remedy = "write to ca the path of a PEM file";
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let table = [
        (None, "can't be read (No such file or directory (os error 2))"),
        (Some(""), "holds none"),
        (Some("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), "holds none"),
        (Some("-----BEGIN CERTIFICATE-----\nAAAA"), "is no PEM"),
        (Some(broken), "holds a bad one"),
    ];
    for (content, words) in table {
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        let world = World::new();
        let Trust::Unverified(text) = world.ask("registry.example", &trusting(&path)).await else {
            panic!("told")
        };
        assert!(text.starts_with(&format!("the file of certificates {} {words}", path.display())), "{text}");
        assert!(text.ends_with(remedy), "{text}");
        assert_eq!(world.lookups(), 0);
    }
}
