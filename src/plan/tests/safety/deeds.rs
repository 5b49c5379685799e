//! A pass, and what it makes of the world.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::super::builders::{DIGEST, credential, failed, given, nudge, written};
use super::cases::{Nature, Policy, Refuses, Resets};
use super::checks::{self, Known, check};
use super::world::{Due, NAMESPACE, OURS, World};
use crate::plan::{
    Added, Credential, Evidence, Life, NamespacePlan, Plan, PodAction, PodChange, Probe, Probed, Snapshot,
    needs, plan, questions,
};

impl World {
    /// A pass: it looks, asks, plans what it may, and does it. The plan is what it did.
    pub(super) fn pass(&mut self) -> Plan {
        let config = Arc::clone(&self.config);
        let seen = self.seen();
        let mut evidence = self.given_by_sources(&seen);
        let asked = questions(&config, &seen, &evidence, self.now);
        for probe in &asked.probes {
            let answer = self.answer(probe);
            evidence.probed.insert(probe.key(), answer);
        }
        for (namespace, name) in asked.jobs {
            let job = self.jobs[&workload_of(&name)].clone();
            let answer = if self.case.lies && self.dice.one_in(5) { Err("no luck".into()) } else { Ok(job) };
            evidence.jobs.insert((namespace, name), answer);
        }
        let answers = asked
            .probes
            .iter()
            .map(|probe| (probe.image.to_string(), evidence.probed.get(&probe.key()).cloned().unwrap()));
        let known = Known { settings: config.pods.clone(), probed: answers.collect(), now: self.now };
        let plan = plan(&config, &seen, &evidence, self.now);
        check(&known, &seen.namespaces[NAMESPACE], &plan);
        checks::jobs(&plan, &self.jobs);
        if self.case.refuses == Refuses::Some && self.dice.one_in(3) {
            // Meanwhile nodes go on.
            self.nodes_try();
        }
        for own in &plan.namespaces {
            self.apply(own);
        }
        plan
    }

    fn given_by_sources(&mut self, seen: &Snapshot) -> Evidence {
        let (config, now) = (Arc::clone(&self.config), self.now);
        let needs = needs(&config, seen, now);
        let life = Life { issued: now, expires: Some(now + SignedDuration::from_hours(12)), until: None };
        let answer = |index: usize| match index {
            _ if !needs.registries.contains(&index) => None,
            _ if self.source_fails => failed().answers.remove(0),
            0 if self.case.minted => {
                let token = format!("{}{now}", Self::prefix(self.given));
                given(vec![Credential { life: Some(life), ..credential(self.case.host(), &token) }])
            }
            _ => {
                let host = if index == 0 { self.case.host() } else { "docker.io" };
                given(vec![credential(host, &Self::prefix(self.given))])
            }
        };
        Evidence::of((0..config.registries.len()).map(answer).collect())
    }

    fn answer(&mut self, probe: &Probe) -> Probed {
        use secrecy::ExposeSecret;
        let readable = |anonymously| Probed::Readable { digest: Some(DIGEST.into()), anonymously };
        let untold = || Probed::Untold("no way there".into());
        let any = [readable(false), readable(true), untold(), Probed::Missing("gone".into())];
        if self.case.lies && self.dice.one_in(3) {
            return any[self.dice.below(any.len())].clone();
        }
        let text = probe.image.to_string();
        let is_it = |image: &str| {
            crate::registry::Image::parse(image).is_ok_and(|own| own.name() == probe.image.name())
        };
        let nature = self.pods.iter().flat_map(|body| &body.containers).find(|own| is_it(&own.waiting.image));
        let right =
            probe.login.as_ref().unwrap().password.expose_secret().starts_with(&Self::prefix(self.right));
        match nature.map(|own| own.nature) {
            Some(Nature::Missing) => Probed::Missing(format!("no {text}")),
            Some(Nature::Private | Nature::Hub | Nature::Never) if right => readable(false),
            Some(Nature::Private | Nature::Hub | Nature::Never) => Probed::Refused("refused".into()),
            _ => untold(),
        }
    }

    fn apply(&mut self, own: &NamespacePlan) {
        let at = self.now + SignedDuration::from_secs(1);
        for change in &own.secrets {
            self.secret = Some(written(&change.action, self.secret.as_ref(), at));
            self.ledger.secret_changed();
        }
        for change in &own.service_accounts {
            assert!(change.list.iter().filter(|name| *name == OURS).count() == 1, "{:?}", change.list);
            self.account.pull_secrets.clone_from(&change.list);
            self.account.added = Added::to_account(&change.seen, &change.ours, at);
            if self.case.resets == Resets::AtOnce {
                self.reset_account();
            } else {
                self.ledger.added(at, self.pods.iter().map(|body| body.workload));
            }
        }
        let patched: Vec<_> = own.service_accounts.iter().collect();
        if let (Some((_, note)), Some(secret)) = (own.notes(&patched, at).next(), &mut self.secret) {
            secret.added = note;
        }
        let stays = |change: &PodChange| {
            // What this pass patched is looked at again.
            patched.is_empty() || self.case.resets != Resets::AtOnce || change.act.service_account.is_none()
        };
        let planned: Vec<_> = own.pods.iter().filter(|change| stays(change)).collect();
        for change in planned {
            let refused = match (self.case.refuses, &change.action) {
                (Refuses::Nudges, PodAction::Nudge(_)) | (Refuses::Evictions, PodAction::Evict) => true,
                (Refuses::Some, _) => self.dice.one_in(2),
                _ => false,
            };
            if !refused {
                self.act(change, at);
            }
        }
    }

    /// What the API server lets through: a pod of this very version.
    fn act(&mut self, change: &PodChange, at: Timestamp) {
        let is_it = |pod: &crate::plan::Pod| pod.uid == change.pod.uid;
        let Some(index) = self.pods.iter().position(|body| is_it(&body.pod)) else { return };
        let body = &mut self.pods[index];
        if body.version.to_string() != change.pod.resource_version {
            return;
        }
        body.version += 1;
        match &change.action {
            PodAction::Nudge(spellings) => {
                for spelling in spellings {
                    let spelled =
                        |own: &&mut super::world::Container| own.waiting.container == spelling.container;
                    let own = body.containers.iter_mut().find(spelled).expect("it is a container's");
                    assert!(!own.runs, "{spelling:?} of a container that runs");
                    assert!(!own.waiting.ephemeral(), "{spelling:?} of an ephemeral container");
                    assert_eq!(own.waiting.image, spelling.from);
                    own.waiting.image.clone_from(&spelling.to);
                    self.ledger.nudged(&body.pod.uid, &spelling.container);
                }
                let mut noted = change.pod.clone();
                nudge(&mut noted, spellings, at);
                body.pod.nudged = noted.nudged;
            }
            PodAction::Rewrite { .. } => panic!("there is no rule: {change:?}", change = change.pod),
            PodAction::Evict | PodAction::Delete => self.recreate(index, change),
        }
    }

    fn recreate(&mut self, index: usize, change: &PodChange) {
        let body = &mut self.pods[index];
        let workload = body.workload;
        if change.action == PodAction::Evict {
            self.ledger.evicted(&body.pod, workload);
        }
        // One that runs something takes its time.
        let grace =
            if change.pod.running { self.dice.pick(&[1, 30, 90]) } else { self.dice.pick(&[0, 1, 2]) };
        let gone_at = self.now + SignedDuration::from_secs(1 + grace);
        body.gone_at = Some(gone_at);
        let kind = self.case.workloads[workload].kind;
        let name = (kind == "StatefulSet").then(|| body.pod.name.clone());
        let at = if kind == "StatefulSet" {
            gone_at
        } else {
            gone_at.min(self.now + SignedDuration::from_secs(2))
        };
        if self.jobs.contains_key(&workload) {
            self.job_loses(index, change);
        }
        self.due.push(Due { workload, at, name });
        if at <= self.now + SignedDuration::from_secs(1) {
            // In the very second in which the pass wrote.
            self.now = at;
            self.bear();
        }
    }
}

impl World {
    /// What its Job makes of it; it notes that once the pod is gone.
    fn job_loses(&mut self, index: usize, change: &PodChange) {
        let workload = self.pods[index].workload;
        let mut codes = Vec::new();
        for exit in &change.pod.exits {
            codes.extend(match exit.code {
                None => Some(self.dice.pick(&[0, 1, 42, 143])),
                code => code.filter(|_| self.dice.one_in(2)),
            });
        }
        let fails = match self.case.workloads[workload].policy {
            Policy::Absent => true,
            Policy::IgnoresDisruption => false,
            Policy::Fails => {
                let at_once = codes.iter().any(|code| ![0, 42].contains(code));
                assert!(!at_once || change.action != PodAction::Evict, "an eviction failed the Job at once");
                at_once
            }
            Policy::Ignores => !codes.contains(&42),
        };
        let job = self.jobs.get_mut(&workload).unwrap();
        job.ending += usize::from(fails);
        self.pods[index].fails = fails;
        let borne = !fails || job.failed + job.ending <= job.backoff_limit;
        assert!(borne || change.action != PodAction::Evict, "an eviction failed the Job");
    }
}

/// The place of the workload of this name.
pub(super) fn workload_of(name: &str) -> usize {
    name.trim_start_matches('w').parse().unwrap()
}
