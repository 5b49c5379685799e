//! The host names of Amazon ECR: which account and region a registry is of, and the other way round.
//!
//! The forms are those that kubernetes/cloud-provider-aws' `ecr-credential-provider` matches: plain, FIPS
//! and dual-stack, in every partition of AWS.

use super::Host;

/// The hosts of ECR Public: the old one, and the dual-stack one.
pub const PUBLIC_HOSTS: [&str; 2] = ["public.ecr.aws", "ecr-public.aws.com"];

/// What a partition's region names begin with, and what its hosts end in. The last is everywhere else.
const PARTITIONS: [(&str, &str); 7] = [
    ("cn-", "amazonaws.com.cn"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("us-iso-", "c2s.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
    ("eusc-", "amazonaws.eu"),
    ("", "amazonaws.com"),
];

/// What dual-stack hosts end in, beside what the plain ones do.
const DUAL_STACK: [&str; 2] = ["on.aws", "on.amazonwebservices.com.cn"];

/// A registry of ECR, read from its host name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EcrHost {
    /// The twelve digits of the account that owns it.
    pub account: String,
    /// Its region.
    pub region: String,
}

impl EcrHost {
    /// Reads `ID.dkr.ecr.REGION.SUFFIX` and its FIPS and dual-stack forms; a path behind it is let
    /// be. `None` where it is no host of ECR.
    #[must_use]
    pub fn parse(host: &str) -> Option<Self> {
        let host = host.split('/').next()?;
        let (account, rest) = host.split_once('.')?;
        let rest = rest.strip_prefix("dkr.ecr").or_else(|| rest.strip_prefix("dkr-ecr"))?;
        let rest = rest.strip_prefix("-fips").unwrap_or(rest);
        let (region, suffix) = rest.strip_prefix('.')?.split_once('.')?;
        let known = DUAL_STACK.contains(&suffix) || PARTITIONS.iter().any(|(_, end)| *end == suffix);
        (known && is_account(account) && is_region(region))
            .then(|| Self { account: account.to_owned(), region: region.to_owned() })
    }
}

/// The host of an account's registry in a region: the plain form, which every client knows. `None`
/// where one of them can't be in a host name.
#[must_use]
pub fn host_of(account: &str, region: &str) -> Option<Host> {
    if !is_account(account) || !is_region(region) {
        return None;
    }
    Host::parse(&format!("{account}.dkr.ecr.{region}.{}", suffix_of(region))).ok()
}

/// What AWS' host names of a region end in.
fn suffix_of(region: &str) -> &'static str {
    let of = PARTITIONS.iter().find(|(start, _)| region.starts_with(start));
    of.map_or("amazonaws.com", |(_, suffix)| suffix)
}

/// Can it be an account's number? Twelve digits, the leading zeros among them.
#[must_use]
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Can it be a region's name? Lower-case words and numbers with dashes between them, `eu-west-1`. Which there are
/// isn't asked: new ones come faster than releases.
#[must_use]
pub fn is_region(text: &str) -> bool {
    let word =
        |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    text.len() < 64 && text.contains('-') && text.split('-').all(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_its_hosts_in_every_form() {
        let table = [
            ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", "eu-west-1"),
            ("123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app", "eu-west-1"),
            ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
            ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1"),
            ("123456789012.dkr-ecr.us-east-2.on.aws", "us-east-2"),
            ("123456789012.dkr-ecr-fips.us-east-2.on.aws", "us-east-2"),
            ("123456789012.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn", "cn-north-1"),
            ("123456789012.dkr.ecr.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"),
            ("123456789012.dkr.ecr.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1"),
            ("123456789012.dkr.ecr.us-isof-south-1.csp.hci.ic.gov", "us-isof-south-1"),
            ("123456789012.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk", "eu-isoe-west-1"),
            ("123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
        ];
        for (host, region) in table {
            let expected = EcrHost { account: "123456789012".to_owned(), region: region.to_owned() };
            assert_eq!(EcrHost::parse(host), Some(expected), "{host}");
        }
    }

    #[test]
    fn knows_what_is_not_its_host() {
        for host in [
            "",
            "public.ecr.aws",
            "api.ecr.eu-west-1.amazonaws.com",
            "12345678901.dkr.ecr.eu-west-1.amazonaws.com",
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.example.com",
            "123456789012.dkr.ecr.eu-west-1.example.com",
            "123456789012.dkr.ecr-x.eu-west-1.amazonaws.com",
            "123456789012.dkr.ecr.amazonaws.com",
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com:443",
            "https://123456789012.dkr.ecr.eu-west-1.amazonaws.com",
        ] {
            assert_eq!(EcrHost::parse(host), None, "{host}");
        }
    }

    #[test]
    fn names_the_host_of_an_account() {
        let table = [
            ("eu-west-1", "000000000012.dkr.ecr.eu-west-1.amazonaws.com"),
            ("us-gov-east-1", "000000000012.dkr.ecr.us-gov-east-1.amazonaws.com"),
            ("cn-northwest-1", "000000000012.dkr.ecr.cn-northwest-1.amazonaws.com.cn"),
            ("us-iso-west-1", "000000000012.dkr.ecr.us-iso-west-1.c2s.ic.gov"),
            ("us-isob-east-1", "000000000012.dkr.ecr.us-isob-east-1.sc2s.sgov.gov"),
            ("us-isof-south-1", "000000000012.dkr.ecr.us-isof-south-1.csp.hci.ic.gov"),
            ("eu-isoe-west-1", "000000000012.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk"),
            ("eusc-de-east-1", "000000000012.dkr.ecr.eusc-de-east-1.amazonaws.eu"),
        ];
        for (region, host) in table {
            let named = host_of("000000000012", region).unwrap();
            assert_eq!(named.as_str(), host);
            assert_eq!(EcrHost::parse(host).unwrap().region, region);
        }
        assert_eq!(host_of("12", "eu-west-1"), None);
        assert_eq!(host_of("000000000012", "eu-west-1.evil.example.com/"), None);
    }

    #[test]
    fn checks_regions() {
        for (text, is) in [
            ("eu-west-1", true),
            ("eu", false),
            ("EU-WEST-1", false),
            ("eu-west-1 ", false),
            ("eu--1", false),
        ] {
            assert_eq!(is_region(text), is, "{text}");
        }
    }
}
