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
    let calls: Vec<Attempt> = strategy.calls.lock().unwrap().concat();
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

#[tokio::test]
async fn all_that_is_handed_over_for_a_question_is_counted() {
    let tokens = async |change: fn(&mut Plan), task: Episode| {
        let mut strategy = planning(change);
        strategy.distill = Box::new(|attempts| match attempts[0].task.id.as_str() {
            "seen" => Ok(vec![note("a clue", "seen-0", Commit::AtOnce)]),
            _ => Ok(vec![]),
        });
        let (report, _) = run(&Arc::new(strategy), &asking([task]), None)
            .await
            .unwrap();
        report.tasks[0].tokens
    };
    let once = memhost_words::count("a clue");
    assert_eq!(tokens(|_| {}, hard("x")).await, once);
    let along = tokens(
        |plan| plan.moments = vec![Trigger::AfterTool(None)],
        recorded("x", a_run()),
    );
    assert_eq!(along.await, 3 * once);
    assert_eq!(tokens(|plan| plan.retries = 2, hard("x")).await, 3 * once);
    let both = |plan: &mut Plan| {
        plan.retries = 1;
        plan.moments = vec![Trigger::AfterTool(None)];
    };
    assert_eq!(tokens(both, recorded("x", a_run())).await, 6 * once);
}

#[tokio::test]
async fn what_stands_before_the_reader_is_no_longer_than_the_budget_and_the_newest_stays() {
    let words = "word ".repeat(50) + "pay";
    assert!(memhost_words::count(&words) <= 64 && 2 * memhost_words::count(&words) > 64);
    let mut strategy = planning(|plan| plan.moments = vec![Trigger::AfterTool(None)]);
    strategy.distill =
        Box::new(move |attempts| Ok(vec![note(&words, &attempts[0].id, Commit::AtOnce)]));
    let mut learnt = attempt("old", 0, Verdict::Success);
    learnt.steps = vec![Step::action("look", "{}"), Step::action("pay", "{}")];
    let mut asked = hard("new");
    asked.question = Some(Question::NextTool {
        run: vec![Step::action("look", "{}")],
        tool: "pay".into(),
    });
    let mut steps = (*suite(vec![episode("old", false, vec![learnt]), asked])).clone();
    (steps.lane, steps.primary) = (Lane::Steps, "next@1".into());
    let (report, _) = run(&Arc::new(strategy), &Arc::new(steps), None)
        .await
        .unwrap();
    assert_eq!(report.cut, 1);
    assert_eq!(report.tasks[0].scores["next@1"], 1.0);
}

#[tokio::test]
async fn the_memory_on_trial_is_named_at_the_moments_of_its_trial() {
    let mut strategy = planning(|plan| plan.moments = vec![Trigger::AfterTool(None)]);
    strategy.update = Some(Box::new(|feedback| {
        let tried = &feedback[0].attempt.id;
        vec![note("the answer", tried, Commit::IfTrialGains(0.5))]
    }));
    let strategy = Arc::new(strategy);
    run(&strategy, &asking([recorded("x", a_run())]), None)
        .await
        .unwrap();
    let queries = strategy.queries.lock().unwrap();
    let candidates: Vec<Option<&str>> = queries.iter().map(|q| q.candidate.as_deref()).collect();
    assert_eq!(candidates, [[None; 3], [Some("m1"); 3]].concat());
}

#[tokio::test]
async fn along_a_run_in_routing_it_is_the_one_of_the_agent_that_was_sent() {
    let strategy = Arc::new(planning(|plan| plan.moments = vec![Trigger::EverySteps(1)]));
    let routed = |number: usize| {
        let task = format!("t{number}");
        let mut asked = hard(&task);
        let agents = ["weak", "strong"];
        asked.attempts = agents
            .map(|agent| Attempt {
                id: format!("{task}-{agent}"),
                agent: Agent::new(agent, "m"),
                steps: vec![Step::action(agent, "{}"), Step::new(Actor::Answer, "done")],
                ..attempt(&task, 0, Verdict::Success)
            })
            .into();
        let values = agents.map(|agent| (agent.to_owned(), 0.5));
        asked.question = Some(Question::Route {
            values: values.into(),
        });
        asked
    };
    let mut routing = (*suite((0..12).map(routed).collect())).clone();
    (routing.lane, routing.primary) = (Lane::Routing, "success".into());
    run(&strategy, &Arc::new(routing), None).await.unwrap();
    let queries = strategy.queries.lock().unwrap();
    let mut sent = std::collections::BTreeSet::new();
    for feedback in heard_of(&strategy) {
        let number: usize = feedback.receipt.id[1..].parse().unwrap();
        if let Some(step) = queries[number - 1].transcript.first() {
            let agent = feedback.attempt.agent.id;
            assert_eq!(step.name.as_ref(), Some(&agent));
            sent.insert(agent);
        }
    }
    assert_eq!(sent.len(), 2, "{sent:?}");
}

/// What deviates under this plan where this is asked in this lane.
fn deviating(plan: Plan, lane: Lane, episodes: Vec<Episode>, stage: Stage) -> Vec<String> {
    let mut suite = (*suite(vec![])).clone();
    suite.lane = lane;
    suite.streams[0].stages = vec![Stage { episodes, ..stage }];
    deviations(&plan, &suite, Acting::Reader)
}

#[test]
fn moments_that_no_question_comes_to_are_said_to_be_missing() {
    let asks = |trigger: Trigger, rounds: u32| Plan {
        moments: vec![trigger],
        rounds,
        ..Plan::streaming()
    };
    let of = |question: Question| Episode {
        question: Some(question),
        ..recorded("x", a_run())
    };
    let discovers = || {
        of(Question::Discover {
            problems: vec![],
            reports: 3,
        })
    };
    let after = "it wants to be asked after each call of a tool, which never comes here";
    let said = |plan, lane, episode| deviating(plan, lane, vec![episode], Stage::default());
    let in_rounds = asks(Trigger::AfterTool(None), 3);
    assert_eq!(said(in_rounds, Lane::Discovery, discovers()), [after]);
    let at_once = asks(Trigger::AfterTool(None), 1);
    assert!(!said(at_once.clone(), Lane::Discovery, discovers()).contains(&after.to_owned()));
    let kept = of(Question::Keep {
        run: a_run(),
        needed: vec![],
        outdated: vec![],
    });
    assert_eq!(said(at_once, Lane::Compaction, kept), [after]);
    // In the middle of a run a strategy is asked there, and not before.
    let next = of(Question::NextTool {
        run: a_run()[..3].to_vec(),
        tool: "open".into(),
    });
    let subtask = said(asks(Trigger::Subtask, 1), Lane::Steps, next);
    assert!(
        subtask.contains(
            &"it wants to be asked where a sub-task begins, which never comes here".to_owned()
        ),
        "{subtask:?}"
    );
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
        let said = deviating(retrying.clone(), Lane::Evidence, vec![hard("x")], stage);
        let never =
            "it wants to be asked before a failed task is tried again, which never comes here";
        assert!(said.contains(&never.to_owned()), "{said:?}");
        assert!(!said.iter().any(|said| said.contains("after-retries")));
    }
}

#[test]
fn what_becomes_of_memories_that_are_to_be_proven_is_said() {
    let mut plan = Plan {
        batch: 2,
        ..Plan::streaming()
    };
    plan.calls.candidates = 1.0;
    let learnt = episode("old", false, vec![attempt("old", 0, Verdict::Success)]);
    let mut kind = hard("x");
    kind.question = Some(Question::Kind { kind: "k".into() });
    let said = |episodes| deviating(plan.clone(), Lane::Evidence, episodes, Stage::default());
    let dropped = |said: &[String]| said.iter().any(|said| said.contains("is dropped"));
    let sibling = |said: &[String]| said.iter().any(|said| said.contains("most like it"));
    let all = said(vec![learnt.clone(), kind.clone()]);
    assert!(dropped(&all) && sibling(&all), "{all:?}");
    let asked = said(vec![kind]);
    assert!(!dropped(&asked) && sibling(&asked), "{asked:?}");
    let own = said(vec![learnt, hard("x")]);
    assert!(dropped(&own) && !sibling(&own), "{own:?}");
}
