//! How often a login is shown: a directory locks an account after a few tries of a wrong password.

use std::time::{Duration, Instant};

use super::asks::{bearer, manifest, one_in, probe_after, probe_in, probe_of, readable, token, untold};
use crate::credentials::asking::stand_in::basic;
use crate::credentials::asking::stand_in::server::{Asked, Reply, Server, reply};
use crate::credentials::asking::stand_in::world::{World, login};
use crate::credentials::{Patience, Refusals, credential};
use crate::plan::{Probe, Probed};

fn shown(server: &Server) -> usize {
    server.logins().iter().filter(|shown| **shown == Some(login())).count()
}

/// Probes of this many images of a server, all with the same login.
fn images(server: &Server, count: usize) -> Vec<Probe> {
    (0..count).map(|number| probe_of(server, &format!("team/app:{number}"))).collect()
}

fn both(one: Vec<Probe>, other: Vec<Probe>) -> Vec<Probe> {
    one.into_iter().chain(other).collect()
}

/// Answers as `answer` says to the login, and with a challenge to nobody.
async fn by_basic(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Server {
    Server::by(move |asked| if asked.login.is_none() { basic() } else { answer(asked) }).await
}

#[tokio::test]
async fn a_refused_login_is_shown_once_for_an_image_and_once_by_itself() {
    let registry = by_basic(|_| basic()).await;
    let answers = probe_in(&World::new(), &images(&registry, 12)).await;
    assert_eq!(shown(&registry), 2);
    assert_eq!(answers.len(), 12);
    let Probed::Refused(words) = &answers[0] else { panic!("refused") };
    assert!(words.starts_with("its registry refuses robot$ci (401 Unauthorized); "), "{words}");
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[tokio::test]
async fn a_login_refused_by_a_token_server_is_shown_for_no_other_image() {
    let tokens = Server::by(|_| reply(401)).await;
    let challenge = bearer(&tokens, "");
    let registry = Server::by(move |_| challenge.clone()).await;
    let answers = probe_in(&World::new(), &images(&registry, 12)).await;
    assert_eq!((shown(&registry), shown(&tokens)), (0, 2));
    assert!(answers.iter().all(|answer| matches!(answer, Probed::Refused(_)) && *answer == answers[0]));
}

#[tokio::test]
async fn another_password_or_registry_is_another_login() {
    let (one, other) = (by_basic(|_| basic()).await, by_basic(|_| manifest()).await);
    let mut probes = both(images(&one, 2), images(&other, 2));
    let mut right = probe_of(&one, "team/app:1");
    right.login.as_mut().unwrap().password = "another".into();
    probes.push(right);
    let answers = probe_in(&World::new(), &probes).await;
    assert!(answers[..2].iter().all(|answer| matches!(answer, Probed::Refused(_))), "{answers:?}");
    assert_eq!(answers[2..4], [readable(false), readable(false)]);
    assert!(matches!(answers[4], Probed::Refused(_)));
    assert_eq!((shown(&one), shown(&other)), (2, 2));
}

#[tokio::test]
async fn what_refuses_an_image_doesnt_refuse_the_login() {
    let registry = by_basic(|asked| match asked.line.rsplit('/').next() {
        Some("0") => reply(403),
        Some("1") => reply(404),
        _ => manifest(),
    })
    .await;
    let answers = probe_in(&World::new(), &images(&registry, 3)).await;
    assert!(matches!(answers[0], Probed::Refused(_)), "{answers:?}");
    assert!(matches!(answers[1], Probed::Missing(_)), "{answers:?}");
    assert_eq!(answers[2], readable(false));
}

#[tokio::test]
async fn a_login_that_is_refused_one_image_is_good_for_the_others() {
    // Some registries say 401 of an image that a good login may not read; here it is the first to be asked about.
    let registry = by_basic(|asked| match asked.line.as_str() {
        "GET /v2/" => reply(200),
        line if line.ends_with("/0") => reply(401),
        _ => manifest(),
    })
    .await;
    let answers = probe_in(&World::new(), &images(&registry, 3)).await;
    let Probed::Refused(words) = &answers[0] else { panic!("{answers:?}") };
    assert!(words.starts_with("its registry doesn't let robot$ci read it (401 Unauthorized); "), "{words}");
    assert_eq!(answers[1..], [readable(false), readable(false)]);

    let tokens = Server::by(|asked| match asked.login {
        Some(_) if asked.line.contains("secret") => reply(401),
        Some(_) => token("t"),
        None => reply(403),
    })
    .await;
    let challenge = bearer(&tokens, "");
    let registry =
        Server::by(move |asked| if asked.login.is_none() { challenge.clone() } else { manifest() }).await;
    let probes = [probe_of(&registry, "team/secret:1"), probe_of(&registry, "team/app:1")];
    let answers = probe_in(&World::new(), &probes).await;
    let Probed::Refused(words) = &answers[0] else { panic!("{answers:?}") };
    assert!(words.contains("gives robot$ci no token to read it with (401 Unauthorized); "), "{words}");
    assert_eq!(answers[1], readable(false));
}

#[tokio::test]
async fn what_was_said_of_an_image_is_not_asked_again_at_once() {
    let registry = by_basic(|asked| match asked.line.rsplit('/').next() {
        Some("0") => reply(403),
        Some("1") => reply(404),
        Some("2") => reply(400),
        _ => manifest(),
    })
    .await;
    let (refusals, probes) = (Refusals::default(), images(&registry, 4));
    let first = probe_after(&World::new(), &probes, &refusals).await;
    let asked = registry.lines().len();
    // The next pass of a loop: what can be read is asked about, as nobody and with the login.
    assert_eq!(probe_after(&World::new(), &probes, &refusals).await, first);
    assert_eq!(registry.lines().len(), asked + 2);
}

#[tokio::test]
async fn what_was_left_out_for_the_sake_of_others_has_its_turn_next() {
    let registry = by_basic(|_| reply(503)).await;
    let (refusals, probes) = (Refusals::default(), images(&registry, 4));
    for shown_by_then in [2, 4, 4] {
        probe_after(&World::new(), &probes, &refusals).await;
        assert_eq!(shown(&registry), shown_by_then);
    }
}

#[tokio::test]
async fn a_login_that_was_verified_is_good_whatever_an_image_says() {
    // Some registries say 401 too of an image that a good login may not read.
    let registry = by_basic(|asked| if asked.line.ends_with("/0") { reply(401) } else { manifest() }).await;
    let refusals = Refusals::default();
    let probes = images(&registry, 3);
    refusals.note_accepted(&credential(probes[0].host.clone(), World::entry(), None));
    let answers = probe_after(&World::new(), &probes, &refusals).await;
    assert!(matches!(answers[0], Probed::Refused(_)), "{answers:?}");
    assert_eq!(answers[1..], [readable(false), readable(false)]);
}

#[tokio::test]
async fn what_was_refused_not_long_ago_is_not_shown_at_all() {
    let registry = by_basic(|_| basic()).await;
    let refusals = Refusals::default();
    probe_after(&World::new(), &images(&registry, 3), &refusals).await;
    assert_eq!(shown(&registry), 2);
    // The next pass of a loop, and new images.
    let answers = probe_after(&World::new(), &images(&registry, 6).split_off(3), &refusals).await;
    assert_eq!((shown(&registry), answers.len()), (2, 3));
    for answer in answers {
        let Probed::Refused(words) = answer else { panic!("refused") };
        let told = "the login was not shown again, for it was refused not long ago: its registry refuses ";
        assert!(words.starts_with(told), "{words}");
    }
    // Nor what a verification was refused.
    let (registry, refusals) = (by_basic(|_| manifest()).await, Refusals::default());
    let probes = images(&registry, 2);
    refusals.note(&credential(probes[0].host.clone(), World::entry(), None), "it refuses robot$ci");
    let answers = probe_after(&World::new(), &probes, &refusals).await;
    assert!(answers.iter().all(|answer| matches!(answer, Probed::Refused(_))), "{answers:?}");
    assert_eq!((shown(&registry), registry.lines().len()), (0, 2));
}

#[tokio::test]
async fn equal_probes_are_asked_once() {
    let registry = by_basic(|_| manifest()).await;
    let same = || probe_of(&registry, "team/app:1");
    let probes = vec![same(), probe_of(&registry, "team/app:2"), same(), same()];
    assert_eq!(probe_in(&World::new(), &probes).await, vec![readable(false); 4]);
    assert_eq!(registry.lines().len(), 4);
}

#[tokio::test]
async fn a_login_of_which_nothing_is_heard_is_shown_twice() {
    let registry = by_basic(|_| reply(503)).await;
    let answers = probe_in(&World::new(), &images(&registry, 5)).await;
    assert_eq!(shown(&registry), 2);
    let unheard = "its registry was not asked, for it said nothing to the same login about other images; the \
                   next pass asks again";
    let heard = answers.iter().filter(|answer| **answer != untold(unheard)).count();
    assert_eq!(heard, 2, "{answers:?}");
}

#[tokio::test]
async fn a_silent_registry_stops_no_other() {
    let (silent, good) = (Server::silent().await, Server::by(|_| manifest()).await);
    let probes = both(images(&silent, 2), images(&good, 2));
    let mut world = World::new();
    world.network.deadline = Duration::from_millis(1500);
    let answers = probe_in(&world, &probes).await;
    let late = untold("its registry gave no answer within 1.5s; a later pass asks again");
    assert_eq!(answers, [late.clone(), late, readable(true), readable(true)]);
}

#[tokio::test]
async fn nobody_is_asked_when_patience_is_at_its_end() {
    let registry = Server::by(|_| manifest()).await;
    let over = Patience(Instant::now().checked_sub(Duration::from_secs(1)).unwrap());
    let (world, refusals) = (World::new(), Refusals::default());
    let probes = images(&registry, 2);
    let answers = super::super::probe_by(&world.network, &probes, &refusals, over).await;
    let Probed::Untold(words) = &answers[1] else { panic!("untold") };
    assert!(words.starts_with("its registry was not asked, for others took 2m; "), "{words}");
    assert_eq!((answers.len(), registry.lines().len()), (2, 0));
}

#[tokio::test]
async fn a_token_of_one_image_opens_the_way_for_the_others() {
    let tokens = Server::by(|asked| if asked.login.is_some() { token("t") } else { reply(401) }).await;
    let challenge = bearer(&tokens, "");
    let registry =
        Server::by(move |asked| if asked.login.is_none() { challenge.clone() } else { manifest() }).await;
    assert_eq!(one_in(&World::new(), &probe_of(&registry, "team/app:1")).await, readable(false));
    let answers = probe_in(&World::new(), &images(&registry, 9)).await;
    assert_eq!(answers, vec![readable(false); 9]);
}
