//! A pod that doesn't name our Secret, and never will: its list is fixed. Would a new one name it, and would
//! anything be lost?

use std::collections::BTreeSet;

use super::{Act, Case, OurServiceAccount, Serving, Verdict};
use crate::plan::probe::Probed;
use crate::plan::{Added, Controller};

pub(super) fn judge(case: &Case<'_>, serving: &[Serving<'_>]) -> Verdict {
    let account = case.around.service_accounts.get(&case.pod.service_account);
    let named = |serving: &&Serving<'_>| account.is_some_and(|own| own.pull_secrets.contains(serving.name));
    let given = serving.iter().find(named);
    let Some(best) = given.or(serving.first()) else {
        return Verdict::Leave("no Secret of ours serves it".to_owned());
    };
    // Whether there is such an image at all is told before what stands in the way of the pod.
    if case.cause.is_ambiguous()
        && let Some(report) = case.settle(best)
    {
        return report;
    }
    if let Some(obstacle) = obstacle(case, best.name, account.filter(|_| given.is_some())) {
        return case.report(&obstacle);
    }
    let room = match case.room(best.name) {
        Ok(room) => room,
        Err(why) => return case.report(&why),
    };
    if !case.cause.is_ambiguous()
        && let Some(report) = case.is_no_help(&case.ask(best))
    {
        return report;
    }
    let (name, account) = (best.name, &case.pod.service_account);
    Verdict::Evict(Act {
        why: format!("{}; a new pod gets Secret {name} from ServiceAccount {account}", case.cause.words()),
        service_account: Some(account.clone()),
        secrets: BTreeSet::from([name.clone()]),
        room,
    })
}

impl Case<'_> {
    /// What the user should know, unless the registry says that our login reads the image and not everybody does.
    fn settle(&self, serving: &Serving<'_>) -> Option<Verdict> {
        match self.ask(serving) {
            Probed::Untold(why) => Some(self.report(&format!(
                "the registry can't tell from here ({why}); check that the image exists and that our account may pull it"
            ))),
            answer => self.is_no_help(&answer),
        }
    }

    /// How many pods its controller can lose, if that is a Job; an error is why not one. Where none is evicted, nobody asks.
    fn room(&self, secret: &str) -> Result<Option<usize>, String> {
        let evicts = self.settings.max_evictions > 0;
        let Some(owner) = self.pod.controller.as_ref().filter(|owner| evicts && owner.is_job()) else {
            return Ok(None);
        };
        let job = self.answers.job(&self.around.namespace, &owner.name)?;
        let lost = |why| format!("{why}; make the Job anew, and its pods get Secret {secret}");
        job.room(&self.pod.exits).map(Some).map_err(lost)
    }

    /// Did the author of the pod list pull secrets? A pod that lists none gets those of its ServiceAccount when it is
    /// made. Managed fields are noted before that (`endpoints/handlers/create.go` of the API server), so they
    /// tell; without them, what its ServiceAccount doesn't name was listed.
    fn lists_its_own(&self) -> bool {
        let account = self.around.service_accounts.get(&self.pod.service_account);
        let named = |name: &String| account.is_some_and(|account| account.pull_secrets.contains(name));
        self.pod.lists_own.unwrap_or_else(|| !self.pod.pull_secrets.iter().all(named))
    }
}

/// Why it isn't recreated, and what to do; the first row that applies. `account` is its ServiceAccount, if that
/// names our Secret `name` by now.
fn obstacle(case: &Case<'_>, name: &str, account: Option<&OurServiceAccount>) -> Option<String> {
    let Case { pod, waiting, settings, .. } = case;
    let kind = pod.controller.as_ref().map(|owner| format!("{} of {}", owner.kind, owner.api_version));
    let added = account.and_then(|account| account.added.get(name));
    let taken_out =
        account.and_then(|account| account.put_back.get(name)).is_some_and(|at| Added::lately(*at, case.now));
    let made_before = added.is_some_and(|added| pod.created.is_some_and(|made| made <= *added));
    let table = [
        (
            waiting.ephemeral(),
            format!(
                "ephemeral containers use the pod's pull secrets, and {name} is not among them; debug a new pod"
            ),
        ),
        (
            case.lists_its_own(),
            format!("the pod lists its own pull secrets; add {name} to them in its template"),
        ),
        (
            account.is_none(),
            format!(
                "its ServiceAccount {} isn't one of those chosen; choose it in serviceAccounts, or name Secret {name} in the pod's template",
                pod.service_account
            ),
        ),
        (
            kind.is_none(),
            format!("nothing would recreate it; delete and create it again, and it gets Secret {name}"),
        ),
        (
            !pod.controller.as_ref().is_some_and(Controller::recreates),
            format!(
                "its controller is a {}, which may not recreate it; delete it by hand, and the next one gets Secret {name}",
                kind.unwrap_or_default()
            ),
        ),
        (
            pod.running && !settings.evict_running,
            "another of its containers runs; delete it by hand, or set pods.evictRunning: true".to_owned(),
        ),
        (
            added.is_none(),
            format!(
                "its ServiceAccount names Secret {name}, but not by us, so it can't be told whether a new pod would get it; delete it by hand to see"
            ),
        ),
        (
            taken_out,
            format!(
                "somebody takes Secret {name} out of its ServiceAccount {}, so a new pod may lack it, too; it is recreated once the name has stayed there for a pass. Add it where that ServiceAccount is kept",
                pod.service_account
            ),
        ),
        (
            !made_before,
            format!(
                "it was made when its ServiceAccount named Secret {name} already, but doesn't name it; does a webhook strip pull secrets?"
            ),
        ),
    ];
    table.into_iter().find_map(|(applies, what)| applies.then_some(what))
}
