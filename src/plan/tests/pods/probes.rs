//! What is asked of registries before pods are recreated, and what follows from the answers.

use secrecy::ExposeSecret;

use super::super::builders::{
    DIGEST, ECR, REFUSED, answered, credential, ecr, given, readable, registry, waiting,
};
use super::{Config, Heal, Pod, Pods, config, evidence, namespace, now, owner, plan, pod, says, told};
use crate::config::{DockerConfigFrom, Programs, Reach, Registry, Source};
use crate::plan::{Evidence, Probed, Waiting, questions};

#[test]
fn a_pod_is_recreated_only_for_an_image_that_the_new_one_can_pull() {
    let anyone = Probed::Readable { digest: Some(DIGEST.into()), anonymously: true };
    let denied = || says("pull access denied, repository does not exist or may require authorization");
    let refused = Probed::Refused("the registry refuses robot".into());
    let missing = Probed::Missing("it has no such image".into());
    let untold = Probed::Untold("no way there".into());
    let table = [
        (denied(), readable(), Some("evict"), "may require"),
        (denied(), anyone.clone(), None, "anybody may pull it"),
        (denied(), missing.clone(), None, "it has no such image"),
        (denied(), refused.clone(), None, "the registry refuses robot"),
        (denied(), untold.clone(), None, "the registry can't tell from here (no way there)"),
        (says("Back-off pulling image"), untold.clone(), None, ""),
        // A clear refusal needs no proof, but heeds one.
        (pod(), readable(), Some("evict"), ""),
        (pod(), anyone, Some("evict"), ""),
        (pod(), untold, Some("evict"), ""),
        (pod(), missing.clone(), None, "it has no such image"),
        (pod(), refused, None, "the registry refuses robot"),
        // That nothing would recreate it matters less than that its image is missing.
        (Pod { controller: None, ..denied() }, missing, None, "it has no such image"),
    ];
    for (pod, probed, verb, part) in table {
        let snapshot = namespace().service_account("default", &[]).pod(pod).in_("team-a");
        let evidence = answered(&config(), &snapshot, evidence("pass"), &probed, &Err(String::new()), now());
        let (done, message) = told(&plan(&config(), &snapshot, &evidence, now()));
        assert_eq!(done, verb, "{probed:?}: {message}");
        assert!(verb.is_some() || message.contains(part), "{probed:?}: {message}");
    }
}

#[test]
fn what_needs_no_answer_is_not_asked() {
    let config = || config();
    let off = Config { pods: Pods { heal: Heal::Off, ..config().pods }, ..config() };
    let all = Config { pods: Pods { heal: Heal::All, ..config().pods }, ..config() };
    let unverified = Config { verify: false, ..config() };
    let table = [
        (config(), pod(), 1),
        (config(), says("not found"), 0),
        (config(), says("dial tcp"), 0),
        (config(), Pod { controller: None, ..pod() }, 0),
        (config(), Pod { controller: None, ..says("pull access denied") }, 1),
        (config(), Pod { terminating: true, ..pod() }, 0),
        (config(), Pod { running: true, ..pod() }, 0),
        (off, pod(), 0),
        (all, pod(), 0),
        (unverified, pod(), 0),
    ];
    for (config, pod, count) in table {
        let case = format!("{:?} {:?}", config.pods, pod.waiting);
        let snapshot = namespace().service_account("default", &[]).pod(pod).in_("team-a");
        let asked = questions(&config, &snapshot, &evidence("pass"), now());
        assert_eq!(asked.probes.len(), count, "{case}");
    }
}

#[test]
fn an_image_is_asked_about_once_and_with_the_login_that_pods_get() {
    let mut seen = namespace().service_account("default", &[]);
    for name in ["a", "b", "c"] {
        seen = seen.pod(Pod { name: name.into(), controller: owner("DaemonSet"), ..pod() });
    }
    let asked = questions(&config(), &seen.in_("team-a"), &evidence("pass"), now());
    let [probe] = asked.probes.as_slice() else { panic!("{} probes", asked.probes.len()) };
    let login = probe.login.as_ref().unwrap();
    assert_eq!((probe.image.to_string(), &*login.username), (super::IMAGE.to_owned(), "admin"));
    assert_eq!(login.password.expose_secret(), "pass");
}

#[test]
fn a_registry_is_asked_in_the_way_of_the_entry_that_gave_the_login() {
    let from = DockerConfigFrom::File("config.json".into());
    let source = Source::DockerConfig { from, programs: Programs::default() };
    let own = Registry { source, hosts: Vec::new(), ..registry("docker.example.com") };
    let plainly = Reach { insecure: true, ca: None };
    let privately = Reach { insecure: false, ca: Some("/ca.crt".into()) };
    for (of_docker, of_ecr) in [(plainly, Reach::default()), (privately, Reach::default())] {
        let registries = [
            (Registry { reach: of_docker.clone(), ..own.clone() }, "docker.example.com"),
            (Registry { reach: of_ecr.clone(), ..ecr() }, ECR),
        ];
        for order in [[0, 1], [1, 0]] {
            let config = Config { registries: order.map(|i| registries[i].0.clone()).into(), ..config() };
            let gave = order.map(|i| given(vec![credential(registries[i].1, "pass")]));
            let mut pod = pod();
            pod.waiting = ["docker.example.com", ECR]
                .map(|host| Waiting {
                    image: format!("{host}/app:1"),
                    container: host.into(),
                    ..waiting(REFUSED)
                })
                .into();
            let snapshot = namespace().service_account("default", &[]).pod(pod).in_("team-a");
            let asked = questions(&config, &snapshot, &Evidence::of(gave.into()), now());
            let told: Vec<_> =
                asked.probes.into_iter().map(|probe| (probe.host.to_string(), probe.reach)).collect();
            let by = |host: &str| told.iter().find(|(own, _)| own == host).map(|(_, reach)| reach.clone());
            assert_eq!((by("docker.example.com"), by(ECR)), (Some(of_docker.clone()), Some(of_ecr.clone())));
        }
    }
}
