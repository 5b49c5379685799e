//! The verdict table, row by row.

mod accounts;
mod budget;
mod jobs;
mod named;
mod probes;
mod rewrites;

use super::builders::{IMAGE, REFUSED, added, ago, config, evidence, namespace, now, owner, pod, waiting};
use jiff::SignedDuration;

use crate::config::{Config, Heal, Pods};
use crate::plan::{Containers, Controller, Plan, Pod, PodAction, Secret, Snapshot, Waiting, plan};

/// What happens to a pod in a namespace that has had nothing of ours so far.
fn verdict_on(pod: Pod) -> (Option<&'static str>, String) {
    verdict(&config(), &namespace().service_account("default", &[]).pod(pod).in_("team-a"))
}

/// "evict", "delete" or nothing, and what is said of it.
fn verdict(config: &Config, snapshot: &Snapshot) -> (Option<&'static str>, String) {
    let plan = plan(config, snapshot, &evidence("pass"), now());
    told(&plan)
}

fn told(plan: &Plan) -> (Option<&'static str>, String) {
    let pods = plan.namespaces.iter().flat_map(|own| &own.pods);
    if let Some(change) = pods.into_iter().next() {
        return (Some(verb(&change.action)), change.act.why.clone());
    }
    let finding = plan.findings.iter().find(|finding| finding.reason == "PodNotHealed");
    (None, finding.map(|finding| finding.message.clone()).unwrap_or_default())
}

fn verb(action: &PodAction) -> &'static str {
    match action {
        PodAction::Rewrite { .. } => "rewrite",
        PodAction::Nudge(_) => "nudge",
        PodAction::Evict => "evict",
        PodAction::Delete => "delete",
    }
}

/// Our Secret as it is since an hour.
fn ours() -> Secret {
    let snapshot = namespace().in_("team-a");
    let first = plan(&config(), &snapshot, &evidence("pass"), now());
    super::builders::written(&first.namespaces[0].secrets[0].action, None, ago(60))
}

fn says(message: &str) -> Pod {
    Pod { waiting: vec![waiting(message)], ..pod() }
}

#[test]
fn a_pod_made_before_its_service_account_named_us_is_evicted() {
    let (verb, why) = verdict_on(pod());
    assert_eq!(verb, Some("evict"));
    assert_eq!(
        why,
        "the registry refuses access; a new pod gets Secret pullkeeper from ServiceAccount default"
    );
    for kind in ["StatefulSet", "DaemonSet", "ReplicationController"] {
        assert_eq!(verdict_on(Pod { controller: owner(kind), ..pod() }).0, Some("evict"), "{kind}");
    }
    assert_eq!(
        verdict_on(says("429 Too Many Requests")).0,
        Some("evict"),
        "authenticated pulls have more room"
    );
}

/// A container that waits for an image of a registry that isn't ours.
fn foreign() -> Waiting {
    Waiting { container: "other".into(), image: "ghcr.io/them/app:1".into(), ..waiting(REFUSED) }
}

#[test]
fn nobodys_business_is_left_in_silence() {
    let volume = waiting(r#"Back-off pulling image "ghcr.io/them/models:1": ErrImagePull: 401 Unauthorized"#);
    let table = [
        ("it is being deleted", Pod { terminating: true, ..pod() }),
        ("it is a static pod's image, which can't use pull secrets", Pod { mirror: true, ..pod() }),
        ("registry ghcr.io is not ours", Pod { waiting: vec![foreign()], ..pod() }),
        ("registry ghcr.io is not ours", Pod { waiting: vec![volume], ..pod() }),
    ];
    for (why, pod) in table {
        let snapshot = namespace().service_account("default", &[]).pod(pod).in_("team-a");
        let plan = plan(&config(), &snapshot, &evidence("pass"), now());
        assert_eq!(told(&plan), (None, String::new()), "{why}");
        // But for who asks the log.
        assert_eq!(plan.left, [format!("Pod team-a/web is left alone: {why}")]);
    }
    let off = Config { pods: Pods { heal: Heal::Off, ..config().pods }, ..config() };
    let snapshot = namespace().service_account("default", &[]).pod(pod()).in_("team-a");
    assert_eq!(verdict(&off, &snapshot), (None, String::new()));
}

#[test]
fn kube_system_is_healed_only_if_named() {
    let snapshot = namespace().service_account("default", &[]).pod(pod()).in_("kube-system");
    assert_eq!(verdict(&config(), &snapshot), (None, String::new()));
    let mut named = config();
    named.namespaces.names = crate::config::NameSet::new(&["kube-system"], &[]).unwrap();
    assert_eq!(verdict(&named, &snapshot).0, Some("evict"));
}

#[test]
fn what_access_cannot_fix_is_reported_with_what_to_do() {
    let volcano = Controller { api_version: "batch.volcano.sh/v1alpha1".into(), ..owner("Job").unwrap() };
    let quoted =
        format!(r#"Back-off pulling image "harbor.example.com/team/models:1": ErrImagePull: {REFUSED}"#);
    let typo = Waiting {
        image: "harbor.example.com/Team/app".into(),
        reason: "InvalidImageName".into(),
        ..waiting("")
    };
    let table = [
        (
            "not found",
            says("rpc error: code = NotFound desc = not found"),
            "the registry has no such image; correct the image",
        ),
        (
            "denied",
            says("pull access denied, repository does not exist or may require authorization"),
            "check that the image exists",
        ),
        (
            "network",
            says("dial tcp: lookup harbor.example.com: no such host"),
            "the registry was not reached; check the registry",
        ),
        (
            "malformed",
            Pod { pull_secrets: vec!["theirs".into()], ..says("illegal base64 data at input byte 0") },
            "Secret theirs is no good docker config; repair it",
        ),
        ("unknown", says("something new"), "see kubectl describe pod"),
        ("invalid name", Pod { waiting: vec![typo], ..pod() }, "correct it in the pod's template"),
        ("image volume", says(&quoted), "another image, harbor.example.com/team/models:1: an image volume?"),
        (
            "its cause",
            says(&quoted),
            "(the registry refuses access); see that the pod's pull secrets are for it",
        ),
        (
            "another platform",
            says("rpc error: code = NotFound desc = h.io/a:1: no match for platform in manifest: not found"),
            "the image isn't made for the platform of the pod's node; build it for that",
        ),
        (
            "another Job",
            Pod { controller: Some(volcano), ..pod() },
            "its controller is a Job of batch.volcano.sh/v1alpha1, which may not recreate it",
        ),
        (
            "a container that waits for another registry",
            Pod { waiting: vec![waiting(REFUSED), foreign()], ..pod() },
            "it isn't recreated while container other waits for ghcr.io/them/app:1 (registry ghcr.io is not ours)",
        ),
        (
            "a Job's",
            Pod { controller: owner("Job"), ..pod() },
            "its Job wasn't looked at, for a pass looks at some only",
        ),
        ("bare", Pod { controller: None, ..pod() }, "nothing would recreate it"),
        ("a stranger's", Pod { controller: owner("Workflow"), ..pod() }, "its controller is a Workflow"),
        ("own list", Pod { pull_secrets: vec!["theirs".into()], ..pod() }, "lists its own pull secrets"),
        ("runs", Pod { running: true, ..pod() }, "set pods.evictRunning: true"),
        (
            "another account",
            Pod { service_account: "gone".into(), ..pod() },
            "ServiceAccount gone isn't one of those chosen",
        ),
        (
            "ephemeral",
            Pod { waiting: vec![Waiting { list: Containers::Ephemeral, ..waiting(REFUSED) }], ..pod() },
            "ephemeral",
        ),
    ];
    for (case, pod, expected) in table {
        let (verb, message) = verdict_on(pod);
        assert_eq!(verb, None, "{case}");
        assert!(message.contains(expected), "{case}: {message}");
        assert!(message.starts_with("container app waits for harbor.example.com/"), "{case}: {message}");
    }
}

#[test]
fn a_pod_is_recreated_only_if_that_helps_all_of_its_containers() {
    let typo = Waiting { container: "typo".into(), ..waiting("code = NotFound") };
    let elsewhere = Waiting { image: "nginx".into(), ..waiting(REFUSED) };
    let (verb, message) = verdict_on(Pod { waiting: vec![elsewhere, waiting(REFUSED), typo], ..pod() });
    assert_eq!(verb, None);
    assert!(message.contains("container typo waits for"), "{message}");
    let second = Waiting { container: "init".into(), ..waiting(REFUSED) };
    assert_eq!(verdict_on(Pod { waiting: vec![waiting(REFUSED), second], ..pod() }).0, Some("evict"));
}

#[test]
fn inherited_pull_secrets_are_no_list_of_its_own() {
    let inherited = Pod { pull_secrets: vec!["theirs".into()], ..pod() };
    let snapshot = namespace().service_account("default", &["theirs"]).pod(inherited).in_("team-a");
    assert_eq!(verdict(&config(), &snapshot).0, Some("evict"));
}

#[test]
fn managed_fields_tell_whose_list_it_is() {
    let (list, account): (_, &[&str]) = (vec!["theirs".to_owned()], &["theirs"]);
    for (lists_own, account, verb) in [
        (Some(true), account, None),
        (Some(false), &[], Some("evict")),
        (None, &[], None),
        (None, account, Some("evict")),
    ] {
        let listed = Pod { pull_secrets: list.clone(), lists_own, ..pod() };
        let snapshot = namespace().service_account("default", account).pod(listed).in_("team-a");
        assert_eq!(verdict(&config(), &snapshot).0, verb, "{lists_own:?} {account:?}");
    }
}

#[test]
fn a_pod_that_its_node_has_hardly_tried_is_left() {
    let young = || Pod { created: Some(now() - SignedDuration::from_secs(5)), ..says("not found") };
    let settled =
        namespace().service_account("default", &["pullkeeper"]).secret("pullkeeper", ours()).pod(young());
    assert_eq!(verdict(&config(), &settled.in_("team-a")), (None, String::new()));
    // Its ServiceAccount is patched by this pass.
    let refused = Pod { waiting: pod().waiting, ..young() };
    let patched = namespace().service_account("default", &[]).secret("pullkeeper", ours()).pod(refused);
    assert_eq!(verdict(&config(), &patched.in_("team-a")).0, Some("evict"));
}

#[test]
fn evict_running_lets_a_running_sibling_go() {
    let allowed = Config { pods: Pods { evict_running: true, ..config().pods }, ..config() };
    let running = Pod { running: true, ..pod() };
    let snapshot = namespace().service_account("default", &[]).pod(running).in_("team-a");
    assert_eq!(verdict(&allowed, &snapshot).0, Some("evict"));
}

#[test]
fn a_pod_made_after_its_service_account_named_us_is_never_recreated() {
    // A webhook that strips pull secrets would otherwise have it recreated for ever.
    for (changed, verb) in [(Some(ago(130)), None), (Some(ago(60)), Some("evict")), (None, None)] {
        let mut snapshot = namespace().service_account("default", &["pullkeeper"]).pod(pod()).in_("team-a");
        let own = snapshot.namespaces.get_mut("team-a").unwrap();
        let note = changed.map(|at| added("pullkeeper", at)).unwrap_or_default();
        own.service_accounts.get_mut("default").unwrap().added = note;
        assert_eq!(verdict(&config(), &snapshot).0, verb, "{changed:?}");
    }
}

#[test]
fn the_oldest_tools_way_deletes_every_stuck_pod_but_those_that_had_their_chance() {
    let all = Config { pods: Pods { heal: Heal::All, ..config().pods }, ..config() };
    let other = Waiting { reason: "InvalidImageName".into(), ..waiting("") };
    let hub = Waiting { image: "nginx".into(), ..waiting("not found") };
    let table = [
        ("refused", pod(), true),
        ("a typo", says("not found"), true),
        ("another registry", Pod { waiting: vec![hub], ..pod() }, true),
        ("bare", Pod { controller: None, ..pod() }, true),
        ("another reason", Pod { waiting: vec![other], ..pod() }, false),
        ("terminating", Pod { terminating: true, ..pod() }, false),
        (
            "names our Secret, which this pass makes",
            Pod { pull_secrets: vec!["pullkeeper".into()], ..pod() },
            true,
        ),
    ];
    for (case, pod, deleted) in table {
        let snapshot = namespace().service_account("default", &[]).pod(pod).in_("team-a");
        assert_eq!(verdict(&all, &snapshot).0, deleted.then_some("delete"), "{case}");
    }
    // While our Secret isn't in place, a new pod would be no better off.
    let mut unread = namespace().service_account("default", &[]).pod(pod()).in_("team-a");
    unread.namespaces.get_mut("team-a").unwrap().unread_secrets.insert("pullkeeper".into());
    assert_eq!(verdict(&all, &unread).0, None);
    // The Secret is right since an hour: one that names it was made before, the other after.
    for (minutes, deleted) in [(120, true), (30, false)] {
        let named = Pod { pull_secrets: vec!["pullkeeper".into()], created: Some(ago(minutes)), ..pod() };
        let mut snapshot = namespace().service_account("default", &["pullkeeper"]).pod(named).in_("team-a");
        let first = plan(&all, &snapshot, &evidence("pass"), now());
        let made = super::builders::written(&first.namespaces[0].secrets[0].action, None, ago(60));
        snapshot.namespaces.get_mut("team-a").unwrap().secrets.insert("pullkeeper".into(), made);
        assert_eq!(verdict(&all, &snapshot).0, deleted.then_some("delete"), "{minutes}");
    }
}

#[test]
fn no_credential_for_its_host_is_reported() {
    let snapshot = namespace().service_account("default", &[]).pod(pod()).in_("team-a");
    let plan = plan(&config(), &snapshot, &super::builders::failed(), now());
    let (verb, message) = told(&plan);
    assert_eq!(verb, None);
    assert!(message.contains("there is no good credential for harbor.example.com"), "{message}");
    assert!(IMAGE.starts_with("harbor.example.com"));
}
