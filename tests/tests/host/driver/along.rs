//! What the driver does besides the start of a task: moments along a run, retries, batches, upkeep, trials of one memory,
//! probes, tools that a strategy offers, and who is told what.

use memhost_eval::driver::{Told, deviations};

use super::models::Scripted as Model;
use super::*;

/// A strategy with this plan that remembers every attempt but the first and wants to hear of outcomes.
pub(super) fn planning(change: impl Fn(&mut Plan)) -> Scripted {
    let mut strategy = Scripted::new(|attempts| match attempts[0].task.id.as_str() {
        "seen" => Ok(vec![]),
        _ => remember(attempts),
    });
    strategy.update = Some(Box::new(|_| vec![]));
    change(&mut strategy.plan);
    strategy
}

/// An asked task with a recorded run of these steps.
pub(super) fn recorded(task: &str, steps: Vec<Step>) -> Episode {
    let run = Attempt {
        steps,
        ..attempt(task, 0, Verdict::Success)
    };
    episode(task, true, vec![run])
}

pub(super) fn a_run() -> Vec<Step> {
    vec![
        Step::new(Actor::Subtask, "look around"),
        Step::action("look", "{}"),
        Step::new(Actor::Observation, "a door"),
        Step::action("open", "{}"),
        Step::new(Actor::Observation, "it is open"),
        Step::new(Actor::Answer, "done"),
    ]
}

pub(super) fn moments(strategy: &Scripted) -> Vec<Moment> {
    let queries = strategy.queries.lock().unwrap();
    queries.iter().map(|query| query.moment.clone()).collect()
}

pub(super) fn heard_of(strategy: &Scripted) -> Vec<Feedback> {
    strategy.heard.lock().unwrap().concat()
}

#[tokio::test]
async fn along_a_recorded_run_a_strategy_is_asked_at_the_moments_of_its_plan() {
    let strategy = Arc::new(planning(|plan| {
        plan.moments = vec![
            Trigger::AfterTool(Some("open".into())),
            Trigger::EverySteps(4),
            Trigger::Subtask,
        ];
    }));
    run(&strategy, &suite(vec![recorded("x", a_run())]), None)
        .await
        .unwrap();
    assert_eq!(
        moments(&strategy),
        [
            Moment::TaskStart,
            Moment::Subtask(0),
            Moment::Step(4),
            Moment::AfterTool("open".into()),
        ]
    );
    let queries = strategy.queries.lock().unwrap();
    let transcripts: Vec<usize> = queries.iter().map(|q| q.transcript.len()).collect();
    assert_eq!(transcripts, [0, 1, 4, 5]);
    let handed_out: Vec<Vec<String>> = queries
        .iter()
        .map(|query| query.handed_out.iter().map(|r| r.id.clone()).collect())
        .collect();
    assert_eq!(handed_out[3], ["r1", "r2", "r3"]);
}

#[tokio::test]
async fn each_receipt_of_a_run_has_a_feedback_of_its_own() {
    let strategy = Arc::new(planning(|plan| {
        plan.moments = vec![Trigger::AfterTool(None)];
    }));
    run(&strategy, &suite(vec![recorded("x", a_run())]), None)
        .await
        .unwrap();
    let heard = heard_of(&strategy);
    let receipts: Vec<&str> = heard.iter().map(|f| f.receipt.id.as_str()).collect();
    assert_eq!(receipts, ["r1", "r2", "r3"]);
    for feedback in &heard {
        assert_eq!(feedback.attempt.id, "x@r1");
        let of_attempt: Vec<&str> = feedback
            .attempt
            .receipts
            .iter()
            .map(|r| r.id.as_str())
            .collect();
        assert_eq!(of_attempt, receipts);
    }
}

/// A task that is solved once `the answer` is among what is handed out.
pub(super) fn hard(task: &str) -> Episode {
    episode(task, true, vec![])
}

/// These tasks, after one from which the answer could be known: what could not be is not scored.
pub(super) fn asking(tasks: impl IntoIterator<Item = Episode>) -> Arc<Suite> {
    let mut said = attempt("seen", 0, Verdict::Unknown);
    said.steps.push(Step::new(Actor::User, "the answer"));
    let seen = episode("seen", false, vec![said]);
    suite(std::iter::once(seen).chain(tasks).collect())
}

/// The ids of the attempts that each call of `distill` got, but for the first task's.
pub(super) fn distilled(strategy: &Scripted) -> Vec<Vec<String>> {
    let calls = strategy.calls.lock().unwrap();
    let ids = |call: &Vec<Attempt>| call.iter().map(|a| a.id.clone()).collect();
    calls
        .iter()
        .filter(|call| call[0].task.id != "seen")
        .map(ids)
        .collect()
}

#[tokio::test]
async fn a_failed_try_is_learnt_from_before_the_next_is_asked_which_sees_it() {
    let mut strategy = planning(|plan| plan.retries = 3);
    strategy.distill = Box::new(|attempts| {
        if attempts[0].task.id == "seen" {
            return Ok(vec![]);
        }
        let solved = attempts[0].id.contains("r2");
        let content = if solved { "the answer" } else { "a clue" };
        Ok(vec![note(content, &attempts[0].id, Commit::AtOnce)])
    });
    let strategy = Arc::new(strategy);
    let (report, _) = run(&strategy, &asking([hard("x"), hard("y")]), None)
        .await
        .unwrap();
    assert_eq!(
        moments(&strategy)[..3],
        [Moment::TaskStart, Moment::Retry(1), Moment::Retry(2)]
    );
    let seen = strategy.seen.lock().unwrap();
    assert_eq!(seen[0], Vec::<String>::new());
    assert_eq!(seen[1], ["a clue"]);
    assert_eq!(seen[2], ["a clue", "the answer"]);
    // Solved at the third try; the next task finds all of it.
    let scores = &report.tasks[0].scores;
    assert_eq!((scores["answer@64"], scores["after-retries"]), (0.0, 1.0));
    let tried: Vec<(String, Verdict)> = heard_of(&strategy)
        .into_iter()
        .map(|f| (f.attempt.id, f.attempt.outcome.verdict))
        .collect();
    assert_eq!(
        tried[..3],
        [
            ("x@r1".to_owned(), Verdict::Failure),
            ("x@r2".to_owned(), Verdict::Failure),
            ("x@r3".to_owned(), Verdict::Success),
        ]
    );
    assert_eq!(distilled(&strategy)[..2], [["x@r1"], ["x@r2"]]);
}

#[tokio::test]
async fn what_waits_for_the_next_attempt_is_seen_by_the_next_try_and_decided_by_it() {
    for (answer, kept) in [
        ("the answer", State::Active),
        ("nonsense", State::Provisional),
    ] {
        let mut strategy = planning(|plan| plan.retries = 1);
        strategy.distill = Box::new(move |attempts| match attempts[0].task.id.as_str() {
            "seen" => Ok(vec![]),
            _ => Ok(vec![note(
                answer,
                &attempts[0].id,
                Commit::IfNextAttemptSucceeds,
            )]),
        });
        let strategy = Arc::new(strategy);
        let (_, stored) = run(&strategy, &asking([hard("x")]), None).await.unwrap();
        assert_eq!(strategy.seen.lock().unwrap()[1], [answer]);
        match kept {
            State::Active => assert_eq!(stored, [(answer.to_owned(), State::Active)]),
            _ => assert!(stored.is_empty(), "{stored:?}"),
        }
    }
}

#[tokio::test]
async fn a_task_that_is_solved_is_not_tried_again() {
    let mut strategy = planning(|plan| plan.retries = 5);
    strategy.distill =
        Box::new(|attempts| Ok(vec![note("the answer", &attempts[0].id, Commit::AtOnce)]));
    let strategy = Arc::new(strategy);
    let told = attempt("s", 0, Verdict::Success);
    let session = episode("s", false, vec![told]);
    run(&strategy, &asking([session, hard("x")]), None)
        .await
        .unwrap();
    assert_eq!(moments(&strategy), [Moment::TaskStart]);
}

#[tokio::test]
async fn where_an_outcome_is_known_later_nothing_is_tried_again() {
    let strategy = Arc::new(planning(|plan| plan.retries = 5));
    let mut late = hard("x");
    (late.timing.asked, late.timing.known) = (Some(0.0), Some(1e9));
    run(&strategy, &asking([late]), None).await.unwrap();
    assert_eq!(moments(&strategy), [Moment::TaskStart]);
}

#[tokio::test]
async fn outcomes_come_in_batches_of_the_plan_and_the_rest_at_the_end() {
    let strategy = Arc::new(planning(|plan| plan.batch = 2));
    let tasks = ["a", "b", "c"].map(hard);
    run(&strategy, &asking(tasks), None).await.unwrap();
    let heard = strategy.heard.lock().unwrap();
    let batches: Vec<usize> = heard.iter().map(Vec::len).collect();
    assert_eq!(batches, [2, 1]);
}

#[tokio::test]
async fn upkeep_comes_after_each_batch_or_after_every_32_tasks() {
    let upkeep = async |batch: u32, tasks: u32| {
        let mut strategy = planning(|plan| plan.batch = batch);
        strategy.maintains = true;
        let strategy = Arc::new(strategy);
        let tasks = (0..tasks).map(|number| hard(&format!("t{number}")));
        let (report, kept) = run(&strategy, &suite(tasks.collect()), None).await.unwrap();
        assert!(report.failures.is_empty(), "{:?}", report.failures);
        kept.iter()
            .filter(|(text, _)| text == "kept in order")
            .count()
    };
    assert_eq!(upkeep(0, 31).await, 0);
    assert_eq!(upkeep(0, 65).await, 2);
    assert_eq!(upkeep(4, 9).await, 3);
}

#[tokio::test]
async fn a_frozen_memory_is_kept_in_order_by_nobody() {
    let mut strategy = planning(|plan| plan.arrangement = Arrangement::BuildThenFreeze);
    strategy.maintains = true;
    let strategy = Arc::new(strategy);
    let tasks = (0..80).map(|number| hard(&format!("t{number}"))).collect();
    let (_, kept) = run(&strategy, &suite(tasks), None).await.unwrap();
    // 40 tasks are built from, with upkeep after the 32nd; after that nothing changes.
    let upkeep = kept.iter().filter(|(text, _)| text == "kept in order");
    assert_eq!(upkeep.count(), 1);
}

#[tokio::test]
async fn after_building_a_stream_goes_on_learning() {
    let strategy = Arc::new(planning(|plan| {
        plan.arrangement = Arrangement::BuildThenStream;
        plan.build_trials = 2;
    }));
    let runs = |task: &str| {
        let runs = (0..2).map(|number| attempt(task, number, Verdict::Success));
        episode(task, true, runs.collect())
    };
    let tasks = ["a", "b", "c", "d"].map(runs);
    run(&strategy, &suite(tasks.into()), None).await.unwrap();
    // Two runs together while it is built, one by one afterwards.
    let expected: [&[&str]; 6] = [
        &["a-0", "a-1"],
        &["b-0", "b-1"],
        &["c-0"],
        &["c-1"],
        &["d-0"],
        &["d-1"],
    ];
    assert_eq!(distilled(&strategy), expected);
    let asked: Vec<String> = {
        let queries = strategy.queries.lock().unwrap();
        queries.iter().map(|query| query.task.id.clone()).collect()
    };
    assert_eq!(asked, ["c", "d"]);
}

#[tokio::test]
async fn the_memory_on_trial_is_named_in_its_trial_and_nowhere_else() {
    let mut strategy = planning(|_| {});
    strategy.update = Some(Box::new(|feedback| {
        vec![note(
            "the answer",
            &feedback[0].attempt.id,
            Commit::IfTrialGains(0.5),
        )]
    }));
    let strategy = Arc::new(strategy);
    run(&strategy, &asking([hard("x")]), None).await.unwrap();
    let queries = strategy.queries.lock().unwrap();
    let candidates: Vec<Option<&str>> = queries.iter().map(|q| q.candidate.as_deref()).collect();
    assert_eq!(candidates, [None, Some("m1")]);
}

#[tokio::test]
async fn of_a_probe_nobody_hears() {
    let strategy = Arc::new(planning(|_| {}));
    let suite = suite(vec![recorded("x", a_run())]);
    let mut probing = (*suite).clone();
    probing.streams[0].stages[0].probe = true;
    let (report, kept) = run(&strategy, &Arc::new(probing), None).await.unwrap();
    assert_eq!(report.tasks.len(), 1);
    assert!(heard_of(&strategy).is_empty() && kept.is_empty());
    assert!(distilled(&strategy).is_empty());
}

#[tokio::test]
async fn where_successes_alone_are_told_of_failures_teach_nothing() {
    let strategy = Arc::new(planning(|_| {}));
    let tasks = vec![
        episode("a", false, vec![attempt("a", 0, Verdict::Failure)]),
        episode("b", false, vec![attempt("b", 0, Verdict::Success)]),
        hard("c"),
    ];
    let (report, kept) = run_telling(&strategy, &suite(tasks), Told::Successes).await;
    assert_eq!(report.tasks.len(), 1);
    assert_eq!(kept, [("b-0".to_owned(), State::Active)]);
    // Nor does a try that failed, before the next one.
    let strategy = Arc::new(planning(|plan| plan.retries = 2));
    run_telling(&strategy, &asking([hard("x")]), Told::Successes).await;
    assert_eq!(strategy.queries.lock().unwrap().len(), 3);
    assert!(distilled(&strategy).is_empty());
    assert!(heard_of(&strategy).is_empty());
}

#[tokio::test]
async fn a_tool_that_a_strategy_offers_is_answered_by_it() {
    let model = Model::saying(|request| {
        let said: Vec<&str> = request.messages.iter().map(|m| m.text.as_str()).collect();
        let said = said.join("\n");
        Ok(
            match (
                said.contains("`recall`"),
                said.contains("# What `recall` says"),
            ) {
                (true, false) => "I do not know.\nCall: recall {\"about\": \"x\"}".into(),
                (true, true) => "Answer: answer".into(),
                _ => "Answer: no tool".into(),
            },
        )
    });
    let mut strategy = planning(|_| {});
    strategy.offers = vec![Tool {
        name: "recall".into(),
        description: "Says more.".into(),
        schema: String::new(),
    }];
    let strategy = Arc::new(strategy);
    let acting = (Acting::Model, Models::all(Arc::new(model)));
    let (report, _) = run_with(&strategy, &asking([hard("x")]), None, acting)
        .await
        .unwrap();
    assert_eq!(report.tasks[0].scores["score"], 1.0);
    assert_eq!(
        moments(&strategy),
        [Moment::TaskStart, Moment::AfterTool("recall".into())]
    );
    let heard = heard_of(&strategy);
    assert_eq!(heard.len(), 2);
    let steps: Vec<(Actor, Option<&str>)> = heard[0]
        .attempt
        .steps
        .iter()
        .map(|step| (step.actor, step.name.as_deref()))
        .collect();
    assert_eq!(
        steps,
        [
            (Actor::Thought, None),
            (Actor::Action, Some("recall")),
            (Actor::Observation, Some("recall")),
            (Actor::Answer, None),
        ]
    );
}

#[tokio::test]
async fn an_agent_that_is_a_model_runs_at_the_temperature_of_the_plan() {
    let seen: Arc<Mutex<Vec<Option<f32>>>> = Arc::default();
    let model = {
        let seen = seen.clone();
        Model::saying(move |request| {
            seen.lock().unwrap().push(request.temperature);
            Ok("Answer: answer".into())
        })
    };
    let strategy = Arc::new(planning(|plan| plan.agent_temperature = Some(0.25)));
    let acting = (Acting::Model, Models::all(Arc::new(model)));
    run_with(&strategy, &asking([hard("x")]), None, acting)
        .await
        .unwrap();
    assert_eq!(*seen.lock().unwrap(), [Some(0.25)]);
}

#[tokio::test]
async fn where_a_model_acts_distill_gets_the_run_without_memory_too() {
    let model = Model::saying(|_| Ok("Answer: answer".into()));
    let strategy = Arc::new(planning(|plan| plan.baseline_arm = true));
    let acting = (Acting::Model, Models::all(Arc::new(model)));
    run_with(&strategy, &asking([hard("x")]), None, acting)
        .await
        .unwrap();
    let calls = strategy.calls.lock().unwrap();
    let arms: Vec<Vec<(Arm, usize)>> = calls
        .iter()
        .filter(|call| call[0].task.id == "x")
        .map(|call| call.iter().map(|a| (a.arm, a.receipts.len())).collect())
        .collect();
    assert_eq!(arms.concat(), [(Arm::Memory, 1), (Arm::NoMemory, 0)]);
}

#[test]
fn what_a_plan_asks_for_and_a_suite_cannot_give_is_said() {
    let plan = Plan {
        moments: vec![
            Trigger::AfterTool(Some("open".into())),
            Trigger::AfterTool(Some("close".into())),
            Trigger::EverySteps(100),
            Trigger::Retry,
        ],
        ..Plan::streaming()
    };
    let suite = suite(vec![recorded("x", a_run())]);
    assert_eq!(
        deviations(&plan, &suite, Acting::Reader),
        [
            "it wants to be asked after each call of `close`, which never comes here",
            "it wants to be asked every 100 steps, which never comes here",
            "it wants to be asked before a failed task is tried again, which never comes here",
            "what it says in the middle of a recorded run changes nothing that happens: what is scored is what it said \
             before the first step",
        ]
    );
    let mut late = hard("x");
    late.timing.known = Some(1.0);
    let retrying = Plan {
        retries: 2,
        ..Plan::streaming()
    };
    let said = deviations(&retrying, &asking([late]), Acting::Reader);
    assert!(
        said[0].contains("nothing here may be tried again"),
        "{said:?}"
    );
    assert_eq!(
        deviations(&retrying, &asking([hard("x")]), Acting::Reader),
        [
            "it tries again after a failure, and what is compared is the first try; `after-retries` is the last one"
        ]
    );
    let once = Plan::streaming();
    assert!(deviations(&once, &asking([hard("x")]), Acting::Reader).is_empty());
}
