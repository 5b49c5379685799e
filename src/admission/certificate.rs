//! The certificate of the webhook: issued here, renewed in time, and never a key of a CA that is kept.
//!
//! Each certificate has a CA of its own, whose key is thrown away once it has signed. The API server trusts every CA of
//! the bundle: that of the certificate in use, and those of before as long as they last, for a replica may serve its
//! old certificate until its Secret arrives.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use secrecy::{ExposeSecret, SecretString};

use super::expiry;

/// How long a certificate lasts.
const LIFE: SignedDuration = SignedDuration::from_hours(365 * 24);
/// It is renewed when less than this is left: at two thirds of its life.
const RENEWED: SignedDuration = SignedDuration::from_hours(365 * 8);
/// The most CAs of before that are trusted still: two would be enough, if nobody interrupted a renewal.
const MOST_BEFORE: usize = 4;
/// The end of a certificate in PEM.
const END: &str = "-----END CERTIFICATE-----\n";
/// Clocks differ: it is good a little before it was issued.
const EARLIER: SignedDuration = SignedDuration::from_hours(1);

/// A certificate with its key, and the CAs by which it, and those before it, are known.
#[derive(Clone)]
pub struct Pair {
    /// The CAs, as PEM, the newest first.
    pub bundle: String,
    /// The certificate, as PEM.
    pub certificate: String,
    /// Its key, as PEM.
    pub key: SecretString,
}

/// Why no certificate could be issued.
#[derive(Debug, thiserror::Error)]
#[error("no certificate could be issued: {0}")]
pub struct IssueError(#[from] rcgen::Error);

impl Pair {
    /// A new one for a host name. Of the CAs that were trusted `before`, as PEM, those that last go on being so.
    pub fn issue(host: &str, before: &str, now: Timestamp) -> Result<Self, IssueError> {
        let (from, to) = (date(now - EARLIER), date(now + LIFE));
        let mut ca = CertificateParams::default();
        (ca.not_before, ca.not_after) = (from, to);
        ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        // Two CAs of one name and two keys would be taken for one another.
        ca.distinguished_name.push(DnType::CommonName, format!("pullkeeper webhook {}", now.as_second()));
        let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate()?)?;

        let mut own = CertificateParams::new([host.to_owned()])?;
        (own.not_before, own.not_after) = (from, to);
        own.distinguished_name.push(DnType::CommonName, "pullkeeper webhook");
        own.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        own.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        let certificate = own.signed_by(&key, &ca)?.pem();
        Ok(Self {
            bundle: format!("{}{}", ca.pem(), lasting(before, now)),
            certificate,
            key: key.serialize_pem().into(),
        })
    }

    /// Is it good for the host, and for long enough?
    #[must_use]
    pub fn is_good(&self, host: &str, now: Timestamp) -> bool {
        self.is_good_at(host, now) && self.is_good_at(host, now + RENEWED)
    }

    fn is_good_at(&self, host: &str, at: Timestamp) -> bool {
        let key = PrivateKeyDer::from_pem_slice(self.key.expose_secret().as_bytes()).ok();
        let key = key.and_then(|key| ring::sign::any_supported_type(&key).ok());
        let chain = chain(&self.certificate);
        let fits =
            key.is_some_and(|key| rustls::sign::CertifiedKey::new(chain.clone(), key).keys_match().is_ok());
        fits && is_trusted(&chain, &self.bundle, host, at)
    }
}

/// The CAs of a bundle that may still be needed, each once.
fn lasting(bundle: &str, now: Timestamp) -> String {
    let mut all: Vec<&str> = Vec::new();
    for own in bundle.split_inclusive(END).map(str::trim_start) {
        let ends = chain(own).first().and_then(|own| expiry::of(own));
        if ends.is_some_and(|end| end > now) && !all.contains(&own) && all.len() < MOST_BEFORE {
            all.push(own);
        }
    }
    all.concat()
}

/// Does a chain lead to a CA of the bundle, for that host, at that time?
fn is_trusted(chain: &[CertificateDer<'_>], bundle: &str, host: &str, at: Timestamp) -> bool {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(self::chain(bundle));
    let provider = Arc::new(ring::default_provider());
    let Ok(verifier) = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build() else {
        return false;
    };
    let (Some((own, others)), Ok(name)) = (chain.split_first(), ServerName::try_from(host.to_owned())) else {
        return false;
    };
    let seconds = u64::try_from(at.as_second()).unwrap_or_default();
    let at = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    verifier.verify_server_cert(own, others, &name, &[], at).is_ok()
}

fn chain(pem: &str) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem.as_bytes()).filter_map(Result::ok).collect()
}

fn date(at: Timestamp) -> time::OffsetDateTime {
    time::OffsetDateTime::from_unix_timestamp(at.as_second()).unwrap_or(time::OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "pullkeeper-webhook.pullkeeper.svc";

    fn at(days: i64) -> Timestamp {
        "2026-11-21T03:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(24 * days)
    }

    #[test]
    fn one_lasts_a_year_and_is_renewed_at_two_thirds() {
        let pair = Pair::issue(HOST, "", at(0)).unwrap();
        for (day, good, in_use) in
            [(0, true, true), (242, true, true), (244, false, true), (366, false, false)]
        {
            assert_eq!(
                (pair.is_good(HOST, at(day)), pair.is_good_at(HOST, at(day))),
                (good, in_use),
                "day {day}"
            );
        }
        assert!(!pair.is_good("other.pullkeeper.svc", at(0)));
    }

    #[test]
    fn the_one_before_is_trusted_as_long_as_it_lasts() {
        let old = Pair::issue(HOST, "", at(0)).unwrap();
        let new = Pair::issue(HOST, &old.bundle, at(243)).unwrap();
        let trusts = |bundle: &Pair, pair: &Pair, day| {
            is_trusted(&chain(&pair.certificate), &bundle.bundle, HOST, at(day))
        };
        assert!(trusts(&new, &old, 244) && trusts(&new, &new, 244));
        assert!(!trusts(&old, &new, 244) && !trusts(&new, &old, 366));
        assert_eq!(chain(&new.bundle).len(), 2);
        let next = Pair::issue(HOST, &new.bundle, at(486)).unwrap();
        assert_eq!(chain(&next.bundle).len(), 2);
        // After a year of nobody looking there is nothing of before to trust.
        assert_eq!(chain(&Pair::issue(HOST, &old.bundle, at(400)).unwrap().bundle).len(), 1);
    }

    #[test]
    fn what_is_no_pair_is_not_good() {
        let (one, other) = (Pair::issue(HOST, "", at(0)).unwrap(), Pair::issue(HOST, "", at(0)).unwrap());
        let broken = [
            Pair { key: other.key.clone(), ..one.clone() },
            Pair { certificate: other.certificate.clone(), ..one.clone() },
            Pair { bundle: other.bundle.clone(), ..one.clone() },
            Pair { bundle: String::new(), ..one.clone() },
            Pair { certificate: "garbage".into(), ..one.clone() },
            Pair { key: "garbage".to_owned().into(), ..one.clone() },
        ];
        assert!(one.is_good(HOST, at(0)));
        for pair in broken {
            assert!(!pair.is_good(HOST, at(0)), "{}", pair.certificate);
        }
    }
}
