use super::*;
use Codes::{In, NotIn};
use FailureAction::{Count, Fail, Ignore};
use FailureOf::{Disruption, Other};

fn on(codes: Codes) -> FailureOf {
    FailureOf::ExitCodes { container: None, codes }
}

fn of(container: &str, codes: Codes) -> FailureOf {
    FailureOf::ExitCodes { container: Some(container.into()), codes }
}

fn exit(container: &str, code: Option<i32>) -> Exit {
    Exit { container: container.into(), code }
}

fn expect(job: &Job, exits: &[Exit], expected: Result<usize, &str>) {
    match (job.room(exits), expected) {
        (Ok(room), Ok(expected)) => assert_eq!(room, expected, "{job:?} {exits:?}"),
        (Err(why), Err(part)) => assert!(why.contains(part), "{job:?} {exits:?}: {why}"),
        (room, _) => panic!("{job:?} {exits:?}: {room:?}"),
    }
}

#[test]
fn so_many_pods_may_fail() {
    let table = [
        (6, 0, 0, Ok(6)),
        (1, 0, 0, Ok(1)),
        (1, 1, 0, Err("has had 1 of 1 (backoffLimit)")),
        (0, 0, 0, Err("has had 0 of 0")),
        (0, 2, 0, Err("has had 2 of 0")),
        // Those that are ending are failures in a moment.
        (3, 1, 1, Ok(1)),
        (3, 1, 2, Err("has had 1 of 3 (backoffLimit), and 2 more are ending")),
    ];
    for (backoff_limit, failed, ending, expected) in table {
        expect(&Job { backoff_limit, failed, ending, ..Job::default() }, &[], expected);
    }
    assert!(Job { per_index: true, backoff_limit: 6, ..Job::default() }.room(&[]).is_err());
}

#[test]
fn its_policy_decides_and_where_it_may_do_several_things_the_worst() {
    let waits = || vec![exit("app", Some(NEVER_STARTED))];
    let runs = || vec![exit("app", Some(NEVER_STARTED)), exit("sibling", None)];
    let failed = || vec![exit("app", Some(NEVER_STARTED)), exit("sibling", Some(3))];
    let all = Ok(usize::MAX);
    let table = [
        (0, vec![(Disruption, Ignore)], waits(), all),
        (2, vec![(Disruption, Count)], waits(), Ok(2)),
        (6, vec![(Disruption, Fail)], waits(), Err("podFailurePolicy")),
        (6, vec![(Other, Fail), (Disruption, Ignore)], waits(), all),
        // The kubelet may note 137 for what never started.
        (6, vec![(on(NotIn(vec![42])), Fail), (Disruption, Ignore)], waits(), Err("podFailurePolicy")),
        (6, vec![(on(In(vec![1, 137])), Fail), (Disruption, Ignore)], waits(), Err("podFailurePolicy")),
        (6, vec![(on(In(vec![1])), Fail), (Disruption, Ignore)], waits(), all),
        (6, vec![(on(NotIn(vec![137])), Fail), (Disruption, Ignore)], waits(), all),
        (6, vec![(of("app", In(vec![137])), Fail), (Disruption, Ignore)], waits(), Err("podFailurePolicy")),
        (6, vec![(of("sibling", In(vec![137])), Fail), (Disruption, Ignore)], waits(), all),
        (6, vec![(on(Codes::Unknown), Fail), (Disruption, Ignore)], waits(), Err("podFailurePolicy")),
        // And it may not.
        (0, vec![(on(In(vec![137])), Ignore)], waits(), Err("backoffLimit")),
        (0, vec![(on(In(vec![137])), Count), (Disruption, Ignore)], waits(), Err("backoffLimit")),
        // What runs may end with any code.
        (6, vec![(on(In(vec![1])), Fail), (Disruption, Ignore)], runs(), Err("podFailurePolicy")),
        (0, vec![(on(In(vec![42])), Ignore)], runs(), Err("has had 0 of 0")),
        (0, vec![(on(In(vec![42])), Ignore), (Disruption, Ignore)], runs(), all),
        (0, vec![(on(In(vec![42])), Count), (Disruption, Ignore)], runs(), Err("backoffLimit")),
        (6, vec![(of("app", In(vec![1])), Fail), (Disruption, Ignore)], runs(), all),
        // What has ended has its code; of zero no rule knows.
        (6, vec![(on(In(vec![3])), Fail), (Disruption, Ignore)], failed(), Err("podFailurePolicy")),
        (6, vec![(on(NotIn(vec![137])), Fail), (Disruption, Ignore)], vec![exit("app", Some(0))], all),
    ];
    for (backoff_limit, rules, exits, expected) in table {
        let rules = rules.into_iter().map(|(on, action)| FailureRule { on, action }).collect();
        expect(&Job { backoff_limit, rules, ..Job::default() }, &exits, expected);
    }
}
