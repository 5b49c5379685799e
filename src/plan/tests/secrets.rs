//! One Secret, judged.

use std::sync::Arc;

use super::builders::{
    ago, config, credential, entry, evidence, failed, given, now, registry, secret, text, written,
};
use crate::config::{Adopt, Config};
use crate::plan::secrets::{Action, Judgement, MANAGED_BY, Wanted, judge};
use crate::plan::{Evidence, Secret};
use crate::registry::DockerConfig;

fn wanted(config: &Config, evidence: &Evidence) -> Arc<Wanted> {
    Wanted::of(config, evidence, now(), |_| true).remove(0)
}

fn judged(config: &Config, evidence: &Evidence, seen: Option<&Secret>) -> Judgement {
    judge(&wanted(config, evidence), "team-a", seen)
}

/// What was done, in a word, and why.
fn told(judgement: &Judgement) -> Option<(&'static str, &'static str)> {
    let (action, why) = judgement.action.as_ref()?;
    let verb = match action {
        Action::Create(_) => "create",
        Action::Update { .. } => "update",
        Action::Recreate { .. } => "recreate",
    };
    Some((verb, why))
}

/// The Secret as we make it.
fn ours(password: &str) -> Secret {
    let judgement = judged(&config(), &evidence(password), None);
    written(&judgement.action.unwrap().0, None, ago(60))
}

fn adopting(adopt: Adopt) -> Config {
    Config { adopt, ..config() }
}

#[test]
fn what_drifts_is_written_and_what_does_not_is_left() {
    type Case = (&'static str, fn(&mut Secret), Option<(&'static str, &'static str)>);
    let table: [Case; 9] = [
        ("as it should be", |_| {}, None),
        (
            "another password",
            |s| s.docker_config = secret("harbor.example.com", "old").docker_config,
            Some(("update", "content differs")),
        ),
        ("a host too many", |s| s.docker_config = Some(two_hosts()), Some(("update", "content differs"))),
        ("no JSON", |s| s.docker_config = Some("garbage".into()), Some(("update", "content differs"))),
        ("no data", |s| s.docker_config = None, Some(("update", "content differs"))),
        ("no annotation", |s| s.state = None, Some(("update", "state annotation differs"))),
        ("a broken annotation", |s| s.state = Some("{".into()), Some(("update", "state annotation differs"))),
        ("another type", |s| s.type_ = "Opaque".into(), Some(("recreate", "wrong type"))),
        ("immutable, but right", |s| s.immutable = true, None),
    ];
    for (case, edit, expected) in table {
        let mut seen = ours("pass");
        edit(&mut seen);
        assert_eq!(told(&judged(&config(), &evidence("pass"), Some(&seen))), expected, "{case}");
    }
}

fn two_hosts() -> secrecy::SecretString {
    let mut both = DockerConfig::default();
    both.set("harbor.example.com", &entry("pass"));
    both.set("other.example.com", &entry("pass"));
    both.to_json()
}

#[test]
fn an_immutable_secret_is_recreated_only_for_its_content() {
    let mut seen = ours("old");
    seen.immutable = true;
    let judgement = judged(&config(), &evidence("new"), Some(&seen));
    assert_eq!(told(&judgement), Some(("recreate", "content differs")));
    let mut seen = ours("pass");
    (seen.immutable, seen.state) = (true, None);
    assert_eq!(
        told(&judged(&config(), &evidence("pass"), Some(&seen))),
        Some(("update", "state annotation differs"))
    );
}

#[test]
fn spacing_and_order_are_no_drift() {
    let mut seen = ours("pass");
    let spaced = text(&seen)
        .replace(
            ',', " ,
 ",
        )
        .replace(':', " : ");
    seen.docker_config = Some(spaced.into());
    assert_eq!(told(&judged(&config(), &evidence("pass"), Some(&seen))), None);
}

#[test]
fn last_good_wins_for_each_host() {
    let mut config = config();
    config.registries.push(registry("other.example.com"));
    let mut both = evidence("pass");
    both.answers.push(given(vec![credential("other.example.com", "second")]));
    let made = judged(&config, &both, None).action.unwrap().0;
    let seen = written(&made, None, ago(60));

    // One source fails, the other has a new password: the failed one's entry stays to the byte.
    let mut one_failed = evidence("newer");
    one_failed.answers.extend(failed().answers);
    let judgement = judged(&config, &one_failed, Some(&seen));
    assert_eq!(judgement.serves.len(), 2);
    let after = written(&judgement.action.unwrap().0, Some(&seen), now());
    let after = DockerConfig::parse(text(&after)).unwrap();
    assert!(after.holds("harbor.example.com", &entry("newer")));
    assert!(after.holds("other.example.com", &entry("second")));

    // Both fail: nothing is written at all, and nothing is made where nothing is.
    let mut none = failed();
    none.answers.extend(failed().answers);
    assert_eq!(told(&judged(&config, &none, Some(&seen))), None);
    assert_eq!(told(&judged(&config, &none, None)), None);
}

#[test]
fn docker_hub_gets_both_keys_that_work() {
    let mut config = config();
    config.registries = vec![registry("docker.io")];
    let evidence = Evidence::of(vec![given(vec![credential("docker.io", "pass")])]);
    let seen = written(&judged(&config, &evidence, None).action.unwrap().0, None, now());
    let keys: Vec<_> = DockerConfig::parse(text(&seen)).unwrap().keys().map(str::to_owned).collect();
    assert_eq!(keys, ["docker.io", "https://index.docker.io/v1/"]);
}

#[test]
fn what_is_not_ours_is_touched_only_as_far_as_adopt_says() {
    let theirs = || secret("theirs.example.com", "x");
    let table = [
        (Adopt::No, theirs(), None, Some("ForeignSecret")),
        (Adopt::Merge, theirs(), Some(("update", "merged")), None),
        (Adopt::Replace, theirs(), Some(("update", "replaced")), None),
        (Adopt::Merge, secret("harbor.example.com", "pass"), None, None),
        (Adopt::Replace, secret("harbor.example.com", "pass"), None, None),
        (Adopt::Merge, Secret { type_: "Opaque".into(), ..theirs() }, None, Some("ForeignSecret")),
        (
            Adopt::Replace,
            Secret { type_: "kubernetes.io/dockercfg".into(), ..theirs() },
            Some(("update", "replaced")),
            None,
        ),
        (Adopt::Merge, Secret { immutable: true, ..theirs() }, None, Some("ForeignSecret")),
        (
            Adopt::Merge,
            Secret { docker_config: Some("garbage".into()), ..theirs() },
            None,
            Some("MalformedSecret"),
        ),
        (
            Adopt::Replace,
            Secret { docker_config: Some("garbage".into()), ..theirs() },
            Some(("update", "replaced")),
            None,
        ),
        (
            Adopt::Replace,
            Secret { managed_by: Some("helm".into()), ..theirs() },
            Some(("update", "replaced")),
            None,
        ),
        (
            Adopt::Replace,
            Secret { managed_by: Some(MANAGED_BY.into()), instance: Some("other".into()), ..theirs() },
            None,
            Some("ForeignSecret"),
        ),
        (Adopt::Replace, Secret { terminating: true, ..theirs() }, None, Some("SecretTerminating")),
    ];
    for (adopt, seen, expected, finding) in table {
        let judgement = judged(&adopting(adopt), &evidence("pass"), Some(&seen));
        assert_eq!(told(&judgement), expected, "{adopt:?} {seen:?}");
        assert_eq!(judgement.finding.map(|finding| finding.reason), finding, "{adopt:?} {seen:?}");
    }
}

#[test]
fn replacing_needs_something_to_put_there() {
    let mut seen = secret("harbor.example.com", "pass");
    seen.docker_config = Some(two_hosts());
    let judgement = judged(&adopting(Adopt::Replace), &failed(), Some(&seen));
    assert_eq!((told(&judgement), judgement.serves.len(), judgement.sources.keeps.len()), (None, 1, 1));
    let judgement = judged(&adopting(Adopt::Replace), &evidence("pass"), Some(&seen));
    assert_eq!(told(&judgement), Some(("update", "replaced")));
}

#[test]
fn merging_keeps_the_others_and_takes_no_label() {
    let mut seen = secret("theirs.example.com", "x");
    seen.docker_config =
        Some(r#"{"auths":{"theirs.example.com":{ "auth" : "eDp5" }},"credsStore":"z"}"#.into());
    let judgement = judged(&adopting(Adopt::Merge), &evidence("pass"), Some(&seen));
    let after = written(&judgement.action.unwrap().0, Some(&seen), now());
    assert!(text(&after).contains(r#""theirs.example.com":{ "auth" : "eDp5" }"#), "{}", text(&after));
    assert!(text(&after).contains(r#""credsStore":"z""#));
    assert_eq!(after.managed_by, None);
    // Its annotation names our host only, and the next judgement is content.
    assert!(!after.state.as_ref().unwrap().contains("theirs.example.com"));
    assert_eq!(told(&judged(&adopting(Adopt::Merge), &evidence("pass"), Some(&after))), None);
    // A new password is merged again.
    let judgement = judged(&adopting(Adopt::Merge), &evidence("new"), Some(&after));
    assert_eq!(told(&judgement), Some(("update", "merged")));
}

#[test]
fn one_entry_that_cannot_be_decoded_makes_a_secret_serve_nobody() {
    // The kubelet fails every pull of a pod that names it: what names nobody breaks nobody.
    let mut seen = secret("harbor.example.com", "pass");
    seen.docker_config = Some(
        r#"{"auths":{"harbor.example.com":{"auth":"YWRtaW46cGFzcw=="},"old.example.com":{"auth":"!!"}}}"#
            .into(),
    );
    for adopt in [Adopt::No, Adopt::Merge] {
        let judgement = judged(&adopting(adopt), &evidence("pass"), Some(&seen));
        assert!(judgement.serves.is_empty(), "{adopt:?}");
        assert_eq!(judgement.finding.unwrap().reason, "MalformedSecret", "{adopt:?}");
    }
    let judgement = judged(&adopting(Adopt::Replace), &evidence("pass"), Some(&seen));
    assert_eq!((told(&judgement), judgement.serves.len()), (Some(("update", "replaced")), 1));
}

#[test]
fn what_could_not_be_made_again_is_not_taken_away() {
    let mut seen = ours("old");
    seen.docker_config = Some(two_hosts());
    seen.immutable = true;
    let off = Config { create: false, ..config() };
    let judgement = judged(&off, &evidence("new"), Some(&seen));
    assert_eq!((told(&judgement), judgement.serves.len()), (None, 1));
    assert_eq!(judgement.finding.unwrap().reason, "SecretNotRecreated");
    // A source that failed: its entry is in that Secret, and nowhere else.
    let mut two = config();
    two.registries.push(registry("other.example.com"));
    let mut one_failed = evidence("new");
    one_failed.answers.extend(failed().answers);
    let judgement = judged(&two, &one_failed, Some(&seen));
    assert_eq!(judgement.finding.unwrap().reason, "SecretNotRecreated");
}

#[test]
fn two_instances_do_not_write_to_one_adopted_secret() {
    let theirs = secret("theirs.example.com", "x");
    for adopt in [Adopt::Merge, Adopt::Replace] {
        let first = judged(&adopting(adopt), &evidence("one"), Some(&theirs)).action.unwrap().0;
        let seen = written(&first, Some(&theirs), ago(60));
        let other = Config { instance: "other".into(), ..adopting(adopt) };
        let judgement = judged(&other, &evidence("two"), Some(&seen));
        assert_eq!(told(&judgement), None, "{adopt:?}");
        assert!(judgement.finding.unwrap().message.contains("written to by instance 'default'"));
    }
}

#[test]
fn other_spellings_of_a_host_are_that_host() {
    for key in ["https://harbor.example.com", "https://harbor.example.com/v2/", "harbor.example.com/"] {
        let judgement = judged(&config(), &evidence("pass"), Some(&secret(key, "theirs")));
        assert_eq!(judgement.serves.len(), 1, "{key}");
    }
}

#[test]
fn a_missing_secret_is_made_only_if_allowed() {
    let judgement = judged(&Config { create: false, ..config() }, &evidence("pass"), None);
    assert_eq!(told(&judgement), None);
    assert!(judgement.serves.is_empty());
    assert!(judgement.missing);
}
