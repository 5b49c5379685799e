//! What healing never does, however often the pass runs: a cluster lives through many passes, with controllers,
//! nodes and other people's tools at work in it. Its [checks] look at each plan, its [ledger] at all of them.

mod cases;
mod checks;
mod deeds;
mod dice;
mod ledger;
mod life;
mod world;

use proptest::prelude::*;

use crate::config::Heal;
use crate::plan::{NamespacePlan, Plan};
use cases::{Case, Refuses, Resets, Webhook, any_case};
use world::{Body, World};

/// How many passes a cluster lives through.
const PASSES: usize = 30;

fn lived(case: Case) -> World {
    let mut world = World::of(case);
    for _ in 0..PASSES {
        world.pass();
        world.goes_on();
    }
    world
}

/// Passes over a world that has calmed down, a minute apart, until one has nothing to do.
fn settled(world: &mut World) -> usize {
    world.calms_down();
    for passes in 0..100 {
        world.passes_by(100);
        if world.pass().is_empty() {
            return passes;
        }
    }
    panic!("there is no end to it");
}

/// Would a new pod be better off, and may it come to that?
fn can_be_helped(world: &World, body: &Body) -> bool {
    let own = &world.case.workloads[body.workload];
    let pods = &world.case.pods;
    let recreated = match world.jobs.get(&body.workload) {
        Some(job) => job.room(&world.exits(body)).is_ok(),
        None => !matches!(own.kind, "" | "Workflow"),
    };
    recreated
        && own.account == "default"
        && own.lists.is_none()
        && !own.mirror
        && (pods.evict_running || !own.sibling)
        && own.images.iter().all(|(nature, ephemeral)| nature.is_of_access() && !ephemeral)
        && !body.pod.pull_secrets.iter().any(|name| name == world::OURS)
}

proptest! {
    // What it finds becomes a test of its own: a seed would be another case after any change of the model.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(40) })]

    #[test]
    fn whatever_happens_actions_help_and_have_a_bound(case in any_case()) {
        lived(case);
    }

    #[test]
    fn a_world_that_calms_down_is_left_alone_soon(mut case in any_case()) {
        // Tokens that are renewed would go on for ever.
        (case.pods.heal, case.minted) = (Heal::Auto, false);
        let mut world = lived(case);
        let budget = world.case.pods.max_evictions.div_ceil(2).max(1);
        let bound = world.pods.len().div_ceil(budget) + 6;
        let passes = settled(&mut world);
        prop_assert!(passes <= bound, "{passes} passes, though {bound} were enough");
        let spent = (world.ledger.evictions(), world.ledger.nudges());
        for _ in 0..3 {
            world.passes_by(600);
            let pods = |plan: &Plan| plan.namespaces.iter().map(|own: &NamespacePlan| own.pods.len()).sum::<usize>();
            prop_assert_eq!(pods(&world.pass()), 0);
        }
        prop_assert_eq!(spent, (world.ledger.evictions(), world.ledger.nudges()));
    }

    #[test]
    fn every_pod_that_can_be_helped_is_helped(mut case in any_case()) {
        (case.pods.heal, case.webhook, case.verify) = (Heal::Auto, Webhook::Absent, true);
        case.pods.max_evictions = case.pods.max_evictions.max(1);
        let mut world = lived(case);
        settled(&mut world);
        let stuck = |body: &&Body| can_be_helped(&world, body) && body.containers.iter().any(|own| !own.runs);
        prop_assert!(world.pods.iter().find(stuck).is_none(), "{:?}", world.pods.iter().find(stuck).map(|b| &b.pod));
    }

    #[test]
    fn who_takes_our_name_out_after_each_pass_costs_no_more_pods_than_there_were(mut case in any_case()) {
        let resets = if case.resets == Resets::AtOnce { Resets::AtOnce } else { Resets::AfterEachPass };
        (case.pods.heal, case.resets) = (Heal::Auto, resets);
        case.refuses = Refuses::Nothing;
        let mut world = World::of(case);
        for _ in 0..2 * PASSES {
            world.pass();
            world.goes_on();
        }
        let first: usize = world.case.workloads.iter().map(|own| own.replicas).sum();
        prop_assert!(world.ledger.evictions() <= first, "{} of {first}", world.ledger.evictions());
    }
}
