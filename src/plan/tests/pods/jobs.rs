//! Pods of Jobs: what is evicted counts as a failure.

use super::super::builders::{answered, readable};
use super::{Pod, config, evidence, namespace, now, owner, plan, pod, told};
use crate::plan::{Controller, FailureAction, FailureOf, FailureRule, Job};

fn of_job(name: &str) -> Pod {
    Pod { name: name.into(), controller: owner("Job"), ..pod() }
}

#[test]
fn a_pod_of_a_job_is_evicted_only_if_the_job_bears_it() {
    let rule = |action| FailureRule { on: FailureOf::Disruption, action };
    let job = |backoff_limit, failed| Ok(Job { backoff_limit, failed, ..Job::default() });
    let ruled = |action| Ok(Job { rules: vec![rule(action)], ..Job::default() });
    let table = [
        (job(1, 0), Some("evict"), "a new pod gets Secret pullkeeper"),
        (job(6, 6), None, "its Job would fail: it counts an eviction as a failure, and has had 6 of 6"),
        (
            job(0, 0),
            None,
            "has had 0 of 0 (backoffLimit); make the Job anew, and its pods get Secret pullkeeper",
        ),
        (ruled(FailureAction::Ignore), Some("evict"), ""),
        (ruled(FailureAction::Fail), None, "the podFailurePolicy of its Job would fail that"),
        (Err("its Job is gone".to_owned()), None, "its Job is gone"),
    ];
    for (job, verb, part) in table {
        let snapshot = namespace().service_account("default", &[]).pod(of_job("web")).in_("team-a");
        let evidence = answered(&config(), &snapshot, evidence("pass"), &readable(), &job, now());
        let (done, message) = told(&plan(&config(), &snapshot, &evidence, now()));
        assert_eq!(done, verb, "{job:?}");
        assert!(message.contains(part), "{job:?}: {message}");
    }
}

#[test]
fn no_more_of_its_pods_than_the_job_bears() {
    let mut seen = namespace().service_account("default", &[]);
    for name in ["a", "b", "c"] {
        seen = seen.pod(of_job(name));
    }
    let snapshot = seen.in_("team-a");
    let job = Ok(Job { backoff_limit: 3, failed: 1, ..Job::default() });
    let evidence = answered(&config(), &snapshot, evidence("pass"), &readable(), &job, now());
    assert_eq!(evidence.jobs.len(), 1, "asked once");
    let plan = plan(&config(), &snapshot, &evidence, now());
    assert_eq!(plan.namespaces[0].pods.len(), 2);
    let [limited] = plan.findings.as_slice() else { panic!("{:?}", plan.findings) };
    assert_eq!(limited.subject.to_string(), "Job team-a/owner", "its limit, not ours");
    assert!(limited.message.starts_with("1 more of its pods would be recreated"), "{limited}");
}

#[test]
fn a_job_is_looked_at_only_where_its_pod_would_go() {
    let bound = Pod { running: true, ..of_job("web") };
    let elsewhere = Pod { controller: owner("Workflow"), ..pod() };
    let volcano = Controller { api_version: "batch.volcano.sh/v1alpha1".into(), ..owner("Job").unwrap() };
    let namesake = Pod { controller: Some(volcano), ..pod() };
    for pod in [bound, elsewhere, namesake] {
        let snapshot = namespace().service_account("default", &[]).pod(pod).in_("team-a");
        let asked = answered(&config(), &snapshot, evidence("pass"), &readable(), &Ok(Job::default()), now());
        assert!(asked.jobs.is_empty());
    }
}
