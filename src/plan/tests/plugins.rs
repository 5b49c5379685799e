//! Credential provider plugins, which are asked about some of their registries at a time.

use jiff::SignedDuration;

use super::builders::{
    ECR, ago, config, credential, failed, given, namespace, now, pod, registry, text, written,
};
use crate::config::{Config, Programs, Registry, Source};
use crate::plan::{Credential, Evidence, Life, Needs, Pod, Secret, Snapshot, needs, plan};
use crate::registry::{DockerConfig, Host};

fn plugin(images: &[&str]) -> Config {
    let source = Source::CredentialProvider {
        command: "/plugins/acr".into(),
        args: Vec::new(),
        images: images.iter().map(|image| (*image).to_owned()).collect(),
        programs: Programs::default(),
    };
    Config { registries: vec![Registry { source, hosts: Vec::new(), ..registry(ECR) }], ..config() }
}

/// A credential that was fetched so many hours ago, and is good for six at least.
fn fetched(host: &str, hours: i64) -> Credential {
    let issued = now() - SignedDuration::from_hours(hours);
    let life = Life { issued, expires: None, until: Some(issued + SignedDuration::from_hours(6)) };
    Credential { life: Some(life), ..credential(host, "token") }
}

fn made(config: &Config, credential: Credential) -> Secret {
    let evidence = Evidence::of(vec![given(vec![credential])]);
    let plan = plan(config, &namespace().in_("a"), &evidence, now());
    written(&plan.namespaces[0].secrets[0].action, None, ago(60))
}

fn waits(image: &str) -> Pod {
    let mut pod = pod();
    pod.waiting[0].image = image.into();
    pod
}

fn expected(needs: &Needs) -> Vec<&str> {
    needs.expected.get(&0).into_iter().flatten().map(Host::as_str).collect()
}

#[test]
fn it_is_asked_about_the_registries_that_pods_wait_for() {
    let config = plugin(&["*.azurecr.io"]);
    let made = made(&config, fetched("one.azurecr.io", 0));
    let served = || namespace().secret("pullkeeper", made.clone()).pod(waits("one.azurecr.io/a:1"));
    assert!(needs(&config, &served().in_("a"), now()).registries.is_empty());
    let seen = served()
        .pod(waits("two.azurecr.io/b:1"))
        .pod(waits("two.azurecr.io/c:1"))
        .pod(waits("harbor.example.com/a"));
    // What is there and not due isn't asked for again.
    assert_eq!(expected(&needs(&config, &seen.in_("a"), now())), ["two.azurecr.io"]);
    // A registry that is written out is asked about as soon as it is, whoever waits.
    let more = plugin(&["*.azurecr.io", "three.azurecr.io"]);
    assert_eq!(expected(&needs(&more, &served().in_("a"), now())), ["three.azurecr.io"]);
    // Where nothing is known there is nothing to ask about.
    assert!(needs(&config, &namespace().in_("a"), now()).registries.is_empty());
}

#[test]
fn what_it_answers_for_one_namespace_takes_nothing_from_another() {
    let config = plugin(&["*.azurecr.io"]);
    let mut snapshot: Snapshot =
        namespace().secret("pullkeeper", made(&config, fetched("one.azurecr.io", 1))).in_("a");
    snapshot.namespaces.append(&mut namespace().pod(waits("two.azurecr.io/b:1")).in_("b").namespaces);
    assert_eq!(expected(&needs(&config, &snapshot, now())), ["two.azurecr.io"]);
    let evidence = Evidence::of(vec![given(vec![fetched("two.azurecr.io", 0)])]);
    let plan = plan(&config, &snapshot, &evidence, now());
    assert!(plan.errors.is_empty());
    // Both get what is new, and what was there stays.
    let seen = &snapshot.namespaces["a"].secrets["pullkeeper"];
    let after = written(&plan.namespaces[0].secrets[0].action, Some(seen), now());
    let after = DockerConfig::parse(text(&after)).unwrap();
    assert!(after.is_usable("one.azurecr.io") && after.is_usable("two.azurecr.io"));
    assert_eq!(plan.namespaces[1].secrets[0].why, "missing");
}

#[test]
fn what_is_good_at_least_so_long_is_not_known_to_have_ended() {
    let config = plugin(&["public.ecr.aws"]);
    let seen = namespace().secret("pullkeeper", made(&config, fetched("public.ecr.aws", 7))).in_("a");
    assert_eq!(expected(&needs(&config, &seen, now())), ["public.ecr.aws"]);
    let plan = plan(&config, &seen, &failed(), now());
    assert!(plan.is_empty(), "it may be good for hours");
    assert!(!plan.errors[0].message.contains("ends"), "{}", plan.errors[0]);
    let kept = &seen.namespaces["a"].secrets["pullkeeper"];
    assert!(text(kept).contains("public.ecr.aws"));
}
