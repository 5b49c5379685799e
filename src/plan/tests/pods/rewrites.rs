//! Pods that a rule helps: their images are pulled from elsewhere, once, where the pod itself may pull them.

use std::collections::BTreeMap;

use super::super::builders::{answered, credential, entry, given, nudge, readable, registry, rewrite, rule};
use super::{
    Config, Heal, Pod, Pods, Waiting, ago, config, evidence, namespace, now, owner, plan, pod, told, waiting,
};
use crate::config::{Images, Label, LabelSelector, Reach};
use crate::plan::{
    Containers, Evidence, ORIGINAL, Plan, PodAction, Probed, Snapshot, Spelling, originals, questions,
};
use crate::registry::{Ignored, Prefix, Rewrites};

const LIMITED: &str = "429 Too Many Requests: toomanyrequests: You have reached your pull rate limit";
const TO: &str = "proxy.example.com/hub/library/nginx:1";

fn images() -> Images {
    Images {
        rewrites: Rewrites::new(
            vec![rule("docker.io", "proxy.example.com/hub")],
            vec![Ignored::parse("ignored").unwrap()],
        ),
        label: Some(Label { key: "k8s-proxy-image-swapper".into(), value: "patched-image".into() }),
        exclude: vec!["kube-system".into(), "ops".into()],
        ..Images::default()
    }
}

/// Docker Hub is led to a proxy, and harbor.example.com is ours.
fn led() -> Config {
    Config { images: images(), ..config() }
}

/// The same, where there is a credential for the proxy, too.
fn led_with_login() -> Config {
    let own = registry("proxy.example.com");
    Config { registries: vec![registry("harbor.example.com"), own], ..led() }
}

fn logins() -> Evidence {
    let given = ["harbor.example.com", "proxy.example.com"].map(|host| given(vec![credential(host, "pass")]));
    Evidence::of(given.into())
}

fn hub(message: &str) -> Waiting {
    Waiting { image: "nginx:1".into(), ..waiting(message) }
}

/// A pod that nobody recreates, and that waits for Docker Hub.
fn stuck(message: &str) -> Pod {
    Pod { waiting: vec![hub(message)], controller: None, ..pod() }
}

fn seen(pod: Pod) -> Snapshot {
    namespace().service_account("default", &[]).pod(pod).in_("shop")
}

fn anybody() -> Probed {
    Probed::Readable { digest: None, anonymously: true }
}

fn planned(config: &Config, snapshot: &Snapshot, evidence: Evidence, probed: &Probed) -> Plan {
    let evidence = answered(config, snapshot, evidence, probed, &Err("no Job".into()), now());
    plan(config, snapshot, &evidence, now())
}

/// What is done to the pod, and what is said of it, where the proxy answers so.
fn outcome(config: &Config, snapshot: &Snapshot, probed: &Probed) -> (Option<&'static str>, String) {
    told(&planned(config, snapshot, evidence("pass"), probed))
}

#[test]
fn a_limited_pull_goes_to_the_proxy_and_is_told() {
    let plan = planned(&led(), &seen(stuck(LIMITED)), evidence("pass"), &anybody());
    let change = plan.namespaces[0].pods.first().unwrap();
    let spellings = vec![Spelling { container: "app".into(), from: "nginx:1".into(), to: TO.into() }];
    assert_eq!(change.action, PodAction::Rewrite { spellings, label: images().label });
    let changes: Vec<_> = plan.changes().map(|change| change.to_string()).collect();
    let expected = format!(
        "rewrite Pod shop/web: container app: nginx:1 is pulled from {TO}: the registry limits the rate of pulls"
    );
    assert!(changes.contains(&expected), "{changes:?}");
    assert!(plan.findings.is_empty(), "{:?}", plan.findings);
    assert_eq!(plan.waiting.len(), 1, "it waits for us");
    let counted: Vec<_> = plan.stuck.iter().map(|(cause, verdict, _)| (cause.word(), verdict)).collect();
    assert_eq!(counted, [("rate_limit", "rewrite")]);
}

#[test]
fn every_cause_and_answer_of_the_target() {
    let helped = [
        "401 Unauthorized",
        "your authorization token has expired",
        "pull access denied, repository does not exist or may require authorization",
        r#"Back-off pulling image "nginx:1""#,
        LIMITED,
        "dial tcp: lookup registry-1.docker.io: no such host",
    ];
    let answers = [
        (readable(), Some("rewrite"), ""),
        (anybody(), Some("rewrite"), ""),
        (Probed::Missing("it isn't there; push it".into()), None, "but it isn't there; push it"),
        (Probed::Refused("it refuses; ask".into()), None, "but it refuses; ask"),
        (Probed::Untold("it is away; wait".into()), None, "but it is away; wait"),
    ];
    for message in helped {
        for (probed, verb, part) in &answers {
            let (done, said) = outcome(&led(), &seen(stuck(message)), probed);
            assert_eq!(done, *verb, "{message} {probed:?}: {said}");
            let begin = "container app waits for nginx:1: ";
            let fits = said.starts_with(begin) && said.contains(&format!("from {TO}, {part}"));
            assert!(verb.is_some() || fits, "{message} {probed:?}: {said}");
        }
    }
    // No other registry mends these.
    for message in ["code = NotFound desc = not found", "no match for platform in manifest", "something new"]
    {
        let snapshot = seen(stuck(message));
        let asked = questions(&led(), &snapshot, &evidence("pass"), now());
        assert!(asked.probes.is_empty(), "{message}");
        let (done, said) = outcome(&led(), &snapshot, &anybody());
        assert!(done.is_none() && said.starts_with("container app waits for nginx:1: "), "{message}: {said}");
    }
}

#[test]
fn where_no_rule_holds_a_pod_is_left() {
    let selector = |text: &str| LabelSelector::parse(text);
    let labels = |text: &str| BTreeMap::from([("team".to_owned(), text.to_owned())]);
    let chosen = |images: Images| Config { images, ..config() };
    let heal = |heal| Config { pods: Pods { heal, ..config().pods }, ..led() };
    let of_namespaces = || chosen(Images { namespace_selector: selector("team=a"), ..images() });
    let of_pods = || chosen(Images { pod_selector: selector("team=a"), ..images() });
    let ignored = Pod { waiting: vec![Waiting { image: "ignored".into(), ..hub(LIMITED) }], ..pod() };
    let labelled = |text: &str| Pod { labels: labels(text), ..stuck(LIMITED) };
    let table = [
        ("shop", None, led(), stuck(LIMITED), Some("rewrite")),
        ("ops", None, led(), stuck(LIMITED), None),
        ("kube-system", None, led(), stuck(LIMITED), None),
        ("shop", None, led(), ignored, None),
        ("shop", None, led(), Pod { mirror: true, ..stuck(LIMITED) }, None),
        ("shop", None, led(), Pod { terminating: true, ..stuck(LIMITED) }, None),
        ("shop", None, heal(Heal::Off), stuck(LIMITED), None),
        ("shop", None, heal(Heal::All), stuck(LIMITED), Some("rewrite")),
        ("ops", None, heal(Heal::All), stuck(LIMITED), Some("delete")),
        ("shop", Some(labels("a")), of_namespaces(), stuck(LIMITED), Some("rewrite")),
        ("shop", Some(labels("b")), of_namespaces(), stuck(LIMITED), None),
        ("shop", None, of_namespaces(), stuck(LIMITED), None),
        ("shop", None, of_pods(), labelled("a"), Some("rewrite")),
        ("shop", None, of_pods(), labelled("b"), None),
    ];
    for (index, (name, labels, config, pod, verb)) in table.into_iter().enumerate() {
        let mut snapshot = namespace().service_account("default", &[]).pod(pod).in_(name);
        snapshot.namespaces.get_mut(name).unwrap().labels = labels;
        assert_eq!(outcome(&config, &snapshot, &anybody()), (verb, told_why(verb)), "row {index}");
    }
}

fn told_why(verb: Option<&str>) -> String {
    match verb {
        Some("delete") => "container app is on ImagePullBackOff; pods.heal is all".into(),
        Some(_) => "the registry limits the rate of pulls".into(),
        None => String::new(),
    }
}

#[test]
fn the_target_is_asked_with_what_the_pod_itself_presents() {
    let named = Pod { pull_secrets: vec!["theirs".into(), "pullkeeper".into()], ..stuck(LIMITED) };
    for (pod, login) in [(named, Some("pass")), (stuck(LIMITED), None)] {
        let snapshot = seen(pod);
        let asked = questions(&led_with_login(), &snapshot, &logins(), now());
        let [probe] = asked.probes.as_slice() else { panic!("{} probes", asked.probes.len()) };
        assert_eq!(probe.image.to_string(), TO);
        let shown = probe.login.as_ref().map(crate::registry::Entry::sha256);
        assert_eq!(shown, login.map(|password| entry(password).sha256()));
        let plan = planned(&led_with_login(), &snapshot, logins(), &readable());
        let secrets: Vec<_> = plan.namespaces[0].pods[0].act.secrets.iter().cloned().collect();
        assert_eq!(secrets, login.map(|_| "pullkeeper".to_owned()).into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn no_pod_is_stranded_without_the_login_of_the_target() {
    let refused = Probed::Refused("it wants a login".into());
    let owned = |lists_own| Pod { controller: owner("ReplicaSet"), lists_own, ..stuck(LIMITED) };
    let (next, named) = (
        "the next one gets Secret pullkeeper from ServiceAccount default",
        "name Secret pullkeeper in its template",
    );
    for (pod, part) in [
        (owned(Some(false)), next),
        (owned(Some(true)), named),
        (owned(None), named),
        (stuck(LIMITED), named),
    ] {
        let (verb, said) = told(&planned(&led_with_login(), &seen(pod), logins(), &refused));
        assert!(verb.is_none() && said.contains(part), "{said}");
    }
}

/// One that was rewritten a moment ago, and of which the kubelet still tells the old story, isn't deleted either.
#[test]
fn the_oldest_tools_way_leaves_what_was_just_rewritten() {
    let config = Config { pods: Pods { heal: Heal::All, ..config().pods }, ..led() };
    let message = r#"Back-off pulling image "nginx:1": 429 Too Many Requests"#;
    let rewritten = Waiting { image: TO.into(), ..waiting(message) };
    let originals = BTreeMap::from([("app".to_owned(), "nginx:1".to_owned())]);
    let pod = Pod { waiting: vec![rewritten], originals, ..stuck(LIMITED) };
    assert_eq!(outcome(&config, &seen(pod), &anybody()).0, None);
}

#[test]
fn the_target_is_reached_as_its_registry_says_else_as_the_rule_does() {
    let plain = Reach { insecure: true, ca: None };
    let private = Reach { insecure: false, ca: Some("/ca.pem".into()) };
    let host = Prefix::parse("proxy.example.com/hub").unwrap().as_host().clone();
    let mut alone = led();
    alone.images.reach.insert(host, plain.clone());
    let mut both = Config { images: alone.images.clone(), ..led_with_login() };
    both.registries[1].reach = private.clone();
    for (config, reach) in [(alone, plain), (both, private)] {
        let asked = questions(&config, &seen(stuck(LIMITED)), &logins(), now());
        assert_eq!(asked.probes[0].reach, reach);
    }
}

#[test]
fn a_second_pass_leaves_it_to_its_node() {
    let config = led();
    let message = format!(r#"Back-off pulling image "nginx:1": ErrImagePull: {LIMITED}"#);
    let mut snapshot = seen(stuck(&message));
    let first = planned(&config, &snapshot, evidence("pass"), &anybody());
    let spellings = first.namespaces[0].pods[0].action.spellings().to_vec();
    rewrite(&mut snapshot.namespaces.get_mut("shop").unwrap().pods[0], &spellings);
    let second = planned(&config, &snapshot, evidence("pass"), &anybody());
    assert_eq!(told(&second), (None, String::new()));
    assert_eq!(second.waiting.len(), 1, "it isn't well yet");
    // Its node has tried there: the verdicts are those of that registry.
    let pod = &mut snapshot.namespaces.get_mut("shop").unwrap().pods[0];
    pod.waiting[0].message = format!(r#"Back-off pulling image "{TO}": ErrImagePull: 401 Unauthorized"#);
    let third = planned(&config, &snapshot, evidence("pass"), &anybody());
    assert_eq!(told(&third), (None, String::new()));
    assert!(third.left.iter().any(|line| line.ends_with("registry proxy.example.com is not ours")));
}

#[test]
fn what_the_author_wrote_outlasts_a_nudge() {
    let mut pod = stuck(LIMITED);
    let to = "docker.io/library/nginx:1@sha256:".to_owned() + &"a".repeat(64);
    nudge(&mut pod, &[Spelling { container: "app".into(), from: "nginx:1".into(), to }], ago(30));
    let plan = planned(&led(), &seen(pod.clone()), evidence("pass"), &anybody());
    let marks = originals(&pod, plan.namespaces[0].pods[0].action.spellings());
    assert_eq!(marks, BTreeMap::from([(format!("{ORIGINAL}app"), "nginx:1".to_owned())]));
}

#[test]
fn containers_are_rewritten_with_what_comes_after_them_and_never_debug_containers() {
    let of = |container: &str, image: &str, list| Waiting {
        container: container.into(),
        image: image.into(),
        list,
        ..waiting(LIMITED)
    };
    let pod = Pod {
        waiting: vec![
            of("init", "nginx:1", Containers::Init),
            of("debug", "busybox", Containers::Ephemeral),
            of("side", "redis:7", Containers::Regular),
        ],
        initializing: vec![
            of("app", "nginx:1", Containers::Regular),
            of("other", "nginx:2", Containers::Regular),
            of("ours", "harbor.example.com/app:1", Containers::Regular),
        ],
        ..pod()
    };
    let plan = planned(&led(), &seen(pod), evidence("pass"), &anybody());
    let spelled = plan.namespaces[0].pods[0].action.spellings().iter();
    let spelled: Vec<_> = spelled.map(|own| (own.container.as_str(), own.to.as_str())).collect();
    let [redis, other] = ["redis:7", "nginx:2"].map(|own| format!("proxy.example.com/hub/library/{own}"));
    assert_eq!(spelled, [("init", TO), ("side", &*redis), ("app", TO), ("other", &*other)]);
    let [finding] = plan.findings.as_slice() else { panic!("{:?}", plan.findings) };
    let part = "start another one with proxy.example.com/hub/library/busybox:latest";
    assert!(finding.message.contains(part), "{finding}");
}

#[test]
fn a_container_to_rewrite_comes_before_one_to_evict_or_to_nudge() {
    for pull_secrets in [vec![], vec!["pullkeeper".to_owned()]] {
        let other = Waiting { container: "other".into(), ..waiting("401 Unauthorized") };
        let pod = Pod {
            waiting: vec![other, hub(LIMITED)],
            pull_secrets,
            controller: owner("ReplicaSet"),
            ..pod()
        };
        let plan = planned(&led(), &seen(pod), evidence("pass"), &readable());
        let change = &plan.namespaces[0].pods[0];
        assert!(matches!(change.action, PodAction::Rewrite { .. }), "{:?}", change.action);
        assert_eq!(change.action.spellings().len(), 1);
    }
}

#[test]
fn where_the_proxy_cannot_serve_our_own_registry_is_judged_as_ever() {
    let hub_is_ours = Config { registries: vec![registry("docker.io")], ..led() };
    let evidence = || Evidence::of(vec![given(vec![credential("docker.io", "pass")])]);
    let pod = Pod { waiting: vec![hub("401 Unauthorized")], ..pod() };
    let snapshot = seen(pod);
    // The first round asks the proxy only, and the second what is left to ask.
    let mut known = evidence();
    let mut asked = Vec::new();
    for answer in [Probed::Missing("no".into()), readable()] {
        let questions = questions(&hub_is_ours, &snapshot, &known, now());
        let [probe] = questions.probes.as_slice() else { panic!("{}", questions.probes.len()) };
        asked.push(probe.image.host.clone());
        known.probed.insert(probe.key(), answer);
    }
    assert_eq!(asked, ["proxy.example.com", "docker.io"]);
    assert!(questions(&hub_is_ours, &snapshot, &known, now()).is_empty());
    assert_eq!(told(&plan(&hub_is_ours, &snapshot, &known, now())).0, Some("evict"));
}

#[test]
fn the_kubelet_may_speak_of_an_image_volume() {
    let volume = r#"Back-off pulling image "redis:7": ErrImagePull: 429 Too Many Requests"#;
    assert_eq!(outcome(&led(), &seen(stuck(volume)), &anybody()), (None, String::new()));
}

#[test]
fn pods_that_a_rule_is_for_are_counted() {
    let mut snapshot = seen(stuck(LIMITED));
    let images = ["nginx", TO, "harbor.example.com/a", "ghcr.io/a"].map(|image| vec![image.to_owned()]);
    snapshot.namespaces.get_mut("shop").unwrap().images = images.into();
    assert_eq!(planned(&led(), &snapshot, evidence("pass"), &anybody()).pods, 3);
    assert_eq!(planned(&config(), &snapshot, evidence("pass"), &anybody()).pods, 1);
}

#[test]
fn without_registries_nothing_is_written_but_pods() {
    let config = Config { registries: Vec::new(), ..led() };
    let snapshot = namespace().pod(stuck(LIMITED)).in_("shop");
    let plan = planned(&config, &snapshot, Evidence::default(), &anybody());
    let changes: Vec<_> =
        plan.changes().map(|change| format!("{} {}", change.verb, change.subject)).collect();
    assert_eq!(changes, ["rewrite Pod shop/web"]);
    assert!(plan.findings.is_empty() && plan.errors.is_empty());
}
