//! A namespace with its pods, controllers, registry and whoever else writes there, in truth; and what a pass
//! sees of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::super::builders::{controller, now};
use super::cases::{Case, Nature, Policy, Webhook, Workload};
use super::dice::Dice;
use super::ledger::Ledger;
use crate::config::Config;
use crate::plan::{
    Codes, Containers, Exit, FailureAction, FailureOf, FailureRule, Job, NEVER_STARTED, Namespace, Pod,
    Secret, ServiceAccount, Snapshot, Waiting,
};

pub(super) const NAMESPACE: &str = "team-a";
pub(super) const OURS: &str = "pullkeeper";

pub(super) struct World {
    pub(super) case: Case,
    pub(super) config: Arc<Config>,
    pub(super) dice: Dice,
    pub(super) now: Timestamp,
    pub(super) paused: bool,
    /// Nobody writes but controllers and us, and nodes succeed where they can.
    pub(super) calm: bool,
    /// The number of the password that the registry wants, and of the one that our sources give.
    pub(super) right: usize,
    pub(super) given: usize,
    pub(super) source_fails: bool,
    pub(super) secret: Option<Secret>,
    pub(super) account: ServiceAccount,
    pub(super) pods: Vec<Body>,
    /// Pods that controllers will make.
    pub(super) due: Vec<Due>,
    pub(super) jobs: BTreeMap<usize, Job>,
    pub(super) ledger: Ledger,
    made: usize,
}

/// A pod that its controller makes.
pub(super) struct Due {
    pub(super) workload: usize,
    pub(super) at: Timestamp,
    /// That of a `StatefulSet` keeps its name.
    pub(super) name: Option<String>,
}

/// A pod, whether it waits or not.
pub(super) struct Body {
    /// As a pass would see it, but for what follows from the containers.
    pub(super) pod: Pod,
    pub(super) workload: usize,
    pub(super) version: usize,
    pub(super) containers: Vec<Container>,
    pub(super) gone_at: Option<Timestamp>,
    /// Its Job will count it as a failure when it is gone.
    pub(super) fails: bool,
}

pub(super) struct Container {
    pub(super) nature: Nature,
    pub(super) runs: bool,
    pub(super) waiting: Waiting,
}

impl World {
    pub(super) fn of(case: Case) -> Self {
        let dice = Dice::of(case.seed);
        let jobs = case.workloads.iter().enumerate().filter(|(_, own)| own.kind == "Job");
        let mut world = Self {
            jobs: jobs.map(|(index, own)| (index, job(own))).collect(),
            config: Arc::new(case.config()),
            dice,
            now: now(),
            paused: false,
            calm: false,
            right: 0,
            given: 0,
            source_fails: false,
            secret: None,
            account: ServiceAccount { pull_secrets: vec!["theirs".into()], ..ServiceAccount::default() },
            pods: Vec::new(),
            due: Vec::new(),
            ledger: Ledger::default(),
            made: 0,
            case,
        };
        for workload in 0..world.case.workloads.len() {
            for _ in 0..world.case.workloads[workload].replicas {
                let age = world.dice.pick(&[2, 60, 7200]);
                let at = world.now - SignedDuration::from_secs(age);
                world.due.push(Due { workload, at, name: None });
            }
        }
        world.bear();
        world
    }

    /// Makes the pods that are due.
    pub(super) fn bear(&mut self) {
        let (now, mut later) = (self.now, Vec::new());
        for due in std::mem::take(&mut self.due) {
            if due.at > now {
                later.push(due);
            } else if self.jobs.get(&due.workload).is_none_or(|job| job.failed <= job.backoff_limit) {
                let body = self.body(&due);
                self.ledger.born(&body.pod, due.workload);
                self.pods.push(body);
            }
        }
        self.due = later;
    }

    fn body(&mut self, due: &Due) -> Body {
        self.made += 1;
        let workload = self.case.workloads[due.workload].clone();
        let inherited = || match workload.account {
            "default" => self.account.pull_secrets.clone(),
            _ => Vec::new(),
        };
        let pull_secrets = match (workload.lists, self.case.webhook) {
            (_, Webhook::Strips) => Vec::new(),
            (_, Webhook::Replaces) => vec!["theirs".to_owned()],
            (Some(name), Webhook::Absent) => vec![name.to_owned()],
            (None, Webhook::Absent) => inherited(),
        };
        let name = due.name.clone().unwrap_or_else(|| format!("w{}-{}", due.workload, self.made));
        let controller = controller(workload.kind, &format!("w{}", due.workload));
        let pod = Pod {
            name,
            uid: format!("uid-{}", self.made),
            created: Some(due.at),
            mirror: workload.mirror,
            service_account: workload.account.into(),
            pull_secrets,
            lists_own: self.case.managed_fields.then_some(workload.lists.is_some()),
            controller: (!workload.kind.is_empty()).then_some(controller),
            ..Pod::default()
        };
        let containers = (0..workload.images.len()).map(|index| self.container(due.workload, index));
        let containers = containers.collect();
        Body { pod, workload: due.workload, version: 0, containers, gone_at: None, fails: false }
    }

    fn container(&self, workload: usize, index: usize) -> Container {
        let (nature, ephemeral) = self.case.workloads[workload].images[index];
        let path = format!("team/app-{workload}-{index}:1");
        let image = match nature {
            Nature::Hub => path,
            Nature::Foreign => format!("ghcr.io/{path}"),
            Nature::InvalidName => format!("{}/Team/app", self.case.host()),
            _ => format!("{}/{path}", self.case.host()),
        };
        // The last of several is an init container.
        let list = match (ephemeral, index) {
            (true, _) => Containers::Ephemeral,
            (false, 0) => Containers::Regular,
            _ => Containers::Init,
        };
        let waiting = Waiting { container: format!("c{index}"), image, list, ..Waiting::default() };
        let mut made = Container { nature, runs: false, waiting };
        made.says("ImagePullBackOff", "no basic auth credentials");
        made
    }

    /// What a pass sees.
    pub(super) fn seen(&self) -> Snapshot {
        let secret = self
            .secret
            .clone()
            .map(|secret| Secret { changed: secret.changed.filter(|_| self.case.managed_fields), ..secret });
        let seen = Namespace {
            paused: self.paused,
            secrets: secret.into_iter().map(|secret| (OURS.to_owned(), secret)).collect(),
            service_accounts: BTreeMap::from([("default".to_owned(), self.account.clone())]),
            pods: self.pods.iter().filter_map(|body| self.seen_pod(body)).collect(),
            ..Namespace::default()
        };
        Snapshot { namespaces: BTreeMap::from([(NAMESPACE.to_owned(), seen)]), ..Snapshot::default() }
    }

    fn seen_pod(&self, body: &Body) -> Option<Pod> {
        let waiting: Vec<_> =
            body.containers.iter().filter(|own| !own.runs).map(|own| own.waiting.clone()).collect();
        let regular = |own: &Container| own.waiting.list == Containers::Regular && own.runs;
        let running = self.case.workloads[body.workload].sibling || body.containers.iter().any(regular);
        let terminating = body.gone_at.is_some();
        let resource_version = body.version.to_string();
        let exits = self.exits(body);
        let pod = Pod { resource_version, terminating, running, exits, waiting, ..body.pod.clone() };
        (!pod.waiting.is_empty()).then_some(pod)
    }

    /// The codes that its containers leave behind.
    pub(super) fn exits(&self, body: &Body) -> Vec<Exit> {
        let exit = |container: &str, runs: bool| Exit {
            container: container.to_owned(),
            code: (!runs).then_some(NEVER_STARTED),
        };
        let own = body.containers.iter().filter(|own| !own.waiting.ephemeral());
        let own = own.map(|own| exit(&own.waiting.container, own.runs));
        own.chain(self.case.workloads[body.workload].sibling.then(|| exit("sibling", true))).collect()
    }

    /// Does the kubelet get its image with the pull secrets of this pod?
    pub(super) fn may_pull(&self, body: &Body, container: &Container) -> bool {
        let named = body.pod.pull_secrets.iter().any(|name| name == OURS);
        let good =
            self.secret.as_ref().is_some_and(|secret| self.is_right(super::super::builders::text(secret)));
        matches!(container.nature, Nature::Private | Nature::Hub) && named && good
    }

    /// What is put before each password of this number.
    pub(super) fn prefix(number: usize) -> String {
        format!("pass{number}!")
    }

    fn is_right(&self, docker_config: &str) -> bool {
        docker_config.contains(&Self::prefix(self.right))
    }
}

impl Container {
    pub(super) fn says(&mut self, reason: &str, message: &str) {
        self.waiting.reason = reason.into();
        self.waiting.message = message.into();
    }
}

fn job(workload: &Workload) -> Job {
    let on_codes =
        |codes, action| FailureRule { on: FailureOf::ExitCodes { container: None, codes }, action };
    let disruption = FailureRule { on: FailureOf::Disruption, action: FailureAction::Ignore };
    let rules = match workload.policy {
        Policy::Absent => Vec::new(),
        Policy::IgnoresDisruption => vec![disruption],
        Policy::Fails => vec![on_codes(Codes::NotIn(vec![42]), FailureAction::Fail), disruption],
        Policy::Ignores => vec![on_codes(Codes::In(vec![42]), FailureAction::Ignore)],
    };
    Job { backoff_limit: workload.backoff_limit, rules, ..Job::default() }
}
