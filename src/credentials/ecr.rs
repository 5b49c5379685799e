//! ECR and ECR Public: one token for all registries of the same principal and region, however many entries
//! and hosts they are for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use super::aws::{self, Caller, Keys, Token};
use super::{SecretTexts, for_each};
use crate::config::{AwsKeys, AwsLogin, Config, Registry, SecretKey, Source};
use crate::plan::{ECR_TOKEN, Given, Life, Needs};

/// The tokens of a pass, each fetched once, by the fingerprints of their sources.
pub(super) struct Mints<'a>(BTreeMap<String, Mint<'a>>);

/// A token that is fetched when it is first asked for.
type Mint<'a> = Shared<BoxFuture<'a, Result<Arc<Minted>, String>>>;

/// A token as it came.
struct Minted {
    token: Token,
    life: Life,
    remarks: Vec<String>,
}

impl<'a> Mints<'a> {
    /// Those that are needed. Nothing is sent before one of them is asked for.
    pub(super) fn of(config: &'a Config, needs: &Needs, secrets: &'a SecretTexts, now: Timestamp) -> Self {
        let mut mints = BTreeMap::new();
        for source in needs.registries.iter().filter_map(|index| config.registries.get(*index)) {
            let source = &source.source;
            if matches!(source, Source::Ecr { .. } | Source::EcrPublic { .. }) {
                let fetch = || mint(source, secrets, now).boxed().shared();
                mints.entry(source.fingerprint()).or_insert_with(fetch);
            }
        }
        Self(mints)
    }

    /// What the token means for one entry.
    pub(super) async fn given(&self, registry: &Registry) -> Result<Given, String> {
        let mint = self.0.get(&registry.source.fingerprint()).ok_or("nothing was asked of AWS")?;
        let minted = mint.clone().await?;
        let mut hosts = registry.hosts.clone();
        if registry.source.is_open_ended() {
            match &minted.token.own_host {
                Some(own) if !hosts.contains(own) => hosts.push(own.clone()),
                None if hosts.is_empty() => {
                    return Err(
                        "ECR gave a token, but didn't say of which registry; write ecr.account".to_owned()
                    );
                }
                _ => {}
            }
        }
        let credentials = for_each(&hosts, &minted.token.entry, Some(minted.life));
        Ok(Given { credentials, remarks: minted.remarks.clone(), ..Given::default() })
    }
}

async fn mint(source: &Source, secrets: &SecretTexts, now: Timestamp) -> Result<Arc<Minted>, String> {
    let mut remarks = Vec::new();
    let token = match source {
        Source::Ecr { region, login, .. } => {
            let (keys, of_secret) = keys(login, secrets, &mut remarks)?;
            let region = region.as_deref().or(of_secret.as_deref());
            aws::ecr(&Caller { region, keys, role: login.role.as_ref() }).await?
        }
        Source::EcrPublic { login } => {
            let (keys, _) = keys(login, secrets, &mut remarks)?;
            aws::ecr_public(&Caller { region: None, keys, role: login.role.as_ref() }).await?
        }
        _ => return Err("is no source of AWS".to_owned()),
    };
    let (life, remark) = life(token.expires, now);
    remarks.extend(remark);
    Ok(Arc::new(Minted { token, life, remarks }))
}

/// The keys in a Secret, and the region that is beside them.
fn keys(
    login: &AwsLogin,
    secrets: &SecretTexts,
    remarks: &mut Vec<String>,
) -> Result<(Option<Keys>, Option<String>), String> {
    let Some(AwsKeys { id, secret, region }) = &login.keys else { return Ok((None, None)) };
    let mut text = |key: &SecretKey| {
        let text = secrets.get(key).ok_or_else(|| format!("{key} was not read"))?.clone()?;
        let trimmed = text.expose_secret().trim();
        if trimmed.len() != text.expose_secret().len() {
            remarks.push(format!("{key} has blanks or line breaks around it, which were left out"));
        }
        match trimmed {
            "" => Err(format!("{key} is empty; write it there")),
            trimmed => Ok(SecretString::from(trimmed)),
        }
    };
    // The region may be elsewhere.
    let region = text(region).ok().map(|region| region.expose_secret().to_owned());
    let keys = Keys {
        id: text(id)?.expose_secret().to_owned(),
        secret: text(secret)?,
        place: format!("Secret {}/{}", id.namespace, id.name),
    };
    Ok((Some(keys), region))
}

/// An end that can't be true would have each pass fetch a token anew, or none ever: then it is taken to last as long
/// as they do.
fn life(expires: Option<Timestamp>, now: Timestamp) -> (Life, Option<String>) {
    let usual = now.checked_add(ECR_TOKEN).unwrap_or(Timestamp::MAX);
    let latest = now.checked_add(ECR_TOKEN * 2).unwrap_or(Timestamp::MAX);
    let odd = expires.filter(|end| *end <= now || *end > latest);
    let remark = odd.map(|end| {
        let usual = humantime::format_duration(Duration::from_hours(12));
        format!("its token is said to end on {end}, which can't be; it is taken to last {usual}")
    });
    let expires = expires.filter(|_| odd.is_none()).unwrap_or(usual);
    (Life { issued: now, expires: Some(expires), until: None }, remark)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::AwsKeys;

    fn key(key: &str) -> SecretKey {
        SecretKey { namespace: "ops".into(), name: "aws".into(), key: key.into() }
    }

    fn login() -> AwsLogin {
        let keys = AwsKeys { id: key("id"), secret: key("secret"), region: key("region") };
        AwsLogin { keys: Some(keys), ..AwsLogin::default() }
    }

    #[test]
    fn stray_line_breaks_are_left_out_and_told() {
        let texts = SecretTexts::from([
            (key("id"), Ok("AKIA\n".into())),
            (key("secret"), Ok("s3cret\r\n".into())),
            (key("region"), Ok("eu-west-1".into())),
        ]);
        let mut remarks = Vec::new();
        let (keys, region) = keys(&login(), &texts, &mut remarks).unwrap();
        let keys = keys.unwrap();
        assert_eq!((&*keys.id, keys.secret.expose_secret()), ("AKIA", "s3cret"));
        assert_eq!(region.as_deref(), Some("eu-west-1"));
        assert_eq!(
            remarks,
            ["id", "secret"].map(|key| format!(
                "key {key} of Secret ops/aws has blanks or line breaks around it, which were left out"
            ))
        );
    }

    #[test]
    fn a_missing_region_is_no_failure_and_a_missing_key_is() {
        let mut texts = SecretTexts::from([
            (key("id"), Ok("AKIA".into())),
            (key("secret"), Ok("s3cret".into())),
            (key("region"), Err("is absent".into())),
        ]);
        assert_eq!(keys(&login(), &texts, &mut Vec::new()).unwrap().1, None);
        texts.insert(key("secret"), Ok(" ".into()));
        let error = keys(&login(), &texts, &mut Vec::new()).err().unwrap();
        assert_eq!(error, "key secret of Secret ops/aws is empty; write it there");
    }

    #[test]
    fn an_end_that_cannot_be_true_is_the_usual_one() {
        let now: Timestamp = "2026-11-21T03:00:00Z".parse().unwrap();
        for (end, expires, told) in [
            (Some("2026-11-21T15:00:00Z"), "2026-11-21T15:00:00Z", false),
            (Some("2026-11-21T04:00:00Z"), "2026-11-21T04:00:00Z", false),
            (None, "2026-11-21T15:00:00Z", false),
            (Some("2015-01-01T00:00:00Z"), "2026-11-21T15:00:00Z", true),
            (Some("2026-11-21T03:00:00Z"), "2026-11-21T15:00:00Z", true),
            (Some("9999-01-01T00:00:00Z"), "2026-11-21T15:00:00Z", true),
        ] {
            let (life, remark) = life(end.map(|end| end.parse().unwrap()), now);
            assert_eq!((life.issued, life.expires.unwrap().to_string()), (now, expires.to_owned()));
            assert_eq!(remark.is_some(), told, "{end:?}");
        }
    }
}
