//! How the world goes on between two passes.

use jiff::SignedDuration;

use super::super::builders::{now, secret};
use super::cases::{Nature, Refuses, Resets};
use super::world::{Body, Container, Due, OURS, World};
use crate::plan::{Added, Waiting};

/// What the runtimes say where access is refused; the last two leave it open.
const REFUSALS: [(&str, &str); 6] = [
    ("ErrImagePull", "unexpected status from HEAD request: 401 Unauthorized"),
    ("ImagePullBackOff", "no basic auth credentials"),
    ("ErrImagePull", "Your authorization token has expired. Reauthenticate and try again."),
    ("ErrImagePull", "429 Too Many Requests"),
    ("ErrImagePull", "pull access denied, repository does not exist or may require authorization"),
    ("ImagePullBackOff", ""),
];
const MISSING: &str = "manifest unknown";
/// What a credential mends not.
const OTHERS: [(&str, &str); 4] = [
    ("ErrImagePull", MISSING),
    ("ErrImagePull", "dial tcp: i/o timeout"),
    ("ImagePullBackOff", "something new"),
    ("ErrImagePull", "no space left on device"),
];
/// How often the password changes.
const PASSWORDS: usize = 4;

/// Is it one of those, and does it leave open what is wrong?
pub(super) fn refusal(waiting: &Waiting) -> Option<bool> {
    let said = (waiting.reason.as_str(), waiting.message.as_str());
    REFUSALS.iter().position(|own| *own == said).map(|index| index >= 4)
}

impl World {
    /// Some time passes, and whatever happens happens.
    pub(super) fn goes_on(&mut self) {
        if self.case.resets == Resets::AfterEachPass {
            self.reset_account();
        }
        let pause = self.dice.pick(&[10, 10, 60, 300, 3600, 6 * 3600]);
        let jitter = self.dice.pick(&[0, 1, 2, 3, 4, 5, 6]);
        self.passes_by(pause + jitter);
        if self.case.resets == Resets::NowAndThen && self.dice.one_in(4) {
            self.reset_account();
        }
        self.others_write();
        if self.case.tampers {
            self.tamper();
        }
        for workload in 0..self.case.workloads.len() {
            if self.dice.one_in(30) {
                self.now += SignedDuration::from_secs(1);
                self.due.push(Due { workload, at: self.now, name: None });
                self.bear();
            }
        }
        for job in self.jobs.values_mut().filter(|job| job.failed + job.ending < job.backoff_limit) {
            job.failed += usize::from(self.dice.one_in(20));
        }
    }

    /// So many seconds, in which nobody does anything but controllers and nodes.
    pub(super) fn passes_by(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
        let now = self.now;
        let is_gone = |body: &Body| body.gone_at.is_some_and(|at| at <= now);
        for body in self.pods.iter().filter(|body| is_gone(body) && body.fails) {
            let job = self.jobs.get_mut(&body.workload).unwrap();
            (job.ending, job.failed) = (job.ending - 1, job.failed + 1);
        }
        self.pods.retain(|body| !is_gone(body));
        self.bear();
        self.nodes_try();
    }

    /// Each node tries again; when all is calm they say what is so.
    pub(super) fn nodes_try(&mut self) {
        let calm = self.calm;
        let mut pods = std::mem::take(&mut self.pods);
        for body in &mut pods {
            let mut containers = std::mem::take(&mut body.containers);
            let before: Vec<_> = containers.iter().map(|own| own.runs).collect();
            for container in &mut containers {
                if container.runs {
                    container.runs = calm || !self.dice.one_in(10);
                } else if self.may_pull(body, container) && (calm || self.dice.one_in(2)) {
                    container.runs = true;
                    continue;
                }
                self.node_says(container);
            }
            body.version += usize::from(!containers.iter().map(|own| own.runs).eq(before));
            body.version += self.dice.below(2);
            body.containers = containers;
        }
        self.pods = pods;
    }

    fn node_says(&mut self, container: &mut Container) {
        let of_access = container.nature.is_of_access() || container.nature == Nature::Missing;
        let missing = container.nature == Nature::Missing && container.waiting.message == MISSING;
        if self.calm && (missing || of_access && refusal(&container.waiting).is_some()) {
            return;
        }
        let (reason, message) = match container.nature {
            _ if !self.calm && self.dice.one_in(15) => self.dice.pick(&OTHERS),
            Nature::InvalidName => ("InvalidImageName", ""),
            Nature::Unreachable => ("ErrImagePull", "dial tcp: connection refused"),
            Nature::Volume => ("ErrImagePull", r#"failed to pull image "h.io/models:1": 401 Unauthorized"#),
            Nature::Missing if self.dice.one_in(3) => ("ErrImagePull", MISSING),
            _ => self.dice.pick(&REFUSALS),
        };
        container.says(reason, message);
    }

    /// Somebody else's tool: the `ServiceAccount` is as its manifest says.
    pub(super) fn reset_account(&mut self) {
        self.account.pull_secrets.retain(|name| name != OURS);
        if self.case.forgets {
            self.account.added = Added::default();
        }
    }

    fn others_write(&mut self) {
        self.paused = self.dice.one_in(15);
        self.source_fails = self.dice.one_in(10);
        // A token is good until it ends.
        if !self.case.minted && self.right < PASSWORDS && self.dice.one_in(12) {
            self.right += 1;
        }
        if self.dice.one_in(2) {
            self.given = self.right;
        }
        if self.dice.one_in(15)
            && let Some(own) = &mut self.secret
        {
            let theirs = secret(self.case.host(), "theirs");
            (own.docker_config, own.changed) = (theirs.docker_config, Some(self.now));
            self.ledger.secret_changed();
        }
    }

    /// Somebody removes our note from a pod, or writes something else there.
    fn tamper(&mut self) {
        let (ago, ahead) =
            (now() - SignedDuration::from_hours(9999), now() + SignedDuration::from_hours(9999));
        let note = |at| format!(r#"{{"c0":{{"at":"{at}","was":"x"}}}}"#);
        let texts = [None, Some("garbage".to_owned()), Some(note(ago)), Some(note(ahead))];
        for body in &mut self.pods {
            if self.dice.one_in(6) {
                body.pod.nudged.clone_from(&texts[self.dice.below(texts.len())]);
                body.version += 1;
                self.ledger.note_edited(&body.pod.uid);
            }
        }
    }

    /// From now on nobody writes but controllers and us, and everybody tells the truth.
    pub(super) fn calms_down(&mut self) {
        self.calm = true;
        self.case.resets = Resets::Never;
        self.case.refuses = Refuses::Nothing;
        (self.case.tampers, self.case.lies) = (false, false);
        (self.paused, self.source_fails, self.given) = (false, false, self.right);
    }
}
