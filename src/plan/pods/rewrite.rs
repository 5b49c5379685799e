//! An image that a rule leads elsewhere: would the pod get it there, as whom it is? Then it is pulled from there; once,
//! for no rule is for what is at its target.

use super::{Act, Case, InPlace, Served, Verdict};
use crate::plan::cause::Cause;
use crate::plan::nudge::Spelling;
use crate::plan::probe::{Probe, Probed};
use crate::plan::rewriting::Target;
use crate::plan::snapshot::Controller;

/// May another registry give what this one doesn't? What is missing or unfit here is so there, too.
pub(super) fn helps(cause: Cause) -> bool {
    match cause {
        Cause::Access
        | Cause::Expired
        | Cause::Denied
        | Cause::Untold
        | Cause::RateLimit
        | Cause::Network => true,
        Cause::NotFound
        | Cause::Platform
        | Cause::InvalidName
        | Cause::Malformed
        | Cause::Local
        | Cause::Signature
        | Cause::Unknown => false,
    }
}

/// Rewritten, or why not and what to do.
pub(super) fn judge(case: &Case<'_>, target: &Target) -> Result<Verdict, String> {
    let to = target.image.to_string();
    if case.waiting.ephemeral() {
        return Err(format!("a debug container's image can't be changed; start another one with {to}"));
    }
    let presented = case.presented(target);
    let answer = case.ask_target(target, presented)?;
    let given = case.given(target).filter(|_| presented.is_none());
    match (answer, given) {
        (Probed::Readable { .. }, _) => Ok(case.rewrite(to, presented.map(|(name, _)| name))),
        (Probed::Refused(_), Some(name)) => {
            Err(format!("it would be pulled from {to}, but that takes a login, {}", case.way_to(name)))
        }
        (Probed::Missing(words) | Probed::Refused(words) | Probed::Untold(words), _) => {
            Err(format!("it would be pulled from {to}, but {words}"))
        }
    }
}

impl Case<'_> {
    /// The first of our Secrets that the pod names and that is for the target. Others may be given to a new pod,
    /// but this one would be stranded without.
    fn presented(&self, target: &Target) -> Option<(&str, &Served)> {
        self.pod.pull_secrets.iter().find_map(|name| {
            let secret = self.around.secrets.get(name)?;
            let served = secret.serves.iter().find(|served| served.host.serves(&target.image))?;
            Some((name.as_str(), served))
        })
    }

    /// The Secret for the target that a new pod would get.
    fn given(&self, target: &Target) -> Option<&str> {
        let account = self.around.service_accounts.get(&self.pod.service_account)?;
        account.pull_secrets.iter().map(String::as_str).find(|name| {
            let secret = self.around.secrets.get(*name);
            secret.is_some_and(|own| own.serves.iter().any(|served| served.host.serves(&target.image)))
        })
    }

    /// How a new pod would name the Secret.
    fn way_to(&self, name: &str) -> String {
        let pod = self.pod;
        let made_anew = pod.controller.as_ref().is_some_and(Controller::recreates);
        if made_anew && pod.lists_own == Some(false) {
            return format!(
                "and the pod names no Secret for it; delete it by hand, and the next one gets Secret {name} from ServiceAccount {}",
                pod.service_account
            );
        }
        format!(
            "and the pod names no Secret for it; name Secret {name} in its template, or make it anew without pull secrets of its own"
        )
    }

    fn ask_target(&self, target: &Target, presented: Option<(&str, &Served)>) -> Result<Probed, String> {
        let (host, login, reach) = match presented {
            None => (&target.host, None, &target.reach),
            Some((_, Served { host, login: Some(login), reach })) => (host, Some(login.clone()), reach),
            Some((name, _)) => {
                return Err(format!("the login in Secret {name} is no text; mend it where it comes from"));
            }
        };
        let (image, host, reach) = (target.image.clone(), host.clone(), reach.clone());
        Ok(self.answers.probed(&Probe { image, host, login, reach }))
    }

    fn rewrite(&self, to: String, secret: Option<&str>) -> Verdict {
        let (container, from) = (self.waiting.container.clone(), self.waiting.image.clone());
        Verdict::Rewrite(InPlace {
            act: Act {
                why: self.cause.words().to_owned(),
                secrets: secret.map(str::to_owned).into_iter().collect(),
                ..Act::default()
            },
            spellings: vec![Spelling { container, from, to }],
            besides: None,
        })
    }
}
