//! What a further try may know, what is counted and cut along a run, and who hears of it.

use memhost_eval::driver::{Told, deviations};
use memhost_suite::Slot;

use super::along::{a_run, asking, distilled, hard, heard_of, moments, planning, recorded};
use super::*;

#[tokio::test]
async fn what_is_asked_in_a_probe_is_asked_once_and_its_failure_teaches_nothing() {
    let strategy = Arc::new(planning(|plan| plan.retries = 2));
    let mut probing = (*asking([])).clone();
    probing.streams[0].stages.push(Stage {
        probe: true,
        ..Stage::in_order(vec![hard("x")])
    });
    let (report, kept) = run(&strategy, &Arc::new(probing), None).await.unwrap();
    assert_eq!(moments(&strategy), [Moment::TaskStart]);
    let scores = &report.tasks[0].scores;
    assert_eq!((scores["answer@64"], scores["after-retries"]), (0.0, 0.0));
    assert!(distilled(&strategy).is_empty() && kept.is_empty());
}

#[tokio::test]
async fn a_try_before_another_holds_only_what_was_done_in_it() {
    let mut strategy = planning(|plan| plan.retries = 1);
    strategy.distill = Box::new(|attempts| match attempts[0].id.as_str() {
        "x@r1" => Ok(vec![note("a clue", "x@r1", Commit::AtOnce)]),
        _ => Ok(vec![]),
    });
    let strategy = Arc::new(strategy);
    let mut steps = a_run();
    steps.push(Step::new(Actor::User, "the answer"));
    let suite = asking([recorded("x", steps.clone()), hard("y")]);
    run(&strategy, &suite, None).await.unwrap();
    let calls = strategy.calls.lock().unwrap();
    let calls: Vec<&Attempt> = calls.iter().flatten().collect();
    let first = calls.iter().find(|attempt| attempt.id == "x@r1").unwrap();
    assert_eq!(first.steps, []);
    assert_eq!(first.outcome.verdict, Verdict::Failure);
    // What is heard of it later is no more; the recorded run is learnt from once the question is done with.
    let heard = heard_of(&strategy);
    let of_x = heard.iter().filter(|f| f.attempt.task.id == "x");
    assert!(of_x.clone().count() == 2 && of_x.clone().all(|f| f.attempt.steps.is_empty()));
    let of_record = calls.iter().find(|attempt| attempt.id == "x-0").unwrap();
    assert_eq!(of_record.steps, steps);
    // Where nobody tries again, the recorded run stands for what a reader did, as ever.
    let once = Arc::new(planning(|_| {}));
    run(&once, &suite, None).await.unwrap();
    let heard = heard_of(&once);
    let of_x = heard.iter().find(|f| f.attempt.task.id == "x").unwrap();
    assert_eq!(of_x.attempt.steps, steps);
}

#[tokio::test]
async fn what_a_try_taught_is_seen_by_no_other_task_before_the_batch_is_heard_of() {
    let strategy = Arc::new(planning(|plan| {
        plan.retries = 1;
        plan.batch = 2;
    }));
    let tasks = ["x", "y", "z"].map(hard);
    run(&strategy, &asking(tasks), None).await.unwrap();
    let seen = strategy.seen.lock().unwrap();
    let own: [&[&str]; 4] = [&[], &["x@r1"], &[], &["y@r3"]];
    assert_eq!(seen[..4], own);
    assert!(seen[4].contains(&"x@r1".to_owned()), "{:?}", seen[4]);
}

#[tokio::test]
async fn where_successes_alone_are_told_of_what_has_no_verdict_is_told_of_too() {
    let strategy = Arc::new(planning(|_| {}));
    let tasks = vec![
        episode("a", false, vec![attempt("a", 0, Verdict::Failure)]),
        episode("b", false, vec![attempt("b", 0, Verdict::Unknown)]),
        episode("c", false, vec![attempt("c", 0, Verdict::Success)]),
        hard("d"),
    ];
    run_telling(&strategy, &suite(tasks), Told::Successes).await;
    assert_eq!(distilled(&strategy), [["b-0"], ["c-0"]]);
}

#[tokio::test]
async fn what_nobody_was_told_of_could_not_be_drawn_on() {
    for (told, scored) in [(Told::All, true), (Told::Successes, false)] {
        let mut said = attempt("seen", 0, Verdict::Failure);
        said.steps.push(Step::new(Actor::User, "the answer"));
        let tasks = vec![episode("seen", false, vec![said]), hard("x")];
        let strategy = Arc::new(planning(|_| {}));
        let (report, _) = run_telling(&strategy, &suite(tasks), told).await;
        let is_scored = report.tasks[0].scores.contains_key("answer@64");
        assert_eq!(is_scored, scored, "{told:?}");
    }
}

/// What deviates under this plan where this is asked in this lane.
fn deviating(plan: Plan, lane: Lane, episodes: Vec<Episode>, stage: Stage) -> Vec<String> {
    let mut suite = (*suite(vec![])).clone();
    suite.lane = lane;
    suite.streams[0].stages = vec![Stage { episodes, ..stage }];
    deviations(&plan, &suite, Acting::Reader)
}

#[test]
fn where_nothing_can_be_tried_again_nobody_is_said_to_be() {
    let assigned = || Episode {
        question: Some(Question::Assign {
            slots: vec![Slot {
                name: "one".into(),
                values: vec!["a".into(), "b".into()],
                right: "a".into(),
            }],
            noise: 0.0,
            tries: 3,
        }),
        ..hard("x")
    };
    let retrying = Plan {
        retries: 2,
        moments: vec![Trigger::Retry],
        ..Plan::streaming()
    };
    let batched = || Stage {
        batched: true,
        ..Stage::default()
    };
    let probe = || Stage {
        probe: true,
        ..Stage::default()
    };
    for stage in [batched(), probe()] {
        for plan in [Plan::streaming(), retrying.clone()] {
            let said = deviating(plan, Lane::Retry, vec![assigned()], stage.clone());
            assert!(
                said.iter()
                    .any(|said| said.contains("nothing here may be tried again")),
                "{said:?}"
            );
            assert!(
                !said.iter().any(|said| said.contains("before each try")),
                "{said:?}"
            );
        }
        assert!(!said.iter().any(|said| said.contains("after-retries")));
    }
}
