//! ECR and ECR Public: regions, accounts, hosts, and who asks.

use super::Shared;
use super::passwords::secret;
use super::sources::{host, hosts};
use crate::config::error::{KeyPath, Problem};
use crate::config::raw::{Block, RawAws, RawEcr};
use crate::config::sources::{AwsKeys, AwsLogin, AwsRole, Source};
use crate::config::types::SecretKey;
use crate::registry::{EcrHost, Host, PUBLIC_HOSTS, host_of, is_account, is_region};

/// Variables that tell who AWS's own chain will find, and none of which is secret.
const WHO: [&str; 4] =
    ["AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_ROLE_ARN", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];
/// Variables that tell the region, where none is written.
const WHERE: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];

/// An `ecr` entry. Its region may be left out where a host that is written tells it.
pub(super) fn ecr(raw: RawEcr, path: &KeyPath, shared: &Shared<'_>) -> Result<(Source, Vec<Host>), Problem> {
    let mut hosts = hosts(&raw.hosts.unwrap_or_default(), &path.key("hosts"))?;
    let region = match raw.region.filter(|region| !region.is_empty()) {
        Some(region) if is_region(&region) => Some(region),
        Some(region) => {
            let what = format!("'{}' is no region; write one such as eu-west-1", region.escape_debug());
            return Err(Problem::new(&path.key("region"), what));
        }
        None => region_of(&hosts, &path.key("hosts"))?,
    };
    refuse_strangers(&hosts, region.as_deref(), &path.key("hosts"))?;
    let account = raw.account.filter(|account| !account.is_empty());
    if let Some(account) = account.as_ref().filter(|account| !is_account(account)) {
        let what = format!("'{}' is no account; write its 12 digits", account.escape_debug());
        return Err(Problem::new(&path.key("account"), what));
    }
    if let Some(account) = &account {
        let Some(region) = &region else {
            return Err(Problem::new(
                &path.key("region"),
                "is missing; write the region that the account's registry is in",
            ));
        };
        if let Some(own) = host_of(account, region).filter(|own| !hosts.contains(own)) {
            hosts.insert(0, own);
        }
    }
    let aws = RawAws {
        role_arn: raw.role_arn,
        external_id: raw.external_id,
        credentials_secret: raw.credentials_secret,
    };
    let login = login(aws, path, shared, region.is_none())?;
    Ok((Source::Ecr { region, account, login }, hosts))
}

/// An `ecrPublic` entry.
pub(super) fn ecr_public(
    raw: RawAws,
    path: &KeyPath,
    shared: &Shared<'_>,
) -> Result<(Source, Vec<Host>), Problem> {
    let hosts = PUBLIC_HOSTS.iter().map(|text| host(text, path)).collect::<Result<_, _>>()?;
    Ok((Source::EcrPublic { login: login(raw, path, shared, false)? }, hosts))
}

/// A host that no token of this entry would be good for.
fn refuse_strangers(hosts: &[Host], region: Option<&str>, path: &KeyPath) -> Result<(), Problem> {
    for (index, host) in hosts.iter().enumerate() {
        let name = host.as_str().split('/').next().unwrap_or_default();
        let wrong = |what: String| Err(Problem::new(&path.item(index), what));
        if PUBLIC_HOSTS.contains(&name) {
            return wrong(
                "is ECR Public, which has tokens of its own; make an entry ecrPublic: {}".to_owned(),
            );
        }
        match (EcrHost::parse(name), region) {
            (Some(own), Some(region)) if own.region != region => {
                let of = own.region;
                return wrong(format!(
                    "is of {of}, and this entry's token is of {region}; make an entry of each"
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The one region of the hosts that tell any.
fn region_of(hosts: &[Host], path: &KeyPath) -> Result<Option<String>, Problem> {
    let mut regions: Vec<_> =
        hosts.iter().filter_map(|host| EcrHost::parse(host.as_str())).map(|host| host.region).collect();
    regions.sort();
    regions.dedup();
    match regions.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one.clone())),
        [one, other, ..] => {
            let what = format!(
                "is of the regions {one} and {other}, and a token is good for one; make an entry of each"
            );
            Err(Problem::new(path, what))
        }
    }
}

fn login(raw: RawAws, path: &KeyPath, shared: &Shared<'_>, anywhere: bool) -> Result<AwsLogin, Problem> {
    let keys = match raw.credentials_secret {
        None => None,
        Some(Block(raw)) => {
            let (namespace, name) = secret(raw, &path.key("credentialsSecret"))?;
            let key = |key: &str| SecretKey {
                namespace: namespace.clone(),
                name: name.clone(),
                key: key.to_owned(),
            };
            Some(AwsKeys {
                id: key("aws_access_key_id"),
                secret: key("aws_secret_access_key"),
                region: key("aws_region"),
            })
        }
    };
    let external_id = raw.external_id.filter(|id| !id.is_empty());
    let role = match raw.role_arn.filter(|arn| !arn.is_empty()) {
        Some(arn) if arn.starts_with("arn:") && arn.contains(":role/") => Some(AwsRole { arn, external_id }),
        Some(arn) => {
            let what = format!(
                "'{}' is no role's ARN; write one such as arn:aws:iam::123456789012:role/pull",
                arn.escape_debug()
            );
            return Err(Problem::new(&path.key("roleArn"), what));
        }
        None if external_id.is_some() => {
            return Err(Problem::new(&path.key("externalId"), "goes with roleArn; write that too"));
        }
        None => None,
    };
    let names = WHO.iter().chain(WHERE.iter().filter(|_| anywhere));
    // The id of a temporary key is another in each run.
    let lasting = |value: &String| !value.starts_with("ASIA");
    let value = |name: &&str| (shared.env)(name).filter(lasting).unwrap_or_default();
    let ambient: Vec<_> = names.map(value).collect();
    Ok(AwsLogin { keys, role, ambient: ambient.join(" ") })
}
